"""The kinds of media that are worked on, one record each, and what suffixes say of files. No codec is imported here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Kind(NamedTuple):
    """A kind of media.

    Attributes:
        suffixes: of the files that can be decoded.
        writable: suffixes, without the dot, of the formats that can be asked for.
        unreadable: suffixes of files of this kind that nothing here decodes; they are failures, not other files.
        advice: formats to convert such a file to.
        replaced: the suffix that is written in place of formats that can only be read, or that hold few colours.
        as_float: the suffix that is written in place of formats that cannot hold float32 samples of full range.
        takes_snr: whether its noise can be given as a signal-to-noise ratio.
        work: what a byte of a source costs, relative to one of a compressed image.
        noun: what one file of this kind is called.
    """

    suffixes: frozenset[str]
    writable: tuple[str, ...]
    unreadable: frozenset[str]
    advice: str
    replaced: Mapping[str, str]
    as_float: Mapping[str, str]
    takes_snr: bool
    work: float
    noun: str


_IMAGE_SUFFIXES = frozenset(
    {
        *(".avif", ".bmp", ".dib", ".gif", ".hdr", ".jp2", ".jpe", ".jpeg", ".jpg", ".pam", ".pbm", ".pfm", ".pgm"),
        *(".png", ".pnm", ".ppm", ".ras", ".sr", ".tif", ".tiff", ".webp"),
    }
)
_AUDIO_SUFFIXES = frozenset(
    {
        *(".8svx", ".aif", ".aifc", ".aiff", ".au", ".avr", ".caf", ".flac", ".htk", ".mp1", ".mp2", ".mp3", ".nist"),
        *(".oga", ".ogg", ".opus", ".pvf", ".rf64", ".sf", ".snd", ".sph", ".svx", ".voc", ".w64", ".wav"),
    }
)

KINDS = {
    "image": Kind(
        suffixes=_IMAGE_SUFFIXES,
        writable=(
            *(
                "avif",
                "bmp",
                "gif",
                "hdr",
                "jp2",
                "jpg",
                "pam",
                "pfm",
                "pgm",
                "png",
                "pnm",
                "ppm",
                "ras",
                "tif",
                "webp",
            ),
        ),
        unreadable=frozenset(
            (".arw", ".cr2", ".cr3", ".dng", ".exr", ".heic", ".heif", ".jxl", ".nef", ".psd", ".raf")
        ),
        advice="PNG or TIFF",
        replaced={".gif": ".png", ".pbm": ".pgm"},
        as_float=dict.fromkeys(_IMAGE_SUFFIXES - {".hdr", ".pfm", ".tif", ".tiff"}, ".tif"),
        takes_snr=False,
        work=1.0,
        noun="image",
    ),
    "audio": Kind(
        suffixes=_AUDIO_SUFFIXES,
        writable=("aiff", "au", "caf", "flac", "mp3", "ogg", "opus", "rf64", "sf", "sph", "voc", "w64", "wav"),
        unreadable=frozenset((".aac", ".amr", ".m4a", ".wma")),
        advice="FLAC or WAV",
        replaced={".mp1": ".flac", ".mp2": ".flac"},
        as_float=dict.fromkeys((".8svx", ".avr", ".flac", ".htk", ".nist", ".pvf", ".sph", ".svx", ".voc"), ".wav"),
        takes_snr=True,
        work=1 / 8,
        noun="recording",
    ),
}
_NAMES = {suffix: name for name, kind in KINDS.items() for suffix in kind.suffixes | kind.unreadable}
_REPLACED = {suffix: other for kind in KINDS.values() for suffix, other in kind.replaced.items()}
_AS_FLOAT = {suffix: other for kind in KINDS.values() for suffix, other in kind.as_float.items()}

FILE = "file"  # stands in place of a kind for files that are kept as they are, whatever is in them


def work_of(kind: str) -> float:
    """Return what a byte of a source of this kind costs, relative to one of a compressed image."""
    return KINDS[kind].work if kind in KINDS else 1 / 32  # a copy


def kind_of(path: str) -> str | None:
    """Return the name of the kind that the suffix of `path` stands for, in any case, or None.

    >>> kind_of("cats/A.JPG"), kind_of("notes.txt")
    ('image', None)
    """
    dot = path.rfind(".")
    return _NAMES.get(path[dot:].lower()) if dot > path.rfind("/") + 1 else None  # ".png" is a name, not a suffix


def why_unreadable(path: str) -> str | None:
    """Return why a file with the suffix of `path` cannot be decoded, and what to do, or None if it can.

    >>> why_unreadable("phone.heic")
    '.heic files cannot be decoded here; convert it to PNG or TIFF first'
    """
    suffix = path[path.rfind(".") :].lower()
    kind = KINDS.get(_NAMES.get(suffix, ""))
    if kind is None or suffix not in kind.unreadable:
        return None
    return f"{suffix} files cannot be decoded here; convert it to {kind.advice} first"


def is_renamed(path: str) -> bool:
    """Tell whether a file with the suffix of `path` is written under another one, whatever is asked for."""
    return path[path.rfind(".") :].lower() in _REPLACED


def target_suffix(suffix: str, form: str | None, *, as_float: bool) -> str:
    """Return the suffix under which a source with `suffix` is written.

    It is that of `form`, if one is asked for, or the source's own; but one that can be written, and that holds float32
    samples if `as_float`.
    """
    suffix = f".{form}" if form else _REPLACED.get(suffix.lower(), suffix)
    return _AS_FLOAT.get(suffix.lower(), suffix) if as_float else suffix
