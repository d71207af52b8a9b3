"""What is around a run may be bare or gone: pixels in bounds, memory, pipes, environment, working directory."""

from __future__ import annotations

import os
import resource
import subprocess

from support.commands import STRENGTH, command, noiseaug
from support.corpus import make_photos
from support.places import ROOT
from support.trees import failures, tree


def test_an_image_that_declares_more_pixels_than_allowed_is_refused_by_its_header(photos, tmp_path):
    result = noiseaug("run", photos, tmp_path / "out", *STRENGTH, "--max-pixels", str(48 * 48 - 1), "--kind", "image")
    assert result.returncode == 3
    assert "48 x 48 pixels, more than the 2,303 of --max-pixels" in result.stderr


def test_a_decompression_bomb_is_refused_in_little_memory(tmp_path):
    source = make_photos(tmp_path / "photos", count=2)
    png = bytearray((source / "cats/001.png").read_bytes())
    png[16:24] = (60_000).to_bytes(4, "big") * 2
    (source / "bomb.png").write_bytes(png)

    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))

    result = noiseaug("run", source, tmp_path / "out", *STRENGTH, "--workers", "1", preexec_fn=limit)
    assert result.returncode == 3
    assert "60000 x 60000 pixels" in failures(tmp_path / "out")["bomb.png"]


def test_a_reader_of_stdout_that_goes_away_is_no_error(photos, tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    result = subprocess.run(
        command("run", photos, tmp_path / "out", *STRENGTH), stdout=writer, stderr=subprocess.PIPE, text=True
    )
    os.close(writer)
    assert "Traceback" not in result.stderr
    assert (tmp_path / "out/manifest.jsonl").exists()


def test_a_bare_environment_is_enough(photos, tmp_path, undisturbed):
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "VIRTUAL_ENV") if name in os.environ}
    result = subprocess.run(
        command("run", photos, tmp_path / "out", *STRENGTH), env=kept | {"LC_ALL": "C"}, capture_output=True, text=True
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert tree(tmp_path / "out") == undisturbed


def test_a_working_directory_that_was_deleted_is_no_obstacle(photos, tmp_path, undisturbed):
    gone = tmp_path / "gone"
    gone.mkdir()
    script = f"import os; os.chdir({str(gone)!r}); os.rmdir({str(gone)!r}); from noiseaug.cli import main; main()"
    arguments = command("run", photos, tmp_path / "out", *STRENGTH)
    place = {"PYTHONPATH": str(ROOT)}
    result = subprocess.run(
        [arguments[0], "-c", script, *arguments[3:]], env=os.environ | place, capture_output=True, text=True
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert tree(tmp_path / "out") == undisturbed
