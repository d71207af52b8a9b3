"""Outputs, transcripts and rows that cannot be exported fail by themselves."""

from __future__ import annotations

import gzip
import json

import pytest

from support.commands import within
from support.exported import FORMATS, exported, lines_of, new_files, read_shards
from support.trees import edit, tree


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
