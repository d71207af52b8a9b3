"""WebDataset shards: tar files `shard-000000.tar` and on, whose members follow each other sample by sample.

A sample is the output itself, `.json` (its row of the manifest, byte for byte), `.cls` (the index of its label among
all labels, sorted, where it has one; `shard-classes.json` lists them) and its sidecars (`.txt`, `.xml`, `.lab`,
`.textgrid`; a JSON sidecar is called `.annotation.json`, as `.json` is taken). Suffixes are in small letters, as
WebDataset reads them. See `keys` for what stands before the first dot.
"""

from __future__ import annotations

import codecs
import contextlib
import json
import os
import re
from typing import IO, ClassVar, NamedTuple

from noiseaug import kinds
from noiseaug.errors import Misplaced, Stopped
from noiseaug.exports.format import ExportOptions
from noiseaug.exports.samples import Sample, Survey, key_of
from noiseaug.exports.tars import END_SIZE, Shard, header, is_shard, padding
from noiseaug.exports.transcripts import check_utf8, open_regular, read, sidecars_of
from noiseaug.storage.drafts import Drafts
from noiseaug.storage.source_file import Refused

_CHUNK = 1 << 18
_CLASSES_HEAD = b'{"exported_by": "noiseaug", "classes": ['


class _Member(NamedTuple):
    """A file of a sample: what comes after its key and the first dot, and its bytes or an open file of `size` bytes."""

    suffix: str
    content: bytes | IO[bytes]
    size: int


class WebDataset:
    """Writes the shards, each up to `shard_size` bytes, unless a single sample is larger."""

    kinds: ClassVar[frozenset[str]] = frozenset(kinds.KINDS)

    def __init__(self, dest: str, output: str | None, options: ExportOptions, survey: Survey, drafts: Drafts) -> None:
        self._directory = dest if output is None else output
        self._options, self._drafts, self._survey = options, drafts, survey
        self._classes = {label: index for index, label in enumerate(survey.labels)}
        self._shard: Shard | None = None
        self._count = 0

    @staticmethod
    def targets(dest: str, output: str | None, options: ExportOptions) -> list[str]:
        """Return the paths of the classes and of all shards that are there: readers take whatever bears such a name.

        Raises:
            Misplaced: if they have no directory.
        """
        directory = dest if output is None else output
        if os.path.exists(directory) and not os.path.isdir(directory):
            raise Misplaced(f"{directory} is a file; shards are several, so name a directory as --output")
        pattern = re.compile(re.escape(options.prefix) + r"-\d{6,}\.tar")
        try:
            names = sorted(filter(pattern.fullmatch, os.listdir(directory)))
        except FileNotFoundError:
            names = []
        return [os.path.join(directory, name) for name in (f"{options.prefix}-classes.json", *names)]

    def _path(self, number: int) -> str:
        return os.path.join(self._directory, f"{self._options.prefix}-{number:06d}.tar")

    @property
    def _classes_path(self) -> str:
        return os.path.join(self._directory, f"{self._options.prefix}-classes.json")

    def add(self, sample: Sample) -> None:
        """Writes the members of a sample.

        Raises:
            Refused: if one of its files cannot be read, or a text is not UTF-8.
            Stopped: if one changes, or cannot be read on, after it was begun.
        """
        with contextlib.ExitStack() as files:
            members = self._members(sample, files)
            key = key_of(sample.file_name, self._survey.keys)
            headers = [header(f"{key}.{member.suffix}", member.size) for member in members]
            size = sum(len(start) for start in headers)
            size += sum(member.size + len(padding(member.size)) for member in members)
            shard = self._shard_for(size)
            for start, member in zip(headers, members, strict=True):
                shard.write(start)
                _copy(member, shard, sample.path)
                shard.write(padding(member.size))

    def _members(self, sample: Sample, files: contextlib.ExitStack) -> list[_Member]:
        label = sample.record.get("label")
        output = self._opened(sample.path, os.path.splitext(sample.path)[1][1:].lower(), files)
        if output.size != sample.record["bytes"]:
            raise Refused("changed while it was exported; export again when nothing writes to it")
        members = [output, _Member("json", sample.line, len(sample.line))]
        if label:
            index = str(self._classes[label]).encode()
            members.append(_Member("cls", index, len(index)))
        for suffix, path in sidecars_of(sample.path).items():
            members.append(self._opened(path, "annotation.json" if suffix == ".json" else suffix[1:].lower(), files))
            if suffix == ".txt":
                _check_text(members[-1], path)
        return members

    @staticmethod
    def _opened(path: str, suffix: str, files: contextlib.ExitStack) -> _Member:
        file = files.enter_context(open_regular(path))
        return _Member(suffix, file, os.fstat(file.fileno()).st_size)

    def _shard_for(self, size: int) -> Shard:
        """The shard that takes a sample of `size` bytes: the present one if there is room."""
        if self._shard and self._shard.size + size + END_SIZE > self._options.shard_size:
            self._end_shard()
        if self._shard is None:
            self._shard = Shard(self._drafts.open(self._path(self._count)))
            self._count += 1
        return self._shard

    def _end_shard(self) -> None:
        if self._shard:
            self._shard.end()
            self._shard = None

    def finish(self) -> None:
        """Ends the last shard, and lists the classes."""
        self._end_shard()
        if self._classes:
            labels = ", ".join(json.dumps(label) for label in self._classes)
            self._drafts.open(self._classes_path).write(_CLASSES_HEAD + f"{labels}]}}\n".encode())

    @staticmethod
    def wrote(path: str) -> bool:
        """Whether the file is a shard or a list of classes of ours."""
        if re.search(r"-\d{6,}\.tar\Z", path):
            return is_shard(path)
        if not path.endswith("-classes.json"):
            return False
        try:
            with open(path, "rb") as file:
                return file.read(len(_CLASSES_HEAD)) == _CLASSES_HEAD
        except OSError:
            return False


def _check_text(member: _Member, path: str) -> None:
    """Raises Refused if the file is not UTF-8, as WebDataset decodes `.txt`."""
    assert not isinstance(member.content, bytes)
    decoder = codecs.getincrementaldecoder("utf-8")()
    while chunk := read(member.content, _CHUNK, path):
        check_utf8(chunk, path, decoder)
    check_utf8(b"", path, decoder)
    member.content.seek(0)


def _copy(member: _Member, shard: Shard, path: str) -> None:
    """Writes the content of a member: as many bytes as its header says, whatever becomes of the file."""
    if isinstance(member.content, bytes):
        shard.write(member.content)
        return
    left = member.size
    while left:
        try:
            chunk = read(member.content, min(left, _CHUNK), path)
        except Refused as error:  # too late to leave it out
            raise Stopped(f"{path}: {error}; remove it, and it will be left out") from None
        if not chunk:
            raise Stopped(f"{path} was cut while it was exported; export again when nothing writes to it")
        shard.write(chunk)
        left -= len(chunk)
