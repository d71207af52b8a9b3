"""Streams give, in memory, the very samples that a run writes, and say what cannot be read."""

from __future__ import annotations

import pickle
import subprocess
import sys
import tracemalloc

import cv2
import numpy as np
import pytest
import soundfile

from noiseaug import FailedSource, NoiseaugError, Recipe, Selection, run, stream
from noiseaug.errors import Misplaced, NothingToDo
from noiseaug.kinds import KINDS
from noiseaug.work.perform import codec_of
from support.corpus import photo, pixels, sound, write_image, write_sound
from support.picture_files import several, still_frames
from support.trees import manifest

# Formats that keep each sample, whatever is in them.
TO_LOSSLESS = {"image_format": "tif", "audio_format": "wav"}
RECIPES = {
    "plain": {"std": "25/255", "seed": 7},
    "levels": {"std": ["0.05", "0.1:0.2"], "copies": 2, "seed": -3},
    "ramp": {"std": "0:0.2", "copies": 3, "ramp": "linear"},
    "limits": {"std": 0.2, "clip": "0.1:0.6", "mean": "0.05"},
    "floats": {"std": 0.2, "clip": "none"},
    "mono": {"std": 0.05, "mono": True},
    "chance": {"std": 0.1, "prob": 0.5, "copies": 4},
    "chance for floats": {"std": 0.1, "prob": 0.5, "copies": 4, "clip": "none"},
    "ratios": {"std": 0.1, "snr": "5:20", "snr_reference": "active", "copies": 2},
    "floor": {"std": 0.1, "snr": 10, "on_silence": "floor"},
    "rescaled": {"std": 0.5, "on_clip": "rescale"},
    "silence": {"std": 0.1, "keep_silence": True},
    "silent ones left out": {"std": 0.1, "snr": 10, "on_silence": "skip", "clip": "none"},
    "decoded lossy ones": {"std": 0.1, **TO_LOSSLESS},
}


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """Files whose outputs keep each sample, and lossy ones that only do so in another format."""
    root = tmp_path_factory.mktemp("samples") / "source"
    write_image(root / "cats/a.png", pixels((40, 30, 3)))
    write_image(root / "cats/alpha.png", pixels((16, 20, 4), seed=1))
    write_image(root / "cats/grey.png", photo(20, 16, 1, seed=2))
    write_image(root / "dogs/deep.png", pixels((12, 14, 3), np.uint16, seed=3))
    write_image(root / "dogs/float.tif", np.random.default_rng(0).random((11, 13, 3), np.float32))
    write_image(root / "dogs/b.bmp", photo(20, 16, seed=4))
    (root / "dogs/pages.tif").write_bytes(several("TIFF", still_frames(3)))
    write_sound(root / "sound/pcm16.wav", sound(9000, 2), "PCM_16")
    write_sound(root / "sound/pcm24.wav", sound(seed=1), "PCM_24")
    write_sound(root / "sound/bytes.wav", sound(seed=2), "PCM_U8")
    write_sound(root / "sound/float.wav", 3 * sound(seed=3), "FLOAT")
    write_sound(root / "sound/song.flac", sound(80_000, 2, seed=4), "PCM_16")
    write_sound(root / "sound/silent.wav", np.zeros((3000, 1)), "PCM_16")
    quiet = sound(6000, 2, seed=5)
    quiet[1000:4000, 0] = 0
    write_sound(root / "sound/half-silent.wav", quiet, "PCM_16")
    return root


@pytest.fixture(scope="module")
def lossy(tmp_path_factory):
    root = tmp_path_factory.mktemp("lossy") / "source"
    write_image(root / "a.jpg", photo(24, 32, seed=1))
    write_sound(root / "song.ogg", sound(seed=7), "VORBIS")
    return root


def decoded(path, like):
    """An output as independent readers see it, in the order of OpenCV."""
    if path.suffix in (".wav", ".flac"):
        return soundfile.read(path, dtype=like.dtype.name, always_2d=True)[0]
    if like.ndim == 4:
        return np.stack(cv2.imreadmulti(str(path), flags=cv2.IMREAD_UNCHANGED)[1])
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)


