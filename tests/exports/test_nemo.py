"""NeMo's own reader finds what the run wrote."""

from __future__ import annotations

import os

import pytest
import soundfile

from support.commands import within
from support.corpus import sound, write_sound
from support.exported import exported, lines_of
from support.readers import read_with
from support.trees import manifest


def test_nemo_reads_every_recording_with_its_duration_and_transcript(mine):
    assert (
        exported(mine, "nemo")
        == f"nemo: 4 samples written to {mine}/nemo_manifest.json, with 3 transcripts, 4 images left out\n"
    )
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
