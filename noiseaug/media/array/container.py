"""Files that hold arrays: what is in them, and how an output is written like one."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

from noiseaug.media.array.member import Member, Reading
from noiseaug.media.array.noising import Noising, Open
from noiseaug.media.array.npy import read_header
from noiseaug.media.array.span import Span
from noiseaug.storage.output_file import OutputFile
from noiseaug.storage.source_file import Refused, SourceFile


class Container(Protocol):
    """A file of one format, open for reading.

    Attributes:
        format: the name of the format.
        made_by: a library that decides its bytes, with its version; or nothing.
    """

    format: str
    made_by: str

    @property
    def members(self) -> Sequence[Member]:
        """The arrays in it, in their order."""

    @property
    def opened(self) -> Open:
        """What opens an array for reading."""

    def check_noisy(self, members: Sequence[Member]) -> None:
        """Raise Refused if it would be unsafe to read these arrays."""

    def write(self, file: OutputFile, noisy: Mapping[str, Noising]) -> None:
        """Write a file like this one, in which the arrays of these names have noise."""


class Npy:
    """A .npy file, of one array."""

    format = "NPY"
    made_by = ""

    def __init__(self, source: SourceFile) -> None:
        self._source = source
        self._header = header = read_header(Span(source, 0, source.size))
        self._start = len(header.raw)
        found = source.size - self._start
        if not header.values.stored.hasobject:  # a pickle is of any length, and is refused elsewhere
            _check_length(header.length, found)
        name = os.path.splitext(os.path.basename(source.path))[0]
        self.members = [Member(name, header.values, header.shape, header.fortran)]

    @contextmanager
    def opened(self, _: Member) -> Iterator[Reading]:
        """Open the array for reading."""
        yield Span(self._source, self._start, self._source.size)

    def check_noisy(self, members: Sequence[Member]) -> None:
        """Do nothing: what is read is what is there."""

    def write(self, file: OutputFile, noisy: Mapping[str, Noising]) -> None:
        """Write the array with its noise."""
        (noising,) = noisy.values()
        file.append(self._header.retold(noising.after))
        with self.opened(noising.member) as reading:
            for block in noising.blocks(reading):
                file.append(block)


def _check_length(expected: int, found: int) -> None:
    """Raise Refused if so many bytes of values are not what the header says."""
    if found < expected:
        raise Refused(f"ends early: {expected:,} bytes of values expected, {found:,} found; copy it anew")
    if found > expected:
        raise Refused(f"has {found - expected:,} bytes behind its array, which would be lost; save one array to a file")