@pytest.mark.parametrize("name", RECIPES)
def test_a_stream_gives_the_samples_that_a_run_writes(samples, lossy, dest, name):
    settings, source = RECIPES[name], lossy if name == "decoded lossy ones" else samples
    summary = run(source, dest, **settings, engine="threads")
    rows, seen = manifest(dest), []
    for sample in stream(source, **settings, channels="bgr"):
        seen.append(sample.record.file_name)
        assert np.array_equal(sample.noisy, decoded(dest / sample.record.file_name, sample.noisy)), sample.record
        assert (sample.clean.shape, sample.clean.dtype) == (sample.noisy.shape, sample.noisy.dtype)
        said = {key: value for key, value in rows[sample.record.file_name].items() if value is not None}
        for key in said.keys() - {"bytes", "sha256", "not_kept"}:
            assert getattr(sample.record, key) == said[key], (sample.record.file_name, key)
        if sample.record.role == "clean":
            assert np.array_equal(sample.clean, sample.noisy)
    assert seen == list(rows) and len(seen) == summary.written > 1


@pytest.mark.parametrize("settings", [{"std": 0.1}, {"std": 0.1, "clip": "none"}, {"std": 0.1, "audio_format": "flac"}])
def test_the_clean_samples_are_those_of_originals_that_a_run_writes(samples, dest, settings):
    run(samples, dest, **settings, with_clean="tree", engine="threads")
    for sample in stream(samples, **settings, channels="bgr"):
        original = dest / "clean" / sample.record.file_name
        assert np.array_equal(sample.clean, decoded(original, sample.clean)), original


def test_colours_are_in_the_order_rgb_unless_bgr_is_asked_for(source):
    image = pixels((5, 6, 4))
    write_image(source / "a.png", image)
    (sample,) = stream(source, std=0)
    assert np.array_equal(sample.clean, cv2.cvtColor(image, cv2.COLOR_BGRA2RGBA))
    assert sample.noisy.flags.c_contiguous
    (sample,) = stream(source, std=0, channels="bgr")
    assert np.array_equal(sample.noisy, image)


def test_samples_come_as_fractions_of_full_scale_if_asked_for(samples):
    for stored, fraction in zip(stream(samples, std=0.1), stream(samples, std=0.1, dtype="float32"), strict=True):
        kind = stored.noisy.dtype
        scale = {"uint8": 255, "uint16": 65535, "int16": 2**15, "int32": 2**31}.get(kind.name, 1)
        assert fraction.noisy.dtype == fraction.clean.dtype == np.float32
        assert np.array_equal(fraction.noisy, stored.noisy.astype(np.float32) / np.float32(scale)), stored.path
        assert np.array_equal(fraction.clean, stored.clean.astype(np.float32) / np.float32(scale)), stored.path
    assert next(stream(samples, std=0.1, dtype=np.float32)).noisy.dtype == np.float32


def test_arrays_belong_to_whoever_asked_for_them(samples):
    """What is done to one array shows in no other, whichever share an array within."""
    settings = {"std": [0.05, 0.1], "copies": 2, "prob": 0.5, "channels": "bgr"}
    expected = [(sample.clean.copy(), sample.noisy.copy()) for sample in stream(samples, **settings)]
    for sample, (clean, noisy) in zip(stream(samples, **settings), expected, strict=True):
        assert np.array_equal(sample.clean, clean) and np.array_equal(sample.noisy, noisy)
        sample.clean[:] = 0
        assert np.array_equal(sample.noisy, noisy)
        sample.noisy[:] = 1


def test_each_shard_reads_its_share(samples):
    whole = [sample.path for sample in stream(samples, std=0.1)]
    shares = [[sample.path for sample in stream(samples, std=0.1, shard=f"{number}/3")] for number in (1, 2, 3)]
    assert sorted(whole) == sorted(path for share in shares for path in share) and all(
        len(share) < len(whole) for share in shares
    )
    assert list(stream(samples, std=0.1, include="float.tif", shard="1/64")) == []


def test_a_selection_is_that_of_a_run(samples, dest):
    chosen = {"include": ["cats/", "*.wav"], "exclude": "alpha.png", "kinds": "image"}
    run(samples, dest, std=0.1, **chosen)
    assert [sample.record.file_name for sample in stream(samples, std=0.1, **chosen)] == list(manifest(dest))
    by_object = stream(samples, Recipe.of(0.1), Selection(include=("cats/", "*.wav"), exclude=("alpha.png",), limit=1))
    assert [sample.path for sample in by_object] == ["cats/a.png"]


