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
# Suffixes (without the dot) of what `--image-format` and `--audio-format` can write.
WRITABLE = {
    "image": ("bmp", "jpg", "png", "tif", "webp"),
    "audio": ("aiff", "au", "caf", "flac", "mp3", "ogg", "w64", "wav"),
}
# Images and audio that nothing here decodes: not other files, but failures, with what to do.
UNREADABLE = {
    **dict.fromkeys((".aac", ".amr", ".m4a", ".wma"), "audio"),
    **dict.fromkeys((".arw", ".cr2", ".cr3", ".dng", ".exr", ".heic", ".heif", ".nef", ".psd", ".raf"), "image"),
}
_ADVICE = {"audio": "FLAC or WAV", "image": "PNG or TIFF"}
_KIND_OF = {suffix: kind for kind, suffixes in KINDS.items() for suffix in suffixes} | UNREADABLE
# What float32 samples of full range are written as where the source's format cannot hold them.
_FLOAT_SUFFIX = dict.fromkeys((".bmp", ".jpe", ".jpeg", ".jpg", ".png", ".webp"), ".tif") | {".flac": ".wav"}


def kind_of(path: str) -> str | None:
    """The kind of file that the suffix of `path` names, in any case, or None.

    >>> kind_of("cats/A.JPG"), kind_of("notes.txt")
    ('image', None)
    """
    dot = path.rfind(".")
    return _KIND_OF.get(path[dot:].lower()) if dot > path.rfind("/") + 1 else None  # ".png" is a name, not a suffix


def why_unreadable(path: str) -> str | None:
    """Why a file with the suffix of `path` cannot be decoded, and what to do, or None if it can.

    >>> why_unreadable("phone.heic")
    '.heic files cannot be decoded here; convert it to PNG or TIFF first'
    """
    suffix = path[path.rfind(".") :].lower()
    if suffix not in UNREADABLE:
        return None
    return f"{suffix} files cannot be decoded here; convert it to {_ADVICE[UNREADABLE[suffix]]} first"


def target_suffix(suffix: str, form: str | None, *, as_float: bool) -> str:
    """The suffix under which a source with `suffix` is written: that of `form`, if one is asked for, or its own, but
    one that holds float32 samples if `as_float`."""
    suffix = f".{form}" if form else suffix
    return _FLOAT_SUFFIX.get(suffix.lower(), suffix) if as_float else suffix
