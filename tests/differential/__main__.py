"""Runs the corpus at `--std 0` and compares every output with what independent readers see in its source."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from differential import compare
from differential.corpus import copy_shipped, fresh, write_libraries
from noiseaug.kinds import kind_of
from support.commands import noiseaug
from support.trees import failures, manifest


def verdicts(corpus: Path, scratch: Path) -> list[compare.Verdict]:
    """The verdict of each file, from two runs over the corpus."""
    dest, plain = scratch / "out", scratch / "plain"
    _run(corpus, fresh(dest))
    rows, refused = manifest(dest), failures(dest)
    lossy = [row["source_path"] for row in rows.values() if _is_lossy(row)]
    (scratch / "lossy.txt").write_text("".join(f"{name}\n" for name in lossy))
    _run(corpus, fresh(plain), "--files-from", str(scratch / "lossy.txt"), "--image-format", "png", "--audio-format", "flac")
    floats = [name for name in lossy if name.endswith(".hdr")]
    (scratch / "floats.txt").write_text("".join(f"{name}\n" for name in floats))
    _run(corpus, fresh(scratch / "floats"), "--files-from", str(scratch / "floats.txt"), "--image-format", "tif")
    again = {row["source_path"]: folder / row["file_name"] for folder in (plain, scratch / "floats") for row in manifest(folder).values()}
    jobs = [(kind_of(name), corpus / name, message) for name, message in refused.items()]
    for row in rows.values():
        name = row["source_path"]
        jobs.append((row["kind"], corpus / name, dest / row["file_name"], row["not_kept"], again.get(name), row.get("subtype", "")))
    with ProcessPoolExecutor(2) as pool:
        return sorted(pool.map(compare.one, jobs, chunksize=20))


def _is_lossy(row: dict) -> bool:
    return row["file_name"].rpartition(".")[2].lower() in compare.LOSSY_IMAGES or compare.is_lossy_sound(row.get("subtype", ""), row["not_kept"])


def _run(corpus: Path, dest: Path, *options: str) -> None:
    result = noiseaug("run", corpus, dest, "--std", "0", *options, timeout=3600)
    if result.returncode not in (0, 3):
        raise SystemExit(f"the run ended with {result.returncode}: {result.stderr}")


def main() -> int:
    parser = argparse.ArgumentParser("python -m differential", description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--scratch", type=Path, required=True)
    given = parser.parse_args()
    if not given.corpus.exists():
        write_libraries(fresh(given.corpus))
        copy_shipped(given.corpus)
    found = verdicts(given.corpus, given.scratch)
    for verdict in found:
        print(*verdict, sep="\t")
    print(Counter(verdict.verdict for verdict in found), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
