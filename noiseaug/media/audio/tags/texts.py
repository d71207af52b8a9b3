"""Texts in chunks: LIST INFO of WAV, text chunks of AIFF, and `info` of Core Audio files."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from noiseaug.media.audio.tags.held import Part, Tags, printable

_INFO = {
    "INAM": "TITLE",
    "IART": "ARTIST",
    "IPRD": "ALBUM",
    "ICMT": "COMMENT",
    "ICRD": "DATE",
    "IGNR": "GENRE",
    "ITRK": "TRACKNUMBER",
    "ICOP": "COPYRIGHT",
    "ILNG": "LANGUAGE",
    "ISFT": "ENCODER",
    "ITCH": "ENCODEDBY",
}
_FIELDS = {name: field for field, name in _INFO.items()}
_INFO |= {"IPRT": "TRACKNUMBER"}
_AIFF = {b"NAME": "TITLE", b"AUTH": "ARTIST", b"(c) ": "COPYRIGHT", b"ANNO": "COMMENT"}
_OF_LIBSNDFILE = b"m3ga"  # how an APPL chunk begins that says which program wrote the file
_CAF = {
    "comments": "COMMENT",
    "track number": "TRACKNUMBER",
    "recorded date": "DATE",
    "year": "DATE",
    "encoding application": "ENCODER",
    "tempo": "BPM",
    "key signature": "KEY",
}


def of_wav(part: Part, order: str) -> Tags | None:
    """Return what a chunk LIST INFO says, or None if it is another chunk. `order` is that of the bytes of numbers."""
    if part.kind != b"LIST" or part.body[:4] != b"INFO":
        return None
    texts, others, at = [], [], 4
    while at + 8 <= len(part.body):
        name, length = struct.unpack_from(f"{order}4sI", part.body, at)
        field, text = name.decode("latin-1"), _decoded(part.body[at + 8 : at + 8 + length])
        if field in _INFO:
            texts.append((_INFO[field], text))
        else:
            others.append(f"LIST INFO {printable(field)}")
        at += 8 + length + length % 2
    return Tags(tuple(texts), others=tuple(others))


def of_aiff(part: Part) -> Tags | None:
    """Return what a text chunk says, or None if it is another chunk."""
    if part.kind == b"APPL" and part.body.startswith(_OF_LIBSNDFILE):
        return Tags((("ENCODER", _decoded(part.body[4:])),))
    return Tags(((_AIFF[part.kind], _decoded(part.body)),)) if part.kind in _AIFF else None


def of_caf(part: Part) -> Tags | None:
    """Return what a chunk `info` says, or None if it is another: names and values in turn, each up to a zero."""
    if part.kind != b"info":
        return None
    words = part.body[4:].decode("utf-8", "replace").removesuffix("\0").split("\0")
    pairs = zip(words[::2], words[1::2], strict=False)
    return Tags(tuple((_CAF.get(name.lower(), name.upper()), text) for name, text in pairs if name))


def _decoded(text: bytes) -> str:
    text = text.split(b"\0")[0]
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text.decode("latin-1")


Texts = tuple[tuple[str, str], ...]


def as_wav(texts: Texts, order: str) -> tuple[list[Part], Texts]:
    """Return a chunk LIST INFO with texts, and those that it has no field for. It has one of each name."""
    fields, rest = [], []
    for name, text, is_first in _first(texts):
        if is_first and name.upper() in _FIELDS:
            body = _encoded(text) + b"\0"
            fields.append(
                struct.pack(f"{order}4sI", _FIELDS[name.upper()].encode(), len(body)) + body + bytes(len(body) % 2)
            )
        else:
            rest.append((name, text))
    return [Part(b"LIST", b"INFO" + b"".join(fields))] if fields else [], tuple(rest)


def as_aiff(texts: Texts, align: int = 1) -> tuple[list[Part], Texts]:
    """Return text chunks, and the texts that there is none for. Annotations may come again.

    They are filled up with zeros to a multiple of `align`: in 8SVX files, libsndfile takes no other lengths than even.
    """
    kinds = {name: kind for kind, name in _AIFF.items()}
    parts, rest = [], []
    for name, text, is_first in _first(texts):
        kind = kinds.get(name.upper())
        if kind and (is_first or kind == b"ANNO"):
            body = _encoded(text)
            parts.append(Part(kind, body + bytes(-len(body) % align)))
        else:
            rest.append((name, text))
    return parts, tuple(rest)


def as_caf(texts: Texts) -> tuple[list[Part], Texts]:
    """Return a chunk `info` with texts, and those that come again."""
    pairs, rest = [], []
    for name, text, is_first in _first(texts):
        if is_first:
            pairs.append(_encoded(name.lower()) + b"\0" + _encoded(text) + b"\0")
        else:
            rest.append((name, text))
    return [Part(b"info", struct.pack(">I", len(pairs)) + b"".join(pairs))] if pairs else [], tuple(rest)


def _first(texts: Texts) -> Iterator[tuple[str, str, bool]]:
    """Yield names and texts, and whether the name comes for the first time."""
    seen: set[str] = set()
    for name, text in texts:
        yield name, text, name.upper() not in seen
        seen.add(name.upper())


def _encoded(text: str) -> bytes:
    return text.replace("\0", " ").encode("utf-8", "replace")
