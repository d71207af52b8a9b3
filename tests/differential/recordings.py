"""A recording and its output, compared sample by sample."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from differential.readers import reading, readings
from differential.sounds import Heard
from differential.verdicts import Told, Verdict, judged, unexplained

Measure = Callable[[np.ndarray, np.ndarray], float]


def _furthest(before: np.ndarray, after: np.ndarray) -> float:
    return float(np.abs(before - after).max(initial=0))


def _relative(before: np.ndarray, after: np.ndarray) -> float:
    """Return the difference relative to the signal, both as root mean square."""
    return float(np.sqrt(np.square(before - after).mean() / max(np.square(before).mean(), 1e-12))) if len(before) else 0.0


# How two decoders of a lossy subtype are compared, and how far they may be apart. Decoders of Opus and of the
# predictions of G.721 and G.723 round on the way; that of QuickTime's IMA keeps 7 bits more of a prediction or not.
_FLOATS: tuple[Measure, float] = (_furthest, 2e-4)
_BOUNDS: dict[str, tuple[Measure, float]] = {
    **dict.fromkeys(("VORBIS", "MPEG_LAYER_I", "MPEG_LAYER_II", "MPEG_LAYER_III"), _FLOATS),
    "OPUS": (_relative, 0.1),
    **dict.fromkeys(("G721_32", "G723_24", "G723_40"), (_relative, 0.12)),
    "IMA_ADPCM": (_furthest, 128 / 32768),
    **dict.fromkeys(("MS_ADPCM", "GSM610", "NMS_ADPCM_16", "NMS_ADPCM_24", "NMS_ADPCM_32"), (_furthest, 0.0)),
}
_WHOLE_BLOCKS = frozenset({"GSM610"})  # of an AIFF, of which FFmpeg decodes all, whatever COMM counts


def lossy_subtype(subtype: str, names: str) -> str:
    """Return the lossy subtype of a source, from that of the output and what is said not to be kept, or nothing."""
    return next((name for name in (subtype, *re.split(r"[ ,]+", names)) if name in _BOUNDS), "")


def sound(source: Path, output: Path, names: str, plain: Path | None, subtype: str) -> Verdict:
    """Compare a recording with its output and, if that is lossy, with `plain`, its output as FLAC."""
    lossy = lossy_subtype(subtype, names)
    told: list[Told] = []
    heard: list[Heard] = []
    for reader, expected in readings(source, "audio"):
        if lossy == "G721_32" and source.suffix == ".wav":
            break  # FFmpeg takes its codes in another order than libsndfile writes them
        heard.append(expected)
        same, again = reading(output, "audio", reader), reading(plain if lossy else output, "audio", reader)
        if same is None or again is None:
            told.append(Told(reader, {"nobody reads the output"}, ""))
            continue
        differences, much = _unlike(expected, again, lossy, source.suffix)
        if lossy:
            differences |= {"rate"} if expected.rate != same.rate else set()
        told.append(Told(reader, differences, much))
        if not unexplained(differences, names):
            break
    disputed = any(_unlike(heard[0], other, lossy or "VORBIS", "")[0] for other in heard[1:])
    return judged(source.name, told, names, disputed=disputed)


def _unlike(expected: Heard, found: Heard, lossy: str, suffix: str) -> tuple[set[str], str]:
    before, after = expected.samples, found.samples
    if before.shape[1] != after.shape[1]:
        return {"channels"}, f"{before.shape[1]} channels, {after.shape[1]} in the output"
    differences = set()
    if expected.rate != found.rate:
        if lossy != "OPUS" or expected.rate % found.rate:  # which is decoded at the rate that its header tells
            return {"rate"}, f"{expected.rate} Hz, {found.rate} Hz in the output"
        before = resample_poly(expected.floats, 1, expected.rate // found.rate)
    if len(before) != len(after):
        if not (lossy in _WHOLE_BLOCKS and suffix == ".aiff" and len(after) < len(before)):
            differences.add("number of samples")
        shorter = min(len(before), len(after))
        much = f"{len(before)} samples, {len(after)} in the output; "
        before, after = before[:shorter], after[:shorter]
    else:
        much = ""
    measure, bound = _BOUNDS.get(lossy, (_furthest, 0.0))
    before, after = Heard(0, before).floats, Heard(0, after).floats
    apart = measure(before, after)
    if not apart <= bound and not np.array_equal(before, after, equal_nan=True):
        differences.add("order of channels" if _reordered(before, after, measure, bound) else "values")
    return differences, f"{much}by {apart:.3g}" if differences or apart else ""


def _reordered(before: np.ndarray, after: np.ndarray, measure: Measure, bound: float) -> bool:
    """Tell whether the channels are the same in another order."""
    channels = before.shape[1]
    if not 2 <= channels <= 6:
        return False
    return any(measure(before[:, order], after) <= bound for order in permutations(range(channels)))
