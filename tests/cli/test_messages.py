# ruff: noqa: E501 - messages as they are said
"""Wrong command lines and bad surroundings, each with its message: what was expected, what was found, what to do."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from support.commands import command, noiseaug, within
from support.corpus import photo, sound, write_image, write_sound
from support.trees import tree

# The arguments, the exit status, and what is said on stderr, without the usage of the command.
WRONG = [
    ("veryfy out", 2, "Error: 'veryfy' is no command; did you mean verify?"),
    ("photos out --std 25/255", 2, "Error: 'photos' is no command; did you mean: noiseaug run photos out --std 25/255"),
    (
        "photos/ out/ --std 25/255",
        2,
        "Error: 'photos/' is no command; did you mean: noiseaug run photos/ out/ --std 25/255",
    ),
    ("--std 25/255 photos out", 2, "Error: --std is an option of run; did you mean: noiseaug run .. --std"),
    (
        "frobnicate",
        2,
        "Error: 'frobnicate' is no command; expected one of run, draw, merge, preview, report, show, presets, formats, verify,"
        " prune, export, completion",
    ),
    ("run", 2, "Error: SOURCE is missing; expected: noiseaug run SOURCE DEST"),
    ("run photos", 2, "Error: DEST is missing; expected: noiseaug run SOURCE DEST"),
    (
        "run photos out",
        2,
        "Error: Missing option '--std' (or '--snr', for audio): how strong is the noise to be? Write --std 25/255",
    ),
    (
        "run photos out file --std 0.1",
        2,
        "Error: expected SOURCE and DEST, and found more: file; for several files name their directory, and choose with --include '*.png' or --files-from",
    ),
    (
        "run nowhere out --std 0.1",
        2,
        "Error: SOURCE: Path 'nowhere' does not exist; check how it is spelled, and where you are",
    ),
    (
        "run photos file --std 0.1",
        2,
        "noiseaug: error: DEST file is a file; expected a directory, or a name for a new one",
    ),
    (
        "run photos photos --std 0.1",
        2,
        "noiseaug: error: DEST photos is SOURCE; the sources are never written to, so name another directory",
    ),
    ("run photos . --std 0.1", 2, "noiseaug: error: SOURCE photos is inside DEST .; name another directory"),
    ("run photos/a.png photos/a.png --std 0.1", 2, "noiseaug: error: DEST photos/a.png is SOURCE; name another file"),
    ("run photos out --std", 2, "Error: --std takes a value, and none was found; write --std VALUE"),
    (
        "run photos out --std loud",
        2,
        "Error: Invalid value for '--std': 'loud' is not a number such as 0.1, 10% or 25/255",
    ),
    ("run photos out --std 25", 2, "Error: Invalid value for '--std': 25 is above full scale; did you mean 25/255?"),
    (
        "run photos out --std 1.5",
        2,
        "Error: Invalid value for '--std': 1.5 is above full scale; did you mean 1.5/255 or 1.5%?",
    ),
    (
        "run photos out --std 300",
        2,
        "Error: Invalid value for '--std': 300 is above full scale; did you mean 300/65535?",
    ),
    (
        "run photos out --std 70000",
        2,
        "Error: Invalid value for '--std': 70000 is above full scale, which is 1; use a fraction of it such as 0.1 or 25/255",
    ),
    (
        "run photos out --std 150%",
        2,
        "Error: Invalid value for '--std': 150% is above full scale, 100%; did you mean 15% or 150/255?",
    ),
    (
        "run photos out --std 300/255",
        2,
        "Error: Invalid value for '--std': 300/255 is above full scale; the first number is at most the second",
    ),
    (
        "run photos out --std=-0.1",
        2,
        "Error: Invalid value for '--std': -0.1 is not a standard deviation: it must be 0 or more",
    ),
    (
        "run photos out --std 0.2:0.1",
        2,
        "Error: Invalid value for '--std': the range 0.2:0.1 is reversed; write 0.1:0.2",
    ),
    ("run photos out --std inf", 2, "Error: Invalid value for '--std': 'inf' is not finite"),
    (
        "run photos out --std 0,1",
        2,
        "Error: Invalid value for '--std': '0,1' is not a number such as 0.1, 10% or 25/255",
    ),
    (
        "run photos out --std log:0:0.1",
        2,
        "Error: Invalid value for '--std': a logarithmic range begins above 0, not at 0",
    ),
    (
        "run photos out --std log:0.1",
        2,
        "Error: Invalid value for '--std': 'log:0.1' is no range such as log:5/255:50/255",
    ),
    ("run photos out --std 0.1 --std 0.1", 2, "Error: two strengths are the same, std0.1; leave one out"),
    (
        "run photos out --std 0.1 --std 0.1001",
        2,
        "Error: two strengths, 0.1 and 0.1001, would both be called std0.1 in names of files, which have three digits of them; leave one out",
    ),
    (
        "run photos out --std 25/255 --mean 2",
        2,
        "Error: Invalid value for '--mean': 2 is not a mean: it must be a fraction of full scale, -1 to 1",
    ),
    (
        "run photos out --std 0.1 --clip 1:0",
        2,
        "Error: Invalid value for '--clip': 1:0 is not a clipping range: the first must be below the second",
    ),
    (
        "run photos out --std 0.1 --clip hard",
        2,
        "Error: Invalid value for '--clip': 'hard' is not auto, none or LOW:HIGH such as 0:1",
    ),
    (
        "run photos out --std 0.1 --seed x",
        2,
        "Error: Invalid value for '--seed': 'x' is neither a whole number nor 'random'",
    ),
    (
        "run photos out --std 0.1 --copies 0",
        2,
        "Error: Invalid value for '--copies': 0 is out of range; it must be 1 or more",
    ),
    (
        "run photos out --std 0.1 --copies many",
        2,
        "Error: Invalid value for '--copies': 'many' is not a whole number; it must be 1 or more",
    ),
    (
        "run photos out --std 0.1 --workers 0",
        2,
        "Error: Invalid value for '--workers': 0 is out of range; it must be 1 or more",
    ),
    ("run photos out --std 0.1 --worker 2", 2, "Error: There is no option --worker; did you mean --workers?"),
    ("run photos out --std 0.1 -j 2", 2, "Error: There is no option -j; did you mean --workers?"),
    (
        "run photos out --std 0.1 --overwrite-foreign",
        2,
        "Error: There is no option --overwrite-foreign; did you mean --overwrite?",
    ),
    ("run photos out --sigma 0.1", 2, "Error: There is no option --sigma; did you mean --std?"),
    (
        "run photos out --std 0.1 --quality 101",
        2,
        "Error: Invalid value for '--quality': 101 is out of range; it must be 1 to 100",
    ),
    (
        "run photos out --std 0.1 --png-level 10",
        2,
        "Error: Invalid value for '--png-level': 10 is out of range; it must be 0 to 9",
    ),
    (
        "run photos out --std 0.1 --max-pixels 0",
        2,
        "Error: Invalid value for '--max-pixels': 0 is out of range; it must be 1 or more",
    ),
    (
        "run photos out --std 0.1 --limit 0",
        2,
        "Error: Invalid value for '--limit': 0 is out of range; it must be 1 or more",
    ),
    (
        "run photos out --std 0.1 --timeout 0",
        2,
        "Error: Invalid value for '--timeout': 0 is not a time in seconds: it must be above 0, and 1,000,000 at most",
    ),
    ("run photos out --std 0.1 --prob 2", 2, "Error: 2 is no probability: it must be 0 to 1"),
    (
        "run photos out --std 0.1 --ramp",
        2,
        "Error: a ramp spreads a range over copies: it takes a strength LOW:HIGH and 2 copies or more",
    ),
    (
        "run photos out --std 0.1 --image-format bmpp",
        2,
        "Error: Invalid value for '--image-format': 'bmpp' is not one of 'avif', 'bmp', 'gif', 'hdr', 'jp2', 'jpg', 'pam', 'pfm', 'pgm', 'png', 'pnm', 'ppm', 'ras', 'tif', 'webp'.",
    ),
    (
        "run photos out --std 0.1 --image-format heic",
        2,
        "Error: Invalid value for '--image-format': 'heic' is not one of 'avif', 'bmp', 'gif', 'hdr', 'jp2', 'jpg', 'pam', 'pfm', 'pgm', 'png', 'pnm', 'ppm', 'ras', 'tif', 'webp'.",
    ),
    (
        "run photos out --std 0.1 --kind video",
        2,
        "Error: Invalid value for '--kind': 'video' is not one of 'array', 'audio', 'image'.",
    ),
    (
        "run photos out --std 0.1 --engine gpu",
        2,
        "Error: Invalid value for '--engine': 'gpu' is not one of 'auto', 'threads', 'processes', 'dask'.",
    ),
    ("run photos out --std 0.1 --scheduler tcp://host:1", 2, "Error: --scheduler goes with --engine dask"),
    (
        "run photos out --std 0.1 --engine dask --scheduler host",
        2,
        "Error: Invalid value for '--scheduler': 'host' is no address of a Dask scheduler: expected one such as tcp://host:8786",
    ),
    (
        "run photos out --preset imagenet",
        2,
        "Error: Invalid value for '--preset': 'imagenet' is no preset: there are imagenet-c, tiny-imagenet-c, cifar-c, denoise, denoise-blind; see `noiseaug presets`",
    ),
    (
        "run photos out --preset imagenet-c:9",
        2,
        "Error: Invalid value for '--preset': '9' is no severity of imagenet-c: there are 1, 2, 3, 4, 5",
    ),
    (
        "run photos out --snr 10",
        1,
        "noiseaug: error: no image or audio files to work on: photos holds 3 images, and --snr is for audio and arrays; images take --std, such as --std 25/255",
    ),
    (
        "run photos out --snr 10%",
        2,
        "Error: Invalid value for '--snr': '10%' is not a ratio in dB, such as 10, -5 or 10:30; for a fraction of full scale use --std",
    ),
    (
        "run photos out --snr 25/255",
        2,
        "Error: Invalid value for '--snr': '25/255' is not a ratio in dB, such as 10, -5 or 10:30; for a fraction of full scale use --std",
    ),
    (
        "run photos out --snr 400",
        2,
        "Error: Invalid value for '--snr': 400 dB is not a ratio that samples can have: at most 300 either way",
    ),
    (
        "run photos out --std 0.1 --snr-reference active",
        2,
        "Error: --snr-reference goes with --snr, and there is none; leave it out",
    ),
    (
        "run photos out --std 0.1 --on-silence skip",
        2,
        "Error: --on-silence goes with --snr, and there is none; leave it out",
    ),
    (
        "run sound out --snr 10 --quality 90",
        2,
        "Error: --quality is for images, which get noise with --std and not with --snr; leave it out",
    ),
    (
        "run photos out --std 0.1 --kind image --keep-silence",
        2,
        "Error: --keep-silence is for audio, and --kind leaves audio out; leave it out",
    ),
    (
        "run photos out --std 0.1 --kind audio --image-format png",
        2,
        "Error: --image-format is for images, and --kind leaves images out; leave it out",
    ),
    (
        "run photos out --std 0.1 --kind audio",
        1,
        "noiseaug: error: no image or audio files to work on: photos holds 3 images, and --kind audio leaves out all",
    ),
    (
        "run photos out --std 0.1 --include *.gif",
        1,
        "noiseaug: error: no image or audio files to work on: photos holds 3 images, and --include *.gif leaves out all; see --help for patterns",
    ),
    (
        "run photos out --std 0.1 --exclude *.png --exclude *.jpg",
        1,
        "noiseaug: error: no image or audio files to work on: photos holds 3 images, and --exclude *.png *.jpg leaves out all; see --help for patterns",
    ),
    (
        "run photos out --std 0.1 --include *.gif --exclude x",
        1,
        "noiseaug: error: no image or audio files to work on: photos holds 3 images, and --include *.gif and --exclude x leave out all; see --help for patterns",
    ),
    (
        "run texts out --std 0.1",
        1,
        "noiseaug: error: no image or audio files to work on in texts (1 other file there); name a directory that has some",
    ),
    (
        "run empty out --std 0.1",
        1,
        "noiseaug: error: no image or audio files to work on in empty; name a directory that has some",
    ),
    (
        "run photos/a.png out.png --std 0.1 --kind audio",
        1,
        "noiseaug: error: no image or audio files to work on: a.png is 1 image, and --kind audio leaves out all",
    ),
    (
        "run texts/a.txt out.txt --std 0.1",
        1,
        "noiseaug: error: a.txt is no image, audio or array file, by its suffix; name one that is",
    ),
    ("run photos out --std 0.1 -0", 2, "Error: --null goes with --files-from, and there is none; leave it out"),
    (
        "run photos out --std 0.1 --files-from list",
        2,
        "Error: Invalid value for --files-from: '../up.png' is not a path relative to SOURCE and below it",
    ),
    (
        "run photos out --std 0.1 --files-from nolist",
        2,
        "Error: Invalid value for '--files-from': 'nolist': No such file or directory",
    ),
    (
        "run photos out --std 0.1 --link copy",
        2,
        "Error: --link goes with --with-clean or --keep, and there is none; leave it out",
    ),
    ("run photos out --std 0.1 -q -v", 2, "Error: --quiet and --verbose contradict each other; leave one out"),
    (
        "run photos out --std 0.1 --sidecars .jpg",
        2,
        "Error: --sidecars .jpg would copy files that get noise themselves, as image files do; sidecars are of other kinds, such as .txt or .json",
    ),
    (
        "run photos out --std 0.1 --sidecars txt",
        2,
        "Error: Invalid value for '--sidecars': 'txt' is no suffix of sidecars: write it as .txt",
    ),
    (
        "run photos out --std 0.1 --name {stem}",
        2,
        "Error: Invalid value for --name: the name '{stem}' must end in {ext}, the format; choose that with --image-format",
    ),
    (
        "run photos out --std 0.1 --name {stem}{ext}",
        2,
        "noiseaug: error: cats/b.jpg and dogs/b.jpg would both become b.jpg; add {dir} to --name '{stem}{ext}'",
    ),
    (
        "run photos out --std 0.1 --name {nme}{ext}",
        2,
        "Error: Invalid value for --name: the name '{nme}{ext}' has {nme}, which there is not; it may hold {dir}, {stem}, {ext}, {level}, {std}, {snr}, {copy}, {label}",
    ),
    (
        "run photos out --std 0.1 --name ../{stem}{ext}",
        2,
        "Error: Invalid value for --name: the name '../{stem}{ext}' leads out of DEST; it is relative to it, without '..'",
    ),
    (
        "run photos out --std 0.1 --copies 2 --name {dir}/{stem}{ext}",
        2,
        "Error: Invalid value for --name: the name '{dir}/{stem}{ext}' has no {copy}, and each source gets 2 copies; add it",
    ),
    (
        "run twins out --std 0.1 --image-format png",
        2,
        "noiseaug: error: a.jpg and a.png would both become a.png; leave one out with --exclude, or do not use --image-format",
    ),
    (
        "run twins out --std 0.1 --clip none",
        2,
        "noiseaug: error: a.jpg and a.png would both become a.tif; leave one out with --exclude, or do not use --clip none",
    ),
    (
        "run twins out --std 0.1 --name {dir}/{label}{ext}",
        2,
        "noiseaug: error: a.png and b.png would both become .png; add {stem} to --name '{dir}/{label}{ext}'",
    ),
    (
        "run photos/a.png x2.png --std 0.1 --copies 2",
        2,
        "noiseaug: error: several outputs of one file, or names for them, need a directory as DEST; x2.png is not there, and taken for the name of a file: write x2.png/",
    ),
    (
        "run photos/a.png b.png --std 0.1 --copies 2",
        2,
        "noiseaug: error: several outputs of one file, or names for them, need a directory as DEST; b.png is a file, so name another",
    ),
    (
        "run photos/a.png x2.png --std 0.1 --manifest m.csv",
        2,
        "noiseaug: error: a manifest and what goes with it need a directory as DEST; x2.png is not there, and taken for the name of a file: write x2.png/",
    ),
    (
        "run photos/a.png b.png --std 0.1",
        3,
        "1 failed:\n  a.png: b.png exists; use --overwrite to replace it, or name another file",
    ),
    ("run photos out --std 0.1 --root photos", 2, "noiseaug: error: --root goes with a SOURCE that is one file"),
    (
        "run photos/a.png out/ --std 0.1 --root sound",
        2,
        "noiseaug: error: SOURCE photos/a.png is not below --root sound",
    ),
    (
        "run photos out --std 0.1 --shard 0/4",
        2,
        "Error: Invalid value for '--shard': there is no shard 0/4: I of I/N is from 1 to N; where job numbers begin at 0, use $((ID + 1))/4",
    ),
    (
        "run photos out --std 0.1 --shard 5/4",
        2,
        "Error: Invalid value for '--shard': there is no shard 5/4: I of I/N is from 1 to N",
    ),
    (
        "run photos out --std 0.1 --shard 1",
        2,
        "Error: Invalid value for '--shard': '1' is not a shard: expected I/N, such as 3/16",
    ),
    (
        "run photos out --std 0.1 --shard 1/2 --limit 3",
        2,
        "noiseaug: error: --limit counts sources from the first, which shards cannot; use one of --limit and --shard",
    ),
    (
        "run photos out --std 0.1 --manifest m.txt",
        2,
        "Error: Invalid value for '--manifest': 'm.txt' is no name for a manifest: its suffix must be .jsonl, .csv or .parquet",
    ),
    (
        "run photos out --std 0.1 --manifest a/m.jsonl",
        2,
        "Error: Invalid value for '--manifest': 'a/m.jsonl' is not a plain file name; the manifest stands in DEST itself, as its names are",
    ),
    (
        "run photos out --std 0.1 --label-smoothing 1",
        2,
        "Error: Invalid value for '--label-smoothing': 1.0 is no label smoothing: it must be 0 or more, and below 1",
    ),
    (
        "run photos out --std 0.1 --annotations no.json",
        2,
        "Error: --annotations: File 'no.json' does not exist; check how it is spelled, and where you are",
    ),
    (
        "run photos out --std 0.1 --annotations other.json",
        1,
        "noiseaug: error: other.json is no COCO file: it has no 'images'; expected a COCO file: a JSON object with a list 'images' and a list 'annotations'",
    ),
    ("verify", 2, "Error: DEST is missing; expected: noiseaug verify DEST"),
    (
        "verify nowhere",
        2,
        "Error: DEST: Directory 'nowhere' does not exist; check how it is spelled, and where you are",
    ),
    ("verify empty", 2, "noiseaug: error: there is no manifest.jsonl in empty; name the DEST of a finished run"),
    ("verify file", 2, "Error: Invalid value for 'DEST': Directory 'file' is a file."),
    ("merge empty", 2, "noiseaug: error: there is nothing to merge in empty; name the DEST of runs with --shard"),
    (
        "export empty --to nemo",
        2,
        "noiseaug: error: there is no manifest.jsonl in empty; name the DEST of a finished run",
    ),
    ("export photos", 2, "Error: --to is missing; expected one of nemo, lhotse, webdataset"),
    (
        "export photos --to tfrecord",
        2,
        "Error: Invalid value for '--to': 'tfrecord' is not one of 'nemo', 'lhotse', 'webdataset'.",
    ),
    (
        "export photos --to nemo --shard-size 1GB",
        2,
        "Error: --shard-size is for tar files, as of --to webdataset; leave it out",
    ),
    (
        "export photos --to webdataset --paths absolute",
        2,
        "Error: --paths is for manifests, as of --to nemo and lhotse; leave it out",
    ),
    (
        "export photos --to webdataset --shard-size big",
        2,
        "Error: Invalid value for '--shard-size': 'big' is no size; expected one such as 500MB, 1GB or 2GiB",
    ),
    ("presets more", 2, "Error: expected options only, and found more: more"),
]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A directory with what the commands name, and nothing that they write."""
    root = tmp_path_factory.mktemp("world")
    for name in ("photos/a.png", "photos/cats/b.jpg", "photos/dogs/b.jpg", "twins/a.png", "twins/a.jpg", "twins/b.png"):
        write_image(root / name, photo(8, 8))
    write_sound(root / "sound/a.wav", sound(), "PCM_16")
    for name in ("texts", "empty"):
        (root / name).mkdir()
    (root / "texts/a.txt").write_text("hello")
    for name in ("file", "b.png"):
        (root / name).write_text("mine")
    (root / "list").write_text("../up.png\n")
    (root / "other.json").write_text("{}")
    return root


