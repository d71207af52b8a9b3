"""RIFF files (WAV, also extensible), RIFX, whose numbers are big-endian, and RF64, for more than 4 GB."""

from __future__ import annotations

import struct

from noiseaug.media.audio.containers.chunks import chunks, is_chunk
from noiseaug.storage.output_file import OutputFile
from noiseaug.storage.source_file import OpenFile, SourceFile

# Chunks that libsndfile writes by itself, in RIFF or AIFF files, or that make no difference.
PLAIN = frozenset(
    {
        *(b"fmt ", b"data", b"fact", b"PEAK", b"ds64", b"COMM", b"SSND", b"FVER", b"VHDR", b"BODY"),
        *(b"JUNK", b"junk", b"PAD ", b"FLLR", b"free"),
    }
)


def declared_size(source: OpenFile) -> int:
    """Return the size of a RIFF or AIFF file as its header has it.

    Sizes of 0 and 2**32 - 1 (or nearly) stand where a recorder wrote to a pipe and did not know.
    """
    head = source.read_at(8, 0).ljust(8, b"\0")
    (size,) = struct.unpack("<4xI" if head[:4] == b"RIFF" else ">4xI", head)
    return size + 8 if 0 < size < 0xFFFFFEF8 else 0


def corrections(source: SourceFile) -> dict[int, bytes]:
    """Return the length of the samples where a recorder left it at 0: they reach to the end of the file."""
    order = ">" if source.read_at(4, 0) == b"RIFX" else "<"
    for chunk in chunks(source):
        rest = source.size - chunk.start
        if chunk.name == b"data" and not chunk.length and 0 < rest < 1 << 32:
            head = struct.Struct(order + "4sI")
            return {} if is_chunk(source, chunk.start, head) else {chunk.start - 4: struct.pack(order + "I", rest)}
    return {}


def declared_size_of_rf64(source: OpenFile) -> int:
    """Return the size of an RF64 file as its chunk `ds64` has it."""
    name, size = struct.unpack("<12x4s4xQ", source.read_at(28, 0).ljust(28, b"\0"))
    return size + 8 if name == b"ds64" and 0 < size < 1 << 63 else 0


def stop_the_clock(output: OutputFile) -> None:
    """Zero the time of writing, which libsndfile puts into the chunk PEAK of WAV and AIFF files with floats."""
    for chunk in chunks(output):
        if chunk.name == b"PEAK":
            output.write_at(bytes(4), chunk.start + 4)  # after the version


def copy_speaker_positions(source: SourceFile, output: OutputFile) -> None:
    """Copy the channel mask and the sub-format of one WAVE_FORMAT_EXTENSIBLE into another; libsndfile guesses them."""
    before, after = (_extensible_format(file) for file in (source, output))
    if before is not None and after is not None:
        body = source.read_at(20, before + 20)
        if output.read_at(20, after + 20)[4:6] == body[4:6]:  # the same coding, in the first two bytes of the GUID
            output.write_at(body, after + 20)


def _extensible_format(file: OpenFile) -> int | None:
    """Return where the content of the chunk `fmt ` begins, if it is of that kind and little-endian."""
    chunk = next((chunk for chunk in chunks(file) if chunk.name == b"fmt "), None)
    if chunk is None or chunk.length < 40 or file.read_at(2, chunk.start) != b"\xfe\xff":
        return None
    return chunk.start
