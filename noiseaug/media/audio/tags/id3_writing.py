"""ID3v2.4 tags made of texts and pictures that came from another container."""

from __future__ import annotations

import re
from collections.abc import Iterable

from noiseaug.media.audio.tags import id3_names, id3_reading, vorbis
from noiseaug.media.audio.tags.held import Tags, names_of

_UTF8 = b"\3"
_NO_LANGUAGE = b"XXX"
_TIME = re.compile(r"\d{4}(-\d\d(-\d\d)?)?")
_LONGEST = (1 << 28) - 1
_DESCRIBED = {"COMMENT": b"COMM", "LYRICS": b"USLT"}


def tag_for(tags: Tags) -> tuple[bytes, list[str]]:
    """Return a tag that says what `tags` say, and names of what it does not.

    A tag that stands there goes along whole, as it is. Texts of other origin then have no place in it.
    """
    if tags.id3:
        own = {name.upper() for name, _ in id3_reading.tags_of(tags.id3).texts}
        return tags.id3, names_of(text for text in tags.texts if text[0].upper() not in own)
    texts = [(name, text) for name, text in tags.texts if text]  # an empty one cannot be told from the end of a frame
    lost = names_of(text for text in tags.texts if not text[1])
    frames = [*_text_frames(texts), *_picture_frames(tags.pictures)]
    if not frames:
        return b"", lost
    content = b"".join(name + _synchsafe(len(body)) + bytes(2) + body for name, body in frames)
    if len(content) > _LONGEST:
        return b"", tags.names()
    return b"ID3\4\0\0" + _synchsafe(len(content)) + content, lost


def _synchsafe(number: int) -> bytes:
    return bytes((number >> shift) & 127 for shift in (21, 14, 7, 0))


def _text_frames(texts: Iterable[tuple[str, str]]) -> Iterable[tuple[bytes, bytes]]:
    """Yield the frames of texts, one for all values of a name, with zeros between them."""
    values: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    for name, value in texts:
        key = name.upper()
        names.setdefault(key, name)
        values.setdefault(key, []).append(value)
    for key, several in values.items():
        yield _text_frame(names[key], key, several)


def _text_frame(name: str, key: str, values: list[str]) -> tuple[bytes, bytes]:
    body = "\0".join(values).encode("utf-8", "replace")
    described, _, description = key.partition(":")
    if key == id3_names.MUSICBRAINZ_COMMENT and len(values) == 1 and body.isascii() and len(body) <= 64:
        return b"UFID", id3_names.MUSICBRAINZ + b"\0" + body
    if described in _DESCRIBED:
        description = name[len(described) + 1 :]
        return _DESCRIBED[described], _UTF8 + _NO_LANGUAGE + description.encode() + b"\0" + body
    frame = id3_names.FRAMES.get(key)
    is_time = all(_TIME.fullmatch(value) for value in values)
    if frame and (frame not in ("TDRC", "TDOR") or is_time):
        return frame.encode(), _UTF8 + body
    return b"TXXX", _UTF8 + name.encode() + b"\0" + body


def _picture_frames(blocks: Iterable[bytes]) -> Iterable[tuple[bytes, bytes]]:
    for block in blocks:
        if found := vorbis.picture(block):
            description = found.description.replace(b"\0", b" ")
            kind = bytes([min(found.type, 255)])
            yield b"APIC", _UTF8 + found.mime.replace(b"\0", b"") + b"\0" + kind + description + b"\0" + found.data
