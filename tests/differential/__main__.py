"""Runs a corpus by many encoders, and damaged files, at `--std 0`, and compares every output with what independent
readers see in its source. Exits with 1 if an output is wrong.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from differential import corpus
from differential.encoders import by_tools
from differential.mutants import mutants
from differential.report import figures, write_table
from differential.runs import jobs, verdicts
from differential.verdicts import VERDICTS, Verdict

_SHOWN = ("wrong", "disbelieved", "ambiguous")
_SETS = ("corpus", "mutants")
_MUTANTS = 20_000


def main() -> int:
    parser = argparse.ArgumentParser("python -m differential", description=__doc__)
    parser.add_argument("--corpus", type=Path, metavar="DIR", help="where the corpus is, or is kept once made")
    parser.add_argument("--only", choices=_SETS, help="this set of files only")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where to keep damaged files that come out wrong")
    parser.add_argument("--mutants", type=int, default=_MUTANTS, metavar="N", help="damaged files  [default: 20000]")
    parser.add_argument("--seed", type=int, default=0, help="of the damages  [default: 0]")
    parser.add_argument("--list", type=Path, metavar="FILE", help="where to write every verdict, tab-separated")
    parser.add_argument("--write", action="store_true", help="write the figures into docs/reliability.md")
    given = parser.parse_args()
    for program in by_tools.missing():
        print(f"differential: {program} is not installed; what it would encode is left out", file=sys.stderr)
    found = {}
    with tempfile.TemporaryDirectory(prefix="noiseaug-differential-") as scratch:
        if given.only != "mutants":
            found["corpus"] = _told(_of_corpus(given.corpus, Path(scratch)), given.list)
        if given.only != "corpus":
            damaged = mutants(Path(scratch), given.seed, given.mutants, given.keep)
            found["damaged files"] = _told(damaged, given.list)
    print(figures(found))
    if given.write:
        write_table(found)
    return 1 if any(count["wrong"] for count, _ in found.values()) else 0


def _of_corpus(kept: Path | None, scratch: Path) -> Iterator[Verdict]:
    files = kept or scratch / "corpus"
    if not files.is_dir():
        files.mkdir(parents=True)
        corpus.write(files, everything=True)
    yield from verdicts(jobs(files, scratch / "runs"))


def _told(found: Iterable[Verdict], listed: Path | None) -> tuple[Counter[str], Counter[str]]:
    """Print what needs a look, and return how many files there are of each verdict, and on each reader's word."""
    counts, readers = Counter[str](dict.fromkeys(VERDICTS, 0)), Counter[str]()
    start = time.monotonic()
    for verdict in found:
        counts[verdict.verdict] += 1
        if verdict.verdict in ("equal", "named"):
            readers[verdict.reader] += 1
        if verdict.verdict in _SHOWN:
            print(f"{verdict.verdict}: {verdict.name}: {verdict.detail}", flush=True)
        if listed:
            with listed.open("a") as file:
                print(*verdict, sep="\t", file=file)
    print(f"{counts.total():,} files in {time.monotonic() - start:.0f} s", file=sys.stderr)
    return counts, readers


if __name__ == "__main__":
    sys.exit(main())
