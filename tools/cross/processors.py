"""The processors: this one, and models that qemu-user plays; and how Python is run on each."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from support.places import ROOT
from tools.cross import aarch64

HERE, ONE_CORE = "this one", "this one, on one core"
# qemu plays no AVX-512: what it calls max is the instructions of Haswell and some later ones.
_X86_64_MODELS = ("Nehalem", "Haswell", "max")
_OLD_AND_NEW = ("Nehalem", "max")
_AARCH64_MODELS = ("cortex-a53", "max")  # max has SVE


class Unavailable(Exception):
    """Why nothing can be compared here, and what to do."""


class Processor(NamedTuple):
    """A processor.

    Attributes:
        name: as people read it.
        python: what stands before the arguments of Python.
        packages: where its Python finds packages, if those of this one are for another architecture.
    """

    name: str
    python: tuple[str, ...]
    packages: tuple[Path, ...] = ()

    def run(self, source: Path, dest: Path) -> str:
        """Do all runs over `source`, and return which vector instructions it offers.

        Raises:
            RuntimeError: if a run does not end as it should.
        """
        command = [*self.python, "-m", "tools.cross.runs", str(source), str(dest)]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("NOISEAUG_")}
        environment["PYTHONPATH"] = os.pathsep.join(map(str, (ROOT, *self.packages)))
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        if done.returncode:
            said = "\n".join(done.stderr.splitlines()[-10:])
            raise RuntimeError(f"the runs on {self.name} ended with {done.returncode}:\n{said}")
        return done.stdout.strip()


def processors(*, x86_only: bool, cache: Path) -> list[Processor]:
    """Return the processors to compare; the first is this one, as it is.

    Args:
        x86_only: only an old and a new x86-64, beside this one.
        cache: a directory for what those need.

    Raises:
        Unavailable: if this is no x86-64, or what is needed cannot be had.
    """
    if platform.machine() != "x86_64" or sys.platform != "linux":
        raise Unavailable(f"this needs Linux on x86-64, and found {sys.platform} on {platform.machine()}")
    core = str(min(os.sched_getaffinity(0)))
    found = [
        Processor(HERE, (sys.executable,)),
        Processor(ONE_CORE, (_program("taskset", "util-linux"), "-c", core, sys.executable)),
    ]
    emulator = _program("qemu-x86_64", "qemu-user")
    models = _OLD_AND_NEW if x86_only else _X86_64_MODELS
    found += [Processor(f"x86-64 {model}", (emulator, "-cpu", model, sys.executable)) for model in models]
    if not x86_only:
        emulator = _program("qemu-aarch64", "qemu-user")
        try:
            python = aarch64.prepared(cache)
        except aarch64.Failed as error:
            raise Unavailable(str(error)) from None
        found += [
            Processor(
                f"aarch64 {model}",
                (emulator, "-cpu", model, "-L", str(python.root), str(python.program)),
                (python.packages,),
            )
            for model in _AARCH64_MODELS
        ]
    return found


def _program(name: str, package: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise Unavailable(f"{name} is not installed: apt-get install {package}")
    return path
