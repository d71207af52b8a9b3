"""Vorbis comments, which Ogg and FLAC files have, and the pictures of both.

Comments are a vendor, a count, and texts NAME=VALUE, each with its length before it.
"""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Iterable
from typing import NamedTuple

from noiseaug.media.audio.tags.held import Tags, names_of

_PICTURE = "METADATA_BLOCK_PICTURE"


class Comments(NamedTuple):
    """The vendor, the comments as they stand, and what follows them."""

    vendor: bytes
    comments: list[bytes]
    rest: bytes


class Picture(NamedTuple):
    """A picture: its type, as ID3v2 numbers them, its MIME type, its description, and its bytes."""

    type: int
    mime: bytes
    description: bytes
    data: bytes


def parsed(body: bytes) -> Comments | None:
    """Return the comments of a header or block, or None if the lengths in it lie."""
    at, texts = 0, []
    try:
        vendor, at = _text(body, 0)
        (count,) = struct.unpack_from("<I", body, at)
        at += 4
        for _ in range(count):
            text, at = _text(body, at)
            texts.append(text)
    except (struct.error, ValueError):
        return None
    return Comments(vendor, texts, body[at:])


def _text(body: bytes, at: int) -> tuple[bytes, int]:
    (length,) = struct.unpack_from("<I", body, at)
    end = at + 4 + length
    if end > len(body):
        raise ValueError
    return body[at + 4 : end], end


def encoded(vendor: bytes, comments: list[bytes]) -> bytes:
    """Return a header or block of comments, without what makes it a packet.

    >>> encoded(b"me", [b"TITLE=a song"])
    b'\\x02\\x00\\x00\\x00me\\x01\\x00\\x00\\x00\\x0c\\x00\\x00\\x00TITLE=a song'
    """
    texts = b"".join(struct.pack("<I", len(text)) + text for text in comments)
    return struct.pack("<I", len(vendor)) + vendor + struct.pack("<I", len(comments)) + texts


def tags_of(comments: Iterable[bytes]) -> Tags:
    """Return what comments say, those that are pictures included."""
    texts, pictures, others = [], [], []
    for comment in comments:
        name, equals, value = comment.decode("utf-8", "surrogateescape").partition("=")
        if name.upper() == _PICTURE and (picture := _from_base64(value)) is not None:
            pictures.append(picture)
        elif equals and _is_name(name):
            texts.append((name, value))
        else:
            others.append("comment without a name")
    return Tags(tuple(texts), tuple(pictures), others=tuple(others))


def _from_base64(value: str) -> bytes | None:
    try:
        block = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None
    return block if picture(block) else None


def comments_of(tags: Tags, *, pictures: bool) -> tuple[list[bytes], list[str]]:
    """Return comments that say what tags say, also `pictures` if asked for, and names of texts that cannot be one."""
    comments = [f"{name}={value}".encode("utf-8", "surrogateescape") for name, value in tags.texts if _is_name(name)]
    if pictures:
        comments += [f"{_PICTURE}=".encode() + base64.b64encode(block) for block in tags.pictures]
    return comments, names_of(text for text in tags.texts if not _is_name(text[0]))


def _is_name(name: str) -> bool:
    return bool(name) and all(" " <= letter <= "}" and letter != "=" for letter in name)


def picture(block: bytes) -> Picture | None:
    """Return what a FLAC block of type PICTURE holds, or None if the lengths in it lie."""
    try:
        (kind,) = struct.unpack_from(">I", block)
        mime, at = _long(block, 4)
        description, at = _long(block, at)
        data, _ = _long(block, at + 16)  # width, height, depth, number of colours
    except (struct.error, ValueError):
        return None
    return Picture(kind, mime, description, data)


def _long(block: bytes, at: int) -> tuple[bytes, int]:
    (length,) = struct.unpack_from(">I", block, at)
    end = at + 4 + length
    if end > len(block):
        raise ValueError
    return block[at + 4 : end], end


def picture_block(found: Picture) -> bytes:
    """Return a FLAC block of type PICTURE. Its size in pixels stays 0, which is: not told."""
    head = struct.pack(">I", found.type) + struct.pack(">I", len(found.mime)) + found.mime
    described = struct.pack(">I", len(found.description)) + found.description
    return head + described + bytes(16) + struct.pack(">I", len(found.data)) + found.data
