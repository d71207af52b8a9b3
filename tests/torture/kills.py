"""Runs and workers that are killed: at random moments, at named points, again and again."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import cv2
import numpy as np

from support.commands import STRENGTH, command, noiseaug
from support.corpus import make_photos
from support.faults import NAMED_POINTS
from support.processes import children_of
from support.trees import tree
from torture.ground import LONGEST, Fault, Ground, difference, of_each, progress, resumed, undisturbed_run

RECOVERY_POINTS = {
    "what is known is half written": {"call": "write", "path": "base.new", "when": "half"},
    "what is known is about to be kept": {"call": "os.replace", "path": "base.jsonl"},
    "what is known was just kept": {"call": "os.replace", "path": "base.jsonl", "when": "after"},
    "the old journal is about to go": {"call": "os.unlink", "path": "journal.jsonl"},
    "the old journal just went": {"call": "os.unlink", "path": "journal.jsonl", "when": "after"},
    "the old announcements just went": {"call": "os.unlink", "path": "pending.jsonl", "when": "after"},
}


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
    """Kills one of the children of a process, or one of theirs; whether there was one."""
    children = children_of(pid)
    children += [worker for child in children for worker in children_of(child)]
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
