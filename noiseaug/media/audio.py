"""Audio, through libsndfile: streamed in blocks, on the lattice of the source's samples, in any length."""

from __future__ import annotations

import contextlib
import os
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import soundfile
from numpy.typing import NDArray

import noiseaug
from noiseaug.files import Refused, SourceFile
from noiseaug.media.output import Facts, Output, noise_facts
from noiseaug.noise import Noiser

# Samples (of all channels) read, made noisy and written at a time. libvorbis puts a whole write on the stack and
# crashes on large ones; 64k frames are known to be safe.
_BLOCK_SAMPLES = 1 << 16


class _Lattice(NamedTuple):
    """How samples of a subtype are read and written: a dtype, and how many of its bits are significant."""

    dtype: str
    bits: int | None


_LATTICES = {
    "PCM_S8": _Lattice("int16", 8),
    "PCM_U8": _Lattice("int16", 8),
    "PCM_16": _Lattice("int16", 16),
    "PCM_24": _Lattice("int32", 24),
    "PCM_32": _Lattice("int32", 32),
    "FLOAT": _Lattice("float32", None),
    "DOUBLE": _Lattice("float64", None),
    "VORBIS": _Lattice("float32", None),
    "OPUS": _Lattice("float32", None),
    "MPEG_LAYER_III": _Lattice("float32", None),
}
_MADE_WITH = f"noiseaug {noiseaug.__version__}, numpy {np.__version__}, {soundfile.__libsndfile_version__}"
_CLOCKED = frozenset({"WAV", "WAVEX", "AIFF"})


def augment(source: SourceFile, outputs: Sequence[Output], max_pixels: int) -> list[Facts]:
    """Writes each output with its noise on the source's samples, all in one pass. Returns what is recorded of each.

    Raises:
        Refused: if the source cannot be decoded, is shorter than it says, or is of a subtype that cannot be kept.
    """
    _refuse_truncated(source)
    with contextlib.ExitStack() as open_files, _codec_errors("decoded"):
        os.lseek(source.fd, 0, os.SEEK_SET)
        reader = open_files.enter_context(soundfile.SoundFile(source.fd, closefd=False))
        lattice = _LATTICES.get(reader.subtype)
        if lattice is None:
            raise Refused(f"has subtype {reader.subtype}, which is not supported; convert it to PCM_16 or FLOAT")
        noisers = [output.noiser(output.strength(), lattice.dtype, lattice.bits) for output in outputs]
        with _codec_errors("encoded"):
            writers = [open_files.enter_context(_writer(reader, output)) for output in outputs]
        frames = 0
        for block in _blocks(reader, lattice.dtype):
            frames += len(block)
            for noiser, writer, output in zip(noisers, writers, outputs, strict=True):
                _write(writer, noiser.add(block, reader.channels), output)
        if frames != reader.frames:
            raise Refused(f"is truncated: {reader.frames} frames expected, {frames} found")
        facts = [_facts(reader, writer, noiser) for noiser, writer in zip(noisers, writers, strict=True)]
    for output, writer in zip(outputs, writers, strict=True):
        _stop_the_clock(output.file.fd, writer.format)
    return facts