def test_what_is_kept_comes_without_noise(samples, dest):
    run(samples, dest, std=0.1, keep="dogs/", copies=2)
    found = list(stream(samples, std=0.1, keep="dogs/", copies=2))
    assert [sample.record.file_name for sample in found] == list(manifest(dest))
    assert {sample.record.role for sample in found if sample.path.startswith("dogs/")} == {"clean"}


def test_one_file_has_the_noise_that_it_has_in_its_folder(samples):
    (alone,) = stream(samples / "cats/a.png", std=0.1, root=samples)
    within = next(stream(samples, std=0.1))
    assert alone.path == within.path == "cats/a.png" and np.array_equal(alone.noisy, within.noisy)


def test_one_copy_of_each_file_is_the_noise_of_an_epoch(samples):
    settings = {"std": [0.05, 0.1], "seed": 3}
    every = {sample.record.file_name: sample for sample in stream(samples, **settings, copies=4)}
    for epoch in (0, 3):
        for sample in stream(samples, **settings, copy=epoch):
            assert sample.record.copy == epoch
            assert np.array_equal(sample.noisy, every[sample.record.file_name].noisy)
    ramp = [sample.record.std for sample in stream(samples / "cats", std="0:0.5", copies=3, ramp="linear", copy=1)]
    assert ramp == [0.25, 0.25, 0.25]


def test_a_file_that_cannot_be_read_is_named(source):
    write_image(source / "a.png", photo(8, 8))
    (source / "b.png").write_bytes(b"not an image")
    write_image(source / "c.png", photo(8, 8))
    reading = stream(source, std=0.1)
    assert next(reading).path == "a.png"
    with pytest.raises(FailedSource, match=r"^b\.png: cannot be decoded as an image"):
        next(reading)
    with pytest.warns(UserWarning, match=r"b\.png: cannot be decoded"):
        assert [sample.path for sample in stream(source, std=0.1, on_error="warn")] == ["a.png", "c.png"]
    assert [sample.path for sample in stream(source, std=0.1, on_error="skip")] == ["a.png", "c.png"]
    failed: list[FailedSource] = []
    assert len(list(stream(source, std=0.1, on_error=failed.append))) == 2
    (error,) = failed
    again = pickle.loads(pickle.dumps(error))  # as data loaders hand it on
    assert (again.source_path, str(again)) == ("b.png", str(error)) and isinstance(error, NoiseaugError)


def test_damaged_files_are_refused_unless_they_are_accepted(source):
    write_image(source / "a.jpg", photo(64, 64))
    (source / "a.jpg").write_bytes((source / "a.jpg").read_bytes()[:-300])
    with pytest.raises(FailedSource, match="accept-damaged"):
        list(stream(source, std=0.1))
    (sample,) = stream(source, std=0.1, accept_damaged=True)
    assert sample.record.damaged
    with pytest.raises(FailedSource, match="max-pixels"):
        list(stream(source, std=0.1, accept_damaged=True, max_pixels=100))


def test_pages_that_no_one_array_holds_are_refused(source):
    frames = still_frames(2)
    frames[1] = frames[1].resize((7, 5))
    (source / "pages.tif").write_bytes(several("TIFF", frames))
    with pytest.raises(FailedSource, match=r"pages\.tif: has pages of several shapes"):
        list(stream(source, std=0.1))


def test_a_file_that_goes_away_is_a_failure_of_its_own(source):
    for name in ("a.png", "b.png", "c.png"):
        write_image(source / name, photo(8, 8))
    failed: list[FailedSource] = []
    seen = []
    for sample in stream(source, std=0.1, on_error=failed.append):
        seen.append(sample.path)
        (source / "b.png").unlink(missing_ok=True)
    assert seen == ["a.png", "c.png"] and [error.source_path for error in failed] == ["b.png"]


def test_noise_on_what_looks_like_masks_is_told(source):
    write_image(source / "images/a.png", photo(8, 8))
    write_image(source / "masks/a.png", photo(8, 8))
    with pytest.warns(UserWarning, match="masks/"):
        assert len(list(stream(source, std=0.1))) == 2
    assert [sample.path for sample in stream(source, std=0.1, masks="masks")] == ["images/a.png"]


