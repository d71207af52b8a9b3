"""Lhotse finds what the run wrote, samples included."""

from __future__ import annotations

import pytest
import soundfile

from support.exported import exported
from support.readers import read_with
from support.trees import manifest


def test_lhotse_loads_every_recording_and_its_samples(mine):
    assert (
        exported(mine, "lhotse")
        == f"lhotse: 4 samples written to 2 files in {mine}, with 3 transcripts, 4 images left out\n"
    )
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
