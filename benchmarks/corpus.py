"""The corpora: made once, the same on every machine, below `benchmarks/corpus/`, from the files in `sample_data/`.

Their size on disk decides what decoding, encoding and hashing cost, so the photographs are warped and blended from real
ones, with the grain of a sensor, and compress as photographs do (a 512x512 JPEG of quality 95 has about 100 KB).
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import shutil
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import soundfile
from numpy.typing import NDArray

Array = NDArray[Any]

HERE = Path(__file__).parent
# Raise the number when a corpus changes: each version has a folder of its own, and an old one is never measured.
ROOT = HERE / "corpus" / "v1"
_SAMPLES = HERE.parent / "sample_data"
_FILES_IN_FOLDER = 1000
_SAMPLING_RATE = 16_000
_SPEECH = ("speech/speech-it-agent-pass.wav", "speech/speech-ru-agent-incorrect.wav")
_MUSIC = ("music/ambi_soft_buzz.flac", "music/bass_hit_c.flac")


@dataclass(frozen=True)
class Goals:
    """What is aimed at: at least so many times as fast as the recipe and the library, at most so many times the floor.

    None is for what a library cannot do.
    """

    times_recipe: float
    times_library: float | None
    times_floor: float


@dataclass(frozen=True)
class Corpus:
    """A folder of files of one kind, and the noise that they get.

    Attributes:
        name: what `--only` takes.
        title: what stands in the documentation.
        count: how many files.
        suffix: their format.
        content: the name and size of what is in them: makes the samples of file number n.
        stds: strengths of noise, each giving one output a file.
        goals: None where none are set yet.
        engines: whether `--engines` compares threads and processes on it.
    """

    name: str
    title: str
    count: int
    suffix: str
    content: Callable[[int], Array]
    stds: tuple[str, ...] = ("25/255",)
    goals: Goals | None = None
    engines: bool = False

    @property
    def kind(self) -> str:
        """`image` or `audio`."""
        return "audio" if self.suffix in (".wav", ".flac") else "image"

    @property
    def path(self) -> Path:
        """Where its files are."""
        return ROOT / f"{self.name}-{self.count}"

    @property
    def outputs(self) -> int:
        """How many files a run over it makes."""
        return self.count * len(self.stds)


def photograph(index: int, size: tuple[int, int]) -> Array:
    """The photograph number `index`: two real ones, warped, blended along a soft edge, toned, grainy. BGR, uint8."""
    rng = np.random.default_rng(index)
    height, width = size
    one, other = (_warped(_photographs()[at], rng, size) for at in rng.permutation(len(_photographs())))
    coarse = np.clip(rng.normal(0.5, 1, (4, 4)), 0, 1).astype(np.float32)
    mask = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)[..., None]
    one -= other
    one *= mask
    one += other
    one *= rng.uniform(0.75, 1.15, 3).astype(np.float32)
    grain = rng.standard_normal((height, width, 1), np.float32)
    one += grain * np.float32(rng.uniform(2, 5)) + np.float32(rng.uniform(-12, 12))
    return np.clip(np.rint(one, out=one), 0, 255, out=one).astype(np.uint8)


def scan(index: int) -> Array:
    """A photograph of 16 bits and 1024x1024 pixels, with noise in the low bits as a sensor has it."""
    rng = np.random.default_rng(index)
    deep = photograph(index, (1024, 1024)).astype(np.float32) * 257
    deep += 90 * rng.standard_normal((1024, 1024, 1), np.float32)
    return np.clip(np.rint(deep), 0, 65535).astype(np.uint16)


def icon(index: int) -> Array:
    """32x32 pixels of a photograph."""
    return cv2.resize(photograph(index, (96, 96)), (32, 32), interpolation=cv2.INTER_AREA)


def recording(index: int, seconds: int = 10) -> Array:
    """Speech at 16 kHz over music and a hiss, each at a gain of its own; int16, shape (frames, 1)."""
    rng = np.random.default_rng(index)
    frames = seconds * _SAMPLING_RATE
    mix = rng.normal(0, 10 ** rng.uniform(-4, -3), frames)
    for names, gains in ((_SPEECH, (0.3, 0.9)), (_MUSIC, (0.02, 0.2))):
        sound = np.roll(_sound(names[rng.integers(len(names))]), rng.integers(frames))
        mix += rng.uniform(*gains) * np.resize(sound, frames)
    return np.rint(np.clip(mix, -1, 1 - 2**-15) * 2**15).astype(np.int16)[:, None]


@functools.cache
def _photographs() -> list[Array]:
    paths = (str(_SAMPLES / "images" / name) for name in ("nature/flower.jpg", "objects/rocket.jpg"))
    return [np.asarray(cv2.imread(path, cv2.IMREAD_COLOR), np.float32) for path in paths]


def _warped(image: Array, rng: np.random.Generator, size: tuple[int, int]) -> Array:
    """A window of `size` (height, width) on the image, mirrored at its edges without end."""
    height, width = size
    at = (rng.uniform(0, image.shape[1]), rng.uniform(0, image.shape[0]))
    matrix = cv2.getRotationMatrix2D(at, rng.uniform(-25, 25), rng.uniform(0.8, 1.5))
    matrix[:, 2] += np.array((width / 2 - at[0], height / 2 - at[1]))
    return cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)


@functools.cache
def _sound(name: str) -> Array:
    samples, rate = soundfile.read(_SAMPLES / "audio" / name, always_2d=True)
    times = np.arange(0, len(samples) / rate, 1 / _SAMPLING_RATE)
    sound: Array = np.interp(times, np.arange(len(samples)) / rate, samples.mean(axis=1))
    return sound


_PHOTO = functools.partial(photograph, size=(512, 512))
_LARGE = functools.partial(photograph, size=(3000, 4000))
_CLIP = functools.partial(recording, seconds=1)
_SWEEP = ("5/255", "10/255", "15/255", "25/255", "50/255")
_QUICK = 4

# Each is at least two seconds of work for noiseaug at its goal, on two cores. The first is start-up alone.
CORPORA = (
    Corpus("start-up", "start-up: one PNG 32x32", 1, ".png", icon),
    Corpus("jpeg", "JPEG 512x512", 800, ".jpg", _PHOTO, goals=Goals(2.9, 1.4, 1.35), engines=True),
    Corpus("jpeg-12mp", "JPEG of 12 megapixels", 20, ".jpg", _LARGE, goals=Goals(3.5, 2.1, 1.3)),
    Corpus("png", "PNG 512x512", 450, ".png", _PHOTO, goals=Goals(2.5, 1.8, 0.8), engines=True),
    Corpus("png-16bit", "PNG 1024x1024, 16 bits", 56, ".png", scan, goals=Goals(1.7, None, 0.8)),
    Corpus("icons", "PNG 32x32", 20_000, ".png", icon, goals=Goals(1.0, 1.4, 1.7), engines=True),
    Corpus("wav-1s", "WAV of 1 s", 10_000, ".wav", _CLIP, stds=("0.01",), goals=Goals(1.6, 2.5, 1.7), engines=True),
    Corpus("wav", "WAV of 10 s", 2_000, ".wav", recording, stds=("0.01",), goals=Goals(2.5, 4, 1.5), engines=True),
    Corpus("flac", "FLAC of 10 s", 1_000, ".flac", recording, stds=("0.01",), goals=Goals(1.35, 2, 1.25)),
    Corpus("jpeg-sweep", "JPEG at 5 levels", 220, ".jpg", _PHOTO, stds=_SWEEP, goals=Goals(3.5, 2, 1.3)),
)


def quick(corpus: Corpus) -> Corpus:
    """The same with a handful of files, for a look at whether all works."""
    return replace(corpus, count=min(corpus.count, _QUICK))


def build(corpus: Corpus, workers: int) -> None:
    """Makes the corpus, if it is not there: as a whole or not at all."""
    if corpus.path.exists():
        return
    draft = corpus.path.with_name(corpus.path.name + ".part")
    shutil.rmtree(draft, ignore_errors=True)
    for folder in range(0, corpus.count, _FILES_IN_FOLDER):
        (draft / f"{folder // _FILES_IN_FOLDER:03d}").mkdir(parents=True)
    with multiprocessing.Pool(workers) as pool:
        pool.map(functools.partial(_write, corpus, draft), range(corpus.count), chunksize=1)
    draft.rename(corpus.path)


def warm(corpus: Corpus) -> str:
    """Reads all files of the corpus, so that they are in the page cache; a checksum, as results over different bytes
    are not to be compared."""
    total = 0
    for path in sorted(corpus.path.rglob("*" + corpus.suffix)):
        total = zlib.crc32(path.read_bytes(), total)
    return f"{total:08x}"


def tiny_files(count: int) -> Path:
    """`count` PNG files of 8x8 pixels, a thousand of them different, the others hard links to those."""
    folder = ROOT / f"tiny-{count}"
    if not folder.exists():
        draft = folder.with_suffix(".part")
        for index in range(count):
            path = draft / f"{index // 1000:03d}" / f"{index % 1000:03d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists():  # left by a build that was interrupted
                continue
            if index < 1000:
                cv2.imwrite(str(path), photograph(index, (8, 8)))
            else:
                os.link(draft / "000" / path.name, path)
        draft.rename(folder)
    return folder


def long_recording(seconds: int, rate: int = _SAMPLING_RATE, channels: int = 1) -> Path:
    """A folder of one WAV file of so many seconds: ten of sound, again and again."""
    folder = ROOT / f"sound-{seconds}-{rate}-{channels}"
    if not folder.exists():
        draft = folder.with_suffix(".part")
        draft.mkdir(parents=True, exist_ok=True)
        piece = np.repeat(recording(0), channels, axis=1)
        with soundfile.SoundFile(draft / "recording.wav", "w", rate, channels, "PCM_16") as file:
            left = seconds * rate
            while left:
                left -= len(part := piece[:left])
                file.write(part)
        draft.rename(folder)
    return folder


def large_photograph(megapixels: float) -> Path:
    """A folder of one JPEG file of so many pixels: one photograph beside itself, again and again."""
    folder = ROOT / f"photo-{megapixels:g}"
    if not folder.exists():
        draft = folder.with_suffix(".part")
        draft.mkdir(parents=True, exist_ok=True)
        side = round((megapixels * 1e6) ** 0.5)
        tile = photograph(0, (1024, 1024))
        across = -(-side // len(tile))
        samples = np.tile(tile, (across, across, 1))[:side, :side]
        cv2.imwrite(str(draft / "photo.jpg"), samples, (cv2.IMWRITE_JPEG_QUALITY, 95))
        draft.rename(folder)
    return folder


def _write(corpus: Corpus, folder: Path, index: int) -> None:
    cv2.setNumThreads(1)
    samples = corpus.content(index)
    path = os.fspath(folder / f"{index // _FILES_IN_FOLDER:03d}" / f"{index:05d}{corpus.suffix}")
    if corpus.kind == "audio":
        soundfile.write(path, samples, _SAMPLING_RATE, subtype="PCM_16")
    else:
        settings = (cv2.IMWRITE_JPEG_QUALITY, 95) if corpus.suffix == ".jpg" else ()
        cv2.imwrite(path, samples, settings)
