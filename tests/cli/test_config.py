"""Options from a file, and the file that says all of a run."""

from __future__ import annotations

import tomllib

import pytest

from support.commands import noiseaug, within
from support.corpus import make_photos
from support.trees import tree


@pytest.fixture
def place(tmp_path, monkeypatch):
    make_photos(tmp_path / "photos", 3)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def configured(place, text):
    (place / "noise.toml").write_text(text)
    return ["run", "photos", "noisy", "--config", "noise.toml"]


def test_a_file_gives_what_the_same_options_give(place):
    assert within("run", "photos", "plain", "--std", "25/255", "--seed", "7", "--copies", "2").returncode == 0
    result = within(*configured(place, '[run]\nstd = "25/255"\nseed = 7\ncopies = 2\n'))
    assert (result.returncode, result.stderr) == (0, "")
    assert tree(place / "noisy") == tree(place / "plain")


def test_the_command_line_goes_before_the_environment_and_that_before_the_file(place, monkeypatch):
    arguments = [*configured(place, '[run]\nstd = ["1/255"]\nseed = 1\ncopies = 4\n'), "--print-config"]
    monkeypatch.setenv("NOISEAUG_RUN_SEED", "2")
    monkeypatch.setenv("NOISEAUG_RUN_COPIES", "5")
    printed = within(*arguments, "--copies", "3").stdout
    assert 'std = ["1/255"]  # file: noise.toml\n' in printed
    assert "seed = 2  # environment: NOISEAUG_RUN_SEED\n" in printed
    assert "copies = 3  # command line\n" in printed
    assert "mean = 0  # default\n" in printed


def test_nothing_is_read_unasked(place):
    for name in ("noiseaug.toml", "pyproject.toml", ".noiseaug.toml"):
        (place / name).write_text('[run]\nstd = "1/255"\nseed = 9\n')
    assert "seed = 0  # default" in within("run", "photos", "noisy", "--std", "0.1", "--print-config").stdout


def test_what_is_printed_makes_the_same_again(place):
    asked = ["--std", "2/255:9/255", "--std", "30/255", "--seed", "random", "--copies", "2", "--include", "*.png"]
    asked += ["--name", '{level}/ä "\\{stem}-{copy}{ext}', "--quality", "80", "--png-level", "0"]
    printed = within("run", "photos", "first", *asked, "--print-config")
    assert not (place / "first").exists()
    (place / "again.toml").write_text(printed.stdout)
    for dest in ("first", "second"):
        assert within("run", "photos", dest, "--config", "again.toml").returncode == 0
    assert tree(place / "first") == tree(place / "second")
    seed = tomllib.loads(printed.stdout)["run"]["seed"]
    asked[asked.index("random")] = str(seed)
    assert within("run", "photos", "third", *asked).returncode == 0
    assert tree(place / "third") == tree(place / "first")


WRONG = [
    ("[run]\nstdd = 1", "noise.toml: stdd is no option that a file can set; did you mean std?"),
    ("[run]\nqqqq = 1", "noise.toml: qqqq is no option that a file can set; noiseaug run --help lists the options"),
    ('[run]\nstd = "25"', "noise.toml: std: 25 is above full scale; did you mean 25/255?"),
    ("[run]\nstd = [true]", "noise.toml: std is [True]; expected a text or a number, or a list of them"),
    ("[run]\nseed = [1]", "noise.toml: seed is [1]; expected a text or a number"),
    ('[run]\nmono = "yes"', "noise.toml: mono is 'yes'; expected true or false"),
    ("[run]\nprune = true", "noise.toml: prune lets files be replaced or deleted, and is not taken from a file;"),
    ("[run]\ndry-run = true", "noise.toml: dry-run is no option that a file can set;"),
    ("std = 1", "noise.toml: std stands outside of [run]; put a line [run] above it"),
    ("[runs]\nstd = 1", "noise.toml: expected the table [run] only, and found runs"),
    ("run = 3", "noise.toml: expected [run] to be a table, and found 3"),
    ("[run", "noise.toml: "),
]


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_a_mistake_in_a_file_is_named_with_the_file(text, said, place):
    result = within(*configured(place, text), "--std", "0.1")
    assert result.returncode == 2
    assert said in result.stderr
    assert not (place / "noisy").exists()


def test_a_file_that_is_not_there_or_no_text_is_refused(place):
    assert (
        "--config: File 'none.toml' does not exist" in within("run", "photos", "noisy", "--config", "none.toml").stderr
    )
    (place / "noise.toml").write_bytes(b"\xff\xfe")
    result = within("run", "photos", "noisy", "--config", "noise.toml")
    assert (result.returncode, "expected a TOML file" in result.stderr) == (2, True)


def test_what_has_no_effect_is_said_with_the_file_that_sets_it(place):
    result = within(
        *configured(place, '[run]\nstd = "0.1"\nkind = "image"\non-clip = "rescale"\non-silence = "copy"\n')
    )
    assert result.returncode == 0
    assert result.stderr == (
        "noiseaug: warning: --on-clip is for audio, and --kind leaves audio out; it is set in noise.toml\n"
    )


def test_a_process_of_its_own_takes_the_file_from_the_environment_too(place):
    (place / "noise.toml").write_text('[run]\nstd = "0.1"\n')
    done = noiseaug("run", "photos", "noisy", "--json", env={"NOISEAUG_RUN_CONFIG": "noise.toml"}, cwd=place)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("from_environment", [False, True])
def test_a_std_above_1_goes_with_its_unit_in_the_same_file(from_environment, place, monkeypatch):
    assert within("draw", "x.npy", "--shape", "30,4").returncode == 0
    assert within("run", "x.npy", "plain.npy", "--std", "1.5", "--std-of", "value").returncode == 0
    (place / "noise.toml").write_text('[run]\nstd = 1.5\nstd-of = "value"\n')
    if from_environment:
        monkeypatch.setenv("NOISEAUG_RUN_CONFIG", "noise.toml")
    result = within("run", "x.npy", "noisy.npy", *([] if from_environment else ["--config", "noise.toml"]))
    assert (result.returncode, result.stderr) == (0, "")
    assert (place / "noisy.npy").read_bytes() == (place / "plain.npy").read_bytes()
