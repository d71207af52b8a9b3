"""Writes docs/formats-images.md: what runs over images of every layout show. `make tables` runs it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from differential.agreement import agreeing, cell
from noiseaug import Recipe, Running, run
from noiseaug.kinds import KINDS, target_suffix
from noiseaug.media.image import formats as image_formats
from noiseaug.media.image.containers import rasters as image_rasters
from noiseaug.media.image.decode import decode
from noiseaug.settings.recipe import ImageOptions
from support import picture_files as files
from support.heic_files import heic
from support.places import ROOT
from support.trees import manifest
from tools.format_names import IMAGES as NAMES

PHOTOS = ROOT / "sample_data/images"
SUPPORT = """\
| format | suffixes | read | by | written | depth | channels | the same at std 0 | frames | metadata | streamed \
| agreed with |
|---|---|---|---|---|---|---|---|---|---|---|---|
"""
CHANNELS = {1: "grey", 2: "grey+alpha", 3: "colour", 4: "colour+alpha"}
DTYPES = ("uint8", "uint16", "int16", "int32", "float32", "float64")
LEVELS = (5, 15, 25, 50)
MEASURED = """\
| format | quality | chroma | 5 | 15 | 25 | 50 |
|---|---|---|---|---|---|---|
"""
ENCODINGS: tuple[tuple[str, int | None, str], ...] = (
    ("png", None, "4:4:4"),
    *(("jpg", quality, chroma) for quality in (95, 90, 75) for chroma in ("4:4:4", "4:2:0")),
    *(("webp", quality, "4:2:0") for quality in (95, 90, 75)),
    ("avif", 100, "4:4:4"),
    *(("avif", quality, "4:2:0") for quality in (95, 90, 75)),
)


def support(scratch: Path) -> str:
    """The rows of what is supported, from runs over images made in `scratch`."""
    source = scratch / "layouts"
    source.mkdir()
    for dtype in DTYPES:
        for channels in CHANNELS:
            if data := _layout(dtype, channels):
                (source / f"{dtype}-{channels}.image.png").write_bytes(data)
    (source / "animation.png").write_bytes(files.several("PNG", files.still_frames(3), duration=50))
    (source / "pages.png").write_bytes(files.tiff(np.stack([files.GREY] * 3), photometric="minisblack"))
    (source / "said.png").write_bytes(_said())
    rows = [*(_row(form, source, scratch) for form in NAMES), _bitmap(scratch)]
    made = {form: [*(scratch / form).glob(f"*.{form}")] for form in NAMES} | {"pbm": [scratch / "bitmap/a.pbm"]}
    agreed = agreeing([path for paths in made.values() for path in paths], scratch)
    readers = [cell(agreed, [path.name for path in paths]) for paths in made.values()]
    told = [f"{row} {names} |" for row, names in zip(rows, readers, strict=True)]
    return SUPPORT + "\n".join([*told, f"{_telephone(scratch)}  |"]) + "\n"


def _samples(dtype: str, channels: int) -> np.ndarray:
    drawn = np.random.default_rng(channels).integers(0, 256, (*files.SIZE, channels))
    scaled = drawn / 255 if dtype.startswith("float") else drawn * (np.iinfo(dtype).max // 255)
    return scaled.astype(dtype).squeeze()


def _layout(dtype: str, channels: int) -> bytes | None:
    """A file of such samples, whose suffix says nothing; None if there is none that is read."""
    samples = _samples(dtype, channels)
    if dtype in ("uint8", "uint16"):
        return files.png(samples, {1: 0, 2: 4, 3: 2, 4: 6}[channels])
    if channels == 2:
        return None
    settings: dict[str, Any] = {"extrasamples": ["unassalpha"]} if channels == 4 else {}
    return files.tiff(samples, photometric="minisblack" if channels == 1 else "rgb", **settings)


def _said() -> bytes:
    return files.pillow(
        files.RGB, "PNG", exif=files.exif(), icc_profile=files.PROFILE, pnginfo=files.text(), dpi=(300, 300)
    )


def _row(form: str, source: Path, scratch: Path) -> str:
    dest = scratch / form
    recipe = Recipe.of(0.0, image=ImageOptions(format=form))
    run(source, dest, recipe, running=Running(engine="threads", workers=1))
    rows = manifest(dest)
    written = [
        (dtype, channels)
        for dtype in DTYPES
        for channels in CHANNELS
        if (row := rows.get(f"{dtype}-{channels}.image.{form}")) and _holds(dest / row["file_name"], dtype, channels)
    ]
    exact = [kind for kind in written if _is_exact(dest / f"{kind[0]}-{kind[1]}.image.{form}", *kind)]
    suffixes = [suffix for suffix, kind in image_formats.FORMATS.items() if kind == image_formats.FORMATS[f".{form}"]]
    as_asked = target_suffix(f".{form}", None, as_float=False) == f".{form}"
    cells = [
        NAMES[form],
        " ".join(suffix for suffix in suffixes if suffix in KINDS["image"].suffixes),
        "yes" if _reads_its_own(dest, form, scratch) else "no",
        _decoder(next(dest / name for name in rows if name.endswith(f".{form}"))),
        "yes" if as_asked else "as .png, or where asked for",
        " ".join(dict.fromkeys(dtype for dtype, _ in written)) or "-",
        ", ".join(dict.fromkeys(CHANNELS[channels] for _, channels in sorted(written, key=lambda kind: kind[1]))),
        _the_same(exact, written, form, scratch),
        _frames(rows, dest, form),
        _kept(dest / f"said.{form}") if f"said.{form}" in rows else "none",
        "no",
    ]
    return "| " + " | ".join(cells) + " |"


def _decoder(path: Path) -> str:
    """What decodes a file: OpenCV, unless the picture says otherwise."""
    picture = decode(path.read_bytes(), 1 << 28)
    if picture.header.format in ("pam", "sunraster"):
        return "noiseaug"
    if picture.header.format == "jpeg":
        return "simplejpeg"
    return picture.decoder.partition(" ")[0].title() or "OpenCV"


def _is_exact(path: Path, dtype: str, channels: int) -> bool:
    """Whether a file holds `_samples`, for us and, where it knows such files, for Pillow."""
    expected = _samples(dtype, channels)
    found = image_rasters.rgb(decode(path.read_bytes(), 1 << 28).frames[0])
    if dtype == "uint8" and path.suffix not in (".pam", ".pfm") and np.array_equal(found, expected):
        with Image.open(path) as image:
            return np.array_equal(image, expected)
    return np.array_equal(found, expected)


def _the_same(exact: list[Any], written: list[Any], form: str, scratch: Path) -> str:
    if exact:
        return "all" if exact == written else "some"
    name = next((name for name in files.LOSSLESS if name.endswith(f".{form}")), None)
    if not name:
        return "none (lossy)"
    source, dest = scratch / f"own-{form}", scratch / f"own-{form}-again"
    source.mkdir()
    (source / name).write_bytes(files.LOSSLESS[name]())
    run(source, dest, Recipe.of(0.0), running=Running(engine="threads", workers=1))
    before, after = (decode((folder / name).read_bytes(), 1 << 28).frames[0] for folder in (source, dest))
    assert np.array_equal(before, after)
    return "if the source is lossless"


def _holds(path: Path, dtype: str, channels: int) -> bool:
    samples = decode(path.read_bytes(), 1 << 28).frames[0]
    return samples.dtype == dtype and image_formats.channels_of(samples) == channels


def _reads_its_own(dest: Path, form: str, scratch: Path) -> bool:
    """Whether what was written can be the source of another run."""
    again = scratch / f"again-{form}"
    recipe = Recipe.of(0.1, image=ImageOptions(format="tif"))
    summary = run(dest, again, recipe, running=Running(engine="threads", workers=1))
    return summary.written > 0 and not summary.failed


def _frames(rows: dict[str, Any], dest: Path, form: str) -> str:
    kinds = []
    for kind in ("animation", "pages"):
        row = rows.get(f"{kind}.{form}")
        if row and "durations of frames" not in row["not_kept"]:
            assert len(decode((dest / row["file_name"]).read_bytes(), 1 << 28).frames) == 3
            kinds.append(kind)
    return " ".join(kinds) or "one"


def _kept(path: Path) -> str:
    """What is found in a file by Pillow, if it reads such files; the others hold nothing of the kind."""
    if path.suffix in (".pam", ".hdr"):
        return "none"
    with Image.open(path) as image:
        tags = image.getexif()
        found = {
            "EXIF": tags.get(0x010E) == "a rotated picture" and tags.get(0x0112) == 6,
            "XMP": files.XMP in path.read_bytes(),
            "ICC": image.info.get("icc_profile") == files.PROFILE,
            "density": abs(image.info.get("dpi", (0, 0))[0] - 300) < 1,
        }
    return "all" if all(found.values()) else ", ".join(name for name in found if found[name]) or "none"


def _bitmap(scratch: Path) -> str:
    source = scratch / "bitmap"
    source.mkdir()
    (source / "a.pbm").write_bytes(files.netpbm("P4\n48 40\n", np.zeros((40, 6), np.uint8)))
    into = target_suffix(".pbm", None, as_float=False)
    run(
        source, scratch / "maps", Recipe.of(0.1, image=ImageOptions(format=into[1:])), running=Running(engine="threads")
    )
    row = manifest(scratch / "maps")["a" + into]
    cells = [
        "PBM",
        ".pbm",
        "yes",
        _decoder(source / "a.pbm"),
        f"as {into}",
        row["dtype"],
        "grey",
        "all",
        "one",
        "none",
        "no",
    ]
    return "| " + " | ".join(cells) + " |"


def _telephone(scratch: Path) -> str:
    """The row of HEIC, from runs over such files of each depth and layout."""
    source, dest = scratch / "telephone", scratch / "telephone-again"
    source.mkdir()
    for name, samples, mode in (
        ("grey", files.GREY, "L"),
        ("colour", files.RGB, "RGB"),
        ("colour+alpha", files.RGBA, "RGBA"),
        ("deep", files.DEEP_RGB, "RGB;16"),
    ):
        said = {"exif": files.exif().tobytes(), "xmp": files.XMP, "icc_profile": files.PROFILE}
        (source / f"{name}.heic").write_bytes(heic(samples, mode, **(said if name == "colour" else {})))
    run(source, dest, Recipe.of(0.0), running=Running(engine="threads", workers=1))
    rows = manifest(dest)
    into = target_suffix(".heic", None, as_float=False)
    again = {path.stem: decode(path.read_bytes(), 1 << 28).frames[0] for path in dest.glob(f"*{into}")}
    before = {path.stem: decode(path.read_bytes(), 1 << 28).frames[0] for path in source.iterdir()}
    with Image.open(dest / f"colour{into}") as image:
        kept = {"EXIF": bool(image.getexif()), "XMP": "xmp" in image.info, "ICC": "icc_profile" in image.info}
    suffixes = sorted(suffix for suffix, extra in KINDS["image"].extras.items() if extra == "heif")
    cells = [
        *("HEIC, HEIF", " ".join(suffixes), "with `noiseaug[heif]`", f"as {into}"),
        " ".join(sorted({row["dtype"] for row in rows.values()}, key=DTYPES.index)),
        ", ".join(sorted((name for name in before if name != "deep"), key=len)),
        "all" if all(np.array_equal(before[name], again[name]) for name in before) else "some",
        *("one", ", ".join(name for name in kept if kept[name]), "no"),
    ]
    return "| " + " | ".join(cells) + " |"


def surviving(scratch: Path) -> str:
    """The rows of the std of what can be decoded from the output, in levels of 255, over crops of two photos."""
    source = scratch / "photos"
    source.mkdir()
    for path in sorted(PHOTOS.rglob("*.jpg")):
        photo = cv2.imread(str(path))
        top, left = (size // 2 - 128 for size in photo.shape[:2])
        cv2.imwrite(str(source / f"{path.stem}.png"), photo[top : top + 256, left : left + 256])
    return MEASURED + "\n".join(_measured_row(*encoding, source, scratch) for encoding in ENCODINGS) + "\n"


def _measured_row(form: str, quality: int | None, chroma: str, source: Path, scratch: Path) -> str:
    options = ImageOptions(quality=quality, subsampling=chroma.replace(":", ""), format=form, measure="decoded")
    recipe = Recipe.of([f"{level}/255" for level in LEVELS], image=options, seed=7)
    dest = scratch / f"{form}-{quality}-{chroma[2:3]}"
    run(source, dest, recipe, running=Running(engine="threads", workers=1))
    by_level: dict[str, list[float]] = {}
    for row in manifest(dest).values():
        by_level.setdefault(row["level"], []).append(row["noise_std_decoded"] * 255)
    figures = [f"{np.mean(stds):.1f}" for stds in by_level.values()]
    name = "lossless: PNG, TIFF, ..." if form == "png" else NAMES[form]
    return "| " + " | ".join([name, str(quality or "-"), chroma, *figures]) + " |"


def page(scratch: Path) -> str:
    """The whole fragment."""
    unread = " ".join(sorted(KINDS["image"].unreadable))
    return f"""\
{support(scratch)}
`by` is what decodes, the library that agreed with independent readers over some 800 files. OpenCV 5.0.0 reads BMP
with short headers as grey, masks of BMP and grey AVIF of limited range wrongly, GIF without alpha, and few Sun
rasters; Pillow 13 shifts Sun rasters of odd width, and knows a part of the masks of BMP, which noiseaug reads.

