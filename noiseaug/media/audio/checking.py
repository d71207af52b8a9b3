"""Headers held against what libsndfile read and wrote: a difference that is not meant is a refusal."""

from __future__ import annotations

from noiseaug.media.audio.containers import container_of
from noiseaug.media.audio.containers.told import Told
from noiseaug.media.audio.formats import LATTICES, Form, Sound
from noiseaug.storage.output_file import OutputFile
from noiseaug.storage.source_file import Refused

# Bytes of a sample. Those of other subtypes are coded, many together.
_WIDTHS = {"PCM_16": 2, "PCM_24": 3, "PCM_32": 4, "FLOAT": 4, "DOUBLE": 8} | dict.fromkeys(
    ("PCM_S8", "PCM_U8", "ULAW", "ALAW"), 1
)
# A rate in a header may be a fraction, or stand for the time of a sample; libsndfile has whole numbers.
_RATE_ERROR = 1.0


def agreed(told: Told, sound: Sound) -> Sound:
    """Return the sound of a source as it is, given what libsndfile says of it and what its header tells.

    They agree, but for three things. libsndfile decodes the last block of a code in full, where the header tells how
    many samples of it count. It takes the byte that pads 8SVX, or that ends VOC, for a sample. And it takes FLAC of 32
    bits for what it was opened as.

    Raises:
        Refused: if they do not agree.
    """
    if sound.format == "FLAC" and told.bits == 32:
        sound = sound._replace(subtype="PCM_32")
    kind, width = _kind_of(sound.subtype)
    if told.kind and kind != told.kind:
        raise Refused(f"is {told.name}, which libsndfile reads as {sound.subtype}; convert it to another format")
    width *= sound.channels
    if told.frame_bytes and width and told.frame_bytes != width and told.channels == sound.channels:
        raise Refused(
            f"is {told.name}, {told.frame_bytes} bytes a frame: expected {width} for {sound.channels} channels of "
            f"{sound.subtype}; convert it, as its header does not tell where in these bytes the samples lie"
        )
    if told.frames is not None and 0 <= sound.frames - told.frames < _surplus(told, sound):
        sound = sound._replace(frames=told.frames)
    if differing := _difference(told, sound.rate, sound.channels, None if told.block else sound.frames):
        raise Refused(f"is {told.name} that libsndfile reads in another way than its header says: {differing}")
    return sound


def _surplus(told: Told, sound: Sound) -> int:
    """Return how many frames, less one, libsndfile may have that are none."""
    if sound.subtype == "GSM610":
        return 2 * told.block  # one of them for the byte that pads the chunk
    return told.block or (2 if sound.format in ("SVX", "VOC") else 0)


def _kind_of(subtype: str) -> tuple[str, int]:
    """Return what a plain sample of a subtype is, as `Told.kind` has it, and its bytes; "code" and 0 of a coded one."""
    kind = "integer" if subtype.startswith(("PCM", "ALAC")) else "law" if subtype in ("ULAW", "ALAW") else "float"
    width = _WIDTHS.get(subtype, 0)
    return kind if width else "code", width


def unlike(told: Told, sound: Sound) -> tuple[str, ...]:
    """Return a name for samples of fewer bits than a sample that is written has."""
    bits = LATTICES[sound.subtype].bits if sound.subtype in LATTICES else None
    return (f"{told.bits}-bit samples",) if told.bits and bits and told.bits < bits else ()


def check_written(output: OutputFile, form: Form, sound: Sound) -> None:
    """Hold the header of a written file against what was to be written, and against its size.

    Raises:
        Refused: if they do not agree.
    """
    container = container_of(output)
    told = container.told(output)
    width = _WIDTHS.get(form.subtype, 0) * sound.channels
    frames = sound.frames if told.frame_bytes or form.format in _COUNTED else None
    differing = _difference(told, sound.rate if told.frame_bytes else 0, sound.channels, frames)
    if not differing and width and told.frame_bytes not in (0, width):
        differing = f"frames of {told.frame_bytes} bytes, not {width}"
    if not differing and form.format in _SIZED:
        size, declared = output.length(), container.declared_size(output)
        if declared != size:
            differing = f"a length of {declared} bytes, not {size}"
    if differing:
        raise Refused(
            f"cannot be written as {form.format} {form.subtype}: the header that libsndfile wrote says {differing}; "
            "choose another --audio-format, and report it"
        )


# Formats whose header counts samples, of codes too.
_COUNTED = frozenset({"FLAC", "WAV", "W64"})
# Formats whose header tells the size of the file.
_SIZED = frozenset({"WAV", "WAVEX", "RF64", "AIFF", "SVX", "W64", "AU", "NIST", "AVR", "CAF"})


def _difference(told: Told, rate: int, channels: int, frames: int | None) -> str:
    """Return in what the header differs from the rate, channels and frames that are given, or "" if in nothing."""
    if told.rate and rate and abs(told.rate - rate) >= _RATE_ERROR:
        return f"{told.rate:g} Hz, not {rate}"
    if told.channels and told.channels != channels:
        return f"{told.channels} channels, not {channels}"
    if told.frames is not None and frames is not None and told.frames != frames:
        return f"{told.frames} samples a channel, not {frames}"
    return ""
