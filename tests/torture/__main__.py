"""The long versions of the fault tests, run by `make torture`: a line for each fault, injected, survived, lost.

Exits with 1 if anything was lost. Moments depend on the machine; everything else on --seed alone.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from torture.arrays import damaged_arrays
from torture.damage import damaged_files
from torture.disks import full_disks
from torture.ground import Fault, Ground
from torture.kills import named_points, random_moments, workers_killed

FAULTS: dict[str, tuple[str, Callable[[Ground], Fault]]] = {
    "moments": ("SIGKILL of all processes, random moments", random_moments),
    "points": ("SIGKILL of all processes, named points", named_points),
    "workers": ("SIGKILL of workers, again and again", workers_killed),
    "disks": ("file system full, then larger", full_disks),
    "mutants": ("damaged images and recordings", damaged_files),
    "arrays": ("damaged arrays", damaged_arrays),
}


def main() -> int:
    parser = argparse.ArgumentParser("python -m torture", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument("--only", action="append", choices=FAULTS, help="this fault only; repeatable")
    parser.add_argument("--seed", type=int, default=0, help="of kills and damages  [default: 0]")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where to keep the damaged files that are lost")
    given = parser.parse_args()
    print(f"{'fault':42}{'injected':>9}{'survived':>9}{'lost':>6}{'time':>7}  remarks", flush=True)
    any_lost = False
    for key in given.only or FAULTS:
        label, fault = FAULTS[key]
        start, results, remark = time.monotonic(), [], ""
        with tempfile.TemporaryDirectory(prefix="noiseaug-torture-") as scratch:
            injections = fault(Ground(Path(scratch), given.seed, given.quick, given.keep))
            while True:
                try:
                    results.append(next(injections))
                except StopIteration as end:
                    remark = end.value
                    break
        lost = [result for result in results if result]
        any_lost = any_lost or bool(lost)
        counts = f"{len(results):9,}{len(results) - len(lost):9,}{len(lost):6,}"
        print(f"{label:42}{counts}{time.monotonic() - start:5.0f} s  {remark}", flush=True)
        for line in lost:
            print(f"    {line}", flush=True)
    return 1 if any_lost else 0


if __name__ == "__main__":
    sys.exit(main())
