"""What a file holds beside its samples, and how it goes into another: the values that modules of tags exchange."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from noiseaug.storage.output_file import OutputFile
from noiseaug.storage.source_file import SourceFile

# What a source holds is read into memory, as it goes to each of its outputs. It is so many bytes at most, together.
LIMIT = 64 << 20


class Part(NamedTuple):
    """A piece as its container has it: a chunk, a block, a comment or a tag. What `kind` is, its container decides."""

    kind: bytes
    body: bytes


class Place(NamedTuple):
    """Where a part stands in a source, and its name for people."""

    kind: bytes
    start: int
    length: int
    name: str


class Found(NamedTuple):
    """The parts of a source that can go to an output, and names of what belongs to its samples or is too large."""

    parts: tuple[Part, ...] = ()
    left_out: tuple[str, ...] = ()


class Tags(NamedTuple):
    """What parts say, in a form that every container can be asked to hold.

    Attributes:
        texts: names, as those of Vorbis comments, and values, in order; a name may come again.
        pictures: each the body of a FLAC block of type PICTURE.
        id3: a whole ID3v2 tag, which also says some of the texts and holds the pictures.
        id3_only: names of what that tag holds beside texts and pictures.
        others: names of what has no such form.
    """

    texts: tuple[tuple[str, str], ...] = ()
    pictures: tuple[bytes, ...] = ()
    id3: bytes = b""
    id3_only: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    def names(self) -> list[str]:
        """Return names of all of it, for people."""
        pictures = ["picture" for _ in self.pictures]
        return [*names_of(self.texts), *pictures, *self.id3_only, *self.others]


class Edit(NamedTuple):
    """Bytes that take the place of others in a written file. What follows moves."""

    at: int
    old: bytes
    new: bytes


class Family(NamedTuple):
    """Files that hold parts of one kind.

    Attributes:
        found: returns what a source holds.
        tags: returns what parts say.
        parts: returns parts that say what tags say, and names of what they do not.
        edits: returns what puts parts into a written file, one edit after the other; None if that is not possible.
    """

    found: Callable[[SourceFile], Found]
    tags: Callable[[Sequence[Part]], Tags]
    parts: Callable[[Tags], tuple[list[Part], list[str]]]
    edits: Callable[[OutputFile, Sequence[Part]], list[Edit] | None]


def names_of(texts: Iterable[tuple[str, str]]) -> list[str]:
    """Return the names of texts as people are told them, in lists with commas."""
    return [f"tag {printable(name).lower()}" for name, _ in texts]


def printable(name: str) -> str:
    """Return a name as it can be told to people, in lists with commas."""
    text = name.strip()
    return text[:60] if text.isprintable() and text.isascii() and text and "," not in text else "unnamed"


def read_places(source: SourceFile, places: Iterable[Place]) -> Found:
    """Return the parts that stand at these places, as many as LIMIT allows."""
    parts: list[Part] = []
    left_out: list[str] = []
    room = LIMIT
    for place in places:
        if place.start + place.length > source.size:
            left_out.append(f"{place.name} (cut short)")
        elif place.length > room:
            left_out.append(f"{place.name} (tags over {LIMIT >> 20} MiB)")
        else:
            room -= place.length
            parts.append(Part(place.kind, source.read_at(place.length, place.start)))
    return Found(tuple(parts), tuple(left_out))