Agreed with: the libraries that share no decoder with noiseaug, and see in what a run at `--std 0` makes of such
files what they see in these files.

Metadata are EXIF, XMP, ICC profile and density, and in a file of the source's own format all other text and tags.
Not read, and failures that say so: {unread}.

What cannot be kept stands in `not_kept` of the record, and is counted in the summary:

- `palette`, `GIF palette`, `1-bit depth`, `2-bit depth`, `16-bit pixels` (BMP), ...: written as 8-bit colour or
  grey. 10, 12 and 14 bits of a TIFF are written as 16; 10 and 12 bits of an AVIF or a BMP as 8.
- `maximum of 1023`, ...: samples of PNM and PAM are scaled so that white is 255 or 65535.
- `undeclared alpha`: bytes of BMP and Sun raster that the format leaves unused, and some programs fill with alpha.
- `CMYK` (JPEG), `YCbCr` (TIFF): written as colour. `transparent colour` (PNG): written as alpha.
- `comment`, `XMP`, `resolution`, ... of formats that can be read but not be written with it; names of PNG
  chunks and JPEG segments that hold for other samples only, such as `caBX` and `APP11` (content credentials);
  `MPF pictures` and `data behind the image` (JPEG); `sub-images` and `Photoshop layers` (TIFF).
