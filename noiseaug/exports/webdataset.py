"""WebDataset shards: tar files `shard-000000.tar` and on, whose members follow each other sample by sample.

A sample is the output itself, `.json` (its row of the manifest, byte for byte), `.cls` (the index of its label among
all labels, sorted, where it has one; `shard-classes.json` lists them) and its sidecars: transcript, annotations and so
on (`.txt`, `.xml`, `.lab`, `.textgrid`). One in JSON is called `.annotation.json`, as `.json` is taken; another whose
suffix is taken is called `.sidecar.png`, say. Suffixes are in small letters, as WebDataset reads them. See
`samples.key_of` for what stands before the first dot.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from typing import NamedTuple

from noiseaug.errors import Stopped
from noiseaug.exports.options import ExportOptions
from noiseaug.exports.samples import Sample, Survey, key_of
from noiseaug.exports.tars import END_SIZE, Archive, header, is_archive, padding
from noiseaug.exports.transcripts import check_text, chunks, files_of, open_regular
from noiseaug.exports.writer import Writer
from noiseaug.kinds import KINDS
from noiseaug.storage import disk
from noiseaug.storage.drafts import Drafts
from noiseaug.storage.source_file import Refused, SourceFile

_CLASSES_HEAD = b'{"exported_by": "noiseaug", "classes": ['


class _Member(NamedTuple):
    """A file of a sample: what comes after its key and the first dot, and its content."""

    suffix: str
    content: bytes | SourceFile

    @property
    def size(self) -> int:
        return len(self.content) if isinstance(self.content, bytes) else self.content.size


class WebDataset(Writer):
    """The writer of shards, each of up to `shard_size` bytes, unless a single sample is larger."""

    kinds = KINDS
    files = "shards"

    def __init__(self, dest: str, output: str, options: ExportOptions, survey: Survey, drafts: Drafts) -> None:
        self._prefix, self._shard_size = os.path.join(output, options.prefix), options.shard_size
        self._drafts, self._survey = drafts, survey
        self._classes = {label: index for index, label in enumerate(survey.labels)}
        self._archive: Archive | None = None
        self._count = 0

    @staticmethod
    def targets(output: str, options: ExportOptions) -> list[str]:
        """Return the list of classes and all shards that are there: readers take whatever bears such a name."""
        shard = re.compile(re.escape(options.prefix) + r"-\d{6,}\.tar")
        names = (f"{options.prefix}-classes.json", *filter(shard.fullmatch, disk.names_in(output)))
        return [os.path.join(output, name) for name in names]

    def add(self, sample: Sample) -> int:
        """Write the members of a sample; return how many of them are sidecars.

        Raises:
            Refused: if one of its files cannot be read, or a text is not UTF-8.
            Stopped: if one changes, or cannot be read on, after it was begun.
        """
        with contextlib.ExitStack() as files:
            members = self._members(sample, files)
            key = key_of(sample.file_name, self._survey.keys)
            headers = [header(f"{key}.{member.suffix}", member.size) for member in members]
            contents = sum(member.size + len(padding(member.size)) for member in members)
            archive = self._archive_for(sum(map(len, headers)) + contents)
            for start, member in zip(headers, members, strict=True):
                archive.write(start)
                _copy(member, archive)
                archive.write(padding(member.size))
            return len(files_of(sample))

    def _members(self, sample: Sample, files: contextlib.ExitStack) -> list[_Member]:
        output = files.enter_context(open_regular(sample.path))
        if output.size != sample.record["bytes"]:
            raise Refused("changed while it was exported; export again when nothing writes to it")
        members = [_Member(os.path.splitext(sample.path)[1][1:].lower(), output), _Member("json", sample.line)]
        if label := sample.record.get("label"):
            members.append(_Member("cls", str(self._classes[label]).encode()))
        for path in files_of(sample):
            file = files.enter_context(open_regular(path))
            members.append(_Member(_free_suffix(path, {member.suffix for member in members}), file))
            if members[-1].suffix == "txt":  # which WebDataset decodes
                check_text(file)
        return members

    def _archive_for(self, size: int) -> Archive:
        """Return the shard that takes a sample of `size` bytes: the present one if there is room."""
        if self._archive and self._archive.size + size + END_SIZE > self._shard_size:
            self._archive.end()
            self._archive = None
        if self._archive is None:
            self._archive = Archive(self._drafts.open(f"{self._prefix}-{self._count:06d}.tar"))
            self._count += 1
        return self._archive

    def finish(self) -> None:
        """End the last shard, and list the classes."""
        if self._archive:
            self._archive.end()
        if self._classes:
            labels = ", ".join(json.dumps(label) for label in self._classes)
            self._drafts.open(f"{self._prefix}-classes.json").write(_CLASSES_HEAD + f"{labels}]}}\n".encode())

    @staticmethod
    def wrote(path: str) -> bool:
        """Tell whether the file is a shard or a list of classes of ours."""
        if path.endswith("-classes.json"):
            return disk.beginning(path, len(_CLASSES_HEAD)) == _CLASSES_HEAD
        return re.search(r"-\d{6,}\.tar\Z", path) is not None and is_archive(path)


def _free_suffix(path: str, taken: set[str]) -> str:
    """Return what a sidecar is called behind the key of its sample."""
    suffix = os.path.splitext(path)[1][1:].lower()
    if suffix == "json":
        suffix = "annotation.json"
    while suffix in taken:
        suffix = f"sidecar.{suffix}"
    return suffix


def _copy(member: _Member, archive: Archive) -> None:
    """Write the content of a member: as many bytes as its header says, whatever becomes of the file."""
    if isinstance(member.content, bytes):
        archive.write(member.content)
        return
    path, left = member.content.path, member.size
    try:
        for chunk in chunks(member.content):
            archive.write(chunk)
            left -= len(chunk)
    except Refused as error:  # too late to leave it out
        raise Stopped(f"{path}: {error}; remove it, and it will be left out") from None
    if left:
        raise Stopped(f"{path} was cut while it was exported; export again when nothing writes to it")
