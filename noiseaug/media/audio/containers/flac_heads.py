"""FLAC that libsndfile does not open: of 12, 20 or 32 bits, or with a header that does not tell how long it is."""

from __future__ import annotations

from noiseaug.media.audio.containers.flac_frames import crc16, header_of
from noiseaug.media.audio.containers.told_heads import told_of_flac
from noiseaug.storage.source_file import Refused, SourceFile

# Where the samples' depth stands in a frame, it is not taken from STREAMINFO. So the depth there can be one that
# libsndfile knows; it then shifts the samples, which libFLAC decodes in full, to the top of its own integers.
_AS_IF = {12: 16, 20: 24, 32: 24}
_KNOWN = (8, 16, 24)
_STREAMINFO = 18  # where its eight bytes of rate, channels, bits and total begin
_LONGEST = 1 << 21  # of frames: 8 channels of 65,535 samples of 32 bits, and headers


def corrections(source: SourceFile) -> dict[int, bytes]:
    """Return the bytes of STREAMINFO with which libsndfile reads the samples.

    Raises:
        Refused: if the depth is one that it cannot read, or there is no sample.
    """
    told = told_of_flac(source)
    if not told.bits or (told.bits in _KNOWN and told.frames):
        return {}
    if told.bits not in (*_KNOWN, *_AS_IF):
        raise Refused(f"is {told.name} a sample, of which only 8, 12, 16, 20, 24 and 32 are read; convert it")
    packed = int.from_bytes(source.read_at(8, _STREAMINFO))
    packed = packed & ~(31 << 36) | _AS_IF.get(told.bits, told.bits) - 1 << 36
    return {_STREAMINFO: (packed | (0 if told.frames else _total(source))).to_bytes(8)}


def _total(source: SourceFile) -> int:
    """Return how many samples there are, which the last frame tells.

    Raises:
        Refused: if no whole frame ends the file.
    """
    end = source.size
    start = _first_frame(source)
    if start >= end:
        raise Refused("is FLAC without a single sample, so there is nothing to add noise to; leave it out (--exclude)")
    begin = max(start, end - _LONGEST)
    tail = source.read_at(end - begin, begin)
    at = tail.rfind(b"\xff")
    while at >= 0:
        header = header_of(tail[at : at + 17])
        if header and crc16(tail[at:]) == 0:
            step = int.from_bytes(source.read_at(2, 8))  # of all frames but the last, where they have one size
            return header.number * (step if header.is_of_one_size else 1) + header.samples
        at = tail.rfind(b"\xff", 0, at)
    raise Refused("is truncated: FLAC whose header does not tell its length, and no whole frame ends it")


def _first_frame(source: SourceFile) -> int:
    """Return where the metadata blocks end."""
    at, last = 4, False
    while not last and len(head := source.read_at(4, at)) == 4:
        last, at = bool(head[0] & 128), at + 4 + int.from_bytes(head[1:])
    return at
