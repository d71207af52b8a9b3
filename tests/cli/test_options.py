"""The noise options: what they accept and refuse, what they do to samples, their names in the environment."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from scipy.stats import spearmanr

from support.commands import noiseaug, within
from support.corpus import image_mode, photo, pixels, read_image, read_levels, write_image, write_sound
from support.corpus import sound as hum
from support.trees import manifest, tree


@pytest.fixture(scope="module")
def grey(tmp_path_factory):
    """A folder with one mid-grey image of 90 x 100, large enough for figures."""
    source = tmp_path_factory.mktemp("grey") / "source"
    write_image(source / "grey.png", np.full((90, 100, 3), 128, np.uint8))
    return source


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """A folder with a colour image and a stereo recording, both well within their range."""
    source = tmp_path_factory.mktemp("both") / "source"
    write_image(source / "a.png", photo(30, 40))
    write_sound(source / "b.wav", hum(channels=2), "PCM_16")
    return source


def outputs(source, dest, *options):
    """The files of a run, manifest included."""
    result = within("run", source, dest, *options)
    assert (result.returncode, result.stderr) == (0, "")
    return tree(dest)


def noise_on_grey(source, dest, *options):
    """The noise that a run puts on the grey image, in levels."""
    outputs(source, dest, *options)
    return read_image(dest / "grey.png").astype(int) - 128


@pytest.mark.parametrize(
    "same",
    [["0.1", "10%"], ["25/255", "0.09803921568627451"], ["5/255:50/255", "0.0196078431372549:0.19607843137254902"]],
)
def test_a_level_may_be_written_in_several_ways(both, tmp_path, same):
    one, other = (outputs(both, tmp_path / f"dest{index}", "--std", text) for index, text in enumerate(same))
    assert one == other


def test_std_is_a_fraction_of_full_scale(grey, dest):
    noise = noise_on_grey(grey, dest, "--std", "10/255")
    assert abs(noise.mean()) < 4 * 10 / noise.size**0.5
    assert abs(noise.std() - (100 + 1 / 12) ** 0.5) < 4 * 10 / (2 * noise.size) ** 0.5


def test_mean_shifts_the_noise_by_a_fraction_of_full_scale(grey, dest):
    noise = noise_on_grey(grey, dest, "--std", "10/255", "--mean", "-20/255")
    assert abs(noise.mean() + 20) < 4 * 10 / noise.size**0.5
    assert manifest(dest)["grey.png"]["mean"] == -20 / 255


def test_std_0_changes_no_sample_and_is_allowed(both, dest):
    outputs(both, dest, "--std", "0")
    assert np.array_equal(read_image(dest / "a.png"), read_image(both / "a.png"))
    assert np.array_equal(read_levels(dest / "b.wav"), read_levels(both / "b.wav"))


def test_std_1_is_allowed_and_saturates(grey, dest):
    noise = noise_on_grey(grey, dest, "--std", "1", "--quiet")
    assert (noise.min(), noise.max()) == (-128, 127)
    assert manifest(dest)["grey.png"]["clipped"] > 0.3


def test_the_seed_is_0_unless_given_and_another_gives_other_noise(both, tmp_path):
    by_default = outputs(both, tmp_path / "default", "--std", "0.1")
    zero = outputs(both, tmp_path / "zero", "--std", "0.1", "--seed", "0")
    one = outputs(both, tmp_path / "one", "--std", "0.1", "--seed", "1")
    assert by_default == zero
    assert not set(zero.values()) & set(one.values())


@pytest.mark.parametrize("seed", ["-1", str(2**70), "65536"])
def test_any_whole_number_is_a_seed(both, tmp_path, seed):
    assert outputs(both, tmp_path / "dest", "--std", "0.1", "--seed", seed)
    assert manifest(tmp_path / "dest")["a.png"]["seed"] == int(seed)


def test_seed_random_says_the_seed_that_makes_the_same_again(both, tmp_path):
    result = within("run", both, tmp_path / "one", "--std", "0.1", "--seed", "random")
    assert result.returncode == 0
    seed = re.fullmatch(r"noiseaug: seed (\d+)\n", result.stderr)
    assert seed
    assert tree(tmp_path / "one") == outputs(both, tmp_path / "two", "--std", "0.1", "--seed", seed[1])


def test_seed_random_differs_from_run_to_run_and_stands_in_the_json(both, tmp_path):
    runs = [within("run", both, tmp_path / name, "--std", "0.1", "--seed", "random", "--json") for name in "ab"]
    seeds = [json.loads(run.stdout)["seed"] for run in runs]
    assert seeds[0] != seeds[1]
    assert [manifest(tmp_path / name)["a.png"]["seed"] for name in "ab"] == seeds


def test_copies_differ_and_the_first_ones_do_not_depend_on_how_many_there_are(both, tmp_path):
    one = outputs(both, tmp_path / "one", "--std", "0.1")
    three = outputs(both, tmp_path / "three", "--std", "0.1", "--copies", "3")
    assert three["a-std0.1-0.png"] == one["a.png"]
    assert len({three[f"b-std0.1-{copy}.wav"] for copy in range(3)}) == 3
    noise = [read_image(tmp_path / "three" / f"a-std0.1-{copy}.png").astype(int) for copy in range(2)]
    clean = read_image(both / "a.png").astype(int)
    assert abs(np.corrcoef((noise[0] - clean).ravel(), (noise[1] - clean).ravel())[0, 1]) < 4 / clean.size**0.5


def test_levels_of_one_copy_share_one_realisation(grey, tmp_path):
    outputs(grey, tmp_path / "dest", "--std", "5/255", "--std", "30/255")
    weak, strong = (read_image(tmp_path / "dest" / f"grey-std0.{name}-0.png").ravel() for name in ("0196", "118"))
    assert spearmanr(weak, strong).statistic > 0.99


def test_adding_a_level_changes_no_file_of_the_others(both, tmp_path):
    two = outputs(both, tmp_path / "two", "--std", "0.1", "--std", "0.2")
    three = outputs(both, tmp_path / "three", "--std", "0.3", "--std", "0.1", "--std", "0.2")
    assert {name: digest for name, digest in two.items() if "jsonl" not in name}.items() <= three.items()


@pytest.mark.parametrize("size", [(90, 100), (3000, 3000)], ids=["small", "too large to keep the random numbers of"])
def test_levels_and_copies_together_are_as_each_alone(tmp_path, size):
    write_image(tmp_path / "source/a.bmp", np.full(size, 128, np.uint8))
    name = ["--name", "{level}-{copy}{ext}"]
    together = ["--std", "0.1", "--std", "0.2", "--std", "0", "--copies", "2"]
    found = outputs(tmp_path / "source", tmp_path / "together", *together, *name)
    for std in ("0.1", "0.2"):
        alone = outputs(tmp_path / "source", tmp_path / std, "--std", std, *name)
        assert alone[f"std{std}-0.bmp"] == found[f"std{std}-0.bmp"]


def test_a_range_draws_one_std_for_each_file_and_copy_and_records_it(source, tmp_path):
    for name in "abcdefgh":
        write_image(source / f"{name}.png", np.full((60, 60, 3), 128, np.uint8))
    outputs(source, tmp_path / "dest", "--std", "5/255:50/255", "--copies", "2")
    drawn = {name: row["std"] for name, row in manifest(tmp_path / "dest").items()}
    assert len(set(drawn.values())) == 16
    assert all(5 / 255 <= std <= 50 / 255 for std in drawn.values())
    assert max(drawn.values()) - min(drawn.values()) > 20 / 255
    for name, std in drawn.items():
        found = (read_image(tmp_path / "dest" / name).astype(int) - 128).std() / 255
        assert abs(found / std - 1) < 0.05


def test_what_a_range_draws_for_a_file_does_not_depend_on_the_other_files(both, tmp_path):
    outputs(both, tmp_path / "all", "--std", "5/255:50/255")
    outputs(both, tmp_path / "one", "--std", "5/255:50/255", "--include", "b.wav")
    assert manifest(tmp_path / "all")["b.wav"] == manifest(tmp_path / "one")["b.wav"]


def test_mono_gives_all_channels_of_a_pixel_or_frame_one_value(both, dest):
    outputs(both, dest, "--std", "5/255", "--mono")
    image = read_image(dest / "a.png").astype(int) - read_image(both / "a.png")
    audio = read_levels(dest / "b.wav").astype(int) - read_levels(both / "b.wav")
    assert (image == image[..., :1]).all() and (audio == audio[:, :1]).all()
    assert len(np.unique(image)) > 20 and len(np.unique(audio)) > 1000


def test_per_channel_is_the_default_and_gives_each_channel_its_own(both, tmp_path):
    assert outputs(both, tmp_path / "a", "--std", "0.02") == outputs(
        both, tmp_path / "b", "--std", "0.02", "--per-channel"
    )
    audio = read_levels(tmp_path / "a/b.wav").astype(float) - read_levels(both / "b.wav")
    assert abs(np.corrcoef(audio.T)[0, 1]) < 4 / len(audio) ** 0.5


def test_clip_limits_the_result_in_fractions_of_full_scale(both, dest):
    outputs(both, dest, "--std", "0.3", "--clip", "0.2:0.5")
    image, audio = read_image(dest / "a.png"), read_levels(dest / "b.wav", "int16")
    assert (image.min(), image.max()) == (51, 128)
    assert (audio.min(), audio.max()) == (round(0.2 * 32768), 16384)
    rows = manifest(dest)
    assert (rows["a.png"]["clip_low"], rows["a.png"]["clip_high"]) == pytest.approx((51 / 255, 128 / 255))
    assert all(0.1 < row["clipped"] < 0.9 for row in rows.values())


def test_clip_none_writes_float_files_that_go_beyond_the_range(source, dest):
    for suffix in (".png", ".jpg", ".bmp", ".webp", ".tiff"):
        write_image(source / f"of{suffix[1:]}{suffix}", pixels((40, 40, 3)))
    write_image(source / "deep.png", pixels((40, 40), np.uint16))
    for name, subtype in (("a.wav", "PCM_16"), ("b.flac", "PCM_16"), ("c.wav", "PCM_24"), ("d.wav", "PCM_U8")):
        write_sound(source / name, 1.9 * hum(), subtype)
    assert within("run", source, dest, "--std", "0.3", "--clip", "none").stderr == ""
    rows = manifest(dest)
    assert set(rows) == {f"of{end}.tif" for end in ("png", "jpg", "bmp", "webp")} | {
        *("oftiff.tiff", "deep.tif", "a.wav", "b.wav", "c.wav", "d.wav")
    }
    assert all(row["clipped"] == 0 and "clip_low" not in row and "clip_high" not in row for row in rows.values())
    assert all(abs(row["noise_std"] - 0.3) < 0.03 for row in rows.values())
    image = read_image(dest / "deep.tif")
    assert image.dtype == np.float32 and image.min() < -0.1 and image.max() > 1.1
    for name in "abcd":
        assert abs(read_levels(dest / f"{name}.wav", "float64")).max() > 1.1
        assert rows[f"{name}.wav"]["subtype"] == "FLOAT"


def test_clip_none_records_the_dtype_that_was_written(source, dest):
    write_image(source / "a.png", photo(20, 20, 1))
    outputs(source, dest, "--std", "0.1", "--clip", "none")
    assert image_mode(dest / "a.tif") == "F"
    assert manifest(dest)["a.tif"]["dtype"] == "float32"


def test_clip_none_with_std_0_is_the_source_as_fractions_of_full_scale(source, dest):
    write_image(source / "a.png", pixels((20, 20)))
    write_sound(source / "b.flac", hum(), "PCM_16")
    write_sound(source / "c.wav", hum(), "PCM_24")
    outputs(source, dest, "--std", "0", "--clip", "none")
    assert np.array_equal(read_image(dest / "a.tif"), read_image(source / "a.png") / np.float32(255))
    for old, new in (("b.flac", "b.wav"), ("c.wav", "c.wav")):
        assert np.array_equal(read_levels(dest / new, "float64"), read_levels(source / old, "float64"))


def test_clip_none_refuses_two_sources_that_would_get_one_name_before_any_work(source, dest):
    for name in ("a.jpg", "a.png", "b.png"):
        write_image(source / name, photo(8, 8))
    result = within("run", source, dest, "--std", "0.1", "--clip", "none")
    assert result.returncode == 2
    assert "a.jpg and a.png would both become a.tif" in result.stderr
    assert not dest.exists() or not list(dest.iterdir())


WRONG = {
    "--std": [
        "25",
        "300",
        "-0.1",
        "nan",
        "inf",
        "",
        " ",
        "abc",
        "0.2:0.1",
        "0.1:",
        ":0.1",
        "1/0",
        "0.1:0.2:0.3",
        "1.01",
    ],
    "--mean": ["2", "-1.5", "nan", "", "x"],
    "--clip": ["1:0", "0.5", "none:1", "0:nan", "both", "", "0:0"],
    "--copies": ["0", "-1", "1.5", "many"],
    "--seed": ["x", "1.5", ""],
    "--workers": ["0", "-2", "two"],
    "--engine": ["gpu", ""],
    "--kind": ["video"],
    "--timeout": ["0", "-1", "nan", "soon"],
}


@pytest.mark.parametrize(("option", "text"), [(option, text) for option, texts in WRONG.items() for text in texts])
def test_a_value_that_makes_no_sense_is_a_usage_error_that_names_the_option(both, dest, option, text):
    strength = [] if option == "--std" else ["--std", "0.1"]
    result = within("run", both, dest, *strength, f"{option}={text}")
    assert result.returncode == 2
    assert f"'{option}'" in result.stderr
    assert not dest.exists()


def test_a_number_above_full_scale_is_refused_with_a_hint(both, dest):
    assert "25 is above full scale; did you mean 25/255?" in within("run", both, dest, "--std", "25").stderr


def test_a_run_needs_a_strength(both, dest):
    result = within("run", both, dest)
    assert result.returncode == 2
    assert "--std" in result.stderr


def test_two_strengths_of_one_name_are_refused(both, dest):
    result = within("run", both, dest, "--std", "0.1", "--std", "10%")
    assert result.returncode == 2
    assert "std0.1" in result.stderr


def test_every_option_may_be_set_in_the_environment_and_the_command_line_wins(both, tmp_path):
    options = ["--std", "0.1", "--std", "5/255:50/255", "--mean", "0.01", "--clip", "0.1:0.9", "--mono", "--seed", "3"]
    options += ["--copies", "2", "--include", "*.wav", "--include", "*.png", "--exclude", "a*", "--kind", "audio"]
    expected = outputs(both, tmp_path / "options", *options)
    environment = {
        "STD": "0.1 5/255:50/255",
        "MEAN": "0.01",
        "CLIP": "0.1:0.9",
        "MONO": "1",
        "SEED": "4",
        "COPIES": "2",
        "INCLUDE": "*.wav *.png",
        "EXCLUDE": "a*",
        "KIND": "audio",
        "ENGINE": "processes",
        "WORKERS": "1",
        "TIMEOUT": "60",
        "FAIL_FAST": "1",
        "VERBOSE": "1",
        "JSON": "1",
    }
    named = {f"NOISEAUG_RUN_{name}": value for name, value in environment.items()}
    result = noiseaug("run", both, tmp_path / "environment", "--seed", "3", env=named)
    assert tree(tmp_path / "environment") == expected
    assert json.loads(result.stdout)["written"] == 4
    assert len(result.stderr.splitlines()) == 4


def test_a_wrong_value_in_the_environment_is_a_usage_error(both, dest, monkeypatch):
    monkeypatch.setenv("NOISEAUG_RUN_COPIES", "many")
    result = within("run", both, dest, "--std", "0.1")
    assert result.returncode == 2
    assert "copies" in result.stderr.lower()
    assert not dest.exists()


def test_the_environment_may_ask_for_quiet_and_for_a_dry_run(both, dest, monkeypatch):
    monkeypatch.setenv("NOISEAUG_RUN_DRY_RUN", "1")
    assert within("run", both, dest, "--std", "0.1").stdout == "new: a.png\nnew: b.wav\n"
    monkeypatch.delenv("NOISEAUG_RUN_DRY_RUN")
    monkeypatch.setenv("NOISEAUG_RUN_QUIET", "1")
    assert within("run", both, dest, "--std", "0.1") == (0, "", "")


def test_every_option_is_in_the_help_with_a_sentence():
    text = within("run", "--help").stdout
    promised = (
        "--std --mean --clip --mono --seed --copies --include --exclude --kind --root --workers --engine --fail-fast"
    )
    for option in [*promised.split(), "-n, --dry-run", "-q, --quiet", "-v, --verbose", "--json"]:
        assert re.search(rf"^  {option}[ /].*$\n?.*[a-z]", text, re.MULTILINE), option
