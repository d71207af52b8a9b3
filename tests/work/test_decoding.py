"""A source is decoded once, whatever is made of it."""

from __future__ import annotations

import subprocess
import sys

from support.corpus import photo, write_image
from support.trees import manifest


def test_five_levels_decode_each_source_once(source, dest):
    for name in ("a.png", "b.jpg"):
        write_image(source / name, photo(16, 16))
    log = source.parent / "decodes"
    script = (
        "import cv2, simplejpeg\n"
        "def counted(real):\n"
        "    def counting(*arguments, **options):\n"
        f"        open({str(log)!r}, 'a').write('x')\n"
        "        return real(*arguments, **options)\n"
        "    return counting\n"
        "cv2.imdecode, simplejpeg.decode_jpeg = counted(cv2.imdecode), counted(simplejpeg.decode_jpeg)\n"
        "from noiseaug.cli import main\n"
        "main()\n"
    )
    arguments = ["run", source, dest, "--preset", "imagenet-c", "--with-clean", "tree", "--engine", "threads"]
    subprocess.run([sys.executable, "-c", script, *map(str, arguments)], check=True, capture_output=True)
    assert len(manifest(dest)) == 20
    assert log.read_text() == "xx"