def said(text):
    """What stderr says besides the usage of the command."""
    return "\n".join(line for line in text.splitlines() if line and not line.startswith(("Usage: ", "Try '")))


@pytest.mark.parametrize(("arguments", "status", "message"), WRONG, ids=[row[0] for row in WRONG])
def test_a_wrong_command_line_is_answered_with_what_to_do(arguments, status, message, world, monkeypatch):
    monkeypatch.chdir(world)
    before = tree(world)
    result = within(*arguments.split())
    assert (result.returncode, said(result.stderr)) == (status, message)
    assert tree(world) == before


def test_there_are_many_of_them():
    assert len(WRONG) >= 60


VARIABLES = [
    (
        "NOISEAUG_RUN_SDT",
        "0.1",
        0,
        "warning: NOISEAUG_RUN_SDT in the environment names no option; did you mean NOISEAUG_RUN_STD?",
    ),
    (
        "NOISEAUG_FOO",
        "1",
        0,
        "warning: NOISEAUG_FOO in the environment names no option; unset it, or look for its option in --help",
    ),
    (
        "NOISEAUG_RUN_ON_SILENCE",
        "skip",
        0,
        "warning: --on-silence goes with --snr, and there is none; it is set by NOISEAUG_RUN_ON_SILENCE",
    ),
    ("NOISEAUG_VERIFY_WORKERS", "0", 0, None),
    *(
        (
            f"NOISEAUG_RUN_{name}",
            "1",
            0,
            f"warning: NOISEAUG_RUN_{name} in the environment is not taken, as it lets files be replaced or deleted; "
            f"write --{name.lower()} on the command line",
        )
        for name in ("FORCE", "PRUNE", "OVERWRITE")
    ),
    (
        "NOISEAUG_VERSION",
        "0.1.0",
        0,
        "warning: NOISEAUG_VERSION in the environment names no option; unset it, or look for its option in --help",
    ),
]


