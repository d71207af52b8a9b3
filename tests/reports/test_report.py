"""`noiseaug report`: what its page says, where it goes, and that a hostile manifest leads it nowhere."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest
import soundfile
from PIL import Image, ImageOps

from support.commands import STRENGTH, noiseaug, within
from support.corpus import photo, pixels, read_levels, save_image, write_image
from support.faults import NAMED_POINTS
from support.trees import edit, manifest, times


@pytest.fixture
def mine(reported, tmp_path) -> tuple[Path, Path]:
    """SOURCE and DEST of the run that is reported on, for a test to spoil."""
    shutil.copytree(reported, tmp_path / "mine")
    return tmp_path / "mine/source", tmp_path / "mine/dest"


def page_of(dest: Path, *options: str | Path) -> str:
    """The page that goes to standard output."""
    result = within("report", dest, "-o", "-", *options)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


def words(page: str) -> str:
    """What a person reads on a page."""
    text = re.sub(r"<(style|script)>.*?</\1>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", text)))


class Cards(HTMLParser):
    """The cards of a page: what of each is shown, by the name of the output."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, list[tuple[str, bytes]]] = {}
        self.name = ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "li" and "data-item" in given:
            self.name = given["data-name"]
            self.found[self.name] = []
        uri = given.get("src") or ""
        if uri.startswith("data:"):
            what = given["alt"].partition(":")[0] if tag == "img" else given["aria-label"].partition(":")[0]
            self.found[self.name].append((f"{tag} {what}", base64.b64decode(uri.partition(",")[2])))


def one(page: str, name: str, what: str) -> bytes:
    """The last file that a card shows as this."""
    return [content for found, content in Cards(page).found[name] if found == what][-1]


def test_the_page_says_what_ran_and_what_came_of_it(reported):
    text = words(page_of(reported / "dest"))
    rows = manifest(reported / "dest").values()
    sources = {row["source_path"] for row in rows}
    assert f"{len(rows)} outputs of {len(sources)} sources: 39 images and 8 recordings." in text
    assert "noiseaug run SOURCE DEST --std 25/255 --std 0.3 --snr 10 --seed 7 --with-clean beside" in text
    assert f"numpy {np.__version__}" in text
    assert "3 failures" in text
    assert "2 cannot be decoded as an image: it begins with 'no image'" in text
    assert "cats/text.png dogs/text.jpg" in text
    assert "most clipped" in text and "farthest from the request" in text