def _blocks(reader: soundfile.SoundFile, dtype: str) -> Iterator[NDArray[Any]]:
    """The reader's samples, shape (frames, channels), in blocks; the array is used again for the next."""
    buffer = np.empty((max(_BLOCK_SAMPLES // reader.channels, 1), reader.channels), dtype)
    while True:
        block = reader.read(dtype=dtype, always_2d=True, out=buffer)
        if not len(block):
            return
        yield block


def _writer(reader: soundfile.SoundFile, output: Output) -> soundfile.SoundFile:
    """The output, opened with the source's format, rate, channels, endianness and text tags."""
    form, subtype, endian = reader.format, reader.subtype, reader.endian
    if output.recipe.clip == "none" and subtype.startswith("PCM"):
        form, subtype = ("WAV" if form == "FLAC" else form), "FLOAT"
    writer = soundfile.SoundFile(
        output.file.fd, "w", reader.samplerate, reader.channels, subtype, endian, form, closefd=False
    )
    for tag, text in reader.copy_metadata().items():
        setattr(writer, tag, text)
    return writer


def _write(writer: soundfile.SoundFile, block: NDArray[Any], output: Output) -> None:
    try:
        writer.write(block)
    except (soundfile.SoundFileError, AssertionError):
        # libsndfile says that it wrote less, and not why: writing by ourselves tells, if it is the file system.
        os.pwrite(output.file.fd, bytes(1 << 16), output.file.size())
        raise


@contextlib.contextmanager
def _codec_errors(doing: str) -> Iterator[None]:
    try:
        yield
    except (soundfile.SoundFileError, AssertionError) as error:
        raise Refused(f"cannot be {doing} as audio: {error}") from None


def _facts(reader: soundfile.SoundFile, writer: soundfile.SoundFile, noiser: Noiser) -> Facts:
    return noise_facts(noiser, "snr_db") | {
        "sampling_rate": reader.samplerate,
        "num_samples": reader.frames,
        "duration": reader.frames / reader.samplerate,
        "channels": reader.channels,
        "subtype": writer.subtype,
        "made_with": _MADE_WITH,
    }


def _refuse_truncated(source: SourceFile) -> None:
    """Raises Refused for a RIFF or FORM file that is shorter than its header says; libsndfile would read what is there.

    Sizes of 0 and 2**32 - 1 (or nearly) stand where a recorder wrote to a pipe and did not know.
    """
    head = os.pread(source.fd, 12, 0)
    if not head:
        raise Refused("is empty; expected audio")
    if len(head) < 12 or head[:4] not in (b"RIFF", b"FORM"):
        return
    declared = int.from_bytes(head[4:8], "little" if head[:4] == b"RIFF" else "big") + 8
    if 8 < declared < 0xFFFFFF00 and declared > source.size + 1:
        raise Refused(f"is truncated: {declared} bytes expected, {source.size} found")


def _stop_the_clock(fd: int, form: str) -> None:
    """Takes the time of writing out of a file, so that its bytes are the same on every run."""
    if form in _CLOCKED:
        _zero_peak_time(fd, "big" if form == "AIFF" else "little")
    elif form == "OGG":
        _zero_ogg_serial(fd)


def _zero_peak_time(fd: int, order: Literal["big", "little"]) -> None:
    """Zeroes the time stamp of a PEAK chunk: the word after `PEAK`, its size and its version."""
    at, size = 12, os.fstat(fd).st_size
    while at + 8 <= size:
        head = os.pread(fd, 8, at)
        if head[:4] == b"PEAK":
            os.pwrite(fd, bytes(4), at + 12)
        length = int.from_bytes(head[4:], order)
        at += 8 + length + length % 2


_REVERSED_BYTES = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def _zero_ogg_serial(fd: int) -> None:
    """Zeroes the serial number of every page of an Ogg file (RFC 3533, section 6) and mends the pages' checksums."""
    at, size = 0, os.fstat(fd).st_size
    while at + 27 <= size:
        head = os.pread(fd, 27 + 255, at)
        segments = head[26]
        length = 27 + segments + sum(head[27 : 27 + segments])
        page = bytearray(os.pread(fd, length, at))
        page[14:18] = page[22:26] = bytes(4)
        page[22:26] = _ogg_checksum(page).to_bytes(4, "little")
        os.pwrite(fd, page[:27], at)
        at += length


def _ogg_checksum(page: bytes | bytearray) -> int:
    """CRC-32 with the polynomial of zlib's, but most significant bit first, from 0 and not inverted (RFC 3533)."""
    mirrored = zlib.crc32(page.translate(_REVERSED_BYTES), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)
