"""Reading and writing of the kinds of files: one module a kind, each with

    augment(source: SourceFile, outputs: Sequence[Output]) -> list[dict[str, ...]]

which decodes the source once, writes every output and returns what the manifest says of each. The modules import
codecs; this one does not.
"""

from __future__ import annotations

KINDS = {
    "image": frozenset({".bmp", ".jpe", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}),
    "audio": frozenset({".aif", ".aiff", ".au", ".caf", ".flac", ".mp3", ".oga", ".ogg", ".w64", ".wav"}),
}
_KIND_OF = {suffix: kind for kind, suffixes in KINDS.items() for suffix in suffixes}
# Suffixes of formats that cannot hold float32 samples of full range, and what unclipped noise on them is written as.
_FLOAT_SUFFIX = {".bmp": ".tif", ".jpe": ".tif", ".jpeg": ".tif", ".jpg": ".tif", ".png": ".tif", ".webp": ".tif"}
_FLOAT_SUFFIX[".flac"] = ".wav"


def kind_of(path: str) -> str | None:
    """The kind of file that the suffix of `path` names, in any case, or None.

    >>> kind_of("cats/A.JPG"), kind_of("notes.txt")
    ('image', None)
    """
    dot = path.rfind(".")
    return _KIND_OF.get(path[dot:].lower()) if dot > path.rfind("/") + 1 else None  # ".png" is a name, not a suffix


def float_suffix(suffix: str) -> str:
    """The suffix under which float32 samples are written for a source with `suffix`."""
    return _FLOAT_SUFFIX.get(suffix.lower(), suffix)
