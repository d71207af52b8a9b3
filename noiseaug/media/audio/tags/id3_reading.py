"""What the frames of an ID3v2 tag say: texts, pictures, and names of all else."""

from __future__ import annotations

import re
from collections.abc import Iterator

from noiseaug.media.audio.tags import id3, id3_names
from noiseaug.media.audio.tags.held import Tags
from noiseaug.media.audio.tags.vorbis import Picture, picture_block

_ENCODINGS = ("latin-1", "utf-16", "utf-16-be", "utf-8")
_DERIVED = ("TLEN",)  # what the samples tell by themselves
_GENRE = re.compile(r"(?:\((\d+)\))?(.*)", re.DOTALL)


def tags_of(tag: bytes) -> Tags:
    """Return what a tag says. It is one that `id3.exact` let through."""
    texts: list[tuple[str, str]] = []
    pictures, others = [], []
    for frame in id3.frames_of(tag):
        name = id3_names.NOW.get(frame.name, frame.name)
        try:
            if frame.body is None:
                others.append(id3.name_of(frame.name))
            elif name == "APIC":
                pictures.append(picture_block(_picture(frame.body, short=frame.name == "PIC")))
            elif name not in _DERIVED and not (said := list(_texts(name, frame.body))):
                others.append(id3.name_of(frame.name))
            elif name not in _DERIVED:
                texts += said
        except (UnicodeDecodeError, IndexError, ValueError):
            others.append(id3.name_of(frame.name))
    whole = () if id3.is_whole(tag) else ("rest of the ID3 tag",)
    return Tags(_dated(texts), tuple(pictures), tag, (*others, *whole))


def _texts(name: str, body: bytes) -> Iterator[tuple[str, str]]:
    """Yield the texts of a frame; none if it is no frame of texts. Names of comments may have a description in them."""
    if name == "UFID":
        owner, _, value = body.partition(b"\0")
        if owner == id3_names.MUSICBRAINZ:
            yield id3_names.MUSICBRAINZ_COMMENT, value.decode("ascii")
    elif name in ("COMM", "USLT"):
        description, rest = _split(body[:1] + body[4:])
        key = "COMMENT" if name == "COMM" else "LYRICS"
        for text in _values(body[:1] + rest):
            yield (f"{key}:{description}" if description else key), text
    elif name == "TXXX":
        description, rest = _split(body)
        for text in _values(body[:1] + rest):
            yield description, text
    elif name == "TCON":
        for text in _values(body):
            number, words = _GENRE.fullmatch(text).groups()  # type: ignore[union-attr]  # it matches all
            yield "GENRE", words or id3_names.genre(int(number)) if number else _genre_of(words)
    elif name in id3_names.COMMENTS or name in ("TYER", "TDAT"):
        for text in _values(body):
            yield id3_names.COMMENTS.get(name, name), text


def _genre_of(words: str) -> str:
    return id3_names.genre(int(words)) if words.isdecimal() and len(words) < 4 else words


def _dated(texts: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return texts with the year and the day of version 2.3 as a date."""
    found = dict(texts)
    year, day = found.get("TYER", ""), found.get("TDAT", "")
    rest = [(name, text) for name, text in texts if name not in ("TYER", "TDAT")]
    if not year or "DATE" in found:
        return tuple(rest)
    whole = len(year) == len(day) == 4 and day.isdecimal()
    return (*rest, ("DATE", f"{year}-{day[2:]}-{day[:2]}" if whole else year))


def _values(body: bytes) -> list[str]:
    """Return the texts of a body, which begins with the number of its encoding, and ends each with a zero, or not."""
    text = body[1:].decode(_encoding(body))
    values = text.rstrip("\0").split("\0")
    return [value.removeprefix("\ufeff") for value in values]


def _encoding(body: bytes) -> str:
    name = _ENCODINGS[body[0]]
    without_mark = name == "utf-16" and body[1:3] not in (b"\xff\xfe", b"\xfe\xff")
    return "utf-16-le" if without_mark else name


def _split(body: bytes) -> tuple[str, bytes]:
    """Return the first text of a body, and what follows its end."""
    width = 2 if body[0] in (1, 2) else 1
    for at in range(1, len(body), width):
        if body[at : at + width] == bytes(width):
            return _values(body[:at])[0], body[at + width :]
    raise ValueError


def _picture(body: bytes, *, short: bool) -> Picture:
    """Return the picture of a frame. In the `short` one of version 2.2, three letters tell its format."""
    if short:
        letters, at = body[1:4], 4
        mime = {b"JPG": b"image/jpeg", b"PNG": b"image/png"}.get(letters, letters)
    else:
        at = body.index(b"\0", 1) + 1
        mime = body[1 : at - 1]
    kind = body[at]
    description, data = _split(body[:1] + body[at + 1 :])
    return Picture(kind, mime, description.encode(), data)
