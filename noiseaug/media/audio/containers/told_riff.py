"""What the chunk `fmt ` tells, of RIFF files (WAV, RIFX, RF64) and of Sony Wave64."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Literal

from noiseaug.media.audio.containers.chunks import Chunk, chunks, label
from noiseaug.media.audio.containers.told import Told
from noiseaug.storage.source_file import OpenFile, SourceFile

# The codings of the registry of WAVE formats that are met, in words for people.
_CODINGS = {
    0x0001: "PCM",
    0x0002: "MS ADPCM",
    0x0003: "floats",
    0x0006: "a-law",
    0x0007: "u-law",
    0x0010: "OKI ADPCM",
    0x0011: "IMA ADPCM",
    0x0014: "G.723 ADPCM",
    0x0020: "Yamaha ADPCM",
    0x0022: "TrueSpeech",
    0x0031: "GSM 6.10",
    0x0038: "NMS ADPCM",
    0x0040: "G.721 ADPCM",
    0x0042: "G.723.1",
    0x0045: "G.726 ADPCM",
    0x0050: "MPEG layer I or II",
    0x0055: "MP3",
    0x0064: "G.726 ADPCM",
    0x0065: "G.722",
    0x00FF: "AAC",
    0x0160: "Windows Media Audio 1",
    0x0161: "Windows Media Audio 2",
    0x0162: "Windows Media Audio Professional",
    0x0163: "Windows Media Audio Lossless",
    0x0200: "Creative ADPCM",
    0x028F: "G.722",
    0x1600: "AAC",
    0x2000: "AC-3",
    0x2001: "DTS",
    0x5346: "Flash ADPCM",
    0x704F: "Opus",
    0xF1AC: "FLAC",
}
_KINDS = {0x0001: "integer", 0x0003: "float", 0x0006: "law", 0x0007: "law"}
_GSM, _GSM_BYTES, _EXTENSIBLE = 0x0031, 65, 0xFFFE
# Frames that are coded together. MS and IMA ADPCM tell it in the header.
_BLOCKS = {_GSM: 320, 0x0038: 160, 0x0040: 120}
_BLOCKS_TOLD = (0x0002, 0x0011)
_ORDERS: dict[str, Literal["little", "big"]] = {"<": "little", ">": "big"}
_WITHOUT_BLOCKS = (0x0055, 0x0064)
_MOST = 1 << 62
_GUID_TAIL = bytes.fromhex("f3acd3118cd100c04f8edb8a")  # of the names of chunks in Wave64; `riff` and `LIST` differ


def told(file: OpenFile) -> Told:
    """Return what a RIFF, RIFX or RF64 file tells."""
    magic, form = file.read_at(4, 0), file.read_at(4, 8)
    if form != b"WAVE":
        return Told(f"RIFF file of type {label(form)}")
    name = {b"RIFX": "big-endian WAV", b"RF64": "RF64"}.get(magic, "WAV")
    return _told(file, name, chunks(file), ">" if magic == b"RIFX" else "<")


def told_of_w64(file: OpenFile) -> Told:
    """Return what a Sony Wave64 file tells."""
    return _told(file, "Wave64", wave64_chunks(file), "<")


def wave64_chunks(file: OpenFile) -> Iterator[Chunk]:
    """Yield the chunks of a Sony Wave64 file, by the first four bytes of their names."""
    at = 40
    while len(head := file.read_at(24, at)) == 24:
        length = int.from_bytes(head[16:], "little")
        if not 24 <= length < _MOST:
            return
        yield Chunk(head[:4] if head[4:16] == _GUID_TAIL else b"", at + 24, length - 24)
        at += length + -length % 8


def _told(file: OpenFile, name: str, found: Iterator[Chunk], order: str) -> Told:
    told, fact = Told(f"{name} without a chunk `fmt `"), None
    for chunk in found:
        if chunk.name == b"fmt ":
            told = _format(name, file.read_at(min(chunk.length, 40), chunk.start), order)
        elif chunk.name == b"fact":
            fact = int.from_bytes(file.read_at(8 if name == "Wave64" else 4, chunk.start), _ORDERS[order])
        elif chunk.name == b"data":
            if told.block:
                return told._replace(frames=fact or _frames_of_gsm(file, chunk, told))
            return told._replace(frames=_frames(file, chunk, told.frame_bytes))
    return told


def corrections_of_w64(source: SourceFile) -> dict[int, bytes]:
    """Return the coding of an extensible Wave64 file as a plain one has it: libsndfile takes floats for integers."""
    for chunk in wave64_chunks(source):
        if chunk.name == b"fmt ":
            body = source.read_at(26, chunk.start)
            return {chunk.start: body[24:26]} if body[:2] == b"\xfe\xff" and len(body) == 26 else {}
    return {}


def _frames(file: OpenFile, data: Chunk, frame_bytes: int) -> int | None:
    """Return how many frames a chunk has, as far as the file goes; None if a recorder left its length at 0."""
    if not frame_bytes or data.length <= 0:
        return None
    return min(data.length, file.length() - data.start) // frame_bytes


def _frames_of_gsm(file: OpenFile, data: Chunk, told: Told) -> int | None:
    """Return how many frames the whole blocks of GSM have: libsndfile takes the byte behind them for one more."""
    left = file.length() - data.start
    size = min(data.length, left) if data.length > 0 else left
    return size // _GSM_BYTES * told.block if told.name.endswith(_CODINGS[_GSM]) else None


def _format(name: str, body: bytes, order: str) -> Told:
    """Return what the content of a chunk `fmt ` tells."""
    if len(body) < 16:
        return Told(f"{name} with a chunk `fmt ` of {len(body)} bytes")
    coding, channels, rate, _, align, bits = struct.unpack_from(f"{order}HHIIHH", body)
    extra = struct.unpack_from(f"{order}H", body, 18)[0] if len(body) >= 20 else 0
    valid = bits
    if coding == _EXTENSIBLE and len(body) >= 26:
        name, valid = f"extensible {name}", extra or bits
        coding = struct.unpack_from(f"{order}H", body, 24)[0]
    words = _CODINGS.get(coding, f"the coding 0x{coding:04x}")
    if coding not in _KINDS:
        block = extra if coding in _BLOCKS_TOLD else _BLOCKS.get(coding, 0)
        kind = "code" if block or coding in _WITHOUT_BLOCKS else ""
        return Told(f"{name} with {words}", rate, channels, kind, block=block)
    kind = _KINDS[coding]
    valid = min(valid, bits) if kind == "integer" else 0
    return Told(f"{name} with {words} of {bits} bits", rate, channels, kind, valid, align)
