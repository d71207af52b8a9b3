"""The quick part of `make differential`: files by the libraries of the test extra, read by these libraries."""

from __future__ import annotations

from pathlib import Path

import pytest

from differential import corpus
from differential.runs import jobs, judge
from differential.verdicts import Verdict

_EVERY = 12  # of the files of other encoders; all of odd size that are made by hand are in


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> list[Verdict]:
    """The verdicts of some hundred files."""
    scratch: Path = tmp_path_factory.mktemp("differential")
    made, some = scratch / "made", scratch / "some"
    made.mkdir()
    some.mkdir()
    corpus.write(made, everything=False)
    others = 0
    for path in sorted(made.iterdir()):
        others += (other := not (path.name.startswith("hand-") and "odd" in path.name))
        if not other or others % _EVERY == 0:
            path.rename(some / path.name)
    return [judge(job._replace(programs=False)) for job in jobs(some, scratch / "runs")]


def _of(verdicts: list[Verdict], kind: str) -> list[str]:
    return [f"{found.name}: {found.detail}" for found in verdicts if found.verdict == kind]


def test_every_output_holds_what_independent_readers_see_in_its_source_or_says_what_it_lacks(verdicts):
    assert _of(verdicts, "wrong") == []


def test_no_file_that_independent_readers_read_is_called_damaged(verdicts):
    assert _of(verdicts, "disbelieved") == []


def test_most_files_are_judged(verdicts):
    judged = [found for found in verdicts if found.verdict in ("equal", "named")]
    assert len(judged) > 300
    assert {found.reader for found in judged} >= {"Pillow", "FFmpeg", "tifffile", "imagecodecs"}