@pytest.mark.parametrize(("variable", "value", "status", "warning"), VARIABLES, ids=[row[0] for row in VARIABLES])
def test_variables_that_do_nothing_are_named(variable, value, status, warning, world, tmp_path, monkeypatch):
    monkeypatch.setenv(variable, value)
    result = within("run", world / "photos", tmp_path / "dest", "--std", "0.1")
    assert (result.returncode, result.stderr) == (status, f"noiseaug: {warning}\n" if warning else "")


def test_a_wrong_value_of_a_variable_names_the_option(world, tmp_path, monkeypatch):
    monkeypatch.setenv("NOISEAUG_RUN_WORKERS", "all")
    result = within("run", world / "photos", tmp_path / "dest", "--std", "0.1")
    assert result.returncode == 2
    assert "'all' is not a whole number; it must be 1 or more" in result.stderr


def test_the_command_line_wins_where_the_environment_asks_for_quiet(world, tmp_path, monkeypatch):
    monkeypatch.setenv("NOISEAUG_RUN_QUIET", "1")
    result = within("run", world / "photos", tmp_path / "dest", "--std", "0.1", "-v")
    assert (result.returncode, result.stderr) == (0, "a.png\ncats/b.jpg\ndogs/b.jpg\n")


@pytest.mark.parametrize("form", ["PNG", ".png", "png", "Png"])
def test_a_format_may_be_given_under_any_of_its_names(form, world, tmp_path):
    source = world / "photos/cats"
    assert within("run", source, tmp_path / "dest", "--std", "0.1", "--image-format", form).returncode == 0
    assert (tmp_path / "dest/b.png").exists()


