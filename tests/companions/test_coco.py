"""`--annotations coco.json`: annotations.json says of the outputs what a COCO file says of the sources."""

from __future__ import annotations

import copy
import json
import os
import random
import shutil
import signal
import tempfile

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO

from noiseaug import Companions, NoiseaugError, Recipe, run
from noiseaug.companions.coco import renumbered
from noiseaug.companions.json_spans import members
from noiseaug.storage.source_file import SourceFile
from support.commands import STRENGTH, noiseaug, within
from support.corpus import make_photos
from support.trees import failures, manifest, times, tree

IMAGES = [f"{'cats' if index % 2 else 'dogs'}/{index:03}{'.png' if index % 3 else '.jpg'}" for index in range(6)]


def described(seed: int = 1) -> dict:
    """A COCO file about the photos, with all that such files hold, in an order that is not that of the walk."""
    rng = random.Random(seed)
    images = [
        {"license": 2, "file_name": name, "height": 48, "width": 48, "id": 100 - place, "x": {"id": 5}}
        for place, name in enumerate(IMAGES)
    ]
    annotations = []
    for number in range(25):
        x, y, w, h = (rng.uniform(0, 20) for _ in range(4))
        entry = {
            "segmentation": [[x, y, x + w, y, x + w, y + h, x, y + h]],
            "area": w * h,
            "iscrowd": 0,
            "image_id": 100 - rng.randrange(6),
            "bbox": [x, y, w, h],
            "category_id": rng.randrange(1, 3),
            "id": 9_000_000_000_000_000_000_000 + number,
        }
        if number % 5 == 0:
            entry |= {"iscrowd": 1, "segmentation": {"counts": [100, 500, 48 * 48 - 600], "size": [48, 48]}}
        if number % 7 == 0:
            entry |= {"keypoints": [1, 2, 2], "caption": 'a "cat", {id: 3} 雪', "attributes": {"id": 3, "image_id": 4}}
        annotations.append(entry)
    return {
        "info": {"description": "Фото", "year": 2017, "ratio": 1e-7},
        "licenses": [{"id": 2, "name": "CC"}],
        "annotations": annotations,
        "categories": [{"id": 1, "name": "cat", "supercategory": "animal"}, {"id": 2, "name": "dog"}],
        "nichts für ungut": [],
        "images": images,
    }


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return make_photos(tmp_path_factory.mktemp("source") / "photos", count=6)


@pytest.fixture
def coco(tmp_path):
    """Writes a COCO file, by default that about the photos; returns its path."""

    def written(content: object = None, **form):
        path = tmp_path / "coco.json"
        text = content if isinstance(content, str) else json.dumps(content or described(), **form)
        path.write_text(text, encoding="utf-8")
        return path

    return written


def annotate(source, dest, path, *options):
    return within("run", source, dest, *STRENGTH, "--annotations", path, *options)


def by_file(content: dict) -> dict[str, list[dict]]:
    """The annotations by the file name of their image, without ids."""
    names = {image["id"]: image["file_name"] for image in content["images"]}
    found: dict[str, list[dict]] = {name: [] for name in names.values()}
    for annotation in copy.deepcopy(content["annotations"]):
        del annotation["id"]
        found[names[annotation.pop("image_id")]].append(annotation)
    return found


@pytest.mark.parametrize("form", [{}, {"indent": 2}, {"ensure_ascii": False, "separators": (",", ":")}])
def test_each_output_has_the_entry_and_the_annotations_of_its_source(form, photos, dest, coco):
    result = annotate(photos, dest, coco(**form), "--std", "0.2", "--copies", "2")
    assert (result.returncode, result.stderr) == (0, "")
    content, before = json.loads((dest / "annotations.json").read_text()), described()
    rows = [row for row in manifest(dest).values() if row["kind"] == "image"]
    assert [image["file_name"] for image in content["images"]] == [row["file_name"] for row in rows]
    assert [image["id"] for image in content["images"]] == list(range(1, 25))
    assert [annotation["id"] for annotation in content["annotations"]] == list(range(1, 101))
    assert [annotation["image_id"] for annotation in content["annotations"]] == sorted(
        annotation["image_id"] for annotation in content["annotations"]
    )
    sources, outputs = by_file(before), by_file(content)
    entries = {image["file_name"]: image for image in before["images"]}
    for row, image in zip(rows, content["images"], strict=True):
        assert outputs[row["file_name"]] == sources[row["source_path"]]
        assert image == entries[row["source_path"]] | {"id": image["id"], "file_name": row["file_name"]}
    for key in ("info", "licenses", "categories", "nichts für ungut"):
        assert content[key] == before[key]


