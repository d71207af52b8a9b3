"""Files too large to be held: they are hashed and written on threads, with the same promises as others."""

from __future__ import annotations

import hashlib
import json
import os

import numpy as np
import pytest

from noiseaug import GaussianNoise
from noiseaug.storage.source_file import HELD
from support.commands import noiseaug, within
from support.trees import failures, manifest, tree

NOISE = ("--kind", "array", "--std", "0.1", "--seed", "7")
WRITES = {"call": "os.write", "path": r"noiseaug-\w+\.tmp"}


@pytest.fixture
def large(source):
    values = np.random.default_rng(3).random(HELD // 4 + 70_001, np.float32)
    np.save(source / "a.npy", values.reshape(-1, 3))
    return source / "a.npy"


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("options", [(), ("--std-of", "array")], ids=["read once", "read twice"])
def test_the_manifest_has_the_hashes_of_source_and_output(options, large, dest):
    assert within("run", large.parent, dest, *NOISE, *options).returncode == 0
    row = manifest(dest)["a.npy"]
    assert row["source_sha256"] == sha256(large)
    assert row["sha256"] == sha256(dest / "a.npy")
    assert row["bytes"] == (dest / "a.npy").stat().st_size == large.stat().st_size


MONO = {"std": 0.1, "seed": 7, "mono": True, "channel_axis": -1}


@pytest.mark.parametrize(("options", "settings"), [((), {"std": 0.1, "seed": 7}), (("--mono",), MONO)])
def test_the_noise_of_many_blocks_is_that_of_the_key(options, settings, large, dest):
    assert within("run", large.parent, dest, *NOISE, *options).returncode == 0
    expected = GaussianNoise(**settings)(np.load(large), key="a.npy")
    assert np.array_equal(np.load(dest / "a.npy"), expected)


def test_a_copy_of_what_is_kept_has_the_hash_of_its_source(large, dest):
    assert within("run", large.parent, dest, "--kind", "array", "--std", "0").returncode == 0
    assert manifest(dest)["a.npy"]["source_sha256"] == sha256(large) == sha256(dest / "a.npy")


def test_a_run_that_trusts_no_times_finds_a_source_as_it_was(large, dest):
    assert within("run", large.parent, dest, *NOISE).returncode == 0
    result = within("run", large.parent, dest, *NOISE, "--checksum", "--json")
    assert json.loads(result.stdout)["up_to_date"] == 1
    with large.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\0")
    result = within("run", large.parent, dest, *NOISE, "--checksum", "--json")
    assert json.loads(result.stdout)["written"] == 1
    assert manifest(dest)["a.npy"]["source_sha256"] == sha256(large)


def test_a_full_disk_is_an_error_and_the_next_run_completes(large, dest, tmp_path):
    fault = WRITES | {"when": "half", "nth": 9, "do": "ENOSPC", "count": str(tmp_path / "count")}
    result = noiseaug("run", large.parent, dest, *NOISE, fault=fault)
    assert result.returncode == 1
    assert "No space left on device" in result.stderr
    assert not list(dest.rglob("*.tmp"))
    assert noiseaug("run", large.parent, dest, *NOISE).returncode == 0
    assert noiseaug("run", large.parent, tmp_path / "other", *NOISE).returncode == 0
    assert tree(dest) == tree(tmp_path / "other")


def test_a_source_that_changes_while_an_output_is_written_gives_none(large, dest, tmp_path):
    fault = WRITES | {"nth": 9, "do": "append", "victim": str(large), "count": str(tmp_path / "count")}
    assert noiseaug("run", large.parent, dest, *NOISE, fault=fault).returncode == 3
    assert "changed while reading" in failures(dest)["a.npy"]
    assert not (dest / "a.npy").exists()
    assert not list(dest.rglob("*.tmp"))


def test_a_large_source_that_is_decoded_as_a_whole_is_hashed_as_well(tmp_path):
    content = b"P5 4096 4100 255 " + bytes(4096 * 4100)
    (tmp_path / "black.pgm").write_bytes(content)
    assert noiseaug("run", tmp_path / "black.pgm", tmp_path / "dest" / "black.pgm", "--std", "0.01").returncode == 0
    assert noiseaug("run", tmp_path, tmp_path.with_name("folder"), "--std", "0.01").returncode == 0
    assert manifest(tmp_path.with_name("folder"))["black.pgm"]["source_sha256"] == hashlib.sha256(content).hexdigest()
