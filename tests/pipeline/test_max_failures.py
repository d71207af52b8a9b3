"""`--max-failures`: a run with a few bad files is taken for done, and the files are recorded all the same."""

from __future__ import annotations

import json
import shutil

import pytest

from noiseaug import Recipe, Running, run
from support.commands import STRENGTH, within
from support.corpus import photo, write_image
from support.trees import failures, manifest


@pytest.fixture(scope="module")
def hundred(tmp_path_factory):
    """A hundred files, of which two are broken."""
    source = tmp_path_factory.mktemp("hundred") / "source"
    write_image(source / "00.png", photo(4, 4))
    for number in range(1, 98):
        shutil.copy(source / "00.png", source / f"{number:02}.png")
    for number in (98, 99):
        (source / f"{number}.png").write_bytes(b"no image")
    return source


@pytest.mark.parametrize(("most", "status"), [("0", 3), ("1", 3), ("2", 0), ("1.9%", 3), ("2%", 0), ("100%", 0)])
def test_a_run_ends_with_0_as_long_as_no_more_fail_than_that(most, status, hundred, dest):
    result = within("run", hundred, dest, *STRENGTH, "--max-failures", most)
    assert result.returncode == status
    assert set(failures(dest)) == {"98.png", "99.png"}
    assert len(manifest(dest)) == 98
    said = "2 failed, of 2 of 100 files, as --max-failures allows:\n" if status == 0 else "2 failed:\n"
    assert said in result.stderr
    assert "98.png, 99.png" in result.stderr
    again = within("run", hundred, dest, *STRENGTH, "--max-failures", most, "--json")
    assert again.returncode == status  # they are tried again
    counts = json.loads(again.stdout)
    assert (counts["sources"], counts["up_to_date"], counts["failed"], counts["sources_failed"]) == (100, 98, 2, 2)


def test_a_source_with_several_outputs_fails_once(hundred, dest):
    dest.mkdir()
    for name in ("00-std0.1-0.png", "00-std0.1-1.png"):
        (dest / name).write_text("somebody else's")
    options = ["--include", "00.png", "--std", "0.1", "--copies", "3"]
    counts = json.loads(within("run", hundred, dest, *options, "--max-failures", "1", "--json").stdout)
    assert (counts["failed"], counts["sources_failed"], counts["sources"], counts["written"]) == (2, 1, 1, 1)
    assert within("run", hundred, dest, *options, "--max-failures", "1").returncode == 0


@pytest.mark.parametrize(("most", "made"), [("1", False), ("2", True)])
def test_a_stamp_is_made_if_no_more_fail_than_that(most, made, hundred, dest, tmp_path):
    stamp = tmp_path / "new/stamp"
    within("run", hundred, dest, *STRENGTH, "--max-failures", most, "--stamp", stamp)
    assert stamp.exists() == made


def test_a_merge_takes_the_failures_of_all_shards_together(hundred, dest):
    for number in (1, 2):
        within("run", hundred, dest, *STRENGTH, "--shard", f"{number}/2")
    assert within("merge", dest, "--max-failures", "2%").returncode == 0


@pytest.mark.parametrize("text", ["-1", "0.02", "2 percent", "101%", "-2%", "nan%", ""])
def test_what_says_no_number_of_failures_is_refused(text, hundred, dest):
    result = within("run", hundred, dest, *STRENGTH, f"--max-failures={text}")
    assert result.returncode == 2
    assert f"{text!r} does not say how many files may fail; expected a number such as 10, or one such as 2%" in (
        " ".join(result.stderr.split())
    )
    assert not dest.exists()


def test_it_does_not_go_with_fail_fast(hundred, dest):
    result = within("run", hundred, dest, *STRENGTH, "--max-failures", "1", "--fail-fast")
    assert result.returncode == 2
    assert "use one of them" in result.stderr


def test_from_python_it_is_a_number_or_a_fraction(hundred, dest):
    running = Running(engine="threads", max_failures=0.02)
    summary = run(hundred, dest, Recipe.of("10%"), running=running)
    assert running.tolerates(summary.sources_failed, summary.sources)
    for wrong in (-1, 1.5, float("nan")):
        with pytest.raises(ValueError, match="may fail"):
            Running(max_failures=wrong)
