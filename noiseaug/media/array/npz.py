"""The .npz format: a zip archive with an array in each member, compressed or not."""

from __future__ import annotations

import itertools
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from zlib_ng import zlib_ng

from noiseaug.media.array.member import Member, Reading
from noiseaug.media.array.noising import Noising
from noiseaug.media.array.npy import Header, read_header
from noiseaug.media.array.zip_reading import Archive, readable, stem_of
from noiseaug.media.array.zip_writing import ZipWriter
from noiseaug.storage.output_file import OutputFile
from noiseaug.storage.source_file import Refused, SourceFile

_COPIED = 1 << 20  # bytes at a time


class Npz:
    """A .npz file. Members that are no arrays, as NumPy allows them, are kept as they are."""

    format = "NPZ"
    made_by = f"zlib-ng {zlib_ng.ZLIBNG_RUNTIME_VERSION}"

    def __init__(self, source: SourceFile) -> None:
        self._archive = Archive(source)
        self._entries: dict[str, zipfile.ZipInfo] = {}
        self._headers: dict[str, Header] = {}
        self.members: list[Member] = []
        for entry in self._archive.entries:
            if entry.filename.endswith(".npy"):
                self.members.append(self._looked_at(entry))

    def _looked_at(self, entry: zipfile.ZipInfo) -> Member:
        name = stem_of(entry.filename)
        with self._archive.opened(entry) as reading:
            try:
                header = read_header(reading)
            except Refused as refused:
                raise Refused(f"holds {entry.filename!r}, which {refused}") from None
        expected = len(header.raw) + header.length
        if entry.file_size != expected and not header.values.stored.hasobject:
            raise Refused(f"holds {entry.file_size:,} bytes in {entry.filename!r}, of which {expected:,} were expected")
        self._entries[name], self._headers[name] = entry, header
        return Member(name, header.values, header.shape, header.fortran)

    @contextmanager
    def opened(self, member: Member) -> Iterator[Reading]:
        """Open an array for reading."""
        with self._archive.opened(self._entries[member.name]) as reading:
            reading.read(len(self._headers[member.name].raw))
            yield reading
            reading.read(1)  # at the end, the checksum is compared

    def check_noisy(self, members: Sequence[Member]) -> None:
        """Raise Refused if one of these arrays unpacks to more than anybody expects."""
        for member in members:
            self._archive.check_size(self._entries[member.name])

    def write(self, file: OutputFile, noisy: Mapping[str, Noising]) -> None:
        """Write an archive like this one, in which the arrays of these names have noise."""
        writer = ZipWriter(file)
        for entry in self._archive.entries:
            name = stem_of(entry.filename)
            if name in noisy and entry is self._entries.get(name):
                writer.add(entry, self._with_noise(noisy[name]))
            else:
                writer.add_packed(entry, self._packed(entry))
        writer.close(self._archive.comment)

    def _with_noise(self, noising: Noising) -> Iterator[bytes | memoryview]:
        header = self._headers[noising.member.name]
        with self.opened(noising.member) as reading, readable():
            yield from itertools.chain([header.retold(noising.after)], noising.blocks(reading))

    def _packed(self, entry: zipfile.ZipInfo) -> Iterator[bytes]:
        packed = self._archive.packed(entry)
        while data := packed.read(_COPIED):
            yield data
