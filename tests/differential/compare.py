"""What a run made of each file, held against what independent readers see in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from differential import magick, pictures, sounds
from differential.pictures import FULL, Seen, without_words
from differential.sounds import Heard

_PILLOW, _CODECS = ("Pillow", pictures.by_pillow), ("imagecodecs", pictures.by_imagecodecs)
_TIFFFILE, _FFMPEG = ("tifffile", pictures.by_tifffile), ("FFmpeg", pictures.by_ffmpeg)
_MAGICK, _GRAPHICS = ("ImageMagick", magick.by_imagemagick), ("GraphicsMagick", magick.by_graphicsmagick)
Readers = tuple[tuple[str, Callable[[Path], Any]], ...]

# The readers of each format, the most trusted first; none is what noiseaug itself decodes the format with.
_RASTERS: Readers = (_FFMPEG, _MAGICK, _GRAPHICS)
READERS: dict[str, Readers] = {
    "png": (_PILLOW, _CODECS, _FFMPEG, _MAGICK),
    **dict.fromkeys(("jpg", "jpeg", "jpe"), (_PILLOW, _CODECS, _MAGICK)),
    **dict.fromkeys(("tif", "tiff"), (_TIFFFILE, _PILLOW, _MAGICK, _GRAPHICS)),
    **dict.fromkeys(("webp", "avif"), (_PILLOW, _CODECS, _MAGICK)),
    "jp2": (_CODECS, _FFMPEG, _PILLOW, _MAGICK),
    **dict.fromkeys(("gif", "bmp", "dib", "pbm", "pgm", "ppm", "pnm", "pam", "pfm", "ras", "sr"), _RASTERS),
    "hdr": (_FFMPEG, _CODECS, _MAGICK),
}
_SOUND_READERS: Readers = (("FFmpeg", sounds.by_ffmpeg), ("SciPy", sounds.by_scipy), ("sox", sounds.by_sox))
LOSSY_IMAGES = frozenset({"jpg", "jpeg", "jpe", "webp", "avif", "hdr"})
LOSSY_SUBTYPES = frozenset({"VORBIS", "OPUS", "MPEG_LAYER_I", "MPEG_LAYER_II", "MPEG_LAYER_III", "IMA_ADPCM", "MS_ADPCM", "GSM610", "G721_32", "G723_24", "G723_40", "NMS_ADPCM_16", "NMS_ADPCM_24", "NMS_ADPCM_32"})

# How far values may be apart, in 255ths, where decoders legitimately differ.
_STEP = re.compile(r"(10|12|14)-bit depth")  # explains differences of less than a step of the source
_TOLERANCES = {"jpg": 2, "jpeg": 2, "jpe": 2, "avif": 2, "jp2": 1, "bmp": 1.01, "dib": 1.01}
_SOUND_TOLERANCE = 2e-4

# Which names of what was not kept explain which difference.
EXPLANATIONS = {
    "colours": re.compile(r"palette|GIF palette|CMYK|YCbCr"),
    "kind": re.compile(r"palette|GIF palette|\d+-bit depth|16-bit pixels|CMYK|YCbCr"),
    "alpha or none": re.compile(r"transparent colour|GIF palette|palette"),
    "pixels of inks": re.compile(r"CMYK|YCbCr"),
    "alpha": re.compile(r"exact alpha"),
    "frames": re.compile(r"poster"),
    "subtype": re.compile(r"\w+ samples"),
    "samples": re.compile(r"number of samples"),
}


class Verdict(NamedTuple):
    """What came of one file: "equal", "named", "refused", "disbelieved", "ambiguous", "unjudged" or "wrong"."""

    name: str
    verdict: str
    reader: str
    detail: str


def image(source: Path, output: Path, names: str, plain: Path | None) -> Verdict:
    """Compare an image with its output and, if that is lossy, with `plain`, its output in a lossless format."""
    form = source.suffix[1:].lower()
    tolerance = _TOLERANCES.get(form, 0) * FULL / 255
    lossy = output.suffix[1:].lower() in LOSSY_IMAGES
    if step := _STEP.search(names):
        tolerance = FULL / 2 ** int(step[1])
    told: list[tuple[str, set[str], str]] = []
    expected: list[tuple[str, Seen]] = []
    for reader, read in READERS[form]:
        seen = without_words(read, source)
        if seen is None:
            continue
        expected.append((reader, seen))
        found = _output(output, reader if output.suffix == source.suffix else "")
        if found is None:
            told.append((reader, {"no reader reads the output"}, ""))
            continue
        differences, much = _unlike(seen, found, tolerance if lossy or step or form in ("bmp", "dib") else 0)
        if lossy and differences & {"pixels", "alpha"}:
            again = _output(plain, "") if plain else None
            differences -= {"pixels", "alpha"}
            if again is None:
                differences |= {"no lossless output"}
            else:
                more, much = _unlike(seen, again, tolerance)
                differences |= more & {"pixels", "alpha", "size", "frames"}
        told.append((reader, differences, much))
        if not _unexplained(differences, names):
            break
    return _judged(source.name, told, names, _disagree(expected, tolerance) if len(expected) > 1 else False)


def _output(path: Path | None, reader: str) -> Seen | None:
    """What a reader sees in an output; the one of that name, if there is one."""
    if path is None or not path.is_file():
        return None
    readers = READERS[path.suffix[1:].lower()]
    for _, read in sorted(readers, key=lambda known: known[0] != reader):
        if seen := without_words(read, path):
            return seen
    return None


def _unlike(expected: Seen, found: Seen, tolerance: float) -> tuple[set[str], str]:
    """Names of what differs, and how much pixels do."""
    differences: set[str] = set()
    if expected.colours and found.colours and expected.colours != found.colours:
        differences.add("colours")
    if expected.kind and found.kind and expected.kind != found.kind:
        differences.add("kind")
    if None not in (expected.alpha, found.alpha) and expected.alpha != found.alpha:
        differences.add("alpha or none")
    if len(expected.frames) != len(found.frames):
        return differences | {"frames"}, f"{len(expected.frames)} frames, {len(found.frames)} in the output"
    far = 0.0
    for before, after in zip(expected.frames, found.frames, strict=True):
        if before.shape != after.shape:
            return differences | {"size"}, f"{before.shape}, {after.shape} in the output"
        if before.shape[-1] != 4:
            far = max(far, _distance(before, after))
            continue
        shown = (before[..., 3] > 0) | (len(expected.frames) == 1 and expected.colours != "palette" and tolerance == 0)
        far = max(far, _distance(before[..., :3][shown], after[..., :3][shown]))
        if _distance(before[..., 3], after[..., 3]) > tolerance:
            differences.add("alpha")
    if far > tolerance:
        inks = expected.colours in ("CMYK", "YCbCr") and far <= 4 * FULL / 255
        differences.add("pixels of inks" if inks else "pixels")
    return differences, f"by up to {far * 255 / FULL:.4g} of 255" if far else ""


def _distance(before: np.ndarray, after: np.ndarray) -> float:
    if not before.size:
        return 0.0
    with np.errstate(invalid="ignore"):
        apart = np.abs(before - after)
    same = (before == after) | (np.isnan(before) & np.isnan(after))
    return float(np.where(same, 0, np.nan_to_num(apart, nan=np.inf)).max())


def _disagree(expected: list[tuple[str, Seen]], tolerance: float) -> bool:
    first = expected[0][1]
    return any(_unlike(first, seen, tolerance)[0] & {"pixels", "size", "frames", "alpha"} for _, seen in expected[1:])


def sound(source: Path, output: Path, names: str, plain: Path | None, subtype: str) -> Verdict:
    """Compare a recording with its output and, if that is lossy, with `plain`, its output as WAV."""
    lossy = is_lossy_sound(subtype, names)
    told: list[tuple[str, set[str], str]] = []
    expected: list[Heard] = []
    for reader, read in _SOUND_READERS:
        heard = without_words(read, source)
        if heard is None:
            continue
        expected.append(heard)
        found = _heard(output, reader)
        again = _heard(plain, reader) if lossy else found
        if found is None or again is None:
            told.append((reader, {"no reader reads the output"}, ""))
            continue
        differences, much = _unheard(heard, found, again, lossy)
        told.append((reader, differences, much))
        if not _unexplained(differences, names):
            break
    return _judged(source.name, told, names, len(expected) > 1 and any(_unheard(expected[0], other, other, True)[0] for other in expected[1:]))


def is_lossy_sound(subtype: str, names: str) -> bool:
    """Tell whether a recording was coded with loss, by what it is written as and what is said not to be kept."""
    return bool({subtype, *re.split(r"[ ,]+", names)} & LOSSY_SUBTYPES)


def _heard(path: Path | None, reader: str) -> Heard | None:
    if path is None or not path.is_file():
        return None
    for _, read in sorted(_SOUND_READERS, key=lambda known: known[0] != reader):
        if heard := without_words(read, path):
            return heard
    return None


def _unheard(expected: Heard, found: Heard, again: Heard, lossy: bool) -> tuple[set[str], str]:
    differences = {"rate"} if expected.rate != found.rate else set()
    if expected.samples.shape[1] != again.samples.shape[1]:
        return differences | {"channels"}, f"{expected.samples.shape[1]} channels, {again.samples.shape[1]} in the output"
    if len(expected.samples) != len(again.samples):
        differences.add("samples")
        much = f"{len(expected.samples)} samples, {len(again.samples)} in the output"
        shorter = min(len(expected.samples), len(again.samples))
        apart = np.abs(expected.floats[:shorter] - again.floats[:shorter]).max(initial=0)
        return (differences | {"values"}, f"{much}, and by {apart:.3g}") if apart > _SOUND_TOLERANCE else (differences, much)
    if expected.samples.dtype == again.samples.dtype and not lossy:
        apart = _distance(expected.samples, again.samples) / (1 if expected.samples.dtype.kind == "f" else 2**31)
        return (differences | {"values"}, f"by up to {apart:.3g}") if apart else (differences, "")
    apart = float(np.abs(expected.floats - again.floats).max(initial=0))
    return (differences | {"values"}, f"by up to {apart:.3g}") if apart > (_SOUND_TOLERANCE if lossy else 0) else (differences, "")


def _unexplained(differences: set[str], names: str) -> set[str]:
    """The differences that none of the names of what was not kept explains."""
    given = [name.strip() for name in names.split(",") if name.strip()]
    return {what for what in differences if what not in EXPLANATIONS or not any(EXPLANATIONS[what].fullmatch(name) for name in given)}


def _judged(name: str, told: list[tuple[str, set[str], str]], names: str, disputed: bool) -> Verdict:
    if not told:
        return Verdict(name, "unjudged", "", "no independent reader reads it")
    against = sum(bool(_unexplained(differences, names)) for _, differences, _ in told)
    for reader, differences, _ in told:
        if not _unexplained(differences, names) and against < 2:
            return Verdict(name, "named" if differences else "equal", reader, ", ".join(sorted(differences)) + (f" ({names})" if names else ""))
    said = "; ".join(f"{reader}: {', '.join(sorted(_unexplained(differences, names)))} {much}".strip() for reader, differences, much in told)
    said += f" [not kept: {names}]" if names else ""
    return Verdict(name, "ambiguous" if disputed else "wrong", "", said)


_DECODERS_WORDS = re.compile(r"File does not exist|Unspecified internal error|unpack_from|psf_fseek|static_cast|Traceback|error:|unexpected", re.I)
_DISBELIEF = re.compile(r"damaged|cannot be decoded|truncated|no image", re.I)


def refusal(source: Path, message: str, kind: str) -> Verdict:
    """What a refusal is worth: whether its message says what the file is, and whether an independent reader reads it."""
    readers = READERS.get(source.suffix[1:].lower(), (_PILLOW, _MAGICK)) if kind == "image" else _SOUND_READERS
    reader = next((name for name, read in readers if without_words(read, source) is not None), "")
    if _DECODERS_WORDS.search(message):
        return Verdict(source.name, "wrong", reader, f"refused in the words of a decoder: {message}")
    if reader and _DISBELIEF.search(message):
        return Verdict(source.name, "disbelieved", reader, message)
    return Verdict(source.name, "refused", reader, message)


def all_of(jobs: list[tuple[Any, ...]]) -> Iterator[Verdict]:
    """The verdicts of jobs: kind, source, output, names, plain output, subtype; or kind, source and a message."""
    for job in jobs:
        yield one(job)


def one(job: tuple[Any, ...]) -> Verdict:
    kind, source, *rest = job
    if len(rest) == 1:
        return refusal(source, rest[0], kind)
    if kind == "image":
        return image(source, *rest[:3])
    return sound(source, *rest)
