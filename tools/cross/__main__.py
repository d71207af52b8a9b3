"""Runs noiseaug over files of every format on several processors, and compares all that is written, byte for byte.

The processors are this one, on all cores and on one, and models of x86-64 and of aarch64 that qemu-user plays. What
differs is listed, with the first example of each format. Exit status: 0 if all is as docs/formats-processors.md says
(more may be the same), 1 if not, 2 usage. Where nothing can be compared, as qemu-user is missing, it says so; this is
an error unless `--x86` is given.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from support.places import ROOT
from tools.cross import page, sources
from tools.cross.comparing import Difference, Output, differences, outputs
from tools.cross.processors import HERE, ONE_CORE, Processor, Unavailable, processors


def main() -> int:
    parser = argparse.ArgumentParser("python -m tools.cross", description=__doc__)
    parser.add_argument("--x86", action="store_true", help="models of x86-64 only, and not all; nothing is downloaded")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="a new directory, to keep all files in")
    parser.add_argument(
        "--cache", type=Path, default=ROOT / ".cross", metavar="DIR", help="for downloads  [default: .cross]"
    )
    parser.add_argument("--write", action="store_true", help="write docs/formats-processors.md")
    given = parser.parse_args()
    if given.write and given.x86:
        parser.error("--write needs all processors: leave out --x86")
    try:
        chosen = processors(x86_only=given.x86, cache=given.cache)
    except Unavailable as reason:
        print(f"NOT COMPARED: the bytes on several processors: {reason}", file=sys.stderr)
        return 0 if given.x86 else 1
    scratch = given.keep or Path(tempfile.mkdtemp(prefix="noiseaug-cross-"))
    try:
        sources.make(scratch / "sources", with_long=not given.x86)
        return _compared(chosen, scratch, write=given.write)
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        if not given.keep:
            shutil.rmtree(scratch)


def _compared(chosen: list[Processor], scratch: Path, *, write: bool) -> int:
    start = time.monotonic()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        ends = pool.map(lambda processor: processor.run(scratch / "sources", scratch / processor.name), chosen)
        instructions = dict(zip([processor.name for processor in chosen], ends, strict=True))
    made = outputs(scratch / "sources", scratch / HERE)
    unlike = {name: list(differences(made, scratch / HERE, scratch / name)) for name in instructions if name != HERE}
    print(f"{len(made):,} outputs on each of {len(chosen)} processors in {time.monotonic() - start:.0f} s")
    for name in unlike:
        _tell(name, instructions[name], unlike[name])
    if unlike.pop(ONE_CORE):
        print("these are not for the processor: outputs differ from run to run, or with the number of cores")
        return 1
    del instructions[ONE_CORE]
    found = page.found_in(made, unlike)
    if write:
        page.PAGE.write_text(page.page(found, instructions, len(made)))
    wrong = list(page.broken(found, page.said(page.PAGE.read_text())))
    print(*wrong, sep="\n", end="\n" if wrong else "")
    return 1 if wrong else 0


def _tell(name: str, instructions: str, unlike: list[Difference]) -> None:
    """Print how many outputs differ on a processor, and the first of each format."""
    print(f"{name} ({instructions}): {len(unlike):,} differ")
    examples: dict[Output, Difference] = {}
    for difference in unlike:
        examples.setdefault(difference.output._replace(run="", name=""), difference)
    for output, what in examples.values():
        print(f"    {output.source} to {output.written}: {output.run}/{output.name}: {what[:200]}")


if __name__ == "__main__":
    sys.exit(main())