@pytest.mark.filterwarnings("ignore::DeprecationWarning:pycocotools")
def test_pycocotools_reads_it_and_finds_the_images(photos, dest, coco):
    path = coco()
    annotate(photos, dest, path, "--copies", "3")
    old, new = COCO(path), COCO(dest / "annotations.json")
    assert (len(new.getImgIds()), len(new.getAnnIds())) == (18, 75)
    names = {image["file_name"]: image["id"] for image in old.dataset["images"]}
    for image in new.loadImgs(new.getImgIds()):
        assert cv2.imread(str(dest / image["file_name"])).shape[:2] == (image["height"], image["width"])
        source = manifest(dest)[image["file_name"]]["source_path"]
        former = old.loadAnns(old.getAnnIds(imgIds=[names[source]]))
        copied = new.loadAnns(new.getAnnIds(imgIds=[image["id"]]))
        assert [found["bbox"] for found in copied] == [found["bbox"] for found in former]
        for one, other in zip(former, copied, strict=True):
            assert np.array_equal(old.annToMask(one), new.annToMask(other))
            assert new.annToMask(other).sum() > 0 or one["area"] < 4
    assert new.getCatIds(catNms=["cat"]) == [1]


def test_a_second_run_writes_nothing_and_a_file_that_is_gone_comes_back(photos, dest, coco):
    path = coco()
    annotate(photos, dest, path)
    before, when = tree(dest), times(dest)
    assert "nothing to do" in annotate(photos, dest, path).stdout
    assert (tree(dest), times(dest)) == (before, when)
    (dest / "annotations.json").unlink()
    annotate(photos, dest, path)
    assert tree(dest) == before


def test_other_annotations_are_written_and_no_output_is_made_again(photos, dest, coco):
    annotate(photos, dest, coco())
    before = tree(dest)
    assert "nothing to do" in annotate(photos, dest, coco(described(seed=2))).stdout
    after = tree(dest)
    assert {name for name in after if after[name] != before.get(name)} == {"annotations.json"}


@pytest.mark.parametrize("path", ["noiseaug-new-", "annotations.json$", "manifest.jsonl$"])
def test_a_killed_run_ends_the_same_when_run_again(path, photos, dest, coco, tmp_path):
    annotations = coco()
    annotate(photos, dest, annotations)
    killed, call = tmp_path / "killed", "os.replace" if "$" in path else "write"
    fault = {"call": call, "path": path, "do": "kill-group", "count": str(tmp_path / "count")}
    arguments = ["run", photos, killed, *STRENGTH, "--annotations", annotations]
    assert noiseaug(*arguments, fault=fault).returncode == -signal.SIGKILL
    assert not (killed / "annotations.json").exists() or path == "manifest.jsonl$"
    annotate(photos, killed, annotations)
    assert tree(killed) == tree(dest)


def test_verify_does_not_call_it_extra(photos, dest, coco):
    annotate(photos, dest, coco())
    assert within("verify", dest).stdout == "8 checked: all as recorded\n"
    (dest / "annotations.json").write_text(json.dumps(described()))
    assert within("verify", dest).stdout.startswith("extra: annotations.json")


def test_failed_outputs_are_not_in_it(tmp_path, dest, coco):
    source = make_photos(tmp_path / "mine", count=6)
    (source / IMAGES[1]).write_bytes(b"none")
    assert annotate(source, dest, coco()).returncode == 3
    assert set(failures(dest)) == {IMAGES[1]}
    content = json.loads((dest / "annotations.json").read_text())
    assert {image["file_name"] for image in content["images"]} == set(IMAGES) - {IMAGES[1]}
    assert {annotation["image_id"] for annotation in content["annotations"]} <= {1, 2, 3, 4, 5}