- `HEIC compression`: written as PNG, or as what is asked for. 10 and 12 bits are written as 16, in which white is
  65535. `further images`, `thumbnail`, `depth map`, `gain map`, `image sequence`: only the primary image is
  written. `colour primaries or transfer`: of a HEIC file that is not sRGB and has no ICC profile.
- `exact alpha`: of an AVIF that is not lossless. `opaque alpha`: WebP and AVIF hold none that is nowhere
  transparent. `loop count`: of an AVIF, which always loops. `durations of
  frames`: of an animation as TIFF pages.

A HEIC file is written as viewers show it: libheif turns, mirrors and crops it as the file says, and the orientation
in EXIF is set to upright. What libheif cannot tell is a coded image that is damaged but complete.

With the extra `noiseaug[tiff]` (tifffile and imagecodecs), TIFF also of float16, of two channels or more than four,
of deep planes, and in the compressions LERC, JPEG 2000, WebP, and LZMA or Zstandard beyond 8 bits. These are written
without compression. Nothing that is read without the extra is read otherwise with it.

Refused, with the reason: CMYK and L\\*a\\*b\\* in TIFF, its integers of 8 signed or 64 bits, complex samples, JPEG XL
and JPEG XR, alpha among more than four channels; pages of several depths;
JPEG 2000 of 10 or 12 bits; PFM with a scale other than 1; BMP of 2 bits a pixel, with JPEG or PNG inside, or with
a header of 16 bytes; and whatever the target's format does not hold (alpha in a JPEG, 16 bits in a BMP).

What the header of a file says of its size, channels, depth and frames is held against what the decoder returned,
and the header of each output against what the encoder was given. A difference is a failure that names both.

Kept as it stands, though it may show what the image was before: the thumbnail within EXIF.

Std asked for, in levels of 255, and std of (what is decoded from the output - the source) over crops of the
photos in `sample_data`. The latter includes what the codec itself changes in the photo.

{surviving(scratch)}"""


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        (ROOT / "docs/formats-images.md").write_text(page(Path(folder)))
