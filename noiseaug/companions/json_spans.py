"""Where the values of a large JSON file stand: it is read through a window, and one value at a time is in memory."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from noiseaug.storage.source_file import SourceFile

_WINDOW = 1 << 20
_SPACE = re.compile(r"[ \t\n\r]*")
_BOM = codecs.BOM_UTF8


class Member(NamedTuple):
    """A member of the outermost object, or an element of one that is an array.

    Attributes:
        key: the name of the member.
        value: the value. Texts in it are UTF-8 read as Latin-1: take the bytes for them.
        start: where its bytes begin in the file.
        size: how many they are.
        is_element: whether it is one of several in an array.
    """

    key: str
    value: Any
    start: int
    size: int
    is_element: bool


def members(file: SourceFile) -> Iterator[Member]:
    """Yield the members of the object in an open file, in their order; of those that are arrays, the elements.

    An array without elements comes as an empty one.

    Raises:
        ValueError: if the file holds no JSON object, in UTF-8; the message says where and why.
    """
    _check_utf8(file)
    scanner = _Scanner(file)
    scanner.take("{", "a JSON object")
    while not scanner.has("}"):
        if scanner.peek() != '"':
            raise scanner.problem("a key in quotes")
        _, start, size = scanner.value("a key in quotes")
        key = json.loads(file.read_at(size, start))
        scanner.take(":", "a colon")
        if scanner.has("["):
            yield from _elements(scanner, key)
        else:
            yield Member(key, *scanner.value("a value"), is_element=False)
        if not scanner.has(","):
            scanner.take("}", "a comma or the end of the object")
            break
    if scanner.peek():
        raise scanner.problem("nothing after the object")


def _elements(scanner: _Scanner, key: str) -> Iterator[Member]:
    start = scanner.position - 1
    if scanner.has("]"):
        yield Member(key, [], start, scanner.position - start, is_element=False)
        return
    while True:
        yield Member(key, *scanner.value("a value"), is_element=True)
        if not scanner.has(","):
            scanner.take("]", "a comma or the end of the array")
            return


class _Scanner:
    """Reads values one after another. Bytes are seen as Latin-1: a character each, and JSON's own are ASCII."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file
        self._size = file.size
        self._base = len(_BOM) if file.read_at(len(_BOM), 0) == _BOM else 0
        self._text, self._at = "", 0
        self._decode = json.JSONDecoder().raw_decode

    @property
    def position(self) -> int:
        """The place in the file that is come to."""
        return self._base + self._at

    def _look(self, size: int) -> None:
        self._base += self._at
        self._text, self._at = self._file.read_at(size, self._base).decode("latin-1"), 0

    def _sees_end(self) -> bool:
        return self._base + len(self._text) >= self._size

    def peek(self) -> str:
        """Return the next character that is no space, or an empty text at the end of the file."""
        while True:
            found = _SPACE.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if self._sees_end():
                return ""
            self._look(_WINDOW)

    def has(self, character: str) -> bool:
        """Tell whether this character is next, which is then passed over."""
        if self.peek() != character:
            return False
        self._at += 1
        return True

    def take(self, character: str, meaning: str) -> None:
        """Pass over this character, which must be next."""
        if not self.has(character):
            raise self.problem(meaning)

    def value(self, meaning: str) -> tuple[Any, int, int]:
        """Return the next value, where it begins in the file, and its size in bytes."""
        if not self.peek():
            raise self.problem(meaning)
        size = _WINDOW
        while True:
            try:
                value, end = self._decode(self._text, self._at)
            except (ValueError, RecursionError):
                end = len(self._text)
                if self._sees_end():
                    raise self.problem(meaning) from None
            if end < len(self._text) or self._sees_end():
                break
            size *= 2  # it goes on beyond the window
            self._look(size)
        start, self._at = self.position, end
        return value, start, self.position - start

    def problem(self, meaning: str) -> ValueError:
        """What is wrong at the place that is come to."""
        seen = self._text[self._at : self._at + 20]
        return ValueError(f"{meaning} was expected at byte {self.position:,}, and there is {seen or 'the end'!r}")


def _check_utf8(file: SourceFile) -> None:
    decoder, at = codecs.getincrementaldecoder("utf-8")(), 0
    try:
        while block := file.read_at(_WINDOW, at):
            decoder.decode(block)
            at += len(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise ValueError(f"UTF-8 was expected, and about byte {at:,} is something else: {error.reason}") from None