def test_what_does_not_go_together_is_counted_and_left_out(photos, dest, coco):
    content = described()
    gone = {"cats/gone.png": 100, "cats/lost.png": 99}
    for image in content["images"]:
        image["file_name"] = {number: name for name, number in gone.items()}.get(image["id"], image["file_name"])
    content["annotations"].append({"id": 5, "image_id": 12345})
    result = annotate(photos, dest, coco(content))
    assert result.returncode == 0
    first, second, third = result.stderr.splitlines()
    assert "2 of the 6 images of" in first and first.endswith("the first is cats/gone.png")
    assert "2 images of SOURCE are not in" in second
    assert "1 annotations in" in third
    written = json.loads((dest / "annotations.json").read_text())
    assert len(written["images"]) == 4
    kept = [a for a in content["annotations"] if a["image_id"] not in (99, 100, 12345)]
    assert len(written["annotations"]) == len(kept)
    assert annotate(photos, dest, coco(content), "--json").stderr == result.stderr
    assert annotate(photos, dest, coco(content), "-q").stderr == ""


def test_a_file_about_other_images_is_refused_before_any_work(photos, dest, coco):
    content = described()
    for image in content["images"]:
        image["file_name"] = image["file_name"].rpartition("/")[2]
    result = annotate(photos, dest, coco(content))
    assert result.returncode == 1
    assert "none of the 6 images of" in result.stderr
    assert "the first is 000.jpg" in result.stderr
    assert not dest.exists()


def edited(change) -> dict:
    content = described()
    change(content)
    return content


NOT_COCO = {
    "nothing": ("", "a JSON object was expected at byte 0, and there is 'the end'"),
    "text": ("images", "a JSON object was expected"),
    "a list": ("[]", "a JSON object was expected"),
    "an object": ("{}", "it has no 'images'"),
    "no annotations": ({"images": []}, "it has no 'annotations'"),
    "cut short": (json.dumps(described())[:-300], "was expected at byte"),
    "followed by more": (json.dumps(described()) + "x", "nothing after the object"),
    "images that are no list": ({"images": {}, "annotations": []}, "'images' is no list"),
    "annotations that are no list": (edited(lambda c: c.update(annotations={})), "'annotations' is no list"),
    "an image that is a name": (edited(lambda c: c["images"].append("a.png")), "'images' has no id: a.png"),
    "an image without a name": (edited(lambda c: c["images"][0].pop("file_name")), "has no file_name"),
    "an image twice": (edited(lambda c: c["images"].append(c["images"][0])), "the same id or file_name"),
    "annotations of nothing": (edited(lambda c: c["annotations"][3].pop("image_id")), "has no image_id"),
    "annotations of a list": (edited(lambda c: c["annotations"][3].update(image_id=[1])), "has no image_id"),
    "deep": ('{"images": ' + "[" * 100_000, "was expected at byte"),
    "no images": ({"images": [], "annotations": []}, "none of the 0 images"),
}


@pytest.mark.parametrize("what", NOT_COCO)
def test_a_file_that_is_none_of_coco_is_refused_before_any_work(what, photos, dest, coco):
    content, expected = NOT_COCO[what]
    path = coco(content)
    result = annotate(photos, dest, path)
    assert result.returncode == 1
    assert str(path) in result.stderr
    assert expected in result.stderr
    assert "Traceback" not in result.stderr
    assert not dest.exists()


def test_a_file_that_is_not_utf8_not_there_or_no_file_is_refused(photos, dest, tmp_path):
    (tmp_path / "latin.json").write_bytes('{"images": [], "annotations": [], "info": "é"}'.encode("latin-1"))
    result = annotate(photos, dest, tmp_path / "latin.json")
    assert (result.returncode, "UTF-8 was expected" in result.stderr) == (1, True)
    assert annotate(photos, dest, tmp_path / "none.json").returncode == 2
    os.mkfifo(tmp_path / "pipe")
    for name in ("none.json", "pipe", ""):
        with pytest.raises(NoiseaugError, match="cannot be read"):
            run(photos, dest, Recipe.of(0.1), companions=Companions(annotations=str(tmp_path / name)))
    assert not dest.exists()


