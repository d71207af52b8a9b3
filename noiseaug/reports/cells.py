"""The cells of a contact sheet: what people see of one sample."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import cv2
import numpy as np

from noiseaug.noise.scale import Array, full_scale
from noiseaug.reports.contact_sheet import CROP, FIT, Cell
from noiseaug.reports.pictures import detail, fitted, in_8_bits, white_of
from noiseaug.reports.spectrogram import spectrogram
from noiseaug.training.stream import Sample

_WIDTH = FIT[0] + 8 + CROP
_WAVE, _BETWEEN = 50, 4  # pixels: the height of a waveform, and what lies below it
_SECONDS = 4.0
_CHECKS = np.array([[204, 235], [235, 204]], np.float32)  # what shines through where a picture is transparent
_INK, _PAPER = (54, 78, 124), (238, 239, 242)


def cells_of(samples: Sequence[Sample]) -> tuple[str, list[Cell]]:
    """Return what a file is, in words, and the cells of its original and of its noisy versions.

    Args:
        samples: the versions of one file, at least one, with colours in the order RGB.
    """
    return _OF_KIND[samples[0].record.kind](samples)


def _of_image(samples: Sequence[Sample]) -> tuple[str, list[Cell]]:
    record = samples[0].record
    pages = record.frames or 1
    clean = samples[0].clean[0] if pages > 1 else samples[0].clean
    white = white_of(clean)
    whole = _opaque(in_8_bits(clean, white))
    box = detail(whole, CROP, CROP)
    zoom = max(1, CROP // max(box.width, box.height))
    about = [f"{record.width} x {record.height}", str(record.dtype)]
    about += [f"the first of {pages} pages"] if pages > 1 else []
    about += [f"white is {white:.3g}"] if white > 1 else []
    about += [f"beside it {zoom}:1" + (f", at {box.left}, {box.top}" if zoom == 1 else "")]
    cells = [Cell("original", "", _two(whole, box.of(whole), zoom))]
    for sample in samples:
        noisy = _opaque(in_8_bits(sample.noisy[0] if pages > 1 else sample.noisy, white))
        cells.append(Cell(_strength(sample), _figures(sample), _two(noisy, box.of(noisy), zoom)))
    return ", ".join(about), cells


def _two(whole: Array, part: Array, zoom: int) -> list[Array]:
    """Return the picture as a whole, and a part of it as it is, or enlarged if it is tiny."""
    height, width = whole.shape[:2]
    small = fitted(whole, max(int(max(width, height) * min(FIT[0] / width, FIT[1] / height, 1)), 1))
    return [small, part.repeat(zoom, 0).repeat(zoom, 1)]


def _opaque(pixels: Array) -> Array:
    """Return colours without alpha: what is transparent shows a chequered ground."""
    if pixels.shape[2] == 3:
        return pixels
    height, width = pixels.shape[:2]
    ground = np.kron(_CHECKS, np.ones((8, 8), np.float32))
    ground = np.tile(ground, (height // 16 + 1, width // 16 + 1))[:height, :width, None]
    share = pixels[..., 3:] / np.float32(255)
    shown: Array = np.rint(pixels[..., :3] * share + ground * (1 - share)).astype(np.uint8)
    return shown


def _of_audio(samples: Sequence[Sample]) -> tuple[str, list[Cell]]:
    record = samples[0].record
    rate, channels = record.sampling_rate or 1, record.channels or 1
    part = excerpt(len(samples[0].clean), rate)
    sounds = [_first_channel(sample, part) for sample in (samples[0]._replace(noisy=samples[0].clean), *samples)]
    loudest = max((float(np.abs(sound).max(initial=0)) for sound in sounds), default=0.0) or 1.0
    about = [f"{len(samples[0].clean) / rate:.2f} s", f"{rate} Hz", str(record.subtype)]
    about += [f"the first of {channels} channels"] if channels > 1 else []
    about += (
        [f"from {part.start / rate:.1f} s to {part.stop / rate:.1f} s"] if part.stop < len(samples[0].clean) else []
    )
    picture, top = spectrogram(sounds[0], _WIDTH, FIT[1] - _WAVE - _BETWEEN)
    cells = [Cell("original", "", [_stacked(_wave(sounds[0], loudest), picture)])]
    for sample, sound in zip(samples, sounds[1:], strict=True):
        picture, _ = spectrogram(sound, _WIDTH, FIT[1] - _WAVE - _BETWEEN, top)
        cells.append(Cell(_strength(sample), _figures(sample), [_stacked(_wave(sound, loudest), picture)]))
    return ", ".join(about), cells


def excerpt(samples: int, rate: int) -> slice:
    """Return the part of a recording that is shown: some seconds from its first third on, or all of a short one."""
    length = int(_SECONDS * rate)
    start = (samples - length) // 3 if samples > length else 0
    return slice(start, min(start + length, samples))


def _first_channel(sample: Sample, part: slice) -> Array:
    sound: Array = sample.noisy[part, 0]
    return np.nan_to_num(sound / full_scale(sound.dtype))


def _wave(sound: Array, loudest: float) -> Array:
    """Return a picture of a waveform: from the least to the greatest sample of each column."""
    picture = np.empty((_WAVE, _WIDTH, 3), np.uint8)
    picture[:] = _PAPER
    edges = np.linspace(0, len(sound), _WIDTH + 1).astype(int)
    for column, (first, last) in enumerate(itertools.pairwise(edges)):
        heard = sound[first : max(last, first + 1)]
        if heard.size:
            high, low = ((1 - value / loudest) / 2 * (_WAVE - 1) for value in (heard.max(), heard.min()))
            picture[round(high) : round(low) + 1, column] = _INK
    return picture


def _stacked(wave: Array, spectrum: Array) -> Array:
    gap = np.full((_BETWEEN, _WIDTH, 3), 250, np.uint8)
    return np.concatenate([wave, gap, cv2.cvtColor(spectrum, cv2.COLOR_BGR2RGB)])


def _strength(sample: Sample) -> str:
    """Return how strong the noise is, in the words of the command line."""
    record = sample.record
    if record.role == "clean":
        return f"{record.level}: without noise"
    if record.snr_db is not None:
        return f"SNR {record.snr_db:.3g} dB"
    std = record.std or 0.0
    if record.dtype == "uint8":
        return f"std {255 * std:.3g}/255"
    return f"std {std:.3g}"


def _figures(sample: Sample) -> str:
    """Return what was measured of the noise."""
    record, parts = sample.record, []
    if record.psnr_db is not None:
        parts.append(f"PSNR {record.psnr_db:.1f} dB")
    if record.snr_db_measured is not None:
        parts.append(f"SNR {round(record.snr_db_measured, 1) + 0.0:.1f} dB as measured")  # + 0.0 makes -0.0 a 0.0
    if record.clipped is not None:
        parts.append(f"{percent(record.clipped)} clipped")
    return ", ".join(parts)


def percent(fraction: float) -> str:
    """Return a fraction as people say it.

    >>> [percent(fraction) for fraction in (0.0, 0.00001, 0.0123, 0.5)]
    ['nothing', 'under 0.01%', '1.2%', '50%']
    """
    if fraction < 0.0001:
        return "under 0.01%" if fraction else "nothing"
    return f"{100 * fraction:.2g}%"


_OF_KIND = {"image": _of_image, "audio": _of_audio}
