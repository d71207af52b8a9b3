"""Recordings byte by byte: odd chunks, unknown sizes, padding that is there and padding that is not."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator

import numpy as np
import soundfile

from differential import contents

Files = Iterator[tuple[str, bytes]]

_RATE_80 = b"\x40\x0c\xfa\0\0\0\0\0\0\0"  # 16,000 as an 80-bit float
_GUID = b"\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"


def files() -> Files:
    """All of them."""
    yield from _waves()
    yield from _aiffs()
    yield from _aus()
    yield from _vocs()


def _chunk(kind: bytes, content: bytes, order: str = "<", size: int | None = None) -> bytes:
    size = len(content) if size is None else size
    return kind + struct.pack(order + "I", size) + content + bytes(len(content) % 2)


def _format(channels: int, bits: int, tag: int = 1, align: int = 0) -> bytes:
    align = align or channels * -(-bits // 8)
    return struct.pack("<HHIIHH", tag, channels, contents.RATE, contents.RATE * align, align, bits)


def _riff(*chunks: bytes, size: int | None = None) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body) if size is None else size) + body


def _extended(channels: int, bits: int, valid: int, mask: int, tag: int = 1) -> bytes:
    return _chunk(b"fmt ", _format(channels, bits, 0xFFFE) + struct.pack("<HHIH", 22, valid, mask, tag) + _GUID)


def _waves() -> Files:
    mono, odd, stereo = (contents.pcm16(name) for name in ("mono", "odd", "stereo"))
    sound, fmt = odd.astype("<i2").tobytes(), _chunk(b"fmt ", _format(1, 16))
    data = _chunk(b"data", sound)
    octets = ((odd >> 8) + 128).astype(np.uint8).tobytes()
    wide = (stereo.astype(np.int32) * 256 + 77).astype("<i4")
    variants = {
        "plain": _riff(fmt, data),
        "fmt18": _riff(_chunk(b"fmt ", _format(1, 16) + b"\0\0"), data),
        "odd-chunk-before": _riff(_chunk(b"junk", b"abc"), fmt, data),
        "odd-chunk-after": _riff(fmt, data, _chunk(b"junk", b"abc")),
        "odd-chunk-between": _riff(fmt, _chunk(b"note", b"a"), data),
        "list-after": _riff(fmt, data, _chunk(b"LIST", b"INFO" + _chunk(b"INAM", b"name\0"))),
        "size-0": _riff(fmt, _chunk(b"data", sound, size=0), size=0),
        "size-max": _riff(fmt, _chunk(b"data", sound, size=0xFFFFFFFF), size=0xFFFFFFFF),
        "riff-size-0": _riff(fmt, data, size=0),
        "riff-size-small": _riff(fmt, data, size=36),
        "garbage-after": _riff(fmt, data) + b"garbage after the end",
        "data-twice": _riff(fmt, data, data),
        "u8-odd": _riff(_chunk(b"fmt ", _format(1, 8)), _chunk(b"data", octets)),
        "u8-odd-unpadded": _riff(_chunk(b"fmt ", _format(1, 8)), _chunk(b"data", octets))[:-1],
        "u8-odd-then-list": _riff(
            _chunk(b"fmt ", _format(1, 8)), _chunk(b"data", octets), _chunk(b"LIST", b"INFO" + _chunk(b"INAM", b"x\0"))
        ),
        "part-of-a-frame": _riff(
            _chunk(b"fmt ", _format(2, 16)), _chunk(b"data", stereo.astype("<i2").tobytes() + b"\1\2")
        ),
        "24-in-4": _riff(
            _chunk(b"fmt ", _format(2, 24, align=8)), _chunk(b"data", (wide << 8).astype("<i4").tobytes())
        ),
        "20bit": _riff(_chunk(b"fmt ", _format(2, 20)), _chunk(b"data", _bytes24(wide & ~15))),
        "12bit": _riff(_chunk(b"fmt ", _format(1, 12)), _chunk(b"data", (odd & ~15).astype("<i2").tobytes())),
        "24bit": _riff(_chunk(b"fmt ", _format(2, 24)), _chunk(b"data", _bytes24(wide))),
        "24bit-odd": _riff(_chunk(b"fmt ", _format(1, 24)), _chunk(b"data", _bytes24(odd.astype(np.int32) * 256 + 77))),
        "extensible-24": _riff(_extended(2, 24, 24, 3), _chunk(b"data", _bytes24(wide))),
        "extensible-20-of-24": _riff(_extended(2, 24, 20, 3), _chunk(b"data", _bytes24(wide & ~15))),
        "extensible-24-of-32": _riff(_extended(2, 32, 24, 3), _chunk(b"data", (wide << 8).astype("<i4").tobytes())),
        "extensible-float": _riff(_extended(1, 32, 32, 4, 3), _chunk(b"data", (mono / 32768).astype("<f4").tobytes())),
        "float-fact": _riff(
            _chunk(b"fmt ", _format(1, 32, 3) + b"\0\0"),
            _chunk(b"fact", struct.pack("<I", len(mono))),
            _chunk(b"data", (mono / 32768).astype("<f4").tobytes()),
        ),
        "float-above-1": _riff(
            _chunk(b"fmt ", _format(1, 32, 3)), _chunk(b"data", (mono / 8192).astype("<f4").tobytes())
        ),
        "empty": _riff(fmt, _chunk(b"data", b"")),
        "12-channels": _riff(_chunk(b"fmt ", _format(12, 16)), _chunk(b"data", mono[:1200].astype("<i2").tobytes())),
        "ulaw": _riff(_chunk(b"fmt ", _format(1, 8, 7) + b"\0\0"), _chunk(b"data", bytes(range(256)) + b"\x80")),
        "alaw": _riff(_chunk(b"fmt ", _format(1, 8, 6) + b"\0\0"), _chunk(b"data", bytes(range(256)) + b"\x80")),
        "bext-cue": _riff(
            _chunk(b"bext", bytes(602)), fmt, _chunk(b"cue ", struct.pack("<7I", 1, 1, 0, 0x61746164, 0, 0, 5)), data
        ),
    }
    for number in range(4):  # blocks that are not full
        variants[f"ima-fact{number}"] = _ima(1000 + number)
        variants[f"gsm-fact{number}"] = _gsm(600 + 100 * number)
    yield from ((f"hand-wav-{name}.wav", made) for name, made in variants.items())


def _bytes24(samples: np.ndarray) -> bytes:
    return np.ascontiguousarray(samples.astype("<i4")).view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


def _ima(samples: int) -> bytes:
    """IMA ADPCM whose `fact` says that the last block is not full."""
    return _coded(samples, "IMA_ADPCM")


def _gsm(samples: int) -> bytes:
    return _coded(samples, "GSM610")


def _coded(samples: int, subtype: str) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, contents.recording(samples, 1), contents.RATE, subtype, format="WAV")
    data = bytearray(file.getvalue())
    at = data.find(b"fact")
    if at > 0:
        data[at + 8 : at + 12] = struct.pack("<I", samples)
    return bytes(data)


def _aiffs() -> Files:
    """AIFF and AIFF-C with an even and an odd number of bytes of sound, padded and not."""
    for bits, name in (
        (8, "odd"),
        (8, "mono"),
        (16, "odd"),
        (24, "odd"),
        (24, "stereo"),
        (32, "odd"),
        (12, "odd"),
        (20, "odd"),
    ):
        pcm = contents.pcm16(name)
        width = -(-bits // 8)
        wide = (pcm.astype(np.int32) << 16) & (-1 << 32 - bits)
        sound = np.ascontiguousarray(wide.astype(">i4")).view(np.uint8).reshape(-1, 4)[:, :width].tobytes()
        comm = struct.pack(">hIh", pcm.shape[1], len(pcm), bits) + _RATE_80
        ssnd = struct.pack(">II", 0, 0) + sound
        for variant, chunk in {
            "": _chunk(b"SSND", ssnd, ">"),
            "-unpadded": b"SSND" + struct.pack(">I", len(ssnd)) + ssnd,
        }.items():
            body = b"AIFF" + _chunk(b"COMM", comm, ">") + chunk
            yield f"hand-aiff-{bits}-{name}{variant}.aiff", b"FORM" + struct.pack(">I", len(body)) + body
            first = b"AIFF" + chunk + _chunk(b"COMM", comm, ">")
            yield f"hand-aiff-{bits}-{name}{variant}-ssnd-first.aiff", b"FORM" + struct.pack(">I", len(first)) + first
        for kind in (b"NONE", b"twos"):
            compressed = (
                b"AIFC"
                + _chunk(b"FVER", b"\xa2\x80\x51\x40", ">")
                + _chunk(b"COMM", comm + kind + b"\0\0", ">")
                + _chunk(b"SSND", ssnd, ">")
            )
            yield (
                f"hand-aifc-{kind.decode().lower()}-{bits}-{name}.aifc",
                b"FORM" + struct.pack(">I", len(compressed)) + compressed,
            )
        named = body.replace(b"AIFF", b"AIFF" + _chunk(b"NAME", b"odd", ">"), 1)
        yield f"hand-aiff-{bits}-{name}-named.aiff", b"FORM" + struct.pack(">I", len(named)) + named
        offset = b"AIFF" + _chunk(b"COMM", comm, ">") + _chunk(b"SSND", struct.pack(">II", 4, 0) + b"skip" + sound, ">")
        yield f"hand-aiff-{bits}-{name}-offset.aiff", b"FORM" + struct.pack(">I", len(offset)) + offset


def _aus() -> Files:
    sound = contents.pcm16("odd").astype(">i2").tobytes()
    for label, size in {"known": len(sound), "unknown": 0xFFFFFFFF, "zero": 0, "short": len(sound) - 20}.items():
        for note in (b"", b"abcd", b"abcde\0\0\0"):
            head = struct.pack(">4s5I", b".snd", 24 + len(note), size, 3, contents.RATE, 1)
            yield f"hand-au-{label}-{len(note)}.au", head + note + sound
    octets = bytes(range(256)) + b"\x80"
    for encoding in (1, 2, 27):
        yield (
            f"hand-au-encoding{encoding}.au",
            struct.pack(">4s5I", b".snd", 24, len(octets), encoding, 8000, 1) + octets,
        )


def _vocs() -> Files:
    octets = (contents.pcm16("odd")[:, 0] // 256 + 128).astype(np.uint8).tobytes()
    head = b"Creative Voice File\x1a" + struct.pack("<HHH", 26, 0x010A, 0x1129)

    def block(kind: int, content: bytes) -> bytes:
        return bytes([kind]) + struct.pack("<I", len(content))[:3] + content

    sound = block(1, bytes([256 - 1_000_000 // 8000, 0]) + octets)
    yield "hand-voc-plain.voc", head + sound + b"\0"
    yield "hand-voc-two-blocks.voc", head + sound + block(2, octets) + b"\0"
    yield "hand-voc-silence.voc", head + sound + block(3, struct.pack("<HB", 99, 131)) + block(2, octets) + b"\0"
    yield "hand-voc-text.voc", head + block(5, b"said\0") + sound + b"\0"
    yield "hand-voc-no-end.voc", head + sound
    wide = contents.pcm16("odd").astype("<i2").tobytes()
    yield "hand-voc-new.voc", head + block(9, struct.pack("<IBBH4x", 16000, 16, 1, 4) + wide) + b"\0"