def test_a_byte_order_mark_is_passed_over(photos, dest, tmp_path):
    (tmp_path / "mark.json").write_text(json.dumps(described()), encoding="utf-8-sig")
    assert annotate(photos, dest, tmp_path / "mark.json").returncode == 0
    assert len(json.loads((dest / "annotations.json").read_text())["annotations"]) == 25


def test_annotations_of_somebody_else_are_not_replaced(photos, dest, coco):
    annotate(photos, dest, path := coco())
    shutil.copy(path, dest / "annotations.json")
    before = tree(dest)
    result = annotate(photos, dest, path)
    assert (result.returncode, "annotations.json stands in DEST" in result.stderr) == (1, True)
    result = annotate(photos, dest, dest / "annotations.json", "--overwrite")
    assert (result.returncode, "is what the run is to write" in result.stderr) == (1, True)
    assert tree(dest) == before
    assert annotate(photos, dest, path, "--overwrite").returncode == 0


def test_annotations_that_are_no_longer_asked_for_are_left_over(photos, dest, coco):
    annotate(photos, dest, coco())
    before = tree(dest)
    result = within("run", photos, dest, *STRENGTH)
    assert (result.returncode, "1 file of earlier runs left over" in result.stdout) == (0, True)
    assert {name: digest for name, digest in tree(dest).items() if name != "leftovers.jsonl"} == before
    assert "left over: annotations.json" in within("verify", dest).stdout


NUMBERS = st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    NUMBERS | st.text() | st.booleans() | st.none(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["id", "image_id"]), inner),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)  # on a machine that does other work
@given(st.dictionaries(st.text() | st.sampled_from(["id", "image_id"]), VALUES), st.booleans())
def test_an_annotation_changes_in_nothing_but_its_ids(annotation, compact):
    annotation["image_id"] = annotation.get("image_id", 3)
    text = json.dumps(annotation, ensure_ascii=compact, indent=None if compact else 1)
    found = json.loads(renumbered(text.encode("utf-8", "surrogatepass"), 11, 22))
    assert found == annotation | {"id": 11, "image_id": 22}
    assert json.dumps(found) == json.dumps(annotation | {"id": 11, "image_id": 22})


@pytest.mark.parametrize(
    "annotation",
    [
        {"image_id": 3, "segments_info": [{"id": 5, "area": 1}]},  # panoptic: without an id of its own
        {"image_id": 3, "caption": '"id": 5, '},
        {"image_id": 3, 'x"id': 5},
        {"image_id": "3, 4", "id": "5}"},
        {"a": {"image_id": 3}, "id": 5, "image_id": 4},
    ],
)
def test_an_id_within_a_member_is_not_that_of_the_annotation(annotation):
    found = json.loads(renumbered(json.dumps(annotation).encode(), 11, 22))
    assert found == annotation | {"id": 11, "image_id": 22}


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(st.text(), VALUES, max_size=5), st.sampled_from([None, 1]), st.booleans())
def test_members_stand_where_they_are_said_to(content, indent, ascii_only):
    text = json.dumps(content, indent=indent, ensure_ascii=ascii_only)
    text = text.encode("utf-8", "replace").decode()  # lone surrogates are no UTF-8
    assert assembled(text) == json.loads(text)


def assembled(text: str) -> dict:
    raw, found = text.encode(), {}
    with tempfile.NamedTemporaryFile() as written:
        written.write(raw)
        written.flush()
        with SourceFile(written.name) as file:
            for member in members(file):
                value = json.loads(raw[member.start : member.start + member.size])
                if member.is_element:
                    found.setdefault(member.key, []).append(value)
                else:
                    found[member.key] = value
    return found


def test_members_are_found_across_the_window_that_is_looked_through():
    rng = random.Random(3)
    content = {
        "list": [{"id": n, "text": "雪é" * rng.randrange(40_000), "n": [n / 7] * rng.randrange(9)} for n in range(60)],
        "long": "x" * 3_000_000,
        "number": 10**50,
        "numbers": [rng.randrange(10**9) for _ in range(150_000)],
        "últímo": [],
    }
    assert assembled(json.dumps(content, ensure_ascii=False)) == content
