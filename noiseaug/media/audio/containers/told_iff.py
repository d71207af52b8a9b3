"""What the chunks of AIFF, AIFF-C, 8SVX and Core Audio files tell."""

from __future__ import annotations

import struct

from noiseaug.media.audio.containers.chunks import Chunk, chunks, label
from noiseaug.media.audio.containers.told import Told
from noiseaug.storage.source_file import OpenFile

# Codings of AIFF-C and Core Audio that are plain samples, and how many bytes a sample has, where the bits do not say.
_PCM_OF_AIFF = (b"NONE", b"twos", b"sowt", b"raw ", b"in24", b"42ni", b"in32", b"23ni")
_FLOATS_OF_AIFF = {b"fl32": 4, b"FL32": 4, b"fl64": 8, b"FL64": 8, b"ulaw": 1, b"ULAW": 1, b"alaw": 1, b"ALAW": 1}
_LAWS_OF_CAF = (b"ulaw", b"alaw")
_FLOAT_OF_CAF = 1  # among the flags
_BLOCKS = {b"ima4": 64, b"GSM ": 160, b"agsm": 160}


def told(file: OpenFile) -> Told:
    """Return what a FORM file of the types AIFF, AIFC, 8SVX or 16SV tells."""
    form = file.read_at(4, 8)
    if form in (b"8SVX", b"16SV"):
        return _told_of_svx(file, 1 if form == b"8SVX" else 2)
    found = {chunk.name: chunk for chunk in chunks(file)}
    if form not in (b"AIFF", b"AIFC") or b"COMM" not in found:
        return Told(
            f"IFF file of type {label(form)}" if form not in (b"AIFF", b"AIFC") else "AIFF without a COMM chunk"
        )
    body = file.read_at(22, found[b"COMM"].start).ljust(22, b"\0")
    channels, frames, bits = struct.unpack_from(">HIH", body)
    coding = body[18:22] if form == b"AIFC" else b"NONE"
    name, rate = "AIFF-C" if form == b"AIFC" else "AIFF", _extended(body[8:18])
    if coding in _PCM_OF_AIFF or coding in _FLOATS_OF_AIFF:
        width = _FLOATS_OF_AIFF.get(coding, -(-bits // 8))
        words = f"{name} with PCM of {bits} bits" if coding in _PCM_OF_AIFF else f"{name} with {label(coding)}"
        kind = "integer" if coding in _PCM_OF_AIFF else "float" if coding[:2].lower() == b"fl" else "law"
        integer = bits if kind == "integer" else 0
        return Told(words, rate, channels, kind, integer, width * channels, frames or None)
    block = _BLOCKS.get(coding, 0)
    return Told(f"{name} with the coding {label(coding)}", rate, channels, "code" if block else "", block=block)


def _extended(number: bytes) -> float:
    """Return a float of 80 bits (sign and exponent, and 64 bits of mantissa)."""
    exponent, mantissa = struct.unpack(">HQ", number)
    return float(mantissa * 2.0 ** (int(exponent & 0x7FFF) - 16383 - 63)) if exponent & 0x7FFF < 16383 + 64 else 0.0


def _told_of_svx(file: OpenFile, width: int) -> Told:
    told = Told(f"Amiga {'8SVX' if width == 1 else '16SV'}", 0, 1, "integer", 8 * width, width)
    for chunk in chunks(file):
        if chunk.name == b"VHDR":
            rate, _, compression = struct.unpack(">HBB", file.read_at(4, chunk.start + 12).ljust(4, b"\0"))
            told = told._replace(rate=rate) if not compression else Told(f"{told.name}, compressed", rate, 1)
        elif chunk.name == b"CHAN" and file.read_at(4, chunk.start) == b"\0\0\0\6":
            told = told._replace(channels=2, frame_bytes=0)
        elif chunk.name == b"BODY" and told.frame_bytes:
            told = told._replace(frames=min(chunk.length, file.length() - chunk.start) // width)
    return told


def told_of_caf(file: OpenFile) -> Told:
    """Return what a Core Audio file tells."""
    told = Told("Core Audio without a desc chunk")
    for chunk in chunks(file):
        if chunk.name == b"desc":
            told = _description(file.read_at(32, chunk.start).ljust(32, b"\0"))
        elif chunk.name == b"pakt":
            valid = int.from_bytes(file.read_at(8, chunk.start + 8))
            told = told._replace(frames=valid) if not told.frame_bytes else told
        elif chunk.name == b"data" and told.frame_bytes:
            told = told._replace(frames=_frames_of_caf(file, chunk) // told.frame_bytes)
    return told


def _description(body: bytes) -> Told:
    rate, coding, flags, packet, _, channels, bits = struct.unpack(">d4s5I", body)
    if coding != b"lpcm" and coding not in _LAWS_OF_CAF:
        return Told(f"Core Audio with the coding {label(coding)}", rate, channels)
    kind = (
        "PCM" if coding == b"lpcm" and not flags & _FLOAT_OF_CAF else "floats" if coding == b"lpcm" else label(coding)
    )
    told = Told(f"Core Audio with {kind} of {bits} bits", rate, channels, frame_bytes=packet)
    return told._replace(bits=bits) if kind == "PCM" else told


def _frames_of_caf(file: OpenFile, data: Chunk) -> int:
    """Return how many bytes of samples there are. A count of edits stands before them."""
    left = file.length() - data.start
    return (min(data.length, left) if data.length >= 0 else left) - 4
