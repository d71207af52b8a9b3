"""Recordings with tags of all kinds, and how they are listed by what did not write them."""

from __future__ import annotations

import base64
import json
import shutil
import struct
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
from mutagen import flac, oggvorbis

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
    "my own": ["a=b", "more"],
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


def tag_blocks(path: Path) -> None:
    """Puts blocks of every other type into a FLAC file, and a large picture."""
    head = struct.pack(">128sQB258xB", b"1234567890123", 88_200, 128, 2)
    track = struct.pack(">QB12sB13xB", 0, 1, b"", 0, 1) + struct.pack(">QB3x", 0, 1)
    last = struct.pack(">QB12sB13xB", 4000, 170, b"", 0, 0)  # which says how long all is
    file = flac.FLAC(path)
    file.cuesheet = flac.CueSheet(head + track + last)
    application = flac.MetadataBlock(b"test" + bytes(8))
    application.code = 2
    file.metadata_blocks += [file.cuesheet, application]
    file.add_picture(picture(b"another" * 100_000))
    file.save(padding=lambda _: 1000)


def behind_mp3(title: bytes = b"a song") -> bytes:
    """An APE tag, one of Lyrics3 and one of ID3v1, as they stand behind the frames."""
    items = [(b"Title", 0, title), (b"Year", 0, b"2001"), (b"Artist", 0, b"one\0two")]
    items += [(b"MP3GAIN_MINMAX", 0, b"091,170"), (b"Cover Art (Front)", 2, b"cover.png\0" + PIXELS)]
    body = b"".join(struct.pack("<II", len(value), flags) + name + b"\0" + value for name, flags, value in items)
    ape = body + b"APETAGEX" + struct.pack("<IIII8x", 2000, len(body) + 32, len(items), 0)
    lyrics = b"LYRICSBEGIN" + b"IND0000200" + b"LYR00004la l"
    fields = [(b"a song", 30), (b"one", 30), (b"", 30), (b"2001", 4), (b"a comment", 28), (b"\0\7", 2), (b"\x08", 1)]
    v1 = b"TAG" + b"".join(text.ljust(length, b"\0") for text, length in fields)
    return ape + lyrics + f"{len(lyrics):06}LYRICS200".encode() + v1


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


def wav_chunks(order: str = "<") -> list[tuple[bytes, bytes]]:
    return [
        (b"bext", bytes(range(256)) * 3),
        (b"cue ", struct.pack(f"{order}I", 1) + struct.pack(f"{order}II4sIII", 1, 100, b"data", 0, 0, 100)),
        (b"smpl", bytes(36)),
        (b"iXML", b"<BWFXML/>"),
        (b"axml", b"<x/>" * 3 + b"!"),
        (b"_PMX", b"<x:xmpmeta/>"),
        (b"LIST", b"adtl" + b"labl" + struct.pack(f"{order}I", 9) + struct.pack(f"{order}I", 1) + b"here\0\0"),
        info(("INAM", "a song"), ("IENG", "me"), ("ICMS", "you"), ("IART", "one"), ("IART", "two"), order=order),
        (b"id3 ", id3_of(FRAMES)),
    ]


def put_tags(path: Path, form: str) -> str | None:
    """Puts tags of all kinds into a file of this format, and returns what they are; None if there are none."""
    if form in ("WAV", "WAVEX", "RF64"):
        put_chunks(path, wav_chunks())
        return "all chunks: LIST INFO, LIST adtl, bext, cue, smpl, iXML, axml, _PMX, id3"
    if form == "AIFF":
        put_chunks(path, aiff_chunks())
        return "all chunks: NAME, AUTH, (c), ANNO, COMT, MARK, INST, ID3"
    if form == "CAF":
        put_chunks(path, [(b"info", struct.pack(">I", 1) + b"title\0a song\0"), (b"strg", bytes(5))])
        return "all chunks: info, strg"
    if form == "W64":
        insert_chunk(path, b"bext" + bytes(12), bytes(602))
        return "all chunks: bext"
    if form == "SVX":
        insert_chunk(path, b"AUTH", b"somebody", before=b"BODY")
        return "all chunks: NAME, AUTH, ANNO"
    if form == "FLAC":
        tag_comments(path)
        tag_blocks(path)
        return "all blocks: comments, pictures, cue sheet, application"
    if form == "OGG":
        file = oggvorbis.OggVorbis(path)
        file.update(COMMENTS | {"METADATA_BLOCK_PICTURE": base64.b64encode(picture().write()).decode()})
        file.save()
        return "all comments, pictures among them"
    if form == "MP3":
        path.write_bytes(id3_of(FRAMES) + path.read_bytes() + behind_mp3())
        return "ID3v2, ID3v1, APE, Lyrics3"
    return None


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
