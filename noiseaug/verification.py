"""Checking that what a manifest says is so. It is untrusted input: nothing outside DEST and SOURCE is touched."""

from __future__ import annotations

import json
import math
import os
import re
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

from noiseaug import media, pool
from noiseaug.errors import Misplaced
from noiseaug.exports import is_export
from noiseaug.files import inside, sha256_of_file
from noiseaug.finishing import is_companion
from noiseaug.level import CLEAN, Clip, Level
from noiseaug.manifest import FAILURES, Entry, Record, find, read_entries, sidecar_names
from noiseaug.names import Names
from noiseaug.plan import Target
from noiseaug.recipe import Recipe, parse_options
from noiseaug.running import Running, available_cores
from noiseaug.shard import shards_in
from noiseaug.soft_labels import CLASSES
from noiseaug.sources import STATE_PREFIX, Source
from noiseaug.task import Job, Outcome, Task

_SHA256 = re.compile(r"[0-9a-f]{64}")
_LARGEST = 1 << 63
_WINDOW = 64


class Finding(NamedTuple):
    """Something that is not as the manifest says.

    Attributes:
        problem: `missing`, `truncated`, `altered`, `extra`, `invalid` (the manifest's row is no record), `source`
            (the source is not as it was), or `differs` (made again, the output came out otherwise).
        file_name: the file, relative to DEST; or the line of the manifest.
        detail: what was expected and what was found.
    """

    problem: str
    file_name: str
    detail: str


@dataclass
class Report:
    """What a check came to.

    Attributes:
        checked: rows of the manifest that were checked.
        findings: what is not as it should be, in the order of the manifest.
    """

    checked: int = 0
    findings: list[Finding] = field(default_factory=list)


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
    checks = _Checks(dest, manifest, None if source is None else os.fspath(source))
    report = Report()
    for findings in _checked_rows(checks, workers):
        report.checked += 1
        report.findings += findings
        on_progress(1)
    report.findings += checks.duplicates() + list(checks.extras())
    if deep and source is not None:
        report.findings += _made_again(checks, os.fspath(source), workers)
    return report


def _checked_rows(checks: _Checks, workers: int) -> Iterator[list[Finding]]:
    window: deque[Future[list[Finding]]] = deque()
    with ThreadPoolExecutor(workers) as threads:
        for entry in read_entries(checks.manifest_path):
            record = checks.register(entry)
            window.append(threads.submit(checks.row, entry, record))
            if len(window) >= _WINDOW * workers:
                yield window.popleft().result()
        while window:
            yield window.popleft().result()


class _Checks:
    """The single checks, and a memory of which names the manifest holds."""

    def __init__(self, dest: str, manifest: str, source: str | None) -> None:
        self.dest, self._manifest, self._source = dest, manifest, source
        self.manifest_path = os.path.join(dest, manifest)
        self._names = Names()
        self._own = {manifest, FAILURES}

    def register(self, entry: Entry) -> Record | None:
        """Remembers the row's name; the record, if it is one."""
        if entry.record is None or _record_problem(entry.record):
            return None
        for name in (entry.record["file_name"], *sidecar_names(entry.record)):
            self._names.add(name)
        if "soft_label" in entry.record:
            self._own.add(CLASSES)
        return entry.record

    def row(self, entry: Entry, record: Record | None) -> list[Finding]:
        """What is wrong with a row of the manifest and the files that it names."""
        if record is None:
            problem = entry.problem or _record_problem(entry.record or {}) or ""
            return [Finding("invalid", f"{self._manifest} line {entry.number}", problem)]
        path = inside(self.dest, record["file_name"])
        if path is None:
            return [Finding("invalid", f"{self._manifest} line {entry.number}", "its file_name leads out of DEST")]
        found = _file_problem(path, record["bytes"], record["sha256"])
        findings = [Finding(found[0], record["file_name"], found[1])] if found else []
        findings += self._sidecar_problems(record)
        if self._source is not None:
            path = inside(self._source, record["source_path"])
            if path is None:
                findings.append(Finding("invalid", record["file_name"], "its source_path leads out of SOURCE"))
            elif found := _file_problem(path, record["source_bytes"], record["source_sha256"]):
                what = f"{record['source_path']} is {found[0]}: {found[1]}"
                findings.append(Finding("source", record["file_name"], what))
        return findings

    def _sidecar_problems(self, record: Record) -> Iterator[Finding]:
        """What is wrong with the files that go along with a target."""
        names, hashes = sidecar_names(record), record.get("sidecars_sha256", [])
        for name, sha256 in zip(names, hashes, strict=False):
            path = inside(self.dest, name)
            found = ("invalid", "its name leads out of DEST") if path is None else _file_problem(path, None, sha256)
            if found:
                yield Finding(found[0], name, found[1])

    def duplicates(self) -> list[Finding]:
        """Names that the manifest holds more than once."""
        if not self._names.has_repeated():
            return []
        entries = read_entries(self.manifest_path)
        names = (entry.record["file_name"] for entry in entries if entry.record)
        again = {name for name in names if self._names.is_repeated(name)}
        return [Finding("invalid", name, "the manifest has several rows for it") for name in sorted(again)]

    def extras(self) -> Iterator[Finding]:
        """Files in DEST that the manifest does not name, other than exports of it."""
        for directory, subdirectories, names in os.walk(self.dest):
            subdirectories.sort()
            for name in sorted(names):
                path = os.path.relpath(os.path.join(directory, name), self.dest)
                if path in self._own or path in self._names:
                    continue
                found = os.path.join(directory, name)
                if not is_export(found) and not (directory == self.dest and is_companion(found)):
                    left = " left by a run that was interrupted" if STATE_PREFIX in path else ""
                    yield Finding("extra", path, f"is not in the manifest{left}")


