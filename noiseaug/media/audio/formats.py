"""Formats and subtypes of audio: the lattice on which samples are worked on, and the form in which they are written."""

from __future__ import annotations

import math
from typing import NamedTuple

import soundfile

from noiseaug.storage.source_file import Refused


class Lattice(NamedTuple):
    """The numbers that samples of a subtype can be: a dtype, and how many of its bits are significant."""

    dtype: str
    bits: int | None

    @property
    def steps(self) -> float | None:
        """How many steps there are from 0 to full scale, or None if the samples are no integers."""
        return None if self.bits is None else 2.0 ** (self.bits - 1)

    def holds(self, other: Lattice) -> bool:
        """Tell whether each sample of the other lattice is one of this one, too."""
        if self.bits is None:
            return True  # FLOAT holds all of DOUBLE that is asked of it: it is rounded once, like noise
        return other.bits is not None and other.bits <= self.bits


# Telephone codes and ADPCM decode to 16 bits. libsndfile wraps what is out of range when it encodes them from floats
# (1.0 as u-law came back as -0.98) but not from int16, to which noise saturates.
_CODED = (
    *("ULAW", "ALAW", "IMA_ADPCM", "MS_ADPCM", "GSM610", "G721_32", "G723_24", "G723_40"),
    *("NMS_ADPCM_16", "NMS_ADPCM_24", "NMS_ADPCM_32"),
)
_LOSSY = ("VORBIS", "OPUS", "MPEG_LAYER_I", "MPEG_LAYER_II", "MPEG_LAYER_III")

_EXACT = ("PCM_32", "PCM_24", "PCM_16")
# The lattice of each subtype, and the subtypes that come nearest to it where a format does not have it, best first.
_SUBTYPES: dict[str, tuple[Lattice, tuple[str, ...]]] = {
    "PCM_S8": (Lattice("int16", 8), ("PCM_U8", "PCM_16", "PCM_24", "PCM_32")),
    "PCM_U8": (Lattice("int16", 8), ("PCM_S8", "PCM_16", "PCM_24", "PCM_32")),
    "PCM_16": (Lattice("int16", 16), ("PCM_24", "PCM_32", "FLOAT")),
    "PCM_24": (Lattice("int32", 24), ("PCM_32", "FLOAT", "PCM_16")),
    "PCM_32": (Lattice("int32", 32), ("DOUBLE", "PCM_24", "FLOAT", "PCM_16")),
    "ALAC_16": (Lattice("int16", 16), ("PCM_16", "PCM_24")),
    "ALAC_24": (Lattice("int32", 24), ("PCM_24", "PCM_32", "PCM_16")),
    "FLOAT": (Lattice("float32", None), ("DOUBLE", *_EXACT)),
    "DOUBLE": (Lattice("float64", None), ("FLOAT", *_EXACT)),
    **dict.fromkeys(_CODED, (Lattice("int16", 16), ("PCM_16", "PCM_24", "FLOAT"))),
    **dict.fromkeys(_LOSSY, (Lattice("float32", None), ("FLOAT", *_EXACT))),
}
_LAST_RESORT = ("VORBIS", "MPEG_LAYER_III", "ALAW")
LATTICES = {subtype: lattice for subtype, (lattice, _) in _SUBTYPES.items()}

# The formats that may stand under a suffix; a source in none of them is written in the first.
# NIST SPHERE goes by .wav in TIMIT and its kin.
FORMATS: dict[str, tuple[str, ...]] = {
    ".wav": ("WAV", "WAVEX", "RF64", "NIST"),
    **{f".{form.lower()}": (form,) for form in ("RF64", "W64", "AVR", "CAF", "FLAC", "HTK", "MP3", "PVF", "VOC")},
    **dict.fromkeys((".aif", ".aifc", ".aiff"), ("AIFF",)),
    **dict.fromkeys((".au", ".snd"), ("AU",)),
    **dict.fromkeys((".oga", ".ogg", ".opus"), ("OGG",)),
    ".sf": ("IRCAM",),
    **dict.fromkeys((".nist", ".sph"), ("NIST",)),
    **dict.fromkeys((".8svx", ".svx"), ("SVX",)),
}

# libsndfile reads the byte that ends a VOC file as one more sample. It errs on ALAC frames that are not compressed, as
# those of noise and the last of many recordings: of 32 bits when it reads them, of 20 and 24 when it writes them.
_MISREAD = frozenset({("VOC", "ULAW"), ("VOC", "ALAW"), ("CAF", "ALAC_20"), ("CAF", "ALAC_32")})
# Combinations that libsndfile offers to write and does not, or not so that they can be read again.
_UNWRITABLE = _MISREAD | {
    *(("WAV", "MPEG_LAYER_III"), ("MP3", "MPEG_LAYER_I"), ("MP3", "MPEG_LAYER_II"), ("CAF", "ALAC_24"))
}

