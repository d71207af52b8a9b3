"""What a run warns of at its end: noise that is lost."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from support.commands import within


@pytest.fixture
def source(tmp_path):
    (tmp_path / "source").mkdir()
    return tmp_path / "source"


def write(source, name, level, dtype=np.uint8):
    rough = np.random.default_rng(1).integers(0, 4, (128, 128, 3))  # so that no format makes a small file of it
    cv2.imwrite(str(source / name), (level - rough).astype(dtype))


def warning_of(source, *options):
    """What a run warns of, and the summary that it prints as JSON."""
    result = within("run", source, source.parent / "dest", "--json", *options)
    assert result.returncode == 0
    return result.stderr, json.loads(result.stdout)


def test_much_that_clips_is_told_with_what_is_left_and_what_to_do(source):
    write(source, "white.png", 255)
    said, summary = warning_of(source, "--std", "0.1")
    assert said.startswith("noiseaug: warning: 4")
    assert "% of the samples clip, where noise is cut off: its std is " in said
    assert "take a smaller strength, or --clip none" in said
    assert summary["clipped"] == pytest.approx(0.48, abs=0.03)
    assert summary["noise_std_ratio"] == pytest.approx(0.59, abs=0.03)


def test_noise_that_is_as_strong_as_it_should_be_is_not_warned_of(source):
    write(source, "grey.png", 128)
    write(source, "deep.png", 30000, np.uint16)
    said, summary = warning_of(source, "--std", "0.1")
    assert (said, summary["noise_std_ratio"]) == ("", pytest.approx(1, abs=0.01))


def test_noise_below_the_step_of_the_samples_is_told(source):
    write(source, "grey.png", 128)
    said, _ = warning_of(source, "--std", "0.15/255")
    assert "of what was asked for, as it is near the step between two values of the samples" in said


def test_noise_that_an_encoder_takes_away_is_told_where_it_is_measured(source):
    write(source, "grey.jpg", 128)
    said, summary = warning_of(source, "--std", "10/255", "--quality", "20", "--measure", "decoded")
    assert "after encoding, the std of the noise is " in said
    assert "--image-format png" in said
    assert summary["noise_std_ratio_decoded"] < 0.8


def test_limits_that_somebody_chose_and_a_quiet_run_are_not_warned_of(source):
    write(source, "white.png", 255)
    assert warning_of(source, "--std", "0.1", "--clip", "0.4:0.5")[0] == ""
    assert within("run", source, source.parent / "other", "--std", "0.1", "--quiet").stderr == ""


def test_a_run_with_nothing_to_do_warns_of_nothing(source):
    write(source, "white.png", 255)
    warning_of(source, "--std", "0.1")
    said, summary = warning_of(source, "--std", "0.1")
    assert (said, summary["noise_std_ratio"]) == ("", None)


def test_originals_do_not_count(source):
    write(source, "white.png", 255)
    _, summary = warning_of(source, "--std", "0.1", "--with-clean", "tree")
    assert summary["clipped"] == pytest.approx(0.48, abs=0.03)


def test_arrays_are_warned_of_in_words_of_theirs_and_only_where_it_is_so(source):
    rng = np.random.default_rng(1)
    np.save(source / "half.npy", (1 + rng.normal(0, 0.01, (200, 200))).astype(np.float16))
    said, _ = warning_of(source, "--kind", "array", "--std", "0.0001")
    assert "take a larger strength, or a wider dtype (--clip none makes float32 of integers)" in said
    some = np.where(rng.random((100, 100)) > 0.1, np.nan, rng.normal(0, 0.01, (100, 100)))
    np.savez(source / "some.npz", a=rng.normal(0, 10, (100, 100)), some=some, none=np.zeros((50, 50)))
    for options in (["--snr", "10"], ["--std", "0.1"], ["--std", "50", "--std-of", "value"]):
        said, summary = warning_of(source, "--kind", "array", "--include", "some.npz", *options)
        assert "warning" not in said
        assert summary["noise_std_ratio"] in (None, pytest.approx(1, abs=0.02))
