"""What is imported when: Makefiles call the command often, and for help nobody waits for codecs to load."""

from __future__ import annotations

import subprocess
import sys

import cv2
import numpy as np
import pytest

import noiseaug

# Of the standard library, what takes 2 to 20 ms to import and a run can do without.
SLOW = {"asyncio", "concurrent.futures", "email", "logging", "multiprocessing", "secrets", "tempfile", "urllib.request"}
EXTRAS = {"PIL", "av", "pillow_heif", "tifffile", "imagecodecs"}
HEAVY = {"cv2", "soundfile", "numpy", "tqdm", "pathspec", "scipy", "pyarrow", "dask", "distributed", *EXTRAS}


def modules_after(*arguments: str) -> set[str]:
    """The modules that are loaded once the command with these arguments has ended."""
    script = (
        "import sys\n"
        "from noiseaug.cli import main\n"
        "try:\n    main(sys.argv[1:])\n"
        "finally:\n    print('loaded:', *sys.modules, file=sys.stderr)\n"
    )
    arguments = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=120)
    return set(done.stderr.rpartition("loaded:")[2].split())


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["run", "--help"], ["run"], ["nonsense"], ["run", "a", "b", "--std", "25"]]
)
def test_help_and_usage_errors_load_no_codec_and_no_numpy(arguments):
    loaded = modules_after(*arguments)
    assert "noiseaug.cli" in loaded
    assert not HEAVY & loaded


def test_a_dry_run_loads_no_codec(mixed, dest):
    loaded = modules_after("run", str(mixed), str(dest), "--std", "0.1", "-n")
    assert "noiseaug.pipeline.run" in loaded
    assert not {"cv2", "soundfile", "numpy", *EXTRAS} & loaded


def test_a_run_over_a_folder_leaves_codecs_to_its_workers(mixed, dest):
    loaded = modules_after("run", str(mixed), str(dest), "--std", "0.1")
    assert (dest / "manifest.jsonl").exists()
    assert not {"cv2", "soundfile", "numpy", "pyarrow", "dask", "distributed", "noiseaug.engines.cluster"} & loaded


def test_a_run_loads_no_slow_module_that_it_can_do_without(mixed, dest):
    assert not SLOW & modules_after("run", str(mixed), str(dest), "--std", "0.1")


def test_a_run_over_common_files_loads_no_library_of_an_extra(photos, dest):
    assert not {"av", "pillow_heif"} & modules_after(
        "run", str(photos), str(dest), "--std", "0.1", "--engine", "threads"
    )


@pytest.mark.parametrize(("kind", "other"), [("image", "soundfile"), ("audio", "noiseaug.media.image")])
def test_workers_load_the_codecs_of_their_files_alone(kind, other):
    """What a worker imports before its first file, but for what NumPy and soundfile import by themselves."""
    script = "import sys, numpy.random, cv2, ctypes.util; before = set(sys.modules)"
    script += f"; import noiseaug.work.perform, noiseaug.media.{kind}; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True)
    loaded = set(done.stdout.split())
    assert f"noiseaug.media.{kind}" in loaded
    assert not {other, "click", "tqdm", *SLOW} & loaded


@pytest.mark.parametrize(("name", "is_loaded"), [("a.png", False), ("a.jpg", False), ("a.ras", False), ("a.bmp", True)])
def test_pillow_is_loaded_when_a_file_is_met_that_it_decodes(source, dest, name, is_loaded):
    cv2.imwrite(str(source / name), np.full((20, 30, 3), 100, np.uint8))
    loaded = modules_after("run", str(source), str(dest), "--std", "0.1", "--engine", "threads")
    assert (dest / name).exists()
    assert ("PIL" in loaded) == is_loaded


def test_a_run_on_dask_with_nothing_to_do_does_not_load_it(mixed, dest):
    modules_after("run", str(mixed), str(dest), "--std", "0.1")
    loaded = modules_after("run", str(mixed), str(dest), "--std", "0.1", "--engine", "dask")
    assert "noiseaug.engines.cluster" in loaded
    assert not {"cv2", "soundfile", "numpy", "dask", "distributed"} & loaded


def test_importing_the_package_loads_nothing_heavy():
    script = "import sys, noiseaug; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True)
    assert not HEAVY & set(done.stdout.split())


def test_the_same_command_goes_by_either_name():
    ways = [[sys.executable, "-m", "noiseaug"], [sys.executable, "-c", "from noiseaug.cli import main; main()"]]
    texts = [subprocess.run([*way, "--version"], capture_output=True, text=True, check=True).stdout for way in ways]
    assert texts == [f"noiseaug {noiseaug.__version__}\n"] * 2
