"""`noiseaug export` in all its formats: what it writes, says and refuses, and nothing else is touched."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import noiseaug as package
from support.commands import noiseaug, within
from support.corpus import photo, sound, write_image, write_sound
from support.exported import FORMATS, exported, lines_of, read_shards
from support.readers import read_with
from support.trees import edit, manifest, times, tree


@pytest.mark.parametrize("to", FORMATS)
def test_places_may_be_named_from_where_one_is(to, mine):
    output = "train.json" if to == "nemo" else "."
    result = noiseaug("export", ".", "--to", to, "--output", output, cwd=mine)
    assert (result.returncode, result.stderr) == (0, "")
    names = {
        "nemo": lambda: [item["audio_file"] for item in read_with("nemo", mine / "train.json")],
        "lhotse": lambda: [str(mine / cut["id"]) for cut in read_with("lhotse", mine)],
        "webdataset": lambda: [str(mine / json.loads(sample["json"])["file_name"]) for sample in read_shards(mine)],
    }[to]()
    assert names == [str(mine / name) for name in manifest(mine) if to == "webdataset" or name.startswith("speech")]


@pytest.mark.parametrize("to", FORMATS)
def test_the_same_run_elsewhere_is_exported_to_the_same_bytes(to, mine, tmp_path):
    options = [] if to == "webdataset" else ["--paths", "relative"]
    other = Path(shutil.copytree(mine, tmp_path / "other"))
    for path in other.rglob("*"):
        os.utime(path, (1, 1))
    exported(mine, to, *options)
    exported(other, to, *options)
    assert tree(mine) == tree(other)


@pytest.mark.parametrize("to", FORMATS)
def test_a_second_export_writes_nothing(to, mine):
    exported(mine, to)
    before = times(mine)
    assert "up to date in" in exported(mine, to)
    assert times(mine) == before


@pytest.mark.parametrize("to", FORMATS)
def test_verify_takes_exports_for_no_extra_files(to, mine):
    before = {finding.file_name for finding in package.verify(mine).findings}
    exported(mine, to)
    assert {finding.file_name for finding in package.verify(mine).findings} == before
    (mine / "shard-000007.tar").write_bytes(b"not ours")
    assert {finding.file_name for finding in package.verify(mine).findings} == before | {"shard-000007.tar"}


@pytest.mark.parametrize("to", FORMATS)
def test_what_changed_is_exported_again(to, mine):
    exported(mine, to)
    (mine / "speech/ann/one.txt").write_text("something else")
    assert "written to" in exported(mine, to)
    texts = {
        "nemo": lambda: lines_of(mine / "nemo_manifest.json")[0]["text"],
        "lhotse": lambda: lines_of(mine / "supervisions.jsonl.gz")[0]["text"],
        "webdataset": lambda: next(s["txt"].decode() for s in read_shards(mine) if "one" in s["__key__"]),
    }
    assert texts[to]() == "something else"


FOREIGN = {
    "nemo": ("nemo_manifest.json", b'{"audio_filepath": "mine.wav", "duration": 1, "text": "by hand"}\n'),
    "lhotse": ("supervisions.jsonl.gz", gzip.compress(b"{}\n")),
    "webdataset": ("shard-000003.tar", b"by hand"),
}


@pytest.mark.parametrize("to", FORMATS)
def test_files_that_no_export_wrote_are_replaced_only_by_force(to, mine):
    name, content = FOREIGN[to]
    (mine / name).write_bytes(content)
    before = times(mine)
    result = within("export", mine, "--to", to)
    assert result.returncode == 2
    assert f"{mine}/{name} is there, and no export wrote it" in result.stderr
    assert times(mine) == before
    exported(mine, to, "--force")
    assert not (mine / name).exists() or (mine / name).read_bytes() != content


@pytest.mark.parametrize("name", ["manifest.jsonl", "speech/ann/one.wav"])
def test_files_of_the_run_are_never_replaced(name, mine):
    before = tree(mine)
    result = within("export", mine, "--to", "nemo", "--output", mine / name, "--force")
    assert result.returncode == 2
    assert "is a file of the run itself" in result.stderr
    assert tree(mine) == before


@pytest.mark.parametrize("role, count", [("clean", 1), ("noisy", 3), ("all", 4)])
def test_outputs_are_chosen_by_their_role(role, count, mine):
    edit(mine, lambda row: row.update(role="clean"), 4)
    said = exported(mine, "nemo", "--role", role)
    rows = lines_of(mine / "nemo_manifest.json")
    assert len(rows) == count
    assert {row["role"] for row in rows} == ({"clean", "noisy"} if role == "all" else {role})
    assert ("noisy files left out" in said) == (role == "clean")


def test_images_alone_are_no_data_for_nemo_and_lhotse(source, dest):
    write_image(source / "a.png", photo(8, 9))
    assert within("run", source, dest, "--std", "0.1").returncode == 0
    before = tree(dest)
    for to in ("nemo", "lhotse"):
        result = within("export", dest, "--to", to)
        assert result.returncode == 1
        assert f"names no audio to export to {to}, only 1 image; --to webdataset takes images too" in result.stderr
    assert tree(dest) == before


@pytest.mark.parametrize("to", FORMATS)
def test_without_a_manifest_there_is_nothing_to_export(to, mine):
    (mine / "manifest.jsonl").unlink()
    result = within("export", mine, "--to", to)
    assert result.returncode == 2
    assert f"there is no manifest.jsonl in {mine}; name the DEST of a finished run" in result.stderr


def test_an_interrupted_run_is_finished_before_it_is_exported(mine):
    (mine / ".noiseaug").mkdir()
    result = within("export", mine, "--to", "webdataset")
    assert result.returncode == 1
    assert "was interrupted; finish it with the same command" in result.stderr


@pytest.mark.parametrize("to", FORMATS)
def test_if_nothing_can_be_exported_an_earlier_export_stays(to, mine):
    exported(mine, to)
    before = {name: value for name, value in tree(mine).items() if not name.startswith(("speech", "images"))}
    for name in manifest(mine):
        (mine / name).unlink()
    result = within("export", mine, "--to", to)
    left = "" if to == "webdataset" else ", 4 images left out"
    failed = 8 if to == "webdataset" else 4
    assert (result.returncode, result.stdout) == (3, f"{to}: nothing exported{left}, {failed} failed\n")
    assert {name: value for name, value in tree(mine).items() if name in before} == before


@pytest.mark.parametrize("to", FORMATS)
@pytest.mark.parametrize(
    "fault",
    [{"call": "write", "path": "export-"}, {"call": "os.replace", "path": r"nemo_manifest|jsonl\.gz|shard"}],
    ids=["writing", "publishing"],
)
def test_an_export_that_is_killed_leaves_the_one_before_and_is_taken_up_by_the_next(to, fault, mine):
    small = ["--shard-size", "24KB"] if to == "webdataset" else []
    exported(mine, to, *small)
    earlier = tree(mine)
    (mine / "speech/ann/one.txt").write_text("something else")
    fault |= {"do": "kill", "nth": 0}
    result = noiseaug("export", mine, "--to", to, *small, fault=fault)
    assert result.returncode == -9, result.stderr
    now = tree(mine)
    assert {name for name in earlier if now[name] != earlier[name]} == {"speech/ann/one.txt"}
    assert len(now) > len(earlier)
    exported(mine, to)
    assert set(tree(mine)) <= set(earlier)


@pytest.mark.parametrize("to", FORMATS)
def test_a_full_disk_is_named_and_nothing_is_left_on_it(to, mine, tmp_path):
    fault = {"call": "write", "path": "export-", "do": "ENOSPC", "nth": 0}
    result = noiseaug("export", mine, "--to", to, "--output", tmp_path / "new/manifests", fault=fault)
    assert result.returncode == 1
    assert f"error: cannot write to {tmp_path}/new" in result.stderr
    assert "No space left on device; what was there before stays" in result.stderr
    assert not [path for path in (tmp_path / "new").rglob("*") if path.is_file()]


def test_a_place_that_cannot_be_is_named(mine):
    result = within("export", mine, "--to", "nemo", "--output", mine / "speech/ann/one.wav/manifest.json")
    assert result.returncode == 1
    assert f"error: {mine}/speech/ann/one.wav/manifest.json: Not a directory" in result.stderr


@pytest.mark.parametrize(
    "options, message",
    [
        (["--to", "nemo", "--shard-size", "1XB"], "is no size; expected one such as 500MB"),
        (["--to", "webdataset", "--shard-size", "0"], "is no size"),
        (["--to", "webdataset", "--prefix", "a/b"], "cannot begin a file name"),
        (["--to", "kaldi"], "'kaldi' is not one of"),
        ([], "--to is missing; expected one of nemo, lhotse, webdataset"),
    ],
)
def test_wrong_usage_is_explained(options, message, mine):
    result = within("export", mine, *options)
    assert result.returncode == 2
    assert message in result.stderr


@pytest.mark.parametrize("to", ["lhotse", "webdataset"])
def test_formats_of_several_files_want_a_directory(to, mine, tmp_path):
    (tmp_path / "file").write_text("")
    result = within("export", mine, "--to", to, "--output", tmp_path / "file")
    assert result.returncode == 2
    assert "name a directory as --output" in result.stderr


def test_the_summary_as_json(mine):
    said = json.loads(exported(mine, "lhotse", "--json"))
    files = [str(mine / "recordings.jsonl.gz"), str(mine / "supervisions.jsonl.gz")]
    assert said == {
        "to": "lhotse",
        "rows": 8,
        "samples": 4,
        "sidecars": 3,
        "left_out": {"image": 4},
        "failed": 0,
        "files": files,
        "written": files,
        "removed": [],
    }


@pytest.mark.parametrize("role", ["clean", "noisy", "all"])
@pytest.mark.parametrize("to", FORMATS)
def test_the_counts_of_an_export_add_up(to, role, mine):
    edit(mine, lambda row: row.update(role="clean"), 4)
    (mine / "speech/bob/three.wav").unlink()
    result = within("export", mine, "--to", to, "--role", role, "--json")
    said = json.loads(result.stdout)
    assert said["failed"] == (role != "clean")
    assert said["rows"] == 8 == said["samples"] + sum(said["left_out"].values()) + said["failed"]


def test_files_of_an_earlier_export_that_go_are_counted(mine):
    exported(mine, "webdataset", "--shard-size", "24kB")
    shards = len(list(mine.glob("shard-*.tar")))
    assert exported(mine, "webdataset").endswith(f", {shards - 1} files of an earlier export removed\n")


def test_export_from_python_gives_what_the_command_line_gives(mine, tmp_path):
    failures = []
    options = package.ExportOptions(shard_size=24_000)
    summary = package.export(mine, "webdataset", tmp_path / "python", options, on_failure=failures.append)
    assert (summary.samples, summary.failed, failures) == (8, 0, [])
    exported(mine, "webdataset", "--output", tmp_path / "command", "--shard-size", "24kB")
    assert tree(tmp_path / "python") == tree(tmp_path / "command")
    with pytest.raises(ValueError, match="no format to export to"):
        package.export(mine, "kaldi")


def test_an_export_loads_no_codec_and_no_numpy(mine):
    script = "import sys, noiseaug.cli.export; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"cv2", "soundfile", "numpy", "tqdm"} & set(done.stdout.split())


@pytest.mark.parametrize("to", FORMATS)
def test_originals_and_transcripts_that_a_run_brought_along_are_exported(source, dest, to):
    write_sound(source / "ann/one.wav", sound(), "PCM_16")
    (source / "ann/one.txt").write_text("hello world\n")
    options = ["--snr", "10", "--with-clean", "beside", "--sidecars", ".txt", "--manifest", "metadata.jsonl"]
    assert noiseaug("run", source, dest, *options).returncode == 0
    exported(dest, to)
    if to == "webdataset":
        found = [(json.loads(sample["json"])["role"], sample["txt"].decode()) for sample in read_shards(dest)]
    elif to == "nemo":
        found = [(row["role"], row["text"] + "\n") for row in lines_of(dest / "nemo_manifest.json")]
    else:
        with gzip.open(dest / "supervisions.jsonl.gz", "rt") as file:
            rows = [json.loads(line) for line in file]
        found = [(row["custom"]["role"], row["text"] + "\n") for row in rows]
    assert found == [("clean", "hello world\n"), ("noisy", "hello world\n")]
    assert noiseaug("verify", dest).returncode == 0
