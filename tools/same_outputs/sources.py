"""The folders of images and recordings that the commands work on, each made by a function of its own, without noiseaug.

The same files are given to both versions. They are made anew each time, so nothing here has to be reproducible.
"""

from __future__ import annotations

import json
import os
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

from tools.same_outputs.audio import lengthy, recordings, speech
from tools.same_outputs.images import laden, pictures
from tools.same_outputs.makers import example, makers


def mixed(root: Path) -> None:
    """Fills `root` with small files of most kinds, and one of no kind that is worked on."""
    corpus, _ = makers()
    corpus.make_mixed(root)


def many(root: Path) -> None:
    """Fills `root` with more small images than a worker gets at once."""
    corpus, _ = makers()
    for number in range(200):
        name = f"{number % 7}/{number:03}.{'pgm' if number % 3 else 'png'}"
        corpus.save_image(root / name, corpus.photo(9, 12, 1, seed=number))


def labelled(root: Path) -> None:
    """Fills `root` with images that have labels of each kind: YOLO's, Pascal VOC's, JSON beside them, and COCO's."""
    corpus, _ = makers()
    images, boxes = [], []
    for number in range(6):
        name = f"{'cats' if number % 2 else 'dogs'}/{number:03}"
        file_name = f"images/{name}{'.png' if number % 3 else '.jpg'}"
        corpus.save_image(root / file_name, corpus.photo(32, 48, seed=number))
        _write(root / f"labels/{name}.txt", f"{number % 2} 0.5 0.5 0.25 0.{number + 1}\n")
        _write(root / f"images/{name}.xml", f"<annotation><filename>{name[5:]}.png</filename></annotation>\n")
        _write(root / f"images/{name}.json", json.dumps({"number": number}))
        images.append({"id": 100 - number, "file_name": file_name, "width": 48, "height": 32, "license": 2})
        box = {"id": 10**21 + number, "image_id": 100 - number, "category_id": 1, "bbox": [number, 1.5, 7, 8e-1]}
        boxes.append(box | {"area": 5.6, "iscrowd": 0, "segmentation": [[number, 1.5, 7, 1.5, 7, 8]], "caption": "雪"})
    coco = {"info": {"year": 2026}, "licenses": [{"id": 2}], "annotations": boxes, "images": images}
    _write(root / "coco.json", json.dumps(coco | {"categories": [{"id": 1, "name": "cat"}]}, indent=1))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def bad(root: Path) -> None:
    """Fills `root` with files that cannot be read: those of `mixed`, cut or overwritten, and others. Two are good."""
    whole = root / "whole"
    mixed(whole)
    for path in sorted(whole.rglob("*.*")):
        content, name = path.read_bytes(), f"{path.stem}{path.suffix}"
        (root / f"truncated-{name}").write_bytes(content[: len(content) * 6 // 10])
        (root / f"zeros-{name}").write_bytes(content[:20].ljust(len(content), b"\0"))
        (root / f"empty{path.suffix}").touch()
        (root / f"text{path.suffix}").write_text("This is a text, and a long one. " * 20)
    (root / "sound.png").write_bytes((whole / "sound/pcm16.wav").read_bytes())
    (root / "picture.wav").write_bytes((whole / "images/cats/a.png").read_bytes())
    (root / "crash.png").write_bytes(example("decoder-segfault.png"))
    (root / "good.png").write_bytes((whole / "images/cats/a.png").read_bytes())
    (root / "zz-good.wav").write_bytes((whole / "sound/pcm16.wav").read_bytes())
    shutil.rmtree(whole)
    (root / "dangling.png").symlink_to("nowhere.png")
    (root / "circle.png").symlink_to("circle.png")


def odd(root: Path) -> None:
    """Fills `root` with a picture under many odd names, with links, and with files that are not regular."""
    corpus, _ = makers()
    corpus.save_image(root / "plain.png", corpus.photo(12, 16))
    content = (root / "plain.png").read_bytes()
    names = (
        *("with space.png", "new\nline.png", "tab\t.png", "-dash.png", "UPPER.PNG", ".hidden.png", "quote\"'.png"),
        *(
            "100%.png",
            "{stem}.png",
            "two.dots.png",
            "deep/er/est.png",
            "#hash.png",
            "!bang.png",
            "a*b?.png",
            "$HOME.png",
        ),
        *("\u00e9.png", "e\u0301.png", "雪.png", "back\\slash.png", os.fsdecode(b"latin-\xe9.png"), "a.jpg.png"),
        *("Case/a.png", "case/a.png", "folder.png/inside.png", "label/name.png", "no-suffix", "plain.jpg"),
    )
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    (root / "link.png").symlink_to("plain.png")
    (root / "linked").symlink_to("deep")
    (root / "deep" / "up").symlink_to("..")
    (root / "endless.png").symlink_to("/dev/zero")
    os.mkfifo(root / "pipe.wav")


_ALL = (mixed, many, pictures, laden, recordings, speech, lengthy, labelled, bad, odd)
MAKERS: dict[str, Callable[[Path], None]] = {make.__name__: make for make in _ALL}


def make_source(name: str, root: Path) -> Path:
    """Makes the folder of this name below `root`, unless it is there; returns its path."""
    path = root / name
    if not path.exists():
        path.mkdir(parents=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Pillow and NumPy, on what is made odd on purpose
            MAKERS[name](path)
    return path
