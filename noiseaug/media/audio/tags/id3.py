"""ID3v2 tags, versions 2.2, 2.3 and 2.4, and the frames in them.

They stand before MPEG audio, and in chunks of WAV and AIFF files.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import NamedTuple

from noiseaug.media.audio.containers.mpeg import TAG_HEADER, length_of_tag, synchsafe
from noiseaug.media.audio.tags.held import LIMIT, printable
from noiseaug.storage.source_file import OpenFile

_UNSYNCHRONISED, _EXTENDED, _FOOTER = 0x80, 0x40, 0x10  # flags of a tag
_LETTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
# What follows a frame's header where these flags are set, and how many bytes that is; and the flags of what the content
# went through. There is one entry a version.
_FRAME_EXTRAS = {3: ((0x80, 4), (0x40, 1), (0x20, 1)), 4: ((0x40, 1), (0x04, 1), (0x01, 4))}
_COMPRESSED, _ENCRYPTED = {3: 0x80, 4: 0x08}, {3: 0x40, 4: 0x04}
_FRAME_UNSYNCHRONISED = 0x02  # of version 2.4


class Frame(NamedTuple):
    """A frame: its name of three or four letters, and its content, or None if that cannot be read."""

    name: str
    body: bytes | None


def names_at(file: OpenFile, start: int, end: int) -> list[str]:
    """Return names of the frames of a tag between two places of a file."""
    if start == end:
        return []
    frames = frames_of(file.read_at(min(end - start, LIMIT), start))
    return [name_of(frame.name) for frame in frames] or ["ID3 tag"]


def name_of(frame: str) -> str:
    """Return the name of a frame as people are told it."""
    return "picture" if frame in ("APIC", "PIC") else f"ID3 {printable(frame)}"


def exact(tag: bytes) -> bytes:
    """Return a tag as long as it says that it is, or nothing if it is no tag or shorter."""
    length = length_of_tag(tag[:TAG_HEADER])
    return without_footer(tag[:length]) if 0 < length <= len(tag) else b""


def without_footer(tag: bytes) -> bytes:
    """Return a tag without the copy of its header at its end, which libsndfile takes for sound."""
    if tag[3] < 4 or not tag[5] & _FOOTER:
        return tag
    return tag[:5] + bytes([tag[5] & ~_FOOTER]) + tag[6:-TAG_HEADER]


def is_whole(tag: bytes) -> bool:
    """Tell whether the frames of a tag, and zeros behind them, fill it."""
    frames = list(_spans(tag))
    content, at = _content(tag)
    end = frames[-1][2] if frames else at
    return end <= len(content) and not any(content[end:])


def frames_of(tag: bytes) -> list[Frame]:
    """Return the frames of a tag, up to the first that is not one."""
    version = tag[3]
    content, _ = _content(tag)
    every = bool(tag[5] & _UNSYNCHRONISED)
    found, room = [], LIMIT
    for name, start, end, flags in _spans(tag):
        body = content[start:end] if end <= len(content) else None
        if body is not None and version > 2:
            body = _opened(body, version, flags, room, unsynchronised=every and version == 4)
        room -= len(body or b"")
        found.append(Frame(name, body))
    return found


def _content(tag: bytes) -> tuple[bytes, int]:
    """Return what stands between header and footer, and where the first frame begins in it."""
    version, flags = tag[3], tag[5]
    content = tag[TAG_HEADER : TAG_HEADER + synchsafe(tag[6:10])]
    if flags & _UNSYNCHRONISED and version < 4:
        content = _synchronised(content)
    if not flags & _EXTENDED:
        return content, 0
    if version == 2:  # the flag means a compression that was never defined
        return content, len(content)
    size = synchsafe(content[:4]) if version == 4 else 4 + int.from_bytes(content[:4], "big")
    return content, min(size, len(content))


def _synchronised(content: bytes) -> bytes:
    return content.replace(b"\xff\0", b"\xff")


def _spans(tag: bytes) -> Iterator[tuple[str, int, int, int]]:
    """Yield the name of each frame, where its content begins and ends, and the second byte of its flags."""
    version = tag[3]
    content, at = _content(tag)
    letters, head = (3, 6) if version == 2 else (4, 10)
    while _is_name(content[at : at + letters]) and at + head <= len(content):
        size = content[at + letters : at + 2 * letters]
        length = int.from_bytes(size, "big")
        if version == 4:
            length = _length_of_frame(content, at + head, size)
        yield content[at : at + letters].decode(), at + head, at + head + length, content[at + head - 1]
        at += head + length


def _is_name(name: bytes) -> bool:
    return len(name) >= 3 and _LETTERS.issuperset(name)


def _length_of_frame(content: bytes, start: int, size: bytes) -> int:
    """Return the length of a frame of version 2.4. Some programs, iTunes among them, wrote it as version 2.3 does."""
    right, plain = synchsafe(size), int.from_bytes(size, "big")
    for length in (right, plain):
        after = content[start + length : start + length + 4]
        if start + length <= len(content) and (not any(after) or _is_name(after)):
            return length
    return right


def _opened(body: bytes, version: int, flags: int, room: int, *, unsynchronised: bool) -> bytes | None:
    """Return the content of a frame as it was before it was packed, or None if that cannot be had in so much `room`."""
    if flags & _ENCRYPTED[version]:
        return None
    body = body[sum(size for flag, size in _FRAME_EXTRAS[version] if flags & flag) :]
    if version == 4 and (unsynchronised or flags & _FRAME_UNSYNCHRONISED):
        body = _synchronised(body)
    if flags & _COMPRESSED[version]:
        packed = zlib.decompressobj()
        try:
            body = packed.decompress(body, max(room, 1))
        except zlib.error:
            return None
        return body if packed.eof else None
    return body
