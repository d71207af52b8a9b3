"""From Python: the very samples that the command line writes, and runs without one."""

from __future__ import annotations

import subprocess
import sys

import cv2
import numpy as np
import pytest

import noiseaug as package
from noiseaug import GaussianNoise, Level, NoiseaugError, Recipe, Running, Selection, Summary, run
from support.commands import noiseaug
from support.corpus import photo, pixels, read_levels, sound, write_image, write_sound
from support.trees import tree

IMAGES = {
    "cats/a.png": lambda path: write_image(path, pixels((400, 200, 3))),
    "cats/grey.png": lambda path: write_image(path, pixels((33, 44))),
    "cats/alpha.png": lambda path: write_image(path, pixels((33, 44, 4))),
    "deep.png": lambda path: write_image(path, pixels((33, 44, 3), np.uint16)),
    "deep alpha.png": lambda path: write_image(path, pixels((33, 44, 4), np.uint16)),
    "float.tif": lambda path: write_image(path, np.random.default_rng(0).random((33, 44, 3), np.float32)),
    "ünïcode \udcff.bmp": lambda path: write_image(path, pixels((33, 44, 3))),
}
SOUNDS = {
    "pcm16.wav": ("PCM_16", "int16", {}),
    "pcm24.wav": ("PCM_24", "int32", {"bits": 24}),
    "pcm32.wav": ("PCM_32", "int32", {}),
    "deep/song.flac": ("PCM_16", "int16", {}),
    "deep/song24.flac": ("PCM_24", "int32", {"bits": 24}),
    "float.wav": ("FLOAT", "float32", {}),
    "double.wav": ("DOUBLE", "float64", {}),
}
RECIPES = {
    "plain": (["--std", "25/255", "--seed", "7"], {"std": 25 / 255, "seed": 7}),
    "text": (["--std", "10%"], {"std": "10%"}),
    "range": (["--std", "5/255:50/255", "--seed", "-3"], {"std": "5/255:50/255", "seed": -3}),
    "limits": (["--std", "0.2", "--clip", "0.1:0.6", "--mean", "0.05"], {"std": 0.2, "clip": (0.1, 0.6), "mean": 0.05}),
    "mono": (["--std", "0.05", "--mono"], {"std": 0.05, "mono": True}),
}


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """A folder with files of all kinds that can be compared sample by sample."""
    root = tmp_path_factory.mktemp("samples") / "source"
    for name, make in IMAGES.items():
        # OpenCV takes no name that is not Unicode.
        plain = root / "plain.bmp" if "\udcff" in name else root / name
        make(plain).rename(root / name)
    for name, (subtype, _, _) in SOUNDS.items():
        write_sound(root / "made.wav", sound(50_000, 2), subtype, form="FLAC" if "flac" in name else None)
        (root / name).parent.mkdir(exist_ok=True)
        (root / "made.wav").rename(root / name)
    return root


@pytest.fixture(scope="module")
def augmented(samples, tmp_path_factory):
    """A function that gives DEST of one of the RECIPES, two copies of each file, by the real command line."""
    made = {}

    def dest_of(recipe):
        if recipe not in made:
            made[recipe] = tmp_path_factory.mktemp("augmented") / "dest"
            assert noiseaug("run", samples, made[recipe], *RECIPES[recipe][0], "--copies", "2").returncode == 0
        return made[recipe]

    return dest_of


def output(dest, name, settings, copy):
    stem, _, suffix = name.rpartition(".")
    return dest / f"{stem}-{Level.of(settings['std']).label}-{copy}.{suffix}"


def decode(path):
    return cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("name", IMAGES)
