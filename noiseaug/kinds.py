"""The kinds of media that are worked on, and what suffixes say of files. No codec is imported here."""

from __future__ import annotations

KINDS = {
    "image": frozenset(
        {
            *(".avif", ".bmp", ".dib", ".gif", ".hdr", ".jp2", ".jpe", ".jpeg", ".jpg", ".pam", ".pbm", ".pfm", ".pgm"),
            *(".png", ".pnm", ".ppm", ".ras", ".sr", ".tif", ".tiff", ".webp"),
        }
    ),
    "audio": frozenset(
        {
            *(".8svx", ".aif", ".aifc", ".aiff", ".au", ".avr", ".caf", ".flac", ".htk", ".mp1", ".mp2", ".mp3"),
            *(".nist", ".oga", ".ogg", ".opus", ".pvf", ".rf64", ".sf", ".snd", ".sph", ".svx", ".voc", ".w64", ".wav"),
        }
    ),
}
# Suffixes (without the dot) of what `--image-format` and `--audio-format` can write.
WRITABLE = {
    "image": (
        *("avif", "bmp", "gif", "hdr", "jp2", "jpg", "pam", "pfm", "pgm", "png", "pnm", "ppm", "ras", "tif", "webp"),
    ),
    "audio": ("aiff", "au", "caf", "flac", "mp3", "ogg", "opus", "rf64", "sf", "sph", "voc", "w64", "wav"),
}
# Images and audio that nothing here decodes: not other files, but failures, with what to do.
UNREADABLE = {
    **dict.fromkeys((".aac", ".amr", ".m4a", ".wma"), "audio"),
    **dict.fromkeys(
        (".arw", ".cr2", ".cr3", ".dng", ".exr", ".heic", ".heif", ".jxl", ".nef", ".psd", ".raf"), "image"
    ),
}
_ADVICE = {"audio": "FLAC or WAV", "image": "PNG or TIFF"}
_KIND_OF = {suffix: kind for kind, suffixes in KINDS.items() for suffix in suffixes} | UNREADABLE
# What float32 samples of full range are written as where the source's format cannot hold them.
_FLOAT_SUFFIX = dict.fromkeys(KINDS["image"] - {".hdr", ".pfm", ".tif", ".tiff"}, ".tif") | dict.fromkeys(
    (".8svx", ".avr", ".flac", ".htk", ".nist", ".pvf", ".sph", ".svx", ".voc"), ".wav"
)
# What is written in place of formats that can only be read, or that hold 256 colours or two.
_READ_ONLY = dict.fromkeys((".mp1", ".mp2"), ".flac") | {".gif": ".png", ".pbm": ".pgm"}


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


def is_renamed(path: str) -> bool:
    """Whether a file with the suffix of `path` is written under another one, whatever is asked for."""
    return path[path.rfind(".") :].lower() in _READ_ONLY


def target_suffix(suffix: str, form: str | None, *, as_float: bool) -> str:
    """The suffix under which a source with `suffix` is written: that of `form`, if one is asked for, or its own, but
    one that can be written, and that holds float32 samples if `as_float`."""
    suffix = f".{form}" if form else _READ_ONLY.get(suffix.lower(), suffix)
    return _FLOAT_SUFFIX.get(suffix.lower(), suffix) if as_float else suffix
