"""The kinds of media that are worked on, one record each, and what suffixes say of files. No codec is imported here."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import NamedTuple


class Kind(NamedTuple):
    """A kind of media.

    Attributes:
        suffixes: of the files that can be decoded.
        writable: suffixes, without the dot, of the formats that can be asked for.
        extras: the suffixes among them that need a library beyond those that are always there, each with the extra of
            noiseaug that brings it.
        unreadable: suffixes of files of this kind that nothing here decodes; they are failures, not other files.
        advice: formats to convert such a file to.
        replaced: the suffix that is written in place of formats that can only be read, or that hold few colours.
        as_float: the suffix that is written in place of formats that cannot hold float32 samples of full range.
        takes_snr: whether its noise can be given as a signal-to-noise ratio.
        work: what a byte of a source costs, relative to one of a compressed image.
        noun: what one file of this kind is called.
        by_default: whether files of this kind in a folder are worked on where no kind is named.
    """

    suffixes: frozenset[str]
    writable: tuple[str, ...]
    extras: Mapping[str, str]
    unreadable: frozenset[str]
    advice: str
    replaced: Mapping[str, str]
    as_float: Mapping[str, str]
    takes_snr: bool
    work: float
    noun: str
    by_default: bool = True


_HEIF_SUFFIXES = frozenset((".heic", ".heif", ".hif"))
# Videos, of which the sound can be taken. Telephones write both films and voices as 3GPP.
_VIDEO_SUFFIXES = frozenset((".3g2", ".3gp", ".asf", ".avi", ".m4v", ".mkv", ".mov", ".mp4", ".ogv", ".webm", ".wmv"))
_AV_SUFFIXES = _VIDEO_SUFFIXES | {
    *(".3ga", ".aac", ".amr", ".awb", ".m4a", ".m4b", ".mka", ".tta", ".weba", ".wma", ".wv")
}
_IMAGE_SUFFIXES = _HEIF_SUFFIXES | frozenset(
    {
        *(".avif", ".bmp", ".dib", ".gif", ".hdr", ".jp2", ".jpe", ".jpeg", ".jpg", ".pam", ".pbm", ".pfm", ".pgm"),
        *(".png", ".pnm", ".ppm", ".ras", ".sr", ".tif", ".tiff", ".webp"),
    }
)
_AUDIO_SUFFIXES = _AV_SUFFIXES | frozenset(
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
        extras=dict.fromkeys(_HEIF_SUFFIXES, "heif"),
        unreadable=frozenset((".arw", ".cr2", ".cr3", ".dng", ".exr", ".jxl", ".nef", ".psd", ".raf")),
        advice="PNG or TIFF",
        replaced={".gif": ".png", ".pbm": ".pgm", **dict.fromkeys(_HEIF_SUFFIXES, ".png")},
        as_float=dict.fromkeys(_IMAGE_SUFFIXES - {".hdr", ".pfm", ".tif", ".tiff"}, ".tif"),
        takes_snr=False,
        work=1.0,
        noun="image",
    ),
    "audio": Kind(
        suffixes=_AUDIO_SUFFIXES,
        writable=("aiff", "au", "caf", "flac", "mp3", "ogg", "opus", "rf64", "sf", "sph", "voc", "w64", "wav"),
        extras=dict.fromkeys(_AV_SUFFIXES, "av"),
        unreadable=frozenset(),
        advice="FLAC or WAV",
        replaced=dict.fromkeys((".mp1", ".mp2", *_AV_SUFFIXES), ".flac"),
        as_float=dict.fromkeys((".8svx", ".avr", ".flac", ".htk", ".nist", ".pvf", ".sph", ".svx", ".voc"), ".wav"),
        takes_snr=True,
        work=1 / 8,
        noun="recording",
    ),
    "array": Kind(
        suffixes=frozenset((".npy", ".npz", ".safetensors")),
        writable=(),
        extras={},
        unreadable=frozenset(),
        advice=".npy",
        replaced={},
        as_float={},
        takes_snr=True,
        work=1 / 16,
        noun="array file",
        by_default=False,  # arrays that lie beside photos are labels, indices, results: they get noise if asked for
    ),
}
# The kinds that a folder is searched for where no kind is named.
DEFAULT_KINDS = frozenset(name for name, kind in KINDS.items() if kind.by_default)
_NAMES = {suffix: name for name, kind in KINDS.items() for suffix in kind.suffixes | kind.unreadable}
_REPLACED = {suffix: other for kind in KINDS.values() for suffix, other in kind.replaced.items()}
_AS_FLOAT = {suffix: other for kind in KINDS.values() for suffix, other in kind.as_float.items()}
_EXTRAS = {suffix: extra for kind in KINDS.values() for suffix, extra in kind.extras.items()}
_MODULES = {"av": ("av",), "heif": ("pillow_heif",), "tiff": ("tifffile", "imagecodecs")}

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


def is_video(path: str) -> bool:
    """Tell whether the suffix of `path` is one of videos, which are audio only where their sound is meant.

    >>> is_video("holiday.MOV"), is_video("voice.m4a")
    (True, False)
    """
    return _suffix(path) in _VIDEO_SUFFIXES


def extra_of(path: str) -> str | None:
    """Return the extra of noiseaug that decodes files with the suffix of `path`, or None if none is needed.

    >>> extra_of("voice.m4a"), extra_of("voice.wav")
    ('av', None)
    """
    return _EXTRAS.get(_suffix(path))


def extras() -> tuple[str, ...]:
    """Return the extras of noiseaug that bring codecs.

    >>> extras()
    ('av', 'heif', 'tiff')
    """
    return tuple(_MODULES)


def lacks(extra: str) -> bool:
    """Tell whether a library that an extra brings is not installed."""
    return any(importlib.util.find_spec(module) is None for module in _MODULES[extra])


def why_unreadable(path: str) -> str | None:
    """Return why a file with the suffix of `path` cannot be decoded, and what to do, or None if it can.

    >>> why_unreadable("camera.cr2")
    '.cr2 files cannot be decoded here; convert it to PNG or TIFF first'
    """
    suffix = _suffix(path)
    kind = KINDS.get(_NAMES.get(suffix, ""))
    if kind and suffix in kind.unreadable:
        return f"{suffix} files cannot be decoded here; convert it to {kind.advice} first"
    extra = _EXTRAS.get(suffix)
    return f"{suffix} files need the extra: pip install 'noiseaug[{extra}]'" if extra and lacks(extra) else None


def is_renamed(path: str) -> bool:
    """Tell whether a file with the suffix of `path` is written under another one, whatever is asked for."""
    return _suffix(path) in _REPLACED


def target_suffix(suffix: str, form: str | None, *, as_float: bool) -> str:
    """Return the suffix under which a source with `suffix` is written.

    It is that of `form`, if one is asked for, or the source's own; but one that can be written, and that holds float32
    samples if `as_float`.
    """
    suffix = f".{form}" if form else _REPLACED.get(suffix.lower(), suffix)
    return _AS_FLOAT.get(suffix.lower(), suffix) if as_float else suffix


def _suffix(path: str) -> str:
    """Return the suffix of `path` in small letters, with its dot."""
    return path[path.rfind(".") :].lower()
