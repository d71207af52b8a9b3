"""`noiseaug verify`: what it finds, and that a hostile manifest leads it nowhere."""

from __future__ import annotations

import json
import shutil
import signal

import pytest

from noiseaug import verify as check
from noiseaug.settings.running import MAX_PIXELS
from support.commands import STRENGTH, noiseaug
from support.corpus import make_photos
from support.faults import NAMED_POINTS
from support.trees import edit, times


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    place = tmp_path_factory.mktemp("finished")
    source = make_photos(place / "photos", count=6)
    assert noiseaug("run", source, place / "out", *STRENGTH, "--std", "5/255:50/255", "--mean", "1%").returncode == 0
    return place


@pytest.fixture
def mine(finished, tmp_path):
    """SOURCE and DEST, for a test to spoil."""
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    return tmp_path / "photos", tmp_path / "out"


def found(dest, *arguments, **options) -> dict[str, str]:
    return {finding.file_name: finding.problem for finding in check(dest, *arguments, **options).findings}


def test_a_finished_run_is_clean_and_nothing_is_written(mine):
    source, dest = mine
    before = times(source) | times(dest)
    result = noiseaug("verify", dest, "--source", source, "--deep")
    assert (result.returncode, result.stdout) == (0, "16 checked: all as recorded\n")
    assert times(source) | times(dest) == before


def test_missing_truncated_altered_and_extra_files_are_found(mine):
    _, dest = mine
    names = sorted(str(path.relative_to(dest)) for path in (dest / "cats").iterdir())
    (dest / names[0]).unlink()
    content = (dest / names[1]).read_bytes()
    (dest / names[1]).write_bytes(content[:-10])
    (dest / names[2]).write_bytes(content[:50] + b"?" + content[51:])
    (dest / "cats/extra.png").write_bytes(b"")
    result = noiseaug("verify", dest, "--json")
    assert result.returncode == 3
    findings = {row["file_name"]: row["problem"] for row in json.loads(result.stdout)["findings"]}
    expected = dict(zip(names, ["missing", "truncated", "altered"], strict=False)) | {"cats/extra.png": "extra"}
    assert findings == expected


def test_leftovers_of_a_killed_run_are_extra(mine):
    _, dest = mine
    (dest / "cats/.noiseaug-0123456789abcdef.tmp").write_bytes(b"")
    assert found(dest) == {"cats/.noiseaug-0123456789abcdef.tmp": "extra"}


def test_changed_sources_are_found_with_source(mine):
    source, dest = mine
    (source / "dogs/002.png").unlink()
    assert set(found(dest, source).values()) == {"source"}
    assert len(found(dest, source)) == 2  # one for each level
    assert found(dest) == {}


def test_deep_finds_what_no_longer_comes_out_the_same(mine):
    source, dest = mine
    edit(dest, lambda row: row.update(std=row["std"] / 2), number=1)
    (name,) = found(dest, source, deep=True)
    (finding,) = check(dest, source, deep=True).findings
    assert (finding.problem, finding.file_name) == ("differs", name)
    assert "parameters" in finding.detail


@pytest.mark.parametrize("reference", ["pooled", "channel", "active"])
def test_deep_makes_noise_of_a_ratio_again(reference, mine):
    source, dest = mine
    options = ["--snr-reference", reference, "--keep-silence", "--on-clip", "rescale", "--audio-format", "flac"]
    result = noiseaug("run", source / "sound", dest.with_name("snr"), "--snr", "5:20", "--snr", "0", *options)
    assert (result.returncode, result.stderr) == (0, "")
    assert found(dest.with_name("snr"), source / "sound", deep=True) == {}


def test_deep_makes_images_again_with_their_options(mine):
    source, dest = mine
    options = ["--quality", "80", "--subsampling", "420", "--image-format", "jpg", "--measure", "decoded"]
    assert noiseaug("run", source / "dogs", dest.with_name("jpg"), "--std", "0.1", *options).returncode == 0
    assert found(dest.with_name("jpg"), source / "dogs", deep=True) == {}


def test_deep_names_library_versions_that_changed(mine):
    source, dest = mine
    edit(dest, lambda row: row.update(made_with="noiseaug 0.0.1, numpy 1.0", seed=8), number=1)
    (finding,) = check(dest, source, deep=True).findings
    assert "library versions changed: noiseaug 0.0.1, numpy 1.0 then" in finding.detail


def test_deep_needs_a_source_and_verify_a_manifest(mine):
    _, dest = mine
    assert noiseaug("verify", dest, "--deep").returncode == 2
    (dest / "manifest.jsonl").unlink()
    result = noiseaug("verify", dest)
    assert result.returncode == 2
    assert "manifest.jsonl" in result.stderr


