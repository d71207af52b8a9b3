"""What recordings carry beside samples and the ten text tags of libsndfile, which is lost: found by name."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator

from noiseaug.media.audio.clocks import chunks

# What libsndfile writes by itself, or makes no difference.
_STRUCTURE = frozenset({b"fmt ", b"data", b"fact", b"PEAK", b"ds64", b"COMM", b"SSND", b"FVER", b"VHDR", b"BODY"})
_FILLING = frozenset({b"JUNK", b"junk", b"PAD ", b"FLLR", b"free"})
# Text tags in chunks of their own (AIFF) or within LIST INFO (WAV).
_AIFF_TAGS = frozenset({b"NAME", b"AUTH", b"(c) ", b"ANNO", b"APPL"})
_INFO_TAGS = frozenset({b"INAM", b"ICOP", b"ISFT", b"IART", b"ICMT", b"ICRD", b"IPRD", b"IGNR", b"ITRK"})
_CAF_KNOWN = frozenset({b"desc", b"data", b"info", b"pakt", b"kuki", b"free", b"peak"})
_FLAC_BLOCKS = {2: "FLAC application block", 5: "FLAC cue sheet", 6: "picture"}
_FLAC_COMMENTS = 4
_COMMENT_TAGS = frozenset(
    {
        "TITLE",
        "COPYRIGHT",
        "SOFTWARE",
        "ENCODER",
        "ARTIST",
        "COMMENT",
        "DATE",
        "ALBUM",
        "LICENSE",
        "TRACKNUMBER",
        "GENRE",
    }
)
_ID3_TAGS = frozenset(
    {b"TIT2", b"TPE1", b"TALB", b"TCON", b"TRCK", b"COMM", b"TSSE", b"TENC", b"TCOP", b"TYER", b"TDRC", b"TLEN"}
)
_MOST = 20  # names told of
_HEAD = 1 << 18


def lost_from(fd: int) -> tuple[str, ...]:
    """The names of what the file holds and no output will, in order, each once."""
    magic = os.pread(fd, 4, 0)
    finders = {b"RIFF": _riff, b"RIFX": _riff, b"RF64": _riff, b"FORM": _aiff, b"caff": _caf, b"fLaC": _flac}
    finders |= {b"OggS": _ogg, b"NIST": _nist}
    find = _id3 if magic[:3] == b"ID3" else finders.get(magic)
    if find is None:
        return ()
    found: list[str] = []
    for name in find(fd):
        if name not in found:
            found.append(name)
        if len(found) == _MOST:
            break
    return tuple(found)


def aiff_software(fd: int) -> str:
    """The text of an AIFF file that libsndfile reads as `software`, and beyond its end: up to four bytes of what stood
    in memory before."""
    for at, name, length in chunks(fd):
        if name == b"APPL":
            return os.pread(fd, min(length, _HEAD) - 4, at + 12).split(b"\0")[0].decode(errors="replace")
    return ""


def _label(name: bytes) -> str:
    text = name.decode("latin-1").strip()
    return text if text.isprintable() and text.isascii() and text and "," not in text else "unnamed"


def _riff(fd: int) -> Iterator[str]:
    for at, name, length in chunks(fd):
        if name == b"LIST":
            yield from _list(os.pread(fd, min(length, _HEAD), at + 8))
        elif name not in _STRUCTURE | _FILLING:
            yield f"{_label(name)} chunk"


def _list(body: bytes) -> Iterator[str]:
    if body[:4] != b"INFO":
        yield f"LIST {_label(body[:4])} chunk"
        return
    at = 4
    while at + 8 <= len(body):
        name, length = body[at : at + 4], int.from_bytes(body[at + 4 : at + 8], "little")
        if name not in _INFO_TAGS:
            yield f"LIST INFO {_label(name)}"
        at += 8 + length + length % 2


def _aiff(fd: int) -> Iterator[str]:
    known = _STRUCTURE | _FILLING | _AIFF_TAGS
    return (f"{_label(name)} chunk" for _, name, _ in chunks(fd) if name not in known)


def _caf(fd: int) -> Iterator[str]:
    """Chunks of the Core Audio Format: a name, and a length of 64 bits, -1 for data to the end of the file."""
    at, size = 8, os.fstat(fd).st_size
    while at + 12 <= size:
        name, length = struct.unpack(">4sq", os.pread(fd, 12, at))
        if name not in _CAF_KNOWN:
            yield f"{_label(name)} chunk"
        if length < 0:
            return
        at += 12 + length


def _flac(fd: int) -> Iterator[str]:
    at, last = 4, False
    while not last:
        head = os.pread(fd, 4, at)
        if len(head) < 4:
            return
        last, block, length = bool(head[0] & 128), head[0] & 127, int.from_bytes(head[1:], "big")
        if block == _FLAC_COMMENTS:
            yield from _comments(os.pread(fd, length, at + 4))
        elif block in _FLAC_BLOCKS:
            yield _FLAC_BLOCKS[block]
        at += 4 + length


def _comments(body: bytes) -> Iterator[str]:
    """Vorbis comments: a vendor, a count, and texts NAME=VALUE, each with its length before it."""
    try:
        (vendor,) = struct.unpack_from("<I", body)
        (count,) = struct.unpack_from("<I", body, 4 + vendor)
        at = 8 + vendor
        for _ in range(count):
            (length,) = struct.unpack_from("<I", body, at)
            name = body[at + 4 : at + 4 + length].partition(b"=")[0].upper().decode("latin-1")
            if name == "METADATA_BLOCK_PICTURE":
                yield "picture"
            elif name not in _COMMENT_TAGS:
                yield f"comment {_label(name.encode('latin-1'))}"
            at += 4 + length
    except struct.error:
        return


def _ogg(fd: int) -> Iterator[str]:
    """Of the comments of Vorbis and Opus, those in their first page."""
    head = os.pread(fd, _HEAD, 0)
    for magic in (b"\x03vorbis", b"OpusTags"):
        at = head.find(magic)
        if at >= 0:
            return _comments(head[at + len(magic) :])
    return iter(())


def _nist(fd: int) -> Iterator[str]:
    """Fields of the text header that do not describe the samples: speaker, prompt, recording date and the like."""
    shape = ("sample", "channel", "database_version", "end_head")
    lines = os.pread(fd, 1024, 0).split(b"\n")[2:]
    for line in lines:
        name = line.partition(b" ")[0].decode("latin-1")
        if name == "end_head":
            return
        if name and not name.startswith(shape):
            yield f"header field {_label(name.encode('latin-1'))}"


def _id3(fd: int) -> Iterator[str]:
    """Frames of an ID3v2.3 or 2.4 tag."""
    head = os.pread(fd, _HEAD, 0)
    version, end = head[3], 10 + synchsafe(head[6:10])
    at = 10
    while version in (3, 4) and at + 10 <= min(end, len(head)) and head[at]:
        name, size = head[at : at + 4], head[at + 4 : at + 8]
        length = synchsafe(size) if version == 4 else int.from_bytes(size, "big")
        if name == b"APIC":
            yield "picture"
        elif name not in _ID3_TAGS:
            yield f"ID3 {_label(name)}"
        at += 10 + length


def synchsafe(size: bytes) -> int:
    """The number in four bytes of seven bits each, as ID3v2 counts."""
    return sum((byte & 127) << shift for byte, shift in zip(size, (21, 14, 7, 0), strict=False))