def test_a_source_without_files_to_work_on_is_told(source, tmp_path):
    with pytest.raises(Misplaced, match="does not exist"):
        stream(tmp_path / "missing", std=0.1)
    with pytest.raises(NothingToDo, match="no image or audio"):
        next(stream(source, std=0.1))
    write_image(source / "a.png", photo(8, 8))
    with pytest.raises(NothingToDo, match="--snr is for audio"):
        next(stream(source, snr=10))
    with pytest.raises(Misplaced, match="a shard is a part of a directory"):
        stream(source, std=0.1, shard="1/2", limit=3)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"dtype": "float64"}, ValueError, "'float64' is no dtype: expected one of float32, None"),
        ({"dtype": np.uint8}, ValueError, "'uint8' is no dtype"),
        ({"channels": "rgba"}, ValueError, "'rgba' is no channels: expected one of rgb, bgr"),
        ({"on_error": "ignore"}, ValueError, "'ignore' is no on_error: expected one of raise, warn, skip"),
        ({"on_error": None}, TypeError, "on_error must be 'raise' or 'warn' or 'skip', not None"),
        ({"copy": -1}, ValueError, "-1 is no number of a copy"),
        ({"copy": 1.5}, TypeError, "copy must be a whole number or None, not 1.5"),
        ({"std": "0:1", "ramp": "log", "copies": 2, "copy": 2}, ValueError, "logarithmic range begins above 0"),
        ({"std": "0:1", "ramp": "linear", "copies": 2, "copy": 2}, ValueError, "has no copy 2"),
        ({"workers": 2}, TypeError, r"stream\(\) takes no keyword 'workers'"),
        ({"shards": 2}, TypeError, "did you mean shard"),
        ({"shard": 2}, TypeError, "shard must be a text such as '3/16', or a Shard, not 2"),
    ],
)
def test_a_mistake_is_told_before_anything_is_read(samples, settings, error, message):
    with pytest.raises(error, match=message):
        stream(samples, **{"std": 0.1, **settings})


def test_only_one_file_is_in_memory(source):
    for number in range(12):
        write_image(source / f"{number:02}.png", photo(500, 500, seed=number))
    list(stream(source, std=0.1))  # what is made once
    tracemalloc.start()
    for _ in stream(source, std=0.1, copies=3):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * 500 * 500 * 3


def test_nothing_is_written(samples, tmp_path):
    script = "import sys, noiseaug; print(sum(1 for _ in noiseaug.stream(sys.argv[1], std=0.1)))"
    before = sorted(samples.rglob("*"))
    done = subprocess.run([sys.executable, "-c", script, samples], capture_output=True, text=True, cwd=tmp_path)
    assert (done.stdout, done.stderr) == ("14\n", "")
    assert sorted(samples.rglob("*")) == before and list(tmp_path.iterdir()) == []


def test_every_kind_of_media_is_streamed():
    assert all(callable(codec_of(kind).samples) for kind in KINDS)


@pytest.mark.parametrize(
    "settings",
    [
        {"std": 0.1},
        {"std": 0.1, "clip": "none"},
        {"std": 0.1, "std_of": "column"},
        {"std": 2, "std_of": "value"},
        {"snr": 10},
        {"std": [0.1, 0.2], "copies": 2, "prob": 0.5},
    ],
)
def test_arrays_are_those_that_a_run_writes(source, dest, settings):
    safetensors = pytest.importorskip("safetensors.numpy")
    drawn = np.random.default_rng(0).standard_normal
    np.save(source / "a.npy", drawn((40, 30)).astype(np.float32))
    np.save(source / "fortran.npy", np.asfortranarray(drawn((4, 30)).astype(">f8")))
    np.save(source / "complex.npy", drawn((4, 30)) + 1j)
    np.savez(source / "several.npz", w=drawn((5, 6)), labels=np.arange(5))
    safetensors.save_file({"w": drawn((5, 6)).astype(np.float16)}, source / "weights.safetensors")
    summary, count = run(source, dest, kinds="array", engine="threads", **settings), 0
    for sample in stream(source, kinds="array", **settings):
        path, count = dest / sample.record.file_name, count + 1
        got = safetensors.load_file(path) if path.suffix == ".safetensors" else np.load(path)
        pairs = [(sample.noisy, got)] if path.suffix == ".npy" else [(sample.noisy[name], got[name]) for name in got]
        assert all(np.array_equal(one, other) and one.shape == other.shape for one, other in pairs), path
    assert count == summary.written > 4
