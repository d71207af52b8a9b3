"""A recording and its output, compared sample by sample."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from typing import Literal

import numpy as np
from scipy.signal import resample_poly

from differential.readers import reading, readings
from differential.sounds import Heard
from differential.verdicts import Job, Told, Verdict, judged, trusted, unexplained

Measure = Callable[[np.ndarray, np.ndarray], float]


def _furthest(before: np.ndarray, after: np.ndarray) -> float:
    with np.errstate(invalid="ignore"):
        return float(np.abs(before - after).max(initial=0))


def _relative(before: np.ndarray, after: np.ndarray) -> float:
    """Return the difference relative to the signal, both as root mean square."""
    if not len(before):
        return 0.0
    return float(np.sqrt(np.square(before - after).mean() / max(np.square(before).mean(), 1e-12)))


# How two decoders of a lossy subtype are compared, and how far they may be apart. Decoders of Opus work at other
# rates inside (0.25 was seen; channels in another order make 1.25). Those of G.721 and G.723 round on the way (0.13 was
# seen). Those of QuickTime's IMA keep 7 bits more of a prediction, or not. FFmpeg rounds predictions of
# MS ADPCM in another way than libsndfile and sox (0.0043 was seen).
_FLOATS: tuple[Measure, float] = (_furthest, 2e-4)
_BOUNDS: dict[str, tuple[Measure, float]] = {
    **dict.fromkeys(("VORBIS", "MPEG_LAYER_I", "MPEG_LAYER_II", "MPEG_LAYER_III"), _FLOATS),
    "OPUS": (_relative, 0.3),
    **dict.fromkeys(("G721_32", "G723_24", "G723_40"), (_relative, 0.15)),
    "IMA_ADPCM": (_furthest, 128 / 32768),
    "MS_ADPCM": (_furthest, 0.005),
    **dict.fromkeys(("GSM610", "NMS_ADPCM_16", "NMS_ADPCM_24", "NMS_ADPCM_32"), (_furthest, 0.0)),
}
# The steps of samples that a source is rounded to, where its own are not kept, and that is said.
_STEPS = {"PCM_S8": 2**-7, "PCM_U8": 2**-7, "PCM_16": 2**-15, "PCM_24": 2**-23, "PCM_32": 2**-31, "FLOAT": 2**-24}
# FFmpeg and sox decode the last block in full, whatever the header counts.
_WHOLE_BLOCKS = frozenset({"GSM610", "IMA_ADPCM", "MS_ADPCM"})
_W64_FACT = bytes.fromhex("66616374f3acd3118cd100c04f8edb8a")


def counted(path: Path) -> int:
    """Return how many frames the header of a WAV, Wave64 or AIFF file counts, or -1."""
    data = path.read_bytes()
    order: Literal["big", "little"] = "little" if data[:4] in (b"RIFF", b"riff") else "big"
    name, skipped, size = {b"riff": (_W64_FACT, 24, 8), b"FORM": (b"COMM", 10, 4)}.get(data[:4], (b"fact", 8, 4))
    at = data.find(name)
    return int.from_bytes(data[at + skipped : at + skipped + size], order) if at >= 0 else -1


def lossy_subtype(subtype: str, names: str) -> str:
    """Return the lossy subtype of a source, from that of the output and what is said not to be kept, or nothing."""
    return next((name for name in (subtype, *re.split(r"[ ,]+", names)) if name in _BOUNDS), "")


def sound(job: Job) -> Verdict:
    """Return the verdict on a recording that was written."""
    lossy = lossy_subtype(job.subtype, job.names)
    told: list[Told] = []
    heard: list[Heard] = []
    for reader, expected in readings(job.source, "audio", programs=job.programs):
        if lossy == "G721_32" and job.source.suffix == ".wav":
            break  # FFmpeg takes its codes in another order than libsndfile writes them
        if lossy == "G723_40" and reader == "FFmpeg":
            continue  # it loses its way in loud sound, which sox and libsndfile do not
        heard.append(expected)
        same, again = (reading(path, "audio", reader) for path in (job.output, job.plain if lossy else job.output))
        if same is None or again is None:
            told.append(Told(reader, {"nobody reads the output"}, ""))
            continue
        differences, much = _unlike(expected, again, lossy, job)
        if lossy and expected.rate != same.rate:
            differences.add("rate")
        told.append(Told(reader, differences, much))
        if not unexplained(differences, job.names):
            break
    disputed = any(_unlike(heard[0], other, lossy or "VORBIS", job)[0] for other in heard[1:])
    if job.damaged:  # what stands for a damaged frame of MPEG is left to its decoder
        disputed = (
            disputed or not trusted(job.source, "audio", told[:1]) or (lossy.startswith("MPEG") and len(told) < 2)
        )
    return judged(job.source.name, told, job.names, disputed=disputed)


def _unlike(expected: Heard, found: Heard, lossy: str, job: Job) -> tuple[set[str], str]:
    before, after = expected.floats, found.floats
    if before.shape[1] != after.shape[1]:
        return {"channels"}, f"{before.shape[1]} channels, {after.shape[1]} in the output"
    differences = set()
    if expected.rate != found.rate:
        if lossy != "OPUS" or expected.rate % found.rate:  # which is decoded at the rate that its header tells
            return {"rate"}, f"{expected.rate} Hz, {found.rate} Hz in the output"
        before = resample_poly(before, 1, expected.rate // found.rate)
    much = ""
    if len(before) != len(after):
        if not (lossy in _WHOLE_BLOCKS and len(after) < len(before) and len(after) == counted(job.source)):
            differences.add("number of samples")
        much = f"{len(before)} samples, {len(after)} in the output; "
        shorter = min(len(before), len(after))
        before, after = before[:shorter], after[:shorter]
    measure, bound = _BOUNDS.get(lossy, (_furthest, 0.0))
    apart = measure(before, after)
    if not apart <= bound and not np.array_equal(before, after, equal_nan=True):
        if apart <= _STEPS.get(job.subtype, 0):
            differences.add("resolution")
        else:
            differences.add("order of channels" if _reordered(before, after, measure, bound) else "values")
    return differences, f"{much}by {apart:.3g}" if differences or apart else ""


def _reordered(before: np.ndarray, after: np.ndarray, measure: Measure, bound: float) -> bool:
    """Tell whether the channels are the same in another order."""
    channels = before.shape[1]
    if not 2 <= channels <= 6:
        return False
    return any(measure(before[:, order], after) <= bound for order in permutations(range(channels)))
