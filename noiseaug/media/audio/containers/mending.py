"""Headers as libsndfile 1.2.2 writes them, put right."""

from __future__ import annotations

import struct

from noiseaug.media.audio.containers import caf
from noiseaug.media.audio.containers.chunks import Chunk, chunks
from noiseaug.media.audio.containers.told_iff import told
from noiseaug.media.audio.containers.told_riff import wave64_chunks
from noiseaug.storage.output_file import OutputFile

_AIFF_LENGTH = 8  # of two numbers before the samples, which the chunk counts too


def mend_riff(output: OutputFile, frames: int) -> None:
    """Write the number of frames into the chunk `fact`, and the length of a file without any.

    libsndfile counts whole blocks of IMA ADPCM, and forgets the texts of a recording without a sample.
    """
    order = "<" if output.read_at(4, 0) == b"RIFF" else ">"
    if not frames:
        output.write_at(struct.pack(f"{order}I", output.length() - 8), 4)
    for chunk in chunks(output):
        if chunk.name == b"fact":
            output.write_at(struct.pack(f"{order}I", frames), chunk.start)


def mend_w64(output: OutputFile, frames: int) -> None:
    """Write the number of frames into the chunk `fact`, for which libsndfile, of MS ADPCM, writes 2**63 - 10001."""
    for chunk in wave64_chunks(output):
        if chunk.name == b"fact":
            output.write_at(struct.pack("<Q", frames), chunk.start)


def mend_caf(output: OutputFile, frames: int) -> None:
    """Take away the byte after an odd number of bytes of sound, which is in no chunk."""
    end = caf.declared_size(output)
    if 0 < end == output.length() - 1:
        output.cut(end)


def mend_iff(output: OutputFile, frames: int) -> None:
    """Write lengths that do not count the byte that pads an odd number of bytes, and that byte itself.

    libsndfile makes the length of AIFF's samples even, and their number follows it. Of 8SVX, it leaves the byte out.
    """
    found = {chunk.name: chunk for chunk in chunks(output)}
    width = told(output).frame_bytes
    if b"BODY" in found:
        _pad(output, found[b"BODY"])
    elif width and b"SSND" in found and b"COMM" in found:
        output.write_at(struct.pack(">I", _AIFF_LENGTH + frames * width), found[b"SSND"].start - 4)
        output.write_at(struct.pack(">I", frames), found[b"COMM"].start + 2)


def _pad(output: OutputFile, last: Chunk) -> None:
    """Write the byte that pads the last chunk, if there is none."""
    size = output.length()
    if last.length % 2 and size == last.start + last.length:
        output.write_at(b"\0", size)
        output.write_at(struct.pack(">I", size + 1 - 8), 4)
