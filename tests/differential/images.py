"""An image and its output, compared pixel by pixel."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from differential.pictures import FULL, Seen
from differential.readers import form_of, reading, readings
from differential.verdicts import Job, Told, Verdict, judged, trusted, unexplained

LOSSY = frozenset({"jpg", "jpeg", "jpe", "webp", "avif", "hdr"})

# How far values may be apart, in 255ths, where decoders legitimately differ: in their inverse transforms, and in how
# they fill up the 5 or 6 bits of a BMP.
_TOLERANCES = {"jpg": 2, "jpeg": 2, "jpe": 2, "avif": 2, "jp2": 1, "bmp": 1.01, "dib": 1.01}
_EXACTLY_WRITTEN = frozenset({"bmp", "dib"})  # and yet decoders differ
# These are written as 16 bits: they are right to within a step of the source.
_DEEP = re.compile(r"(10|12|14)-bit depth")
_WITHOUT_GREY = frozenset({".webp", ".gif", ".bmp", ".dib"})  # where grey is colour, or a palette
_INKS = 4 * FULL / 255  # how far conversions of inks may be apart


def image(job: Job) -> Verdict:
    """Return the verdict on an image that was written."""
    told: list[Told] = []
    seen: list[Seen] = []
    for reader, expected in readings(job.source, "image", programs=job.programs):
        seen.append(expected)
        differences, much = _differences(reader, expected, job)
        told.append(Told(reader, differences, much))
        if not unexplained(differences, job.names):
            break
    tolerance = _tolerance(job)
    disputed = any(_unlike(seen[0], other, tolerance)[0] & {"pixels", "size", "frames", "alpha"} for other in seen[1:])
    disputed = disputed or (job.damaged and not trusted(job.source, "image", told[:1]))
    return judged(job.source.name, told, job.names, disputed=disputed)


def _tolerance(job: Job) -> float:
    known = _TOLERANCES.get(form_of(job.source), 0) * FULL / 255
    if "maximum of" in job.names:
        known = max(known, FULL / 255)  # some readers round down
    step = _DEEP.search(job.names)
    return max(known, FULL / 2 ** int(step[1])) if step else known


def _differences(reader: str, expected: Seen, job: Job) -> tuple[set[str], str]:
    """Return the names of what differs, to a reader, and how much pixels do."""
    lossy, tolerance = job.output.suffix[1:].lower() in LOSSY, _tolerance(job)
    found = reading(job.output, "image", reader if form_of(job.output) == form_of(job.source) else "")
    if found is None:
        return {"nobody reads the output"}, ""
    scaled = _DEEP.search(job.names) or "maximum of" in job.names
    exact = not lossy and form_of(job.source) not in _EXACTLY_WRITTEN and not scaled
    differences, much = _unlike(expected, found, 0 if exact else tolerance)
    if _is_blind_to_alpha(reader, job.source):
        differences -= {"alpha", "alpha or none"}
    if expected.colours == "grey" and job.output.suffix.lower() in _WITHOUT_GREY:
        differences.discard("colours")
    if not lossy or not differences & {"pixels", "alpha"}:
        return differences, much
    again = reading(job.plain, "image", "")
    if again is None:
        return differences, much
    more, much = _unlike(expected, again, tolerance)
    return differences - {"pixels", "alpha"} | more & {"pixels", "alpha", "size", "frames"}, much


def _is_blind_to_alpha(reader: str, path: Path) -> bool:
    """Tell whether a reader does not know what alpha a BMP has.

    A header of 52 bytes has no mask of alpha, and ImageMagick makes one up. FFmpeg takes no notice of one of 16 bits.
    """
    with path.open("rb") as file:
        head = file.read(30)
    size, bits = int.from_bytes(head[14:18], "little"), int.from_bytes(head[28:], "little")
    return head[:2] == b"BM" and (size == 52 or (reader == "FFmpeg" and bits == 16))


def _unlike(expected: Seen, found: Seen, tolerance: float) -> tuple[set[str], str]:
    differences = {
        name
        for name, before, after in (
            ("colours", expected.colours, found.colours),
            ("kind", expected.kind, found.kind),
            ("alpha or none", expected.alpha, found.alpha),
        )
        if before != after and "" not in (before, after) and None not in (before, after)
    }
    if len(expected.frames) != len(found.frames):
        return differences | {"frames"}, f"{len(expected.frames)} frames, {len(found.frames)} in the output"
    far = 0.0
    for before, after in zip(expected.frames, found.frames, strict=True):
        if before.shape != after.shape:
            return differences | {"size"}, f"{before.shape}, {after.shape} in the output"
        shown = np.ones(before.shape[:2], bool)
        if before.shape[-1] == 4:
            if tolerance or len(expected.frames) > 1 or expected.colours == "palette":
                shown = before[..., 3] > 0
            if _distance(before[..., 3], after[..., 3]) > tolerance:
                differences.add("alpha")
        far = max(far, _distance(before[..., :3][shown], after[..., :3][shown]))
        far = max(far, _distance(before[..., 4:], after[..., 4:]))
    if far > tolerance:
        differences.add("inks" if expected.colours in ("CMYK", "YCbCr") and far <= _INKS else "pixels")
    return differences, f"by up to {far * 255 / FULL:.4g} of 255" if far else ""


def _distance(before: np.ndarray, after: np.ndarray) -> float:
    """Return the largest difference; NaN is like NaN."""
    if not before.size:
        return 0.0
    with np.errstate(invalid="ignore"):
        apart = np.abs(before - after)
    same = (before == after) | (np.isnan(before) & np.isnan(after))
    return float(np.where(same, 0, np.nan_to_num(apart, nan=np.inf)).max())
