"""Recordings with tags of all kinds, and how they are listed by what did not write them."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
from mutagen import flac

from noiseaug.media.audio.containers.chunks import chunks
from noiseaug.storage.source_file import SourceFile

COMMENTS = {
    "TITLE": ["a song"],
    "ARTIST": ["one", "two"],
    "DATE": ["2020-05-04"],
    "TRACKNUMBER": ["3/10"],
    "REPLAYGAIN_TRACK_GAIN": ["-3.10 dB"],
    "MUSICBRAINZ_TRACKID": ["6a5e2f1c-0000-4000-8000-000000000000"],
    "MOOD": ["heiter bis wolkig \u2601"],
    "my own": ["a=b", ""],
}
PIXELS = cv2.imencode(".png", np.zeros((1, 1, 3), np.uint8))[1].tobytes()
# Name, and content of a frame of ID3v2.3 and 2.4.
FRAMES = [
    (b"TIT2", b"\x00a song"),
    (b"TPE1", b"\x01" + "one\0two\0".encode("utf-16")),
    (b"TBPM", b"\x00120"),
    (b"TXXX", b"\x00REPLAYGAIN_TRACK_GAIN\x00-3.10 dB"),
    (b"APIC", b"\x00image/png\x00\x03cover\x00" + PIXELS),
]
_SHORT = {b"TIT2": b"TT2", b"TPE1": b"TP1", b"TBPM": b"TBP", b"TXXX": b"TXX", b"APIC": b"PIC"}


def id3_of(frames, version: int = 3, flags: int = 0, padding: int = 0) -> bytes:
    """An ID3v2 tag."""
    content = b""
    for name, body in frames:
        if version == 2:
            body = body.replace(b"image/png\0", b"PNG") if name == b"APIC" else body
            content += _SHORT[name] + len(body).to_bytes(3, "big") + body
        else:
            content += name + (synchsafe(len(body)) if version == 4 else struct.pack(">I", len(body))) + bytes(2) + body
    content += bytes(padding)
    return b"ID3" + bytes([version, 0, flags]) + synchsafe(len(content)) + content


def synchsafe(number: int) -> bytes:
    return bytes((number >> shift) & 127 for shift in (21, 14, 7, 0))


def picture(data: bytes = PIXELS) -> flac.Picture:
    made = flac.Picture()
    made.type, made.mime, made.desc, made.data = 3, "image/png", "cover", data
    made.width, made.height, made.depth = 1, 1, 24
    return made


def tag_comments(path: Path) -> None:
    """Puts comments and a picture into a FLAC file."""
    file = flac.FLAC(path)
    for name, values in COMMENTS.items():
        file[name] = values
    file.add_picture(picture())
    file.save()


def info(*texts: tuple[str, str], order: str = "<") -> tuple[bytes, bytes]:
    """A chunk LIST INFO."""
    body = b"INFO"
    for name, text in texts:
        encoded = text.encode() + b"\0"
        body += name.encode() + struct.pack(f"{order}I", len(encoded)) + encoded + bytes(len(encoded) % 2)
    return b"LIST", body


def aiff_chunks() -> list[tuple[bytes, bytes]]:
    return [
        (b"NAME", b"a song"),
        (b"AUTH", b"one"),
        (b"(c) ", b"2020"),
        (b"ANNO", b"first"),
        (b"ANNO", b"second"),
        (b"APPL", b"m3gamy software"),
        (b"COMT", struct.pack(">HIHH", 1, 0, 0, 4) + b"here"),
        (b"MARK", struct.pack(">HHIB", 1, 1, 100, 1) + b"m"),
        (b"INST", bytes(20)),
        (b"ID3 ", id3_of(FRAMES)),
    ]


_HEADS = {b"FORM": ">4sI", b"RIFX": ">4sI", b"caff": ">4sq", b"riff": "<16sQ"}


def _chunk(magic: bytes, kind: bytes, body: bytes) -> bytes:
    if magic == b"riff":
        return kind + struct.pack("<Q", len(body) + 24) + body + bytes(-len(body) % 8)
    pad = b"" if magic == b"caff" else bytes(len(body) % 2)
    return struct.pack(_HEADS.get(magic, "<4sI"), kind, len(body)) + body + pad


def put_chunks(path: Path, added: list[tuple[bytes, bytes]]) -> None:
    """Puts chunks at the end of a file, and mends its length."""
    data = bytearray(path.read_bytes())
    magic = bytes(data[:4])
    if magic != b"caff":
        data += bytes(len(data) % 2)
    else:
        with SourceFile(str(path)) as file:
            *_, last = chunks(file)
        del data[last.start + last.length :]  # libsndfile pads compressed samples
    for kind, body in added:
        data += _chunk(magic, kind, body)
    path.write_bytes(_counted(data))


def insert_chunk(path: Path, kind: bytes, body: bytes, before: bytes = b"data") -> None:
    """Puts a chunk before another, and mends the length of the file."""
    data = path.read_bytes()
    at = data.index(before, 16)
    path.write_bytes(_counted(bytearray(data[:at] + _chunk(data[:4], kind, body) + data[at:])))


def _counted(data: bytearray) -> bytearray:
    magic = bytes(data[:4])
    if magic == b"RF64":
        data[20:28] = struct.pack("<Q", len(data) - 8)
    elif magic == b"riff":
        data[16:24] = struct.pack("<Q", len(data))
    elif magic != b"caff":
        data[4:8] = struct.pack("<I" if magic == b"RIFF" else ">I", len(data) - 8)
    return data


def chunks_of(path: Path) -> list[tuple[bytes, bytes]]:
    """The chunks of a file. Its header counts all of them."""
    data = path.read_bytes()
    if data[:4] not in (b"caff",):
        assert _counted(bytearray(data)) == data
    with SourceFile(str(path)) as file:
        return [(chunk.name, file.read_at(chunk.length, chunk.start)) for chunk in chunks(file)]


_PROGRAMS = {
    "ffprobe": ("ffmpeg", ["-v", "error", "-of", "json", "-show_entries", "format_tags:stream_tags"]),
    "metaflac": ("flac", ["--list"]),
    "flac": ("flac", ["-t", "-s", "-w"]),
    "ogginfo": ("vorbis-tools", []),
    "opusinfo": ("opus-tools", []),
}


def listed_by(program: str, path: Path):
    """What a program says of a file, which it must find in order; of ffprobe, the tags."""
    package, options = _PROGRAMS[program]
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed: apt-get install {package}, to list tags without mutagen")
    done = subprocess.run([program, *options, str(path)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    if program != "ffprobe":
        return done.stdout + done.stderr
    found = json.loads(done.stdout)
    tags = found.get("format", {}).get("tags", {})
    return tags or next((stream.get("tags", {}) for stream in found.get("streams", [])), {})