HOSTILE = {
    "a name that leaves DEST": lambda row: row.update(file_name="../outside/secret"),
    "an absolute name": lambda row: row.update(file_name="/etc/passwd"),
    "a source that leaves SOURCE": lambda row: row.update(source_path="../outside/secret"),
    "a name with a NUL": lambda row: row.update(file_name="a\0b"),
    "an empty name": lambda row: row.update(file_name=""),
    "a wrong type": lambda row: row.update(bytes="many"),
    "an absurd number": lambda row: row.update(bytes=10**40),
    "a negative number": lambda row: row.update(copy=-1),
    "an infinite number": lambda row: row.update(std=float("inf")),
    "a strength above full scale": lambda row: row.update(std=1e9),
    "a strange kind": lambda row: row.update(kind="../../os"),
    "a hash that is none": lambda row: row.update(sha256="0" * 63 + "\n"),
    "a list for a name": lambda row: row.update(file_name=["a"]),
    "a missing key": lambda row: row.pop("seed"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_row_is_a_finding_and_nothing_outside_is_touched(what, mine, tmp_path):
    source, dest = mine
    secret = tmp_path / "outside/secret"
    secret.parent.mkdir()
    secret.write_bytes(b"secret")
    secret.chmod(0)
    before = secret.stat()
    edit(dest, HOSTILE[what], number=1)
    report = check(dest, source, deep=True)
    assert "invalid" in {finding.problem for finding in report.findings}
    after = secret.stat()
    assert (after.st_atime_ns, after.st_mtime_ns, after.st_size) == (before.st_atime_ns, before.st_mtime_ns, 6)


def test_a_link_that_leads_out_of_dest_is_not_followed(mine, tmp_path):
    _, dest = mine
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/a.png").write_bytes(b"secret")
    (dest / "door").symlink_to(tmp_path / "outside", target_is_directory=True)
    edit(dest, lambda row: row.update(file_name="door/a.png"), number=1)
    assert "invalid" in found(dest).values()


@pytest.mark.parametrize(
    "line",
    [
        b"\x00\xff\xfe binary \x80\n",
        b"[" * 100_000 + b"\n",
        b'{"file_name": "' + b"x" * 1_000_000 + b'"}\n',
        b"{}\n",
        b"7\n",
    ],
    ids=["binary", "nested", "long", "empty object", "number"],
)
def test_garbage_in_a_manifest_is_a_finding(line, mine):
    _, dest = mine
    with (dest / "manifest.jsonl").open("ab") as file:
        file.write(line)
    assert found(dest) == {"manifest.jsonl line 17": "invalid"}


def test_a_torn_last_line_is_a_finding(mine):
    _, dest = mine
    content = (dest / "manifest.jsonl").read_bytes()
    (dest / "manifest.jsonl").write_bytes(content[:-30])
    assert found(dest)["manifest.jsonl line 16"] == "invalid"


def test_duplicate_rows_are_a_finding(mine):
    _, dest = mine
    lines = (dest / "manifest.jsonl").read_bytes().splitlines(keepends=True)
    (dest / "manifest.jsonl").write_bytes(b"".join([*lines, lines[2]]))
    assert found(dest) == {json.loads(lines[2])["file_name"]: "invalid"}


@pytest.mark.parametrize("point", ["the journal has grown", "the manifest is about to be replaced"])
@pytest.mark.parametrize("had_manifest", [False, True])
def test_an_interrupted_dest_is_called_that_once_and_nothing_else(mine, had_manifest, point, tmp_path):
    source, dest = mine
    if not had_manifest:
        dest = dest.with_name("new")
    fault = NAMED_POINTS[point] | {"do": "kill-group", "count": str(tmp_path / "n")}
    run = ["run", source, dest, *STRENGTH, "--std", "9/255"]
    assert noiseaug(*run, fault=fault).returncode == -signal.SIGKILL
    result = noiseaug("verify", dest)
    assert result.returncode == 3
    first, last = result.stdout.splitlines()
    assert first.startswith("interrupted: .noiseaug: a run was interrupted, or is at work")
    assert last == "0 checked: 1 interrupted"
    assert noiseaug(*run).returncode == 0
    assert "interrupted:" not in noiseaug("verify", dest).stdout


def test_shards_that_are_not_merged_are_named_once(mine):
    source, dest = mine
    assert noiseaug("run", source, dest, *STRENGTH, "--std", "5/255:50/255", "--mean", "1%", "--shard", "1/2").stdout
    assert found(dest) == {".noiseaug-shards": "interrupted"}
    assert noiseaug("verify", dest).returncode == 3


def test_deep_makes_images_again_that_are_larger_than_the_usual_limit(tmp_path):
    """They were made with a higher --max-pixels."""
    source, dest = tmp_path / "source", tmp_path / "dest"
    source.mkdir()
    side = 1 << 14
    head = b"P5 %d %d 255 " % (MAX_PIXELS // side + 1, side)
    with open(source / "black.pgm", "wb") as file:
        file.write(head)
        file.truncate(len(head) + MAX_PIXELS + side)
    assert noiseaug("run", source, dest, "--std", "0.0005", "--max-pixels", str(2 * MAX_PIXELS)).returncode == 0
    assert found(dest, source, deep=True) == {}


def test_deep_does_not_make_again_what_has_another_source(mine):
    source, dest = mine
    next((source / "cats").iterdir()).write_bytes(b"no image")
    problems = {(finding.problem, finding.detail) for finding in check(dest, source, deep=True).findings}
    assert ("differs", "is not made again: its source changed") in problems
