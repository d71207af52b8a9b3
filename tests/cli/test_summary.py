"""The summary: counts that add up, failures by reason, what could not be kept, and outputs that are much larger."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from support.commands import noiseaug, within
from support.corpus import photo, sound, write_image, write_sound

STRENGTH = ["--std", "10/255", "--seed", "7"]


@pytest.fixture
def troubled(source):
    """Two good images, six bad ones of two kinds, and a silent recording."""
    for name in "ab":
        write_image(source / f"{name}.png", photo(8, 8))
    for number in range(5):
        (source / f"empty{number}.png").touch()
    (source / "text.png").write_text("no image")
    write_sound(source / "silent.wav", 0 * sound(), "PCM_16")
    return source


def summary_of(*arguments):
    return json.loads(within("run", *arguments, "--json").stdout)


def of_sources(summary):
    return [summary[f"sources_{what}"] for what in ("written", "up_to_date", "failed", "skipped")]


def test_the_counts_of_sources_add_up(troubled, dest):
    options = [*STRENGTH, "--snr", "10", "--on-silence", "skip"]
    first, again = (summary_of(troubled, dest, *options) for _ in range(2))
    assert (first["sources"], of_sources(first)) == (9, [2, 0, 6, 1])
    assert (first["written"], first["up_to_date"], first["failed"]) == (2, 0, 6)
    assert (again["sources"], of_sources(again)) == (9, [0, 2, 6, 1])
    assert (again["written"], again["up_to_date"], again["failed"]) == (0, 2, 6)


def test_the_counts_of_outputs_add_up_where_some_are_up_to_date(source, dest):
    write_image(source / "a.png", photo(8, 8))
    summary_of(source, dest, *STRENGTH, "--std", "0.1")
    summary = summary_of(source, dest, *STRENGTH, "--std", "0.1", "--copies", "3")
    assert (summary["written"], summary["up_to_date"], of_sources(summary)) == (4, 2, [1, 0, 0, 0])


def test_bytes_and_seconds_are_counted(source, dest):
    write_image(source / "a.png", photo(30, 40))
    summary = summary_of(source, dest, *STRENGTH)
    assert summary["source_bytes"] == (source / "a.png").stat().st_size
    assert summary["bytes_written"] == (dest / "a.png").stat().st_size
    assert 0 < summary["seconds"] < 100


def test_failures_are_grouped_by_reason(troubled, dest):
    groups = summary_of(troubled, dest, *STRENGTH)["failure_groups"]
    assert [(group["count"], group["examples"]) for group in groups] == [
        (5, ["empty0.png", "empty1.png", "empty2.png"]),
        (1, ["text.png"]),
    ]
    assert groups[0]["error"] == "is empty; expected an image"


def test_reasons_that_differ_in_names_and_numbers_are_one(source, dest):
    for name, width in (("a", 20), ("b b", 30)):
        write_image(source / f"{name}.png", photo(20, width))
    dest.mkdir()
    groups = summary_of(source, dest, *STRENGTH, "--max-pixels", "100")["failure_groups"]
    assert [(group["count"], group["examples"]) for group in groups] == [(2, ["a.png", "b b.png"])]
    assert "N" in groups[0]["error"]
    for name in ("a", "b b"):
        (dest / f"{name}.png").write_text("mine")
    (group,) = summary_of(source, dest, *STRENGTH)["failure_groups"]
    assert group["error"] == (
        "NAME stands in DEST and no run is known to have written it; move it away or use --overwrite"
    )


@pytest.mark.parametrize("flag", ["-q", "--json", "-v"])
def test_failures_are_said_by_reason_whatever_else_is_printed(troubled, dest, flag):
    result = within("run", troubled, dest, *STRENGTH, flag)
    assert result.returncode == 3
    lines = result.stderr.splitlines()
    at = lines.index("6 failed:")
    assert lines[at + 1] == "  5 times: is empty; expected an image"
    assert lines[at + 2] == "    empty0.png, empty1.png, empty2.png and 2 more"
    assert lines[at + 3].startswith("  text.png: cannot be decoded as an image")
    assert lines[at + 4 :] == [f"  all are listed in {dest}/failures.jsonl; the same command tries them again"]


def test_a_quiet_merge_says_that_there_are_failures(troubled, dest):
    for part in ("1/2", "2/2"):
        within("run", troubled, dest, *STRENGTH, "--shard", part)
    result = within("merge", dest, "-q")
    assert result == (3, "", f"noiseaug: 6 failures, listed in {dest}/failures.jsonl\n")


def test_what_could_not_be_kept_is_said_in_words(source, dest):
    for name in "abc":
        Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).convert("P").save(source / f"{name}.png")
    write_image(source / "d.png", photo(8, 8))
    result = within("run", source, dest, *STRENGTH)
    assert "could not be kept: palette of 3 png files (written in full colour or grey)\n" in result.stdout


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (
            [],
            "no lossless format makes noise smaller; --image-format jpg or --audio-format ogg do, and change it a bit",
        ),
        (
            ["--image-format", "tif"],
            "tif keeps noise as it is, which no compression makes smaller; leave out --image-format, or use jpg",
        ),
        (
            ["--clip", "none"],
            "--clip none writes float32 samples; leave it out, and each output has the format of its source",
        ),
    ],
)
def test_outputs_that_take_far_more_bytes_than_their_sources_are_a_warning(source, dest, options, why):
    write_image(source / "flat.png", np.full((2000, 2000, 3), 128, np.uint8))
    result = noiseaug("run", source, dest, *STRENGTH, *options)
    assert result.returncode == 0
    before, _, found = result.stderr.partition(" times the bytes of its source: ")
    assert before.startswith("noiseaug: warning: an output takes ")
    assert found == why + "\n"
    assert noiseaug("run", source, dest, *STRENGTH, *options).stderr == ""


def test_noise_that_clips_much_is_told_with_what_to_do(source, dest):
    write_image(source / "grey.png", np.full((40, 40), 128, np.uint8))
    write_image(source / "white.png", np.full((40, 40), 255, np.uint8))
    result = within("run", source, dest, *STRENGTH)
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("clipped: ")]
    assert line.startswith("clipped: more than 5% of the samples of 1 file, at most 4")
    assert line.endswith("less noise, or --clip none, clips less")
    assert "clipped" not in within("run", source, dest, *STRENGTH).stdout
    assert "clipped" not in within("run", source, dest.with_name("float"), *STRENGTH, "--clip", "none").stdout
    summary = summary_of(source, dest, *STRENGTH, "--force")
    assert (summary["clipped_much"], summary["off"]) == (1, 0)
    assert 0.4 < summary["most_clipped"] < 0.52


@pytest.mark.parametrize(
    ("options", "off"),
    [
        (["--std", "10/255"], 0),
        (["--std", "0.2/255"], 1),
        (["--std", "0", "--mean", "0.1"], 0),
        (["--std", "10/255", "--image-format", "jpg", "--quality", "10", "--measure", "decoded"], 1),
    ],
)
def test_noise_that_is_far_from_the_request_is_told(options, off, source, dest):
    grey = np.full((40, 40), 128, np.uint8)
    grey[0] = 255
    write_image(source / "grey.png", grey)
    write_image(source / "few.png", np.full((5, 5), 128, np.uint8))
    result = within("run", source, dest, *options)
    assert ("more than 10% off the strength asked for: 1 file, as noise was" in result.stdout) == bool(off)
    assert summary_of(source, dest, *options, "--force")["off"] == off
