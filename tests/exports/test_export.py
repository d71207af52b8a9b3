"""`noiseaug export`: the libraries that read its files find what the run wrote, and nothing else is touched."""

from __future__ import annotations

import gc
import gzip
import json
import os
import shutil
import subprocess
import sys
import tarfile
import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import soundfile
import webdataset
from PIL import Image

import noiseaug as package
from support.commands import noiseaug, within
from support.corpus import photo, read_image, read_levels, sound, write_image, write_sound
from support.readers import read_with
from support.trees import manifest, times, tree

WORDS = {"ann/one.wav": "hello world", "ann/two.flac": "Grüße,\r\nund so weiter\n", "bob/three.wav": "привет"}
FORMATS = ["nemo", "lhotse", "webdataset"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The DEST of a run over speech by two speakers, and images in two classes, with sidecars beside outputs."""
    place = tmp_path_factory.mktemp("export")
    source, dest = place / "source", place / "dest"
    write_sound(source / "speech/ann/one.wav", sound(), "PCM_16")
    write_sound(source / "speech/ann/two.flac", sound(5000, 2, seed=1), "PCM_16")
    write_sound(source / "speech/bob/three.wav", sound(6000, seed=2), "FLOAT")
    write_sound(source / "speech/bob/wordless.ogg", sound(7000, seed=3), "VORBIS")
    for name in ("cats/a.png", "cats/a.bmp", "dogs/b.v2.png", "dogs/b_v2.png"):
        write_image(source / "images" / name, photo(20, 30, seed=len(name)))
    assert noiseaug("run", source, dest, "--std", "10/255").returncode == 0
    for name, words in WORDS.items():
        (dest / "speech" / name).with_suffix(".txt").write_text(words, "utf-8", newline="")
    (dest / "images/cats/a.json").write_text('{"box": [1, 2, 3, 4]}\n')
    (dest / "images/dogs/b.v2.xml").write_text("<annotation/>\n")
    return dest


@pytest.fixture
def mine(finished, tmp_path):
    """That DEST, for a test to spoil."""
    return Path(shutil.copytree(finished, tmp_path / "dest"))


def exported(dest, to, *options):
    """What the export says; it must have succeeded."""
    result = within("export", dest, "--to", to, *options)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


def new_files(dest, before):
    """The files that came to a folder, by name."""
    return sorted(set(tree(dest)) - set(before))


def read_shards(directory, prefix="shard", decoded=False):
    """The samples of all shards as the real WebDataset library reads them."""
    shards = sorted(str(path) for path in directory.glob(f"{prefix}-*.tar"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # it leaves the closing of shards to the garbage collector
        reader = webdataset.WebDataset(shards, shardshuffle=False)
        samples = list(reader.decode() if decoded else reader)
        del reader
        gc.collect()
    return samples


def lines_of(path):
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line) for line in content.splitlines()]


def edit(dest, change, number=0):
    """Rewrites a row of the manifest."""
    lines = (dest / "manifest.jsonl").read_text().splitlines()
    row = json.loads(lines[number])
    change(row)
    lines[number] = json.dumps(row)
    (dest / "manifest.jsonl").write_text("\n".join(lines) + "\n")


# NeMo


def test_nemo_reads_every_recording_with_its_duration_and_transcript(mine):
    assert exported(mine, "nemo") == f"nemo: 4 samples written to {mine}/nemo_manifest.json, 4 images left out\n"
    items = read_with("nemo", mine / "nemo_manifest.json")
    found = {os.path.relpath(item["audio_file"], mine / "speech"): item for item in items}
    assert {name: item["text"] for name, item in found.items()} == {
        "ann/one.wav": "hello world",
        "ann/two.flac": "Grüße, und so weiter",
        "bob/three.wav": "привет",
        "bob/wordless.ogg": "",
    }
    for item in items:
        assert item["duration"] == soundfile.info(item["audio_file"]).duration
        assert item["offset"] is None


def test_a_nemo_manifest_says_what_is_known_of_the_noise(mine):
    exported(mine, "nemo")
    rows = manifest(mine)
    for line in lines_of(mine / "nemo_manifest.json"):
        row = rows[line["audio_filepath"]]
        for key in ("role", "label", "std", "snr_db_measured", "sampling_rate", "source_path", "recipe"):
            assert line[key] == row[key], key
    assert "text" not in lines_of(mine / "nemo_manifest.json")[3]


def test_a_nemo_manifest_moves_with_its_folder(mine):
    exported(mine, "nemo")
    moved = mine.rename(mine.with_name("moved"))
    items = read_with("nemo", moved / "nemo_manifest.json")
    assert all(item["audio_file"].startswith(f"{moved}/speech/") for item in items)


@pytest.mark.parametrize("paths", ["relative", "absolute"])
def test_a_nemo_manifest_elsewhere_leads_to_the_files(paths, mine, tmp_path):
    (tmp_path / "deep/er").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "deep/er", target_is_directory=True)
    exported(mine, "nemo", "--output", tmp_path / "link/train.json", "--paths", paths)
    items = read_with("nemo", tmp_path / "deep/er/train.json")
    assert {item["audio_file"] for item in items} == {
        str(mine / name) for name, row in manifest(mine).items() if row["kind"] == "audio"
    }


def test_nemo_finds_files_whose_names_it_would_expand_or_take_for_too_long(source, dest):
    long = "/".join(["n" * 90] * 3)
    for name in ("~root/a.wav", "flat.wav", f"{long}/a.wav"):
        write_sound(source / name, sound(), "PCM_16")
    assert within("run", source, dest, "--std", "0.1").returncode == 0
    exported(dest, "nemo")
    items = read_with("nemo", dest / "nemo_manifest.json")
    assert {os.path.relpath(item["audio_file"], dest) for item in items} == set(manifest(dest))
    assert not any(line["audio_filepath"].startswith("~") for line in lines_of(dest / "nemo_manifest.json"))


# Lhotse


def test_lhotse_loads_every_recording_and_its_samples(mine):
    assert exported(mine, "lhotse") == f"lhotse: 4 samples written to 2 files in {mine}, 4 images left out\n"
    rows, cuts = manifest(mine), read_with("lhotse", mine)
    assert [cut["id"] for cut in cuts] == [name for name, row in rows.items() if row["kind"] == "audio"]
    for cut in cuts:
        samples, rate = soundfile.read(mine / cut["id"], dtype="float32", always_2d=True)
        assert (cut["shape"], cut["sampling_rate"]) == ([samples.shape[1], samples.shape[0]], rate)
        assert cut["sum"] == pytest.approx(samples.astype(float).sum(), rel=1e-9, abs=1e-9)


def test_lhotse_supervisions_hold_transcripts_and_the_noise(mine):
    exported(mine, "lhotse")
    rows, cuts = manifest(mine), read_with("lhotse", mine)
    texts = ["hello world", "Grüße, und so weiter", "привет", None]
    assert [cut["text"] for cut in cuts] == texts
    for cut in cuts:
        row = rows[cut["id"]]
        for key in ("role", "label", "std", "snr_db_measured", "source_path"):
            assert cut["custom"][key] == row[key], key


def test_lhotse_manifests_with_relative_paths_move_with_their_folder(mine):
    exported(mine, "lhotse", "--paths", "relative")
    moved = mine.rename(mine.with_name("moved"))
    assert len(read_with("lhotse", moved, moved)) == 4


def test_gzip_holds_no_time_and_no_name(mine):
    exported(mine, "lhotse")
    head = (mine / "recordings.jsonl.gz").read_bytes()[:10]
    assert head[3] & 8 == 0  # no name
    assert head[4:8] == bytes(4)  # no time


# WebDataset


def test_webdataset_gives_back_every_output_under_a_key_of_its_own(mine):
    assert exported(mine, "webdataset") == f"webdataset: 8 samples written to 2 files in {mine}\n"
    samples, rows = read_shards(mine), manifest(mine)
    assert len({sample["__key__"] for sample in samples}) == len(samples) == 8
    assert [json.loads(sample["json"])["file_name"] for sample in samples] == list(rows)
    for sample in samples:
        row = json.loads(sample["json"])
        assert row == rows[row["file_name"]]
        assert sample[row["file_name"].rpartition(".")[2]] == (mine / row["file_name"]).read_bytes()


def test_webdataset_decodes_the_pixels_and_samples_that_were_written(mine):
    exported(mine, "webdataset")
    for sample in read_shards(mine):
        name = json.loads(sample["json"])["file_name"]
        content = BytesIO(sample[name.rpartition(".")[2]])
        if name.startswith("images"):
            with Image.open(content) as image:
                assert np.array_equal(np.asarray(image), read_image(mine / name))
        else:
            assert np.array_equal(soundfile.read(content, dtype="int32", always_2d=True)[0], read_levels(mine / name))


def test_webdataset_classes_are_the_sorted_labels(mine):
    exported(mine, "webdataset")
    classes = json.loads((mine / "shard-classes.json").read_text())["classes"]
    assert classes == ["ann", "bob", "cats", "dogs"]
    for sample in read_shards(mine, decoded=True):
        assert classes[sample["cls"]] == sample["json"]["label"]


def test_webdataset_samples_hold_sidecars(mine):
    exported(mine, "webdataset")
    samples = {json.loads(sample["json"])["file_name"]: sample for sample in read_shards(mine)}
    assert samples["speech/bob/three.wav"]["txt"].decode() == "привет"
    assert samples["images/dogs/b.v2.png"]["xml"] == b"<annotation/>\n"
    for name in ("images/cats/a.png", "images/cats/a.bmp"):
        assert json.loads(samples[name]["annotation.json"])["box"] == [1, 2, 3, 4]
    assert set(samples["speech/bob/wordless.ogg"]) == {"__key__", "__url__", "__local_path__", "ogg", "json", "cls"}


def test_names_that_webdataset_would_cut_merge_or_pass_over_stay_apart(source, dest):
    names = ["a.png", "a.bmp", "a.b.png", "a_b.png", "v1.0/x.png", "v1.0/x.y.png", "__meta__/m.png", "_meta__/m.png"]
    names += [".hidden.png", "UPPER.PNG", "ünï.cödé.png", "line\nbreak.png", "l" * 120 + ".png"]
    for index, name in enumerate(names):
        write_image(source / "plain.png", photo(8, 9, seed=index))
        (source / name).parent.mkdir(exist_ok=True)
        (source / "plain.png").rename(source / name)
    assert within("run", source, dest, "--std", "0.1", "--std", "0.02").returncode == 0
    exported(dest, "webdataset")
    samples, rows = read_shards(dest), manifest(dest)
    assert len(samples) == len({sample["__key__"] for sample in samples}) == len(rows) == 2 * len(names)
    for sample in samples:
        row = json.loads(sample["json"])
        assert sample[row["file_name"].rpartition(".")[2].lower()] == (dest / row["file_name"]).read_bytes()


def test_a_name_that_is_not_unicode_goes_through_a_shard(source, dest):
    write_image(source / "plain.png", photo(8, 9)).rename(source / os.fsdecode(b"caf\xe9.png"))
    assert within("run", source, dest, "--std", "0.1").returncode == 0
    exported(dest, "webdataset")
    (sample,) = read_shards(dest)
    assert os.fsencode(sample["__key__"]) == b"caf\xe9"


def test_shards_are_no_larger_than_asked_for_unless_one_sample_is(mine):
    exported(mine, "webdataset", "--shard-size", "24KB", "--prefix", "train")
    shards = sorted(mine.glob("train-*.tar"))
    assert [shard.name for shard in shards] == [f"train-{index:06}.tar" for index in range(len(shards))]
    assert len(shards) > 2
    for shard in shards:
        with tarfile.open(shard) as archive:
            samples = {member.name.partition(".")[0] for member in archive}
        assert shard.stat().st_size <= 24_000 or len(samples) == 1
    assert [json.loads(sample["json"])["file_name"] for sample in read_shards(mine, "train")] == list(manifest(mine))


def test_a_shard_is_filled_up_to_the_last_byte(mine):
    exported(mine, "webdataset")
    size = (mine / "shard-000000.tar").stat().st_size
    assert "up to date" in exported(mine, "webdataset", "--shard-size", str(size))
    assert "written to 3 files" in exported(mine, "webdataset", "--shard-size", str(size - 1))


def test_tar_members_have_no_time_and_no_owner(mine):
    exported(mine, "webdataset")
    with tarfile.open(mine / "shard-000000.tar") as archive:
        facts = {(member.mtime, member.uid, member.gid, member.mode) for member in archive}
    assert facts == {(0, 0, 0, 0o644)}


def test_shards_of_a_larger_export_before_are_removed(mine):
    exported(mine, "webdataset", "--shard-size", "1KB")
    assert len(list(mine.glob("shard-*.tar"))) == 8
    exported(mine, "webdataset")
    assert [path.name for path in mine.glob("shard-*.tar")] == ["shard-000000.tar"]
    assert len(read_shards(mine)) == 8


# All formats


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


@pytest.mark.parametrize("to", FORMATS)
def test_an_output_that_is_missing_or_altered_in_size_is_named_and_left_out(to, mine):
    (mine / "speech/ann/one.wav").unlink()
    with (mine / "speech/bob/three.wav").open("ab") as file:
        file.write(b"?")
    result = within("export", mine, "--to", to)
    assert result.returncode == 3
    missing, altered = result.stderr.splitlines()
    assert missing.startswith("failed: speech/ann/one.wav: is missing; run noiseaug again")
    assert altered.startswith("failed: speech/bob/three.wav: has 24,") and "the manifest says 24," in altered
    assert result.stdout.endswith("2 failed\n")
    names = {
        "nemo": lambda: [line["audio_filepath"] for line in lines_of(mine / "nemo_manifest.json")],
        "lhotse": lambda: [line["id"] for line in lines_of(mine / "recordings.jsonl.gz")],
        "webdataset": lambda: [json.loads(sample["json"])["file_name"] for sample in read_shards(mine)],
    }[to]()
    assert [name for name in names if name.startswith("speech")] == ["speech/ann/two.flac", "speech/bob/wordless.ogg"]


@pytest.mark.parametrize("to", FORMATS)
def test_a_transcript_that_is_not_utf8_fails_by_itself(to, mine):
    (mine / "speech/ann/one.txt").write_bytes("Grüße".encode("latin-1"))
    result = within("export", mine, "--to", to)
    assert result.returncode == 3
    assert "failed: speech/ann/one.wav: its text one.txt is not UTF-8" in result.stderr
    assert f"{to}: {7 if to == 'webdataset' else 3} samples written" in result.stdout


def test_a_transcript_with_a_byte_order_mark_is_read_without_it(mine):
    (mine / "speech/ann/one.txt").write_bytes(b"\xef\xbb\xbfhello\n")
    exported(mine, "nemo")
    assert lines_of(mine / "nemo_manifest.json")[0]["text"] == "hello"


@pytest.mark.parametrize("to", FORMATS)
def test_links_in_dest_are_not_followed(to, mine, tmp_path):
    (tmp_path / "secret").write_text("secret")
    (mine / "speech/ann/one.txt").unlink()
    (mine / "speech/ann/one.txt").symlink_to(tmp_path / "secret")
    size = (mine / "speech/bob/three.wav").stat().st_size
    (mine / "speech/bob/three.wav").unlink()
    (tmp_path / "sound").write_bytes(bytes(size))
    (mine / "speech/bob/three.wav").symlink_to(tmp_path / "sound")
    before = set(tree(mine))
    result = within("export", mine, "--to", to)
    assert result.returncode == 3
    assert "one.txt is a link" in result.stderr
    assert "speech/bob/three.wav: is not a regular file" in result.stderr
    for name in new_files(mine, before):
        content = (mine / name).read_bytes()
        assert b"secret" not in (gzip.decompress(content) if name.endswith(".gz") else content)


HOSTILE = {
    "a name that leaves DEST": lambda row: row.update(file_name="../outside.wav"),
    "an absolute name": lambda row: row.update(file_name="/etc/passwd"),
    "a name that is no text": lambda row: row.update(file_name="\ud800.wav"),
    "an infinite number": lambda row: row.update(std=float("inf")),
    "a wrong size": lambda row: row.update(bytes="many"),
    "a rate of 0": lambda row: row.update(kind="audio", sampling_rate=0),
    "very many channels": lambda row: row.update(kind="audio", channels=1 << 40, sampling_rate=1, num_samples=1),
    "a strange kind": lambda row: row.update(kind=["audio"]),
    "a strange role": lambda row: row.update(role=7),
    "a list for a label": lambda row: row.update(label=["a"]),
}


@pytest.mark.parametrize("what", HOSTILE)
@pytest.mark.parametrize("to", FORMATS)
def test_a_hostile_row_fails_by_itself(to, what, mine):
    (mine.parent / "outside.wav").write_bytes(b"secret")
    edit(mine, HOSTILE[what], 4)  # the first recording
    result = within("export", mine, "--to", to)
    assert result.returncode == 3
    assert result.stderr.count("failed: ") == result.stderr.count("\n") == 1
    assert f"{to}: {7 if to == 'webdataset' else 3} samples written" in result.stdout


def test_a_damaged_manifest_is_named_by_line_and_the_rest_is_exported(mine):
    content = (mine / "manifest.jsonl").read_bytes()
    lines = content.splitlines(keepends=True)
    (mine / "manifest.jsonl").write_bytes(b"".join([*lines[:4], b"garbage\n", *lines[5:], lines[5]])[:-20])
    result = within("export", mine, "--to", "nemo")
    assert result.returncode == 3
    first, second = result.stderr.splitlines()
    assert first.startswith("failed: manifest.jsonl line 5: is not JSON; run noiseaug again")
    assert second.startswith("failed: manifest.jsonl line 9: is cut short")
    assert [line["audio_filepath"] for line in lines_of(mine / "nemo_manifest.json")] == [
        "speech/ann/two.flac",
        "speech/bob/three.wav",
        "speech/bob/wordless.ogg",
    ]


@pytest.mark.parametrize("to", FORMATS)
def test_a_row_that_is_there_twice_is_exported_once(to, mine):
    lines = (mine / "manifest.jsonl").read_bytes().splitlines(keepends=True)
    (mine / "manifest.jsonl").write_bytes(b"".join([*lines, lines[4]]))
    result = within("export", mine, "--to", to)
    assert result.returncode == 3
    assert "failed: speech/ann/one.wav: the manifest has several rows for it" in result.stderr
    assert f"{to}: {8 if to == 'webdataset' else 4} samples written" in result.stdout


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
    assert (result.returncode, result.stdout) == (3, "nothing exported\n")
    assert {name: value for name, value in tree(mine).items() if name in before} == before


@pytest.mark.parametrize("to", FORMATS)
@pytest.mark.parametrize(
    "fault",
    [{"call": "write", "path": "export-"}, {"call": "os.replace", "path": r"nemo_manifest|jsonl\.gz|shard"}],
    ids=["writing", "publishing"],
)
def test_an_export_that_is_killed_leaves_the_one_before_and_is_taken_up_by_the_next(to, fault, mine):
    exported(mine, to, "--shard-size", "24KB")
    earlier = tree(mine)
    (mine / "speech/ann/one.txt").write_text("something else")
    fault |= {"do": "kill", "nth": 0}
    result = noiseaug("export", mine, "--to", to, "--shard-size", "24KB", fault=fault)
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
        ([], "Missing option '--to'"),
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
        "samples": 4,
        "left_out": {"image": 4},
        "failed": 0,
        "files": files,
        "written": files,
        "removed": [],
    }


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