def test_noise_on_an_array_is_what_the_command_line_writes_for_the_image_of_that_key(samples, augmented, name, recipe):
    settings = RECIPES[recipe][1]
    array = decode(samples / name)
    noise = GaussianNoise(**settings)
    for copy in (0, 1):
        made = noise(array, key=name, copy=copy, alpha="alpha" in name)
        assert np.array_equal(made, decode(output(augmented(recipe), name, settings, copy)))


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("name", SOUNDS)
def test_noise_on_an_array_is_what_the_command_line_writes_for_the_recording_of_that_key(
    samples, augmented, name, recipe
):
    settings = RECIPES[recipe][1]
    _, dtype, bits = SOUNDS[name]
    array = read_levels(samples / name, dtype)
    for copy in (0, 1):
        made = GaussianNoise(**settings)(array, key=name, copy=copy, channel_axis=1, **bits)
        assert np.array_equal(made, read_levels(output(augmented(recipe), name, settings, copy), dtype))


def test_noise_without_clipping_is_what_the_command_line_writes_with_clip_none(source, dest):
    write_image(source / "a.png", photo(20, 30))
    write_sound(source / "b.wav", sound(), "PCM_16")
    write_sound(source / "c.wav", sound(), "PCM_24")
    noiseaug("run", source, dest, "--std", "0.5", "--clip", "none")
    noise = GaussianNoise(0.5, clip="none")
    assert np.array_equal(noise(decode(source / "a.png"), key="a.png"), decode(dest / "a.tif"))
    assert np.array_equal(
        noise(read_levels(source / "b.wav", "int16"), key="b.wav"), read_levels(dest / "b.wav", "float32")
    )
    made = noise(read_levels(source / "c.wav", "int32"), key="c.wav", bits=24)
    assert np.array_equal(made, read_levels(dest / "c.wav", "float32"))


def test_run_from_python_gives_what_the_command_line_gives(mixed, tmp_path):
    summary = run(mixed, tmp_path / "python", Recipe.of("10/255", seed=7))
    assert isinstance(summary, Summary)
    assert (summary.written, summary.failed, summary.others) == (16, 0, 1)
    assert summary.kinds == {"audio": 8, "image": 8}
    noiseaug("run", mixed, tmp_path / "command", "--std", "10/255", "--seed", "7")
    assert tree(tmp_path / "python") == tree(tmp_path / "command")


def test_run_reports_each_source_in_walk_order(mixed, dest):
    seen = []
    run(
        mixed,
        dest,
        Recipe.of(0.1, copies=2),
        Selection(include=("sound/song.*",)),
        Running("threads", workers=2),
        on_progress=seen.append,
    )
    assert [path for progress in seen for path in progress.source_paths] == [
        "sound/song.flac",
        "sound/song.mp3",
        "sound/song.ogg",
    ]
    assert seen[0].written == ("sound/song-std0.1-0.flac", "sound/song-std0.1-1.flac")
    assert all(progress.size > 0 and not progress.failures for progress in seen)


def test_run_takes_text_for_paths(mixed, dest):
    assert run(str(mixed), str(dest), Recipe.of("10%"), running=Running("threads")).written == 16


def test_the_errors_of_a_run_have_one_base(tmp_path):
    with pytest.raises(NoiseaugError, match="does not exist"):
        run(tmp_path / "missing", tmp_path / "dest", Recipe.of(0.1))
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoiseaugError, match="no image or audio"):
        run(tmp_path / "empty", tmp_path / "dest", Recipe.of(0.1))


def test_a_run_from_a_script_without_a_main_guard_needs_no_such_guard(mixed, tmp_path):
    """Workers are not made by multiprocessing, which would run the script again in each of them."""
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, noiseaug\n"
        "print(noiseaug.run(*sys.argv[1:], noiseaug.Recipe.of(0.1), running=noiseaug.Running(workers=2)).written)\n"
    )
    arguments = [sys.executable, str(script), str(mixed), str(tmp_path / "dest")]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.stderr) == ("16\n", "")


def test_every_public_name_is_there_and_documented():
    assert "GaussianNoise" in package.__all__ and "run" in package.__all__
    for name in package.__all__:
        value = getattr(package, name)
        assert name == "__version__" or value.__doc__, name


def test_a_name_that_does_not_exist_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = package.nonsense
