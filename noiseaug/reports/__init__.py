"""A finished run as one page to look at and to listen to.

The main path, `report`: survey the manifest in one pass, read the lists beside it, make cards of a few outputs, and
render the page, which holds all that it needs. A manifest is untrusted input here, as it is to `verify`.

Nothing that is rare or slow (NumPy, codecs, Jinja2) is imported before a report is asked for.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from typing import NamedTuple

from noiseaug.errors import Misplaced, NothingToDo, Stopped
from noiseaug.manifest.reading import find
from noiseaug.manifest.shards import shards_in
from noiseaug.storage import disk
from noiseaug.storage.output_file import write_if_changed
from noiseaug.storage.paths import FAILURES, MANIFEST, STATE_PREFIX

SAMPLE = 200
MOST_SAMPLED = 1000  # rows of the table; the page stays below 10 MB with them
BEGINNING = "<!doctype html><!-- a report of noiseaug -->"


class Report(NamedTuple):
    """A report that is made.

    Attributes:
        page: the HTML document, as UTF-8.
        rows: how many rows the manifest has.
        failed: how many failures there are.
        shown: how many outputs can be seen or heard in it.
        without_original: how many of those have no original beside them.
    """

    page: bytes
    rows: int
    failed: int
    shown: int
    without_original: int


def report(
    dest: str | os.PathLike[str],
    source: str | os.PathLike[str] | None = None,
    *,
    sample: int = SAMPLE,
    seed: int = 0,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Report:
    """Return a page about what a finished run left in `dest`.

    The same files and arguments give the same page. Memory does not grow with the number of rows.

    Args:
        dest: the directory a run wrote.
        source: the SOURCE of that run, for the originals; else outputs without noise are taken for them.
        sample: how many rows the table has, 1 to `MOST_SAMPLED`.
        seed: chooses which outputs are shown.
        on_progress: called with the number of rows read since the last call.

    Raises:
        ValueError: if the sample is too small or too large.
        Misplaced: if there is no manifest in `dest`.
        Stopped: if a run over `dest` was interrupted, or shards are not merged.
        NothingToDo: if the run left neither outputs nor failures.
    """
    dest, source = os.fspath(dest), None if source is None else os.fspath(source)
    if not 1 <= sample <= MOST_SAMPLED:
        raise ValueError(f"{sample} is no size of a sample: it must be 1 to {MOST_SAMPLED:,}")
    if disk.is_directory(os.path.join(dest, STATE_PREFIX)):
        reason = f"a run over {dest} was interrupted, or is at work, and the manifest does not tell what is there"
        raise Stopped(f"{reason}; finish it with the same command, then report")
    manifest = os.path.join(dest, find(dest))
    if shards_in(dest):
        raise Stopped(f"the shards in {dest} are not merged; run noiseaug merge {dest}, then report")
    if not disk.is_file(manifest):
        raise Misplaced(f"there is no {MANIFEST} in {dest}; name the DEST of a finished run")

    from noiseaug.reports.building import built  # with NumPy, codecs and Jinja2

    made = built(dest, manifest, source, sample, seed, on_progress)
    if not made.rows and not made.failed:
        raise NothingToDo(
            f"{manifest} names no output, and there is no {FAILURES} beside it: there is nothing to report"
        )
    return made


def is_report(path: str) -> bool:
    """Tell whether the file is a report, by how it begins."""
    return disk.is_file(path) and disk.beginning(path, len(BEGINNING)) == BEGINNING.encode()


def check_place(path: str, *, overwrite: bool = False) -> None:
    """Make sure, before any work, that a report can be put under `path`.

    Raises:
        Misplaced: if there is something else than a report, and `overwrite` is not set, or no regular file.
    """
    if not disk.lexists(path):
        return
    if not stat.S_ISREG(disk.lstat(path).st_mode):
        raise Misplaced(f"{path} is there and is not a regular file; name another --output")
    if not overwrite and not is_report(path):
        raise Misplaced(f"{path} is there, and is no report of noiseaug; name another --output, or add --overwrite")


def write(path: str, page: bytes, *, overwrite: bool = False) -> None:
    """Put a page under `path`, whole or not at all, in the place of an older report.

    Raises:
        Misplaced: as `check_place`.
        Stopped: if it cannot be written.
    """
    check_place(path, overwrite=overwrite)
    try:
        write_if_changed(path, page)
    except OSError as error:
        raise Stopped(f"cannot write {path}: {error.strerror}; what was there before stays") from None
