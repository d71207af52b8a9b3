"""DEST compared with its manifest, from end to end."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from noiseaug.engines.choice import available_cores
from noiseaug.errors import Misplaced
from noiseaug.manifest.reading import find, read_entries
from noiseaug.manifest.shards import shards_in
from noiseaug.verification.checks import Checks
from noiseaug.verification.findings import Finding, Report
from noiseaug.verification.remaking import made_again

_WINDOW = 64


def verify(
    dest: str | os.PathLike[str],
    source: str | os.PathLike[str] | None = None,
    *,
    deep: bool = False,
    manifest: str | None = None,
    workers: int | None = None,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Report:
    """Compares DEST with its manifest.

    Every output must exist with its size and SHA-256, and nothing else may be in DEST. With `source`, the sources must
    be as they were; with `deep`, every output is made again from its source, in a temporary directory, and must come
    out with the same bytes.

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
    manifest = manifest or find(dest)
    if not os.path.isfile(os.path.join(dest, manifest)):
        advice = f"noiseaug merge {dest} makes it" if shards_in(dest) else "name the DEST of a finished run"
        raise Misplaced(f"there is no {manifest} in {dest}; {advice}")
    if source is None and deep:
        raise Misplaced("--deep makes outputs again, and needs --source")
    checks = Checks(dest, manifest, None if source is None else os.fspath(source))
    report = Report()
    for findings in _checked_rows(checks, workers):
        report.checked += 1
        report.findings += findings
        on_progress(1)
    report.findings += checks.duplicates() + list(checks.extras())
    if deep and source is not None:
        report.findings += made_again(checks, os.fspath(source), workers)
    return report


def _checked_rows(checks: Checks, workers: int) -> Iterator[list[Finding]]:
    window: deque[Future[list[Finding]]] = deque()
    with ThreadPoolExecutor(workers) as threads:
        for entry in read_entries(checks.manifest_path):
            record = checks.register(entry)
            window.append(threads.submit(checks.row, entry, record))
            if len(window) >= _WINDOW * workers:
                yield window.popleft().result()
        while window:
            yield window.popleft().result()