@pytest.mark.parametrize(
    "options",
    [
        "--preset denoise --seed 3",
        "--preset imagenet-c:3 --std 0.098 --copies 3",
        "--std 0.02:0.2 --clip 0.1:0.9 --mono",
        "--std log:0.01:0.1 --mean 0.01 --quality 90 --image-format jpg --with-clean tree",
    ],
)
def test_the_command_that_the_page_names_gives_the_same_noise(options, photos, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    assert within("run", photos, first, *options.split(), "--kind", "image", "--limit", "2").returncode == 0
    (told,) = re.findall(r"noiseaug run SOURCE DEST (.*?) </", page_of(first).replace("</code>", " </"))
    assert within("run", photos, second, *told.split(), "--kind", "image", "--limit", "2").returncode == 0
    assert {row["sha256"] for row in manifest(first).values()} == {row["sha256"] for row in manifest(second).values()}


def test_what_was_not_kept_and_what_is_left_over_is_named(source, dest):
    save_image(source / "p.png", pixels((20, 20)), "P")
    write_image(source / "q.png", photo(20, 20))
    assert within("run", source, dest, "--std", "0.1", "--with-clean", "beside").returncode == 0
    assert within("run", source, dest, "--std", "0.1", "--with-clean", "beside", "--limit", "1").returncode == 0
    text = words(page_of(dest))
    assert "palette (png): 1 source" in text
    assert "2 files left over by earlier runs" in text
    assert "q-std0.1-0.png" in text


def test_pictures_are_the_pixels_of_the_files(source, dest):
    write_image(source / "small.png", pixels((60, 80, 4), seed=1))
    write_image(source / "large.png", photo(400, 500, seed=2))
    write_image(source / "deep.png", photo(50, 60, 3, np.uint16, seed=3))
    assert within("run", source, dest, "--std", "25/255").returncode == 0
    page = page_of(dest, "--source", source)
    for name, before in (("small.png", source), ("deep.png", source)):
        for what, root in (("img Clean", before), ("img Noisy", dest)):
            seen = cv2.imdecode(np.frombuffer(one(page, name, what), np.uint8), cv2.IMREAD_UNCHANGED)
            stored = cv2.imread(str(root / name), cv2.IMREAD_UNCHANGED)
            expected = stored if stored.dtype == np.uint8 else np.rint(stored / 257).astype(np.uint8)
            opaque = expected[..., 3] > 0 if name == "small.png" else slice(None)
            assert np.array_equal(seen[opaque], expected[opaque])
    detail = cv2.imdecode(np.frombuffer(one(page, "large.png", "img Noisy"), np.uint8), cv2.IMREAD_UNCHANGED)
    whole = cv2.imread(str(dest / "large.png"))
    assert detail.shape == (192, 256, 3)
    _, _, (left, top), _ = cv2.minMaxLoc(cv2.matchTemplate(whole, detail, cv2.TM_SQDIFF))
    assert np.array_equal(whole[top : top + 192, left : left + 256], detail)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photos_stand_as_a_viewer_shows_them(orientation, source, dest):
    tags = Image.Exif()
    tags[0x0112] = orientation
    save_image(source / "photo.png", photo(60, 90), exif=tags)
    assert within("run", source, dest, "--std", "25/255").returncode == 0
    page = page_of(dest, "--source", source)
    for what, root in (("img Clean", source), ("img Noisy", dest)):
        seen = cv2.imdecode(np.frombuffer(one(page, "photo.png", what), np.uint8), cv2.IMREAD_COLOR_RGB)
        with Image.open(root / "photo.png") as image:
            assert np.array_equal(seen, np.asarray(ImageOps.exif_transpose(image)))


def test_sounds_are_the_samples_of_the_files(reported):
    page = page_of(reported / "dest")
    name = next(name for name in Cards(page).found if name.startswith("sound/stereo-snr10"))
    for what, file in (("audio Noisy", name), ("audio Clean", "sound/stereo.wav")):
        heard, rate = soundfile.read(io.BytesIO(one(page, name, what)), dtype="int16")
        stored = read_levels(reported / "dest" / file)[:, 0]
        assert (rate, len(heard)) == (16_000, 30_000)
        assert np.abs(heard - stored / 65536).max() <= 1
    pictures = [content for what, content in Cards(page).found[name] if what.startswith("img Spectrogram")]
    assert len(pictures) == 2 and pictures[0] != pictures[1]


def test_without_originals_the_page_says_how_to_get_them(photos, dest):
    assert within("run", photos, dest, *STRENGTH, "--limit", "4").returncode == 0
    assert "There are no originals to compare with. Name the folder" in words(page_of(dest))
    result = within("report", dest, "-o", dest.parent / "report.html")
    assert "4 of them without the original; --source, or run --with-clean, has those" in result.stdout
    wrong = within("report", dest, "--source", dest, "-o", dest.parent / "report.html")
    assert f"4 of them without the original: {dest} does not have it as the run read it" in wrong.stdout
    with_source = page_of(dest, "--source", photos)
    assert "There are no originals" not in words(with_source)
    assert any(what == "img Clean" for found in Cards(with_source).found.values() for what, _ in found)


def test_files_that_are_not_as_recorded_are_named_and_not_shown(mine):
    source, dest = mine
    names = [name for name, row in manifest(dest).items() if row["role"] == "noisy" and row["kind"] == "image"]
    for name in names:
        (dest / name).write_bytes(b"GIF89a" + (dest / name).read_bytes()[6:])
    for path in source.rglob("*.wav"):
        path.write_bytes(path.read_bytes() + b"!")
    page = page_of(dest, "--source", source)
    text = words(page)
    assert "Not shown: it was changed since the run." in text
    assert "Not shown: its original is longer than the manifest says." in text
    shown = {name for name, contents in Cards(page).found.items() if contents}
    assert shown and not shown & set(names)


def test_the_policy_names_the_style_and_the_script_and_the_page_needs_nothing_else(reported):
    page = page_of(reported / "dest")
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    directives = dict(part.strip().split(" ", 1) for part in html.unescape(policy).split(";"))
    assert directives.pop("default-src") == "'none'"
    for name in ("style", "script"):
        (content,) = re.findall(rf"<{name}>(.*?)</{name}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert directives.pop(f"{name}-src") == f"'sha256-{digest}'"
    assert directives == {
        "img-src": "data:",
        "media-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert not re.findall(r"""(?:src|href|action)=["'](?!data:|\#)""", page)
    assert "url(" not in page and "@import" not in page
    assert not re.findall(r"""\s(?:style|on\w+)=["']""", page)


def test_names_are_escaped(reported):
    page = page_of(reported / "dest")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;_script&gt;" in page
    assert "\u202e" not in page


def test_the_same_options_give_the_same_page_and_another_seed_another_sample(photos, dest):
    assert within("run", photos, dest, *STRENGTH).returncode == 0
    before = times(dest)
    first, again, other = (page_of(dest, "--sample", "5", "--seed", seed) for seed in ("1", "1", "2"))
    assert first == again != other
    assert times(dest) == before
    assert first.count("<tr data-item") == 5
    assert "5 of 26 rows, drawn with seed 1" in words(first)


def test_a_report_is_replaced_and_any_other_file_only_if_that_is_asked_for(photos, tmp_path):
    dest, page = tmp_path / "dest", tmp_path / "new/report.html"
    assert within("run", photos, dest, *STRENGTH, "--limit", "4").returncode == 0
    command = ["report", dest, "-o", page]
    assert within(*command, "--sample", "3").returncode == 0
    first = page.read_bytes()
    result = within(*command)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith(f"{page}: 4 outputs, 4 to look at or listen to (")
    assert page.read_bytes() != first
    written = page.stat().st_mtime_ns
    assert within(*command).returncode == 0
    assert page.stat().st_mtime_ns == written
    page.write_text("my notes")
    result = within(*command)
    assert (result.returncode, page.read_text()) == (2, "my notes")
    assert "is no report of noiseaug; name another --output, or add --overwrite" in result.stderr
    assert within(*command, "--overwrite", "-q") == (0, "", "")
    assert page.read_bytes().startswith(b"<!doctype html>")
    assert os.listdir(page.parent) == ["report.html"]


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["directory", "FIFO"])
def test_what_is_no_regular_file_is_never_replaced(make, reported, tmp_path):
    make(tmp_path / "out")
    result = within("report", reported / "dest", "-o", tmp_path / "out", "--overwrite")
    assert (result.returncode, "is not a regular file" in result.stderr) == (2, True)


def test_a_report_in_dest_is_no_extra_file_to_verify(mine):
    _, dest = mine
    assert within("report", dest, "-o", dest / "report.html").returncode == 0
    assert within("verify", dest).returncode == 0
    (dest / "report.html").write_text("<!doctype html> of others")
    assert "extra: report.html" in within("verify", dest).stdout


def test_a_dest_that_no_run_finished_is_refused(photos, tmp_path):
    dest = tmp_path / "dest"
    dest.mkdir()
    result = within("report", dest, "-o", "-")
    assert (result.returncode, result.stdout) == (2, "")
    assert "there is no manifest.jsonl" in result.stderr
    assert within("run", photos, dest, *STRENGTH, "--shard", "1/2").returncode == 0
    result = within("report", dest, "-o", "-")
    assert (result.returncode, "run noiseaug merge" in result.stderr) == (1, True)
    fault = NAMED_POINTS["the journal has grown"] | {"do": "kill-group", "count": str(tmp_path / "n")}
    other = tmp_path / "other"
    assert noiseaug("run", photos, other, *STRENGTH, fault=fault).returncode == -signal.SIGKILL
    result = within("report", other, "-o", "-")
    assert (result.returncode, "interrupted" in result.stderr) == (1, True)


def test_a_run_of_which_all_failed_has_a_page(source, dest):
    (source / "a.png").write_bytes(b"")
    assert within("run", source, dest, "--std", "0.1").returncode == 3
    assert "1 is empty; expected an image" in words(page_of(dest))


ODD = [
    {"level": ["std"], "label": None, "std": "many", "noise_std": 10**400, "psnr_db": True, "clipped": {}},
    {"file_name": "../../secret.png", "source_path": "../../secret.png"},
    {"file_name": "/etc/passwd"},
    {"std": 1e-320, "noise_std": 1e300, "clipped": 1e308, "bytes": -5, "width": 1e300, "duration": -1e300},
    {"snr_db": -1e308, "snr_db_measured": 1e308, "noise_std": 0, "sampling_rate": 0},
    {"level": "x" * 100_000, "label": "\ud800\0<b>", "made_with": "<i>, " * 50, "options": "a=<b> =", "copy": 10**30},
    {"kind": "array", "dtype": "float32", "level": "std0.1"},
    {"kind": "video"},
    {"seed": "</script>", "not_kept": "<u>, " * 1000, "source_format": 5, "role": "clean", "damaged": 7},
]


def test_odd_rows_spoil_no_page_and_lead_nowhere(mine):
    source, dest = mine
    secret = write_image(dest.parents[1] / "secret.png", photo(33, 44, seed=9))
    size, digest = secret.stat().st_size, hashlib.sha256(secret.read_bytes()).hexdigest()
    of_secret = {"bytes": size, "sha256": digest, "source_bytes": size, "source_sha256": digest}  # as it is
    for number in range(0, 47, 2):
        odd = ODD[number // 2 % len(ODD)]
        edit(dest, lambda row, odd=odd: row.update(odd | of_secret if "source_path" in odd else odd), number)
    with (dest / "manifest.jsonl").open("ab") as file:
        file.write(b'[1]\n{"file_name": "\xff\n{"file_name": 1}\n')
    page = page_of(dest, "--source", source)
    assert not re.findall(r"<(?:b|i|u)>|</script>(?!\n</body>)", page)
    assert len(page) < 10_000_000
    pictures = [content for found in Cards(page).found.values() for _, content in found]
    assert all(content[:4] in (b"RIFF", b"fLaC") for content in pictures)
    sizes = [cv2.imdecode(np.frombuffer(content, np.uint8), 1).shape for content in pictures if content[:1] == b"R"]
    assert (33, 44, 3) not in sizes
    assert "damaged row" in words(page)


def test_pictures_for_which_the_page_has_no_room_are_counted(source, dest):
    for number in range(20):
        write_image(source / f"{number}.png", pixels((420, 420, 3), seed=number))
    assert within("run", source, dest, "--std", "25/255").returncode == 0
    page = page_of(dest, "--source", source)
    shown, others = len(Cards(page).found), re.search(r"(\d+) other outputs had no room in this page", words(page))
    assert others and int(others[1]) > 1 and 4 < shown < 20
    assert 3_000_000 < len(page) < 6_500_000


@pytest.mark.parametrize("name", ["<" * 4000, "data:" + "\udcff" * 4000], ids=["markup", "bytes"])
def test_long_names_make_no_large_page(name, photos, dest):
    assert within("run", photos, dest, *STRENGTH, "--limit", "1").returncode == 0
    (row,) = manifest(dest).values()
    names = {"label": name, "level": name}
    rows = (row | names | {"file_name": f"{number}{name}", "source_path": name} for number in range(1000))
    (dest / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    errors = (f"{name * 20} {chr(97 + number) * 9}" for number in range(26))
    failed = ({"source_path": name, "file_name": "", "error": error} for error in errors)
    (dest / "failures.jsonl").write_text("".join(json.dumps(failure) + "\n" for failure in failed))
    page = page_of(dest, "--sample", "1000")
    assert page.count("<tr data-item") == 1000
    assert len(page.encode()) < 4_000_000  # pictures and sounds may take 6 MB more


PEAK = """
import resource, sys
from noiseaug.reports import report
made = report(sys.argv[1])
print(made.rows, len(made.page), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
sys.stdout.buffer.write(made.page)
"""


def test_many_rows_make_no_large_page_and_take_no_more_memory(photos, tmp_path):
    dest = tmp_path / "dest"
    assert within("run", photos, dest, *STRENGTH, "--limit", "8", "--kind", "image").returncode == 0
    rows = list(manifest(dest).values())
    drawn = np.random.default_rng(3).normal(0.95, 0.02, 40_000)
    found = []
    for count in (400, 40_000):
        with (dest / "manifest.jsonl").open("w") as file:
            for number in range(count):
                row = rows[number % 8] | {"noise_std": 25 / 255 * drawn[number], "label": f"class {number}"}
                file.write(json.dumps(row) + "\n")
        result = subprocess.run([sys.executable, "-c", PEAK, dest], capture_output=True, check=True)
        numbers, _, page = result.stdout.decode().partition("\n")
        found.append([int(number) for number in numbers.split()])
    (few, _, before), (many, size, after) = found
    assert (few, many) == (400, 40_000)
    assert size < 3_000_000
    assert after - before < 12_000  # KiB; the manifest has 40 MB
    assert page.count("<tr data-item") == 200
    low, middle, high = (100 * float(np.quantile(drawn, share)) - 100 for share in (0.05, 0.5, 0.95))
    caption = re.search(
        r"Median \N{MINUS SIGN}([\d.]+) %; 90 % from \N{MINUS SIGN}([\d.]+) % to \N{MINUS SIGN}?([\d.]+) %", page
    )
    assert caption
    for said, exact in zip(caption.groups(), (middle, low, high), strict=True):
        assert abs(float(said) - abs(exact)) < 0.15
