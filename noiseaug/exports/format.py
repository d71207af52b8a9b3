"""What every format of exports has in common: the options, and the protocol of its writer."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

from noiseaug.exports.samples import Sample, Survey
from noiseaug.manifest.records import Record
from noiseaug.storage.drafts import Drafts

Role = Literal["noisy", "clean", "all"]
Paths = Literal["relative", "absolute"]

# What a row says of the noise, for formats that have their own names for the rest.
_FACTS = (
    *("role", "label", "level", "copy", "std", "snr_db", "mean", "noise_std", "snr_db_measured", "clipped", "gain"),
    *("silent", "seed", "key", "recipe", "source_path"),
)


@dataclass(frozen=True)
class ExportOptions:
    """What of a run is exported, and how.

    Attributes:
        role: export `noisy` outputs, `clean` ones, or `all`.
        paths: whether a list of files names them `relative` to itself or `absolute`; by default as the library that
            reads it resolves names.
        shard_size: bytes that a tar file holds at most, unless a single sample is larger.
        prefix: how names of tar files begin.
        force: replace files that no export wrote.

    Raises:
        ValueError: where one is outside its domain.
    """

    role: Role = "all"
    paths: Paths | None = None
    shard_size: int = 10**9
    prefix: str = "shard"
    force: bool = False

    def __post_init__(self) -> None:
        if self.role not in ("noisy", "clean", "all"):
            raise ValueError(f"{self.role!r} is no role: expected noisy, clean or all")
        if self.paths not in ("relative", "absolute", None):
            raise ValueError(f"{self.paths!r} is no kind of paths: expected relative or absolute")
        if self.shard_size < 1:
            raise ValueError(f"{self.shard_size} bytes are no size of shards; expected 1 or more, such as 1GB")
        if not self.prefix or self.prefix.startswith(".") or {"/", "\0"} & set(self.prefix):
            raise ValueError(f"{self.prefix!r} cannot begin a file name; expected one such as train")


class Writer(Protocol):
    """Writes samples, one after the other."""

    def add(self, sample: Sample) -> None:
        """Writes a sample. Raises Refused, and writes nothing, if it cannot be part of the export."""

    def finish(self) -> None:
        """Writes what comes after the last sample."""


class Format(Writer, Protocol):
    """A format of exports."""

    kinds: ClassVar[frozenset[str]]

    def __init__(
        self, dest: str, output: str | None, options: ExportOptions, survey: Survey, drafts: Drafts
    ) -> None: ...

    @staticmethod
    def targets(dest: str, output: str | None, options: ExportOptions) -> list[str]:
        """Return the files that an export replaces or removes."""

    @staticmethod
    def wrote(path: str) -> bool:
        """Whether an export of this format wrote the file, by what it is called and how it begins."""


def way_to(dest: str, directory: str, paths: Paths) -> str:
    """What comes before the file names of the manifest in a list that stands in `directory`: "" or ending in /."""
    if paths == "absolute":
        way = os.path.abspath(dest)
    else:  # of real paths, as `..` leads out of the directory that a link leads to
        way = os.path.relpath(os.path.realpath(dest), os.path.realpath(directory))
    return "" if way == "." else os.path.join(way, "")


def noise_facts(record: Record) -> Record:
    """What the row says of the noise and where the file comes from."""
    return {key: record[key] for key in _FACTS if record.get(key) is not None}
