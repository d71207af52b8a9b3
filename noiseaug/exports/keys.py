"""The keys of WebDataset samples.

A key is what stands before the first dot of a member's name, and members that follow each other with the same key are
one sample. File names have more dots than one (`a-std0.1-0.png`), and differ in the suffix alone (`a.png`, `a.jpg`): as
they are, they would be cut in the wrong place, or become one sample.
"""

from __future__ import annotations

import hashlib
import posixpath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from noiseaug.names import Names


def plain_key(file_name: str) -> str:
    """The file name without its suffix, with `_` for dots; several files may have the same.

    >>> plain_key("v1.0/cats/a-std0.1-0.png")
    'v1_0/cats/a-std0_1-0'
    """
    key = posixpath.splitext(file_name)[0].replace(".", "_")
    # WebDataset passes over members whose first part is __like_this__: they are its own.
    return "_" + key.lstrip("_") if key.startswith("__") else key


def key_of(file_name: str, plain_keys: Names) -> str:
    """The key of a sample: the plain one if no other file has it, or else that and 16 digits that name the file.

    Args:
        file_name: as in the manifest.
        plain_keys: those of all samples.
    """
    key = plain_key(file_name)
    if not plain_keys.is_repeated(key):
        return key
    key += "-" + hashlib.sha256(file_name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    while key in plain_keys:
        key += "_"
    return key
