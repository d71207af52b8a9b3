"""Settings in Python: everything that the command line takes, by name, and one clear message for each mistake."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import noiseaug as package
from noiseaug import (
    AudioOptions,
    Companions,
    ImageOptions,
    Layout,
    Level,
    Recipe,
    Running,
    Selection,
    Shard,
    Summary,
    run,
    stream,
)
from noiseaug.cli.run import command
from noiseaug.settings.keywords import RunKeywords, StreamKeywords, keywords_of
from support.commands import noiseaug
from support.corpus import photo, write_image
from support.trees import tree

OWNERS = (Recipe, Selection, Running, Layout, Companions)
# Options of `noiseaug run` whose keyword has another name.
OTHERWISE = {"kind": "kinds", "files_from": "names"}
# Those that have none: they say what is printed, how a list is read, or what Make is to see.
OF_THE_COMMAND_LINE = {
    *("dry_run", "quiet", "json", "null", "depfile", "stamp"),
    *("events", "config", "print_config", "help_all"),
}
# Keywords without an option: levels and options as objects, and what `--kind audio` says too.
OF_PYTHON = {"levels", "image", "audio", "videos"}


def test_every_option_of_the_command_line_has_its_keyword_and_every_keyword_its_option():
    options = {one.name for one in command.params} - {"source", "dest"}
    keywords = {name for owner in OWNERS for name in keywords_of(owner)}
    assert {OTHERWISE.get(name, name) for name in options - OF_THE_COMMAND_LINE} == keywords - OF_PYTHON


def test_every_keyword_is_told_to_type_checkers():
    told, taken = set(RunKeywords.__annotations__), {name for owner in OWNERS for name in keywords_of(owner)}
    assert told == taken, "add to RecipeKeywords, or its neighbours, what is missing there"
    assert set(StreamKeywords.__annotations__) == (
        {*keywords_of(Recipe), *keywords_of(Selection), "max_pixels", "accept_damaged", "label_folder"}
    )


def test_a_recipe_takes_all_that_the_command_line_does():
    recipe = Recipe.of(
        ["25/255", "log:0.01:0.1"],
        snr=[10, "5:20"],
        preset="imagenet-c:3",
        mean="-1/255",
        clip="-0.5:150%",
        mono=True,
        seed=-(10**30),
        copies=3,
        ramp="linear",
        prob="50%",
        image_format="png",
        audio_format="wav",
        png_level=9,
        measure="decoded",
        on_silence="floor",
    )
    assert [level.label for level in recipe.levels] == [
        "std0.098",
        "stdlog0.01-0.1",
        "imagenet-c-3",
        "snr10",
        "snr5-20",
    ]
    assert (recipe.mean, recipe.clip, recipe.prob) == (-1 / 255, (-0.5, 1.5), 0.5)
    assert recipe.image == ImageOptions(format="png", png_level=9, measure="decoded")
    assert recipe.audio == AudioOptions(format="wav", on_silence="floor", measure="decoded")
    assert Recipe.of(0.1, image=ImageOptions(quality=90)) == Recipe.of(std="0.1", quality=90)
    assert Recipe.of(levels=[Level.of(10, "snr")]) == Recipe.of(snr=10)
    assert isinstance(Recipe.of(0.1, seed="random").seed, int)


@pytest.mark.parametrize(
    "keywords",
    [
        {"std": ["0.1", 0.2], "snr": 10, "copies": 2, "seed": 7, "on_clip": "rescale", "engine": "threads"},
        {"preset": "denoise:25", "name": "{level}/{dir}/{stem}{ext}", "include": "*.png", "sidecars": ".txt"},
        {"std": 0.1, "image_format": "png", "quality": 90, "manifest": "metadata.csv", "with_clean": "tree"},
    ],
)
def test_a_run_by_keywords_is_that_of_the_command_line(mixed, tmp_path, keywords):
    def option(name, value):
        return f"--{name.replace('_', '-')}={value}"

    summary = run(str(mixed), tmp_path / "python", **keywords, workers=1)
    assert isinstance(summary, Summary) and summary.written
    several = [
        (name, one) for name, value in keywords.items() for one in (value if isinstance(value, list) else [value])
    ]
    noiseaug("run", mixed, tmp_path / "command", *(option(name, value) for name, value in several))
    assert tree(tmp_path / "python") == tree(tmp_path / "command")


def test_numbers_of_any_kind_make_the_same_recipe_and_the_same_rows(source, tmp_path):
    write_image(source / "a.png", photo(8, 8))
    plain = {"std": 0.5, "mean": 0.25, "seed": 3, "copies": 2, "clip": (0.0, 1.0)}
    other = {"std": np.float32(0.5), "mean": Fraction(1, 4), "seed": np.int64(3), "copies": np.uint8(2), "clip": (0, 1)}
    assert Recipe.of(**plain) == Recipe.of(**other)
    for name, settings in (("plain", plain), ("other", other)):
        run(source, tmp_path / name, **settings, engine="threads")
    assert tree(tmp_path / "plain") == tree(tmp_path / "other")


def test_a_text_alone_stands_for_one_of_several_and_paths_are_taken(tmp_path):
    chosen = Selection(include="*.png", kinds="image", names=["./a.png"], shard="2/3", root=tmp_path)
    assert (chosen.include, chosen.kinds, chosen.names) == (("*.png",), frozenset({"image"}), ("a.png",))
    assert (chosen.shard, chosen.root) == (Shard(2, 3), str(tmp_path))
    assert Layout(sidecars=[".txt", ".json"]).sidecars == (".txt", ".json")


OF_TYPES = {
    "seed must be a whole number, not None": lambda: Recipe.of(0.1, seed=None),
    "seed must be a whole number, not True": lambda: Recipe.of(0.1, seed=True),
    "copies must be a whole number, not 2.0": lambda: Recipe.of(0.1, copies=2.0),
    "mono must be True or False, not 1": lambda: Recipe.of(0.1, mono=1),
    "clip must be 'auto' or 'none' or a pair (low, high) of numbers, not [0, 1]": lambda: Recipe.of(0.1, clip=[0, 1]),
    "clip must be 'auto' or 'none' or a pair (low, high) of numbers, not (0,)": lambda: Recipe.of(0.1, clip=(0,)),
    "mean must be a number, not '1/255'": lambda: Recipe((Level.of(0.1),), mean="1/255"),
    "mean must be a number, not [0]": lambda: Recipe.of(0.1, mean=[0]),
    "std must be a number or a text such as 0.1 or '25/255', or a Level, not b'1'": lambda: Recipe.of(b"1"),
    "std must be a number or a text such as 0.1 or '25/255', or a Level, not None": lambda: Recipe.of([None]),
    "snr must be a number or a text such as 10 or '10:30', or a Level, not True": lambda: Recipe.of(snr=True),
    "preset must be a text such as 'imagenet-c:3', not 3": lambda: Recipe.of(preset=3),
    "ramp must be 'linear' or 'log' or None, not True": lambda: Recipe.of("0:1", ramp=True),
    "quality must be a whole number or None, not '90'": lambda: Recipe.of(0.1, quality="90"),
    "image must be an ImageOptions, not {'quality': 90}": lambda: Recipe.of(0.1, image={"quality": 90}),
    "levels must be several of Level, not (0.1,)": lambda: Recipe((0.1,)),
    "low must be a number, not '0.1'": lambda: Level("0.1", "0.1"),
    "Recipe.of() takes no keyword 'sdt'; did you mean std?": lambda: Recipe.of(sdt=0.1),
    "Recipe.of() takes no keyword 'sigma'; did you mean std?": lambda: Recipe.of(sigma=0.1),
    "Recipe.of() got image and quality": lambda: Recipe.of(0.1, image=ImageOptions(), quality=3),
    "recipe of run() must be a Recipe, not 0.1; write std=0.1, or Recipe.of(0.1)": lambda: run("a", "b", 0.1),
    "recipe of stream() must be a Recipe, not '0.1'": lambda: stream("a", "0.1"),
    "selection of run() must be a Selection, not Running(": lambda: run("a", "b", Recipe.of(0.1), Running()),
    "run() got recipe and std": lambda: run("a", "b", Recipe.of(0.1), std=0.1),
    "run() got running and workers": lambda: run("a", "b", std=0.1, running=Running(), workers=2),
    "source must be a path, as a text or a Path, not 1": lambda: run(1, "b", std=0.1),
    "dest must be a path, as a text or a Path, not b'b'": lambda: run("a", b"b", std=0.1),
    "run() takes no keyword 'worker'; did you mean workers?": lambda: run("a", "b", std=0.1, worker=2),
    "run() takes no keyword 'n_jobs'; did you mean workers?": lambda: run("a", "b", std=0.1, n_jobs=2),
    "run() takes no keyword 'kind'; did you mean kinds?": lambda: run("a", "b", std=0.1, kind="image"),
    "run() takes no keyword 'zzz'; there are accept_damaged, annotations,": lambda: run("a", "b", std=0.1, zzz=1),
    "workers must be a whole number or None, not '2'": lambda: Running(workers="2"),
    "scheduler must be a text or None, not 2": lambda: Running("threads", 2),
    "timeout must be a number, not '5'": lambda: Running(timeout="5"),
    "include must be a text or several, not 3": lambda: Selection(include=3),
    "include must be a text or several, not {'*.png'}": lambda: Selection(include={"*.png"}),
    "names must be a text or several or None, not [PosixPath('a')]": lambda: Selection(names=[Path("a")]),
    "shard must be a text such as '3/16', or a Shard, not (1, 4)": lambda: Selection(shard=(1, 4)),
    "with_clean must be 'tree' or 'beside' or None, not True": lambda: Layout(with_clean=True),
    "manifest must be a text, not PosixPath('m.csv')": lambda: Companions(manifest=Path("m.csv")),
    "label_smoothing must be a number or None, not 'a'": lambda: Companions(label_smoothing="a"),
}
OF_VALUES = {
    "no strength is given: say how strong the noise is, such as std='25/255'": lambda: run("a", "b"),
    "25 is above full scale; did you mean 25/255?": lambda: run("a", "b", std=25),
    "-1 is not a number of copies": lambda: Recipe.of(0.1, copies=-1),
    "mean: '1/0' is not a number such as 0.1": lambda: Recipe.of(0.1, mean="1/0"),
    "clip: 'x' is not auto, none or LOW:HIGH": lambda: Recipe.of(0.1, clip="x"),
    "std0.1 is a standard deviation, and was given as snr": lambda: Recipe.of(snr=Level.of(0.1)),
    "'exp' is no ramp: expected one of linear, log, None": lambda: Recipe.of("0:1", ramp="exp"),
    "101 is no quality: it must be 1 to 100": lambda: Recipe.of(0.1, quality=101),
    "'thread' is no engine: expected one of auto, threads, processes, dask": lambda: Running(engine="thread"),
    "0 is no number of workers": lambda: Running(workers=0),
    "inf is not a time in seconds": lambda: Running(timeout=float("inf")),
    "'video' is no kind of files: there are": lambda: Selection(kinds=("image", "video")),
    "no kind of files is given: there are": lambda: Selection(kinds=()),
    "'../a' is not a path relative to SOURCE": lambda: Selection(names=("../a",)),
    "0 is no limit on files": lambda: Selection(limit=0),
    "there is no shard 0/4": lambda: Selection(shard=Shard(0, 4)),
    "'soft' is no link: expected one of copy, hardlink, symlink": lambda: Layout(link="soft"),
    "'txt' is no suffix of sidecars": lambda: Layout(sidecars="txt"),
    "'dB' is no unit: expected one of std, snr": lambda: Level(1, 1, "dB"),
}


@pytest.mark.parametrize("message", OF_TYPES)
def test_a_value_of_the_wrong_type_is_a_type_error_that_says_what_is_expected(message):
    with pytest.raises(TypeError) as error:
        OF_TYPES[message]()
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("message", OF_VALUES)
def test_a_value_that_cannot_be_is_a_value_error_that_says_what_is_expected(message):
    with pytest.raises(ValueError) as error:
        OF_VALUES[message]()
    assert str(error.value).startswith(message)


def test_every_attribute_of_settings_is_documented():
    for name in package.__all__:
        owner = getattr(package, name)
        if isinstance(owner, type) and hasattr(owner, "__dataclass_fields__"):
            told = owner.__doc__ or ""
            assert [item.name for item in fields(owner) if item.name not in told] == [], name


def test_the_public_names_are_shown_without_loading_what_is_behind_them():
    script = (
        "import sys, noiseaug; print(*dir(noiseaug)); noiseaug.Recipe.of(0.1); noiseaug.read_manifest; "
        "print([name for name in ('numpy', 'cv2', 'PIL', 'soundfile') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    names, loaded = done.stdout.splitlines()
    assert set(names.split()) == {*package.__all__} and loaded == "[]"
    shown = subprocess.run(
        [sys.executable, "-c", "import noiseaug; help(noiseaug)"], capture_output=True, text=True, check=True
    )
    assert [name for name in package.__all__ if name not in shown.stdout and name != "__version__"] == []
