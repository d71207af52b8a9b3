"""DEST compared with its manifest: files are held against their rows, or made again and compared.

The main path, `verify`: check each row and the files that it names, look for files that no row names, compare the views
of the manifest with it, and perhaps make every output again. A manifest is untrusted input here: nothing outside DEST
and SOURCE is touched.
"""

from __future__ import annotations

import itertools
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from noiseaug.engines.choice import available_cores
from noiseaug.errors import Misplaced
from noiseaug.manifest.reading import find
from noiseaug.manifest.shards import SHARDS, shards_in
from noiseaug.manifest.untrusted import read_checked, read_kept
from noiseaug.storage import disk
from noiseaug.storage.paths import KEPT, STATE_PREFIX
from noiseaug.verification import views
from noiseaug.verification.checks import KEYS, Accounted, check_row
from noiseaug.verification.findings import Finding, Report
from noiseaug.verification.remaking import made_again

_WINDOW = 64
_INTERRUPTED = (
    "a run was interrupted, or is at work, and the manifest does not tell what is there; run the same command again, "
    "which goes on from there, then verify"
)
_UNMERGED = "shards are not merged, and the manifest does not tell what they did; run noiseaug merge, then verify"


def verify(
    dest: str | os.PathLike[str],
    source: str | os.PathLike[str] | None = None,
    *,
    deep: bool = False,
    manifest: str | None = None,
    workers: int | None = None,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Report:
    """Compare DEST with its manifest.

    Every output must exist with its size and SHA-256, nothing else may be in DEST, and views of the manifest must say
    what it says. With `source`, the sources must be as they were; with `deep`, every output is made again from its
    source, in a temporary directory, and must come out with the same bytes. A DEST whose run was interrupted has
    that as its one finding.

    Args:
        dest: the directory a run wrote.
        source: the SOURCE of that run.
        deep: make outputs again; needs `source`.
        manifest: the name of the manifest in `dest`, if it is neither `manifest.jsonl` nor another that a run wrote.
        workers: how many files are worked on at once; by default one for each available core.
        on_progress: called with the number of rows checked since the last call.

    Raises:
        Misplaced: if there is no manifest in `dest`, or `deep` lacks its source.
    """
    dest, workers = os.fspath(dest), workers or available_cores()
    source = None if source is None else os.fspath(source)
    if source is None and deep:
        raise Misplaced("--deep makes outputs again, and needs --source")
    if disk.is_directory(os.path.join(dest, STATE_PREFIX)):
        return Report(findings=[Finding("interrupted", STATE_PREFIX, _INTERRUPTED)])
    manifest = manifest or find(dest)
    if not disk.is_file(os.path.join(dest, manifest)):
        advice = f"noiseaug merge {dest} makes it" if shards_in(dest) else "name the DEST of a finished run"
        raise Misplaced(f"there is no {manifest} in {dest}; {advice}")
    if shards_in(dest):
        return Report(findings=[Finding("interrupted", SHARDS, _UNMERGED)])
    accounted = Accounted(dest, manifest)
    report = Report()
    for findings in _checked_rows(accounted, source, workers):
        report.checked += 1
        report.findings += findings
        on_progress(1)
    report.findings += accounted.repeated()
    report.findings += accounted.extras(report)
    report.findings += (found for found in views.compared(dest, manifest) if found.file_name not in report.left_over)
    if deep and source is not None:
        changed = {finding.file_name for finding in report.findings if finding.problem == "source"}
        report.findings += made_again(dest, manifest, source, workers, changed)
    return report


def _checked_rows(accounted: Accounted, source: str | None, workers: int) -> Iterator[list[Finding]]:
    """Yield what is wrong with each row of the manifest, in its order, and account for the files that it names."""
    window: deque[Future[list[Finding]]] = deque()
    with ThreadPoolExecutor(workers) as threads:
        dest = accounted.dest
        rows = ((accounted.manifest, entry) for entry in read_checked(os.path.join(dest, accounted.manifest), KEYS))
        kept = ((KEPT, entry) for entry in read_kept(os.path.join(dest, KEPT)))
        for name, entry in itertools.chain(rows, kept):
            if entry.record:
                accounted.add(entry.record)
            window.append(threads.submit(check_row, entry, name, dest, source))
            if len(window) >= _WINDOW * workers:
                yield window.popleft().result()
        while window:
            yield window.popleft().result()