# Codings whose channels libsndfile leaves in an order of their own, where there are more than two.
_OF_OWN_ORDER = ("OPUS", "ALAC")
_RIFF = frozenset({"WAV", "WAVEX"})
HEADER_ROOM = 1 << 20
# The most bytes that the lengths in these formats can count. Past it, libsndfile breaks files without a word.
SIZE_LIMITS = dict.fromkeys(("WAV", "WAVEX", "AIFF", "AU", "AVR", "SVX"), 1 << 32) | {"VOC": 1 << 24}


class Sound(NamedTuple):
    """The properties of a recording, as libsndfile tells them."""

    format: str
    subtype: str
    endian: str
    rate: int
    channels: int
    frames: int

    @property
    def lattice(self) -> Lattice:
        """The lattice of its samples.

        Raises:
            Refused: if they cannot be worked on.
        """
        if self.subtype not in LATTICES or (self.format, self.subtype) in _MISREAD:
            name = f"{self.format} with subtype {self.subtype}"
            raise Refused(f"is {name}, which is not supported; convert it to PCM_16 or FLOAT")
        return LATTICES[self.subtype]


def sound_of(file: soundfile.SoundFile) -> Sound:
    """Return the properties of a recording that libsndfile has opened."""
    return Sound(file.format, file.subtype, file.endian, file.samplerate, file.channels, file.frames)


class Form(NamedTuple):
    """The format in which a source is written, and names of what that does not keep of it."""

    format: str
    subtype: str
    endian: str
    lost: tuple[str, ...] = ()

    @property
    def lattice(self) -> Lattice:
        """The lattice of its samples."""
        return LATTICES[self.subtype]


def form_for(sound: Sound, suffix: str, *, as_float: bool) -> Form:
    """Return what a recording is written as under `suffix`: in its own format, where that goes by the suffix.

    Raises:
        Refused: if the suffix is not one of audio, or its format cannot hold the recording.
    """
    family = FORMATS.get(suffix)
    if family is None:
        known = ", ".join(sorted(FORMATS))
        raise Refused(f"cannot be written as {suffix or 'a file without suffix'}: expected one of {known}")
    form = sound.format if sound.format in family else family[0]
    wanted = "FLOAT" if as_float and sound.lattice.bits else sound.subtype
    subtype = _subtype(form, wanted, suffix)
    if as_float and subtype not in _LOSSY and LATTICES[subtype].bits:
        raise Refused(f"cannot be written as {suffix} with --clip none: {form} holds no floats; name it .wav")
    form = _large_enough(form, subtype, sound, suffix)
    lost = [] if _keeps(wanted, subtype) else [f"{wanted} samples"]
    if form == sound.format and wanted.startswith("ALAC") and subtype != wanted:
        lost.append(f"{wanted} compression")
    of_own_order = (wanted.startswith(_OF_OWN_ORDER), subtype.startswith(_OF_OWN_ORDER))
    if sound.channels > 2 and wanted[:4] != subtype[:4] and any(of_own_order):
        lost.append("order of channels")
    endian = sound.endian if form == sound.format and soundfile.check_format(form, subtype, sound.endian) else "FILE"
    if sound.endian != "FILE" and form == "RF64" != sound.format:
        lost.append("byte order")
    return Form(form, subtype, endian, tuple(lost))


def _subtype(form: str, wanted: str, suffix: str) -> str:
    """Return the subtype that comes nearest to the wanted one in a format."""
    if suffix == ".opus":
        return "OPUS"
    for subtype in (wanted, *_SUBTYPES[wanted][1], *_LAST_RESORT):
        if (form, subtype) not in _UNWRITABLE and soundfile.check_format(form, subtype):
            return subtype
    raise Refused(f"cannot be written as {suffix}: {form} has nothing like {wanted}")


def _keeps(wanted: str, subtype: str) -> bool:
    """Tell whether nothing is lost: it is the same, or plain samples of no fewer bits."""
    if wanted == subtype:
        return True
    before, after = LATTICES[wanted], LATTICES[subtype]
    plain = wanted.startswith(("PCM", "ALAC")) and subtype not in (*_CODED, *_LOSSY)
    return plain and (subtype != "FLOAT" or (before.bits or 0) <= 24) and after.holds(before)


def _large_enough(form: str, subtype: str, sound: Sound, suffix: str) -> str:
    """Return `form`, or RF64 in place of a WAV that would pass 4 GB."""
    width = {"FLOAT": 4, "DOUBLE": 8}.get(subtype, -(-(LATTICES[subtype].bits or 0) // 8))
    size, limit = sound.frames * sound.channels * width + HEADER_ROOM, SIZE_LIMITS.get(form, math.inf)
    if size <= limit:
        return form
    if form in _RIFF and soundfile.check_format("RF64", subtype):
        return "RF64"
    reason = f"would have {size:,} bytes as {suffix}, and {form} holds {limit:,} at most"
    raise Refused(f"{reason}; choose --audio-format wav, w64 or caf")
