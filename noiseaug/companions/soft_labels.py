"""Label smoothing: a `soft_label` in every row of the manifest, which is noise on the targets instead of the inputs.

A class is the name of the folder that a source stands in, the row's `label`. Of k classes, a source's own gets 1 - EPS
and each other one EPS / (k - 1), in the order of `classes.json` (Szegedy et al. 2016, "Rethinking the Inception
architecture for computer vision", section 7, there with EPS / k for all k).
"""

from __future__ import annotations

import functools
import json
import posixpath
import re
from collections.abc import Iterable

from noiseaug.errors import Stopped, Unfit

_MOST_CLASSES = 32_768  # so that a row stays within what is read as one
# Quotes within texts are escaped, so these can stand nowhere else in the line of a row.
_LABEL = re.compile(rb'("label": ("(?:[^"\\]|\\.)*"), )(?:"soft_label": \[[^\]]*\], )?')
_SOFT_LABEL = re.compile(rb'"soft_label": \[[^\]]*\], ')


class SoftLabels:
    """Puts soft labels into rows.

    Args:
        classes: the names of the classes.
        epsilon: what the classes that a source is not of get together, 0 <= epsilon < 1.

    Raises:
        Unfit: if there are fewer than two classes, or more than 32,768.

    >>> SoftLabels(["dogs", "cats"], 0.1).put_into(b'{"label": "cats", "copy": 0}')
    b'{"label": "cats", "soft_label": [0.9, 0.1], "copy": 0}'
    """

    def __init__(self, classes: Iterable[str], epsilon: float) -> None:
        self.classes = sorted(classes)  # the order of torchvision's ImageFolder
        count = len(self.classes)
        if count < 2:
            found = f"only {self.classes[0]!r}" if self.classes and self.classes[0] else "none"
            raise Unfit(f"label smoothing needs two class folders or more in SOURCE, and there is {found}")
        if count > _MOST_CLASSES:
            raise Unfit(f"label smoothing is for {_MOST_CLASSES:,} classes at most; SOURCE has {count:,} class folders")
        self._own, self._other = repr(1 - epsilon), repr(epsilon / (count - 1))
        self._places = {json.dumps(name).encode(): place for place, name in enumerate(self.classes)}
        self._of = functools.lru_cache(maxsize=16)(self._line_part)  # neighbours in a walk are of one class

    def put_into(self, lines: bytes) -> bytes:
        """The lines of rows, each with the soft label that belongs to its label."""
        return _LABEL.sub(lambda found: found[1] + self._of(found[2]), lines)

    def _line_part(self, label: bytes) -> bytes:
        if label not in self._places:
            raise Stopped(
                f"a row has the label {label.decode()}, but the walk found no source in a folder of that name; "
                "if SOURCE changed meanwhile, run again; if the manifest was edited, run with --force"
            )
        place, count = self._places[label], len(self.classes)
        values = [self._other] * place + [self._own] + [self._other] * (count - place - 1)
        return f'"soft_label": [{", ".join(values)}], '.encode()

    def listing(self) -> bytes:
        """The content of classes.json."""
        return json.dumps(self.classes, indent=0).encode() + b"\n"


def is_soft(lines: bytes) -> bool:
    """Whether there is a soft label in the lines of rows."""
    return b'"soft_label": [' in lines


def taken_off(lines: bytes) -> bytes:
    """The lines of rows without their soft labels.

    >>> taken_off(b'{"label": "cats", "soft_label": [0.9, 0.1], "copy": 0}')
    b'{"label": "cats", "copy": 0}'
    """
    return _SOFT_LABEL.sub(b"", lines)


def class_of(path: str) -> str:
    """The class of a source: the name of its folder, or an empty one where it stands in SOURCE itself."""
    return posixpath.basename(posixpath.dirname(path))
