"""File systems that run full, and then are larger."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np

from support.commands import STRENGTH, noiseaug
from support.corpus import make_photos
from support.trees import tree
from torture.ground import Fault, Ground, resumed, undisturbed_run


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