@pytest.mark.parametrize(("form", "suffix"), [("tiff", ".tif"), ("jpeg", ".jpg"), (".JPEG", ".jpg")])
def test_a_format_of_several_names_gets_the_one_suffix(form, suffix, world, tmp_path):
    (tmp_path / "d").mkdir()
    assert (
        within("run", world / "photos/a.png", tmp_path / "d/", "--std", "0.1", "--image-format", form).returncode == 0
    )
    assert (tmp_path / f"d/a{suffix}").exists()


def test_a_cover_beside_a_recording_may_go_along_where_images_get_no_noise(tmp_path):
    write_sound(tmp_path / "source/a.wav", sound(), "PCM_16")
    write_image(tmp_path / "source/a.jpg", photo(8, 8))
    result = within("run", tmp_path / "source", tmp_path / "dest", "--snr", "10", "--sidecars", ".jpg")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "dest/a.jpg").exists()


def test_a_working_directory_that_is_gone_is_no_traceback(world, tmp_path):
    line = 'mkdir gone && cd gone && rmdir ../gone && exec "$@"'
    arguments = command("run", world / "photos", "out", "--std", "0.1")
    result = subprocess.run(["sh", "-c", line, "sh", *arguments], cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode in (1, 2)
    assert "Traceback" not in result.stderr
    assert result.stderr.startswith("noiseaug: error: ")


def test_a_full_disk_says_where_and_what_to_do(world, tmp_path):
    fault = {"call": "os.write", "path": r"noiseaug-\w+\.tmp", "do": "ENOSPC", "nth": 0}
    result = noiseaug("run", world / "photos", tmp_path / "dest", "--std", "0.1", fault=fault)
    assert (result.returncode, result.stderr) == (
        1,
        f"noiseaug: error: cannot write below {tmp_path}/dest: No space left on device; make room and run again\n",
    )


def test_output_that_nothing_can_take_is_no_traceback(world, tmp_path):
    arguments = [sys.executable, "-m", "noiseaug", "presets"]
    with open("/dev/full", "w") as full:
        result = subprocess.run(arguments, stdout=full, stderr=subprocess.PIPE, text=True, env=os.environ)
    assert (result.returncode, result.stderr) == (
        1,
        "noiseaug: error: No space left on device\n",
    )
