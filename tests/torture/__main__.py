"""The long versions of the fault tests, run by `make torture`: a line for each fault, injected, survived, lost.

Exits with 1 if anything was lost. Moments depend on the machine; everything else on --seed alone.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from support.commands import STRENGTH, command, noiseaug
from support.corpus import make_photos
from support.faults import NAMED_POINTS
from support.processes import children_of
from support.trees import failures, manifest, tree
from torture.mutants import Mutant, mutant, seeds

# What a fault yields for each time it was injected: what was lost, "" for nothing. It returns a remark.
Fault = Generator[str, None, str]

RECOVERY_POINTS = {
    "what is known is half written": {"call": "write", "path": "base.new", "when": "half"},
    "what is known is about to be kept": {"call": "os.replace", "path": "base.jsonl"},
    "what is known was just kept": {"call": "os.replace", "path": "base.jsonl", "when": "after"},
    "the old journal is about to go": {"call": "os.unlink", "path": "journal.jsonl"},
    "the old journal just went": {"call": "os.unlink", "path": "journal.jsonl", "when": "after"},
    "the old announcements just went": {"call": "os.unlink", "path": "pending.jsonl", "when": "after"},
}
BATCH = 500  # mutants a run
MEMORY = 3 << 30  # address space of each process that meets mutants, in bytes
SWALLOWED = 1200 << 20  # what a process may take of it for one of them, in bytes: OpenCV holds 1 GiB of TIFF strips
PIXELS = 1 << 22  # of --max-pixels for mutants, so that none of them has a right to more memory than that
PATIENCE = 20  # seconds that a mutant may take
LONGEST = 600  # seconds for one run or check of a batch
SHOWN = 8


@dataclass
class Ground:
    """Where a fault is injected: a directory of its own, its random numbers, and where to keep what was lost."""

    scratch: Path
    seed: int
    quick: bool
    keep: Path | None

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)

    def times(self, full: int) -> int:
        """How often to do something that is done `full` times in the long run."""
        return max(full // 10, 1) if self.quick else full

    def fresh(self, name: str = "out") -> Path:
        """A path in the scratch directory at which there is nothing."""
        path = self.scratch / name
        shutil.rmtree(path, ignore_errors=True)
        return path


def run_until(moment: float, *arguments: str | Path) -> bool:
    """Runs noiseaug and kills it with all its workers after so many seconds; whether it was still at work."""
    process = subprocess.Popen(
        command(*arguments), start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=moment)
        return False
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return True


def resumed(photos: Path, dest: Path, undisturbed: dict[str, str]) -> str:
    """Runs to the end; what is then not as after an undisturbed run."""
    last = noiseaug("run", photos, dest, *STRENGTH)
    if last.returncode:
        return f"the next run ended with {last.returncode}: {last.stderr.strip()}"
    return difference(tree(dest), undisturbed)


def difference(found: dict[str, str], expected: dict[str, str]) -> str:
    """The names that are only in one of two trees, or other in one."""
    names = sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))
    kinds = {(True, True): "other", (True, False): "extra", (False, True): "missing"}
    told = [f"{kinds[name in found, name in expected]}: {name}" for name in names[:SHOWN]]
    return ", ".join(told) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def undisturbed_run(photos: Path, dest: Path) -> tuple[dict[str, str], float]:
    """The tree that a run ends in, and how long it took in seconds."""
    start = time.monotonic()
    result = noiseaug("run", photos, dest, *STRENGTH)
    assert result.returncode == 0, result.stderr
    return tree(dest), time.monotonic() - start


# --- killed at random moments


def random_moments(ground: Ground) -> Fault:
    """Half of the kills one to a run; the others in chains of ten, where every other one starts from outputs that
    another recipe made."""
    photos = make_photos(ground.scratch / "photos", count=600, size=64)
    runs = [undisturbed_run(photos, ground.fresh()) for _ in range(3)]
    undisturbed, duration = sorted(runs, key=lambda run: run[1])[1]
    other = ground.scratch / "other"
    assert noiseaug("run", photos, other, "--std", "0.2").returncode == 0
    moments, under_way, compared = [], 0, 0
    for number, kills in enumerate([1] * ground.times(50) + [10] * ground.times(5)):
        dest, chain = ground.fresh(), []
        while len(chain) < kills:
            if kills > 1 and number % 2 and not dest.exists():
                shutil.copytree(other, dest)
            moment = ground.rng.uniform(0, duration)
            if run_until(moment, "run", photos, dest, *STRENGTH):
                chain.append(f"after {moment:.3f} s")
                moments.append(moment / duration)
                under_way += (dest / ".noiseaug").exists()
            elif dest.exists():  # it was done before: another run has to be killed
                compared += 1
                yield from of_each(chain, difference(tree(dest), undisturbed))
                kills, chain, dest = kills - len(chain), [], ground.fresh()
        compared += 1
        yield from of_each(chain, resumed(photos, dest, undisturbed))
    spread = f"{min(moments):.0%} to {max(moments):.0%} of a run of {duration:.2f} s"
    return f"at {spread}, {under_way} with outputs under way; {compared} trees compared"


def of_each(kills: list[str], lost: str) -> Iterator[str]:
    """What was lost for each of the kills, which is told with the last."""
    yield from [""] * (len(kills) - 1)
    if kills or lost:
        yield f"killed {', '.join(kills)}: {lost}" if lost else ""


# --- killed at named points


def named_points(ground: Ground) -> Fault:
    """Each point at the first few times that it is come to, and each point of recovery after kills at two of them."""
    photos = make_photos(ground.scratch / "photos")
    undisturbed, _ = undisturbed_run(photos, ground.fresh())
    calls = ground.scratch / "calls"

    def killed(dest: Path, point: dict, nth: int) -> bool:
        calls.unlink(missing_ok=True)
        fault = point | {"do": "kill-group", "nth": nth, "count": str(calls)}
        return noiseaug("run", photos, dest, *STRENGTH, "--workers", "2", fault=fault).returncode == -signal.SIGKILL

    reached = Counter[str]()
    for name, point in NAMED_POINTS.items():
        for nth in (1, 2, 4) if ground.quick else (1, 2, 3, 4, 5, 8, 13, 21):
            dest = ground.fresh()
            if killed(dest, point, nth):
                reached[name] += 1
                lost = resumed(photos, dest, undisturbed)
                yield f"{name}, number {nth}: {lost}" if lost else ""
            elif calls.stat().st_size < nth:
                break  # there are not so many
        if not reached[name]:
            yield f"{name}: the point was not reached"
    for before, nth in (("the journal is half written", 9), ("the journal has grown", 5)):
        for name, point in RECOVERY_POINTS.items():
            dest = ground.fresh()
            if killed(dest, NAMED_POINTS[before], nth) and killed(dest, point, 1):
                lost = resumed(photos, dest, undisturbed)
                yield f"{before}, then {name}: {lost}" if lost else ""
            else:
                yield f"{before}, then {name}: the point was not reached"
    return f"{len(NAMED_POINTS)} points, killed there {reached.total()} times, and {len(RECOVERY_POINTS)} of recovery"


# --- workers killed


def workers_killed(ground: Ground) -> Fault:
    """Any child process, at any moment, for as long as an undisturbed run takes; then the run is left alone."""
    kills = ground.times(50)
    photos = make_slow(ground.scratch / "photos", count=150 * kills)
    undisturbed, duration = undisturbed_run(photos, ground.fresh())
    rate, recovered, done = len(undisturbed) / duration, [], 0
    while done < kills:
        victims = []
        dest = ground.fresh()
        process = subprocess.Popen(
            command("run", photos, dest, *STRENGTH), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        try:
            while done < kills and process.poll() is None:
                time.sleep(ground.rng.uniform(0, 2 * duration / kills))
                if kill_a_child(process.pid, ground.rng):
                    done += 1
                    victims.append(f"worker {done}")
            seen, start = progress(dest), time.monotonic()
            _, told = process.communicate(timeout=LONGEST)
            if seen and process.returncode == 0:
                recovered.append((len(undisturbed) - seen) / (time.monotonic() - start))
        finally:
            process.kill()
        lost = difference(tree(dest), undisturbed)
        yield from of_each(victims, f"the run ended with {process.returncode}: {told.strip()} {lost}" if lost else "")
        if lost:
            break
    if recovered and recovered[-1] < rate / 4:
        yield f"throughput did not recover: {recovered[-1]:.0f} files/s after the kills, {rate:.0f} undisturbed"
    after_kills = f"{recovered[-1]:.0f} files/s after the last of them" if recovered else "which none outlived"
    return f"{done} of {kills} kills, {after_kills}; undisturbed {rate:.0f}, the start of the run included"


def kill_a_child(pid: int, rng: random.Random) -> bool:
    """Kills one of the children of a process; whether there was one."""
    children = children_of(pid)
    if children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(rng.choice(children), signal.SIGKILL)
            return True
    return False


def make_slow(root: Path, count: int) -> Path:
    """A folder of small images of a kind that takes a few milliseconds each."""
    root.mkdir()
    image = np.random.default_rng(5).integers(0, 256, (32, 32, 3)).astype(np.uint8)
    lossless = cv2.imencode(".webp", image, [cv2.IMWRITE_WEBP_QUALITY, 101])[1].tobytes()
    for number in range(count):
        (root / f"{number:05}.webp").write_bytes(lossless)
    return root


def progress(dest: Path) -> int:
    """How many files a run has written down."""
    journal = dest / ".noiseaug/journal.jsonl"
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


# --- full disks


def full_disks(ground: Ground) -> Fault:
    """File systems of ten sizes that run full, and then are larger; and one that grows a little again and again."""
    photos = make_photos(ground.scratch / "photos", count=60)
    undisturbed, _ = undisturbed_run(photos, ground.fresh())
    needed = sum(-(-path.stat().st_size // 4096) * 4 for path in ground.scratch.joinpath("out").rglob("*.*"))
    sizes = [max(int(needed * share), 4) for share in np.linspace(0, 0.95, 3 if ground.quick else 10)]
    disk = ground.scratch / "disk"
    disk.mkdir()
    if os.geteuid() or shutil.which("mount") is None or not remounted(disk, "64k", fresh=True):
        return "not injected: needs to mount a tmpfs, which takes root"
    try:
        for size in sizes:
            subprocess.run(["umount", str(disk)], check=True)
            remounted(disk, f"{size}k", fresh=True)
            lost = starved(photos, disk / "out", undisturbed)
            remounted(disk, "256m")
            lost = lost or resumed(photos, disk / "out", undisturbed)
            yield f"{size} KiB: {lost}" if lost else ""
        subprocess.run(["umount", str(disk)], check=True)
        remounted(disk, f"{sizes[0]}k", fresh=True)
        for size in sizes[1:]:
            remounted(disk, f"{size}k")
            lost = starved(photos, disk / "out", undisturbed)
            yield f"grown to {size} KiB: {lost}" if lost else ""
        remounted(disk, "256m")
        lost = resumed(photos, disk / "out", undisturbed)
        yield f"grown to be large enough: {lost}" if lost else ""
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    return f"from {sizes[0]} to {sizes[-1]} KiB of the {needed} KiB needed, then again in one growing file system"


def remounted(disk: Path, size: str, fresh: bool = False) -> bool:
    """Mounts a file system of this size, or gives it another size; whether that is possible."""
    options = f"size={size}" if fresh else f"remount,size={size}"
    mount = ["mount", "-t", "tmpfs", "-o", options, "none", str(disk)]
    return subprocess.run(mount, capture_output=True).returncode == 0


def starved(photos: Path, dest: Path, undisturbed: dict[str, str]) -> str:
    """Runs where there is too little room; what is wrong with how that ends."""
    result = noiseaug("run", photos, dest, *STRENGTH)
    if result.returncode != 1 or "Traceback" in result.stderr:
        return f"ended with {result.returncode}: {result.stderr.strip()}"
    if "No space left on device" not in result.stderr or str(dest) not in result.stderr:
        return f"the error does not say what and where: {result.stderr.strip()}"
    found = tree(dest) if dest.exists() else {}
    partial = {name for name, digest in found.items() if undisturbed.get(name) != digest and ".noiseaug" not in name}
    return f"not whole, or left over: {sorted(partial)}" if partial or any(n.endswith(".tmp") for n in found) else ""


# --- damaged files


def damaged_files(ground: Ground) -> Fault:
    """Mutants of every format, in runs under a limit of memory; what they made is read by a process of its own."""
    intact, total = seeds(), ground.times(20_000)
    written, causes = 0, Counter[str]()
    for start in range(0, total, BATCH):
        batch = [mutant(intact, ground.seed, number) for number in range(start, min(start + BATCH, total))]
        source, dest = ground.fresh("source"), ground.fresh()
        source.mkdir()
        for made in batch:
            (source / made.name).write_bytes(made.data)
        problems = list(run_over(source, dest, batch))
        failed = failures(dest)
        causes.update(map(cause, failed.values()))
        written += sum(made.name not in failed for made in batch)
        for made in batch:
            # What is not of one of them is told with the first.
            names = {made.name, ""} if made is batch[0] else {made.name}
            lost = "; ".join(problem for name, problem in problems if name in names)
            if lost and ground.keep:
                ground.keep.mkdir(parents=True, exist_ok=True)
                (ground.keep / made.name).write_bytes(made.data)
            yield f"{made.name} ({made.history}): {lost}" if lost else ""
    crashes = ", ".join(f"{count} {what}" for what, count in sorted(causes.items()) if what != "refused")
    return (
        f"{written:,} outputs, {causes.total():,} failures, of them {crashes or 'all refused'}; "
        f"at most {peak_memory() >> 20} MiB a process"
    )


def run_over(source: Path, dest: Path, batch: list[Mutant]) -> Iterator[tuple[str, str]]:
    """Runs over mutants; what is wrong with what came of each, with its name, or "" if it is not of one."""
    before, peak = tree(source), peak_memory()
    try:
        result = noiseaug(
            *("run", source, dest, *STRENGTH, "--timeout", str(PATIENCE), "--max-pixels", str(PIXELS)),
            timeout=LONGEST,
            preexec_fn=limit_memory,
            env={"MALLOC_PERTURB_": "85"},  # memory that was not written to reads as nonsense, not as nothing
        )
    except subprocess.TimeoutExpired:
        yield "", f"hangs: {LONGEST} s, and {progress(dest)} of {len(batch)} files done"
        return
    if result.returncode not in (0, 3) or "Traceback" in result.stderr:
        yield "", f"ended with {result.returncode}: {result.stderr.strip()}"
        return
    if peak_memory() > max(peak, SWALLOWED):
        yield "", f"{peak_memory() >> 20} MiB of memory taken by one process"
    if tree(source) != before:
        yield "", f"the sources were changed: {difference(tree(source), before)}"
    outputs = manifest(dest) if (dest / "manifest.jsonl").exists() else {}
    written, failed = {row["source_path"] for row in outputs.values()}, failures(dest)
    for made in batch:
        if (made.name in written) + (made.name in failed) != 1:
            yield made.name, "both written and failed" if made.name in failed else "neither written nor failed"
        elif failed.get(made.name, "").startswith("unexpected"):
            yield made.name, failed[made.name]
    yield from ((name, f"is extra in DEST: {name}") for name in extras(dest, outputs))
    yield from checked(dest, list(outputs))
    yield from remade(source, dest)


def extras(dest: Path, outputs: dict[str, dict]) -> list[str]:
    return sorted(tree(dest).keys() - outputs.keys() - {"manifest.jsonl", "failures.jsonl"})


def checked(dest: Path, outputs: list[str]) -> Iterator[tuple[str, str]]:
    """What a process of its own finds wrong with the outputs."""
    script = [sys.executable, str(Path(__file__).with_name("outputs.py")), str(dest)]
    try:
        result = subprocess.run(script, capture_output=True, text=True, timeout=LONGEST, preexec_fn=limit_memory)
    except subprocess.TimeoutExpired:
        yield "", "an output cannot be decoded in time"
        return
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    yield from ((name, f"its output {problem}") for name, problem in rows if problem)
    if result.returncode:
        culprit = outputs[len(rows)] if len(rows) < len(outputs) else ""
        yield culprit, f"its output ends a process that decodes it ({result.returncode}): {result.stderr[-300:]}"


def remade(source: Path, dest: Path) -> Iterator[tuple[str, str]]:
    """Outputs that have other bytes when they are made again, where memory holds other nonsense."""
    again = noiseaug(
        *("verify", dest, "--source", source, "--deep", "--json"),
        timeout=LONGEST,
        preexec_fn=limit_memory,
        env={"MALLOC_PERTURB_": "170"},
    )
    if again.returncode not in (0, 3) or "Traceback" in again.stderr:
        yield "", f"verify ended with {again.returncode}: {again.stderr.strip()}"
    else:
        for finding in json.loads(again.stdout)["findings"]:
            yield finding["file_name"], f"{finding['problem']}: {finding['detail']}"


def peak_memory() -> int:
    """The most memory that any process started from here, and from there, ever took, in bytes."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10


def limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def cause(error: str) -> str:
    """The kind of a failure."""
    kinds = {"decoder crashed": error, "took longer": "out of time", "needs more memory": "out of memory"}
    return next((kind for start, kind in kinds.items() if error.startswith(start)), "refused")


FAULTS: dict[str, tuple[str, Callable[[Ground], Fault]]] = {
    "moments": ("SIGKILL of all processes, random moments", random_moments),
    "points": ("SIGKILL of all processes, named points", named_points),
    "workers": ("SIGKILL of workers, again and again", workers_killed),
    "disks": ("file system full, then larger", full_disks),
    "mutants": ("damaged images and recordings", damaged_files),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
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
