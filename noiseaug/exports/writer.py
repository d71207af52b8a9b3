"""The base of all formats of exports, and what lists of files have in common."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import ClassVar, Protocol

from noiseaug.exports.options import ExportOptions, Paths
from noiseaug.exports.samples import Sample, Survey
from noiseaug.manifest.records import Record
from noiseaug.storage import disk
from noiseaug.storage.drafts import Drafts

# What a row says of the noise, for formats that have their own names for the rest.
_FACTS = (
    *("role", "label", "level", "copy", "std", "snr_db", "mean", "noise_std", "snr_db_measured", "clipped", "gain"),
    *("silent", "seed", "key", "recipe", "source_path"),
)


class Writer(Protocol):
    """A format of exports: takes samples one after the other and writes the files of one export.

    Args:
        dest: the directory a run wrote.
        output: where the export goes.
        options: what is exported, and how.
        survey: what is known of all samples.
        drafts: opens the files.

    Attributes:
        kinds: the kinds of media that the format takes.
        files: what the files of an export are called, where there are several and `output` must be a directory.
        sidecars: what a file is called that comes with a sample.
    """

    kinds: ClassVar[Collection[str]]
    files: ClassVar[str] = ""
    sidecars: ClassVar[str] = "sidecar"

    def __init__(self, dest: str, output: str, options: ExportOptions, survey: Survey, drafts: Drafts) -> None: ...

    @staticmethod
    def targets(output: str, options: ExportOptions) -> list[str]:
        """Return the files of an export, and those of an earlier one that it makes obsolete."""

    @staticmethod
    def wrote(path: str) -> bool:
        """Tell whether an export of this format wrote the file, by what it is called and how it begins."""

    def add(self, sample: Sample) -> int:
        """Write a sample; return how many sidecars came with it.

        Raises:
            Refused: if it cannot be part of the export; nothing is written then.
        """

    def finish(self) -> None:
        """Write what comes after the last sample."""


def way_to(dest: str, directory: str, paths: Paths) -> str:
    """Return what to put before the file names of a manifest in `dest`, in a list of files that stands in `directory`.

    It is "" or ends in /.
    """
    if paths == "absolute":
        way = os.path.abspath(dest)
    else:  # of real paths, as `..` leads out of the directory that a link leads to
        way = os.path.relpath(disk.real_path(dest), disk.real_path(directory))
    return "" if way == "." else os.path.join(way, "")


def noise_facts(record: Record) -> Record:
    """Return what the row says of the noise and where the file comes from."""
    return {key: record[key] for key in _FACTS if record.get(key) is not None}