def _file_problem(path: str, size: int | None, sha256: str) -> tuple[str, str] | None:
    try:
        info = os.stat(path)
        if size is not None and info.st_size != size:
            problem = "truncated" if info.st_size < size else "altered"
            return problem, f"{size} bytes expected, {info.st_size} found"
        found = sha256_of_file(path)
    except FileNotFoundError:
        return "missing", "there is no such file"
    except Exception as error:  # whatever a hostile tree holds is a finding
        return "altered", f"cannot be read: {getattr(error, 'strerror', None) or error}"
    return None if found == sha256 else ("altered", f"SHA-256 {sha256[:12]}.. expected, {found[:12]}.. found")


def _record_problem(record: Record) -> str | None:
    """What keeps `record` from being one, as to the keys that are used here."""

    def whole(value: object) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _LARGEST

    def number(value: object) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)

    def text(value: object) -> bool:
        return isinstance(value, str)

    def digest(value: object) -> bool:
        return isinstance(value, str) and _SHA256.fullmatch(value) is not None

    wanted: dict[str, Callable[[object], bool]] = {
        **dict.fromkeys(("file_name", "source_path", "level", "recipe", "options", "made_with"), text),
        **dict.fromkeys(("bytes", "source_bytes", "copy"), whole),
        **dict.fromkeys(("std", "mean"), number),
        **dict.fromkeys(("sha256", "source_sha256"), digest),
        "kind": media.KINDS.__contains__ if isinstance(record.get("kind"), str) else text,
        "mono": lambda value: isinstance(value, bool),
        "seed": lambda value: isinstance(value, int) and not isinstance(value, bool),
    }
    for key, is_right in wanted.items():
        if key not in record:
            return f"has no {key}"
        if not is_right(record[key]):
            return f"has a wrong {key}: {str(record[key])[:40]!r}"
    hashes = record.get("sidecars_sha256", [])
    if not isinstance(hashes, list) or len(hashes) != len(sidecar_names(record)) or not all(map(digest, hashes)):
        return "has sidecars that do not go with sidecars_sha256"
    return None


def _made_again(checks: _Checks, source: str, workers: int) -> Iterator[Finding]:
    """Makes every output again, a row at a time, and compares what the manifest says with what comes out."""
    with tempfile.TemporaryDirectory(prefix="noiseaug-verify-") as scratch:
        engine = pool.Processes(Job(source, scratch), workers, Running.timeout)
        try:
            for record, outcome in pool.in_order(engine, _tasks(checks, source), lambda _: None):
                if isinstance(record, Finding):
                    yield record
                    continue
                yield from _compared(record, outcome or Outcome())
                remade = os.path.join(scratch, record["file_name"])
                if os.path.exists(remade):
                    os.unlink(remade)
        finally:
            engine.close()


def _tasks(checks: _Checks, source: str) -> Iterator[pool.Item[Record | Finding]]:
    for entry in read_entries(checks.manifest_path):
        record = entry.record
        if record is None or _record_problem(record) or inside(source, record["source_path"]) is None:
            continue  # found by the checks of rows
        if inside(checks.dest, record["file_name"]) is None:
            continue
        try:
            recipe = _recipe_of(record)
        except (TypeError, ValueError) as error:
            yield Finding("invalid", record["file_name"], f"its row holds no recipe: {error}"), None
            continue
        if record.get("role") == "clean" and record["sha256"] == record["source_sha256"]:
            continue  # the source itself, which the checks of rows compare
        source_file = Source(record["source_path"], record["kind"], record["source_bytes"], 0)
        level = CLEAN if record.get("role") == "clean" else recipe.levels[0]
        target = Target(record["file_name"], level, record["copy"])
        yield record, Task(source_file, recipe, (target,), frozenset())


def _recipe_of(record: Record) -> Recipe:
    low, high = record.get("clip_low"), record.get("clip_high")
    clip: Clip = "none" if low is None or high is None else (float(low), float(high))
    options = parse_options(record["kind"], record["options"])
    ratio = record.get("snr_db")
    level = Level.of(float(record["std"])) if ratio is None else Level(float(ratio), float(ratio), "snr")
    return Recipe(
        (level,),
        float(record["mean"]),
        clip,
        record["mono"],
        record["seed"],
        **{record["kind"]: options},  # type: ignore[arg-type] # each kind is the name of its options
    )


def _compared(record: Record, outcome: Outcome) -> Iterator[Finding]:
    for failure in outcome.failures:
        yield Finding("differs", record["file_name"], f"cannot be made again: {json.loads(failure)['error']}")
    for row in outcome.rows:
        made = json.loads(row.line)
        if made["sha256"] == record["sha256"]:
            continue
        if made["source_sha256"] != record["source_sha256"]:
            why = "the source changed"
        elif made["made_with"] != record["made_with"]:
            why = f"library versions changed: {record['made_with']} then, {made['made_with']} now"
        else:
            why = "neither source nor libraries changed, so the manifest's parameters are not those it was made with"
        yield Finding("differs", record["file_name"], f"made again it has other bytes: {why}")
