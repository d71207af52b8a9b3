"""Noise that depends on the samples, an SNR or silence that is kept: what the command line does with a recording."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from noiseaug.media.audio import silence
from noiseaug.media.audio.formats import Lattice, Sound
from noiseaug.media.audio.powers import powers
from noiseaug.media.audio.reading import BLOCK_SAMPLES
from noiseaug.media.audio.real_noise import RealNoise
from noiseaug.media.audio.renditions import noise_of_ratio
from noiseaug.media.output import WantedNoise
from noiseaug.noise.noiser import Noiser
from noiseaug.noise.scale import Array

# The subtype of a file with such samples: by dtype and significant bits.
_SUBTYPES = {
    ("int16", 8): "PCM_S8",
    ("int16", 16): "PCM_16",
    ("int32", 24): "PCM_24",
    ("int32", 32): "PCM_32",
    ("float32", None): "FLOAT",
    ("float64", None): "DOUBLE",
}


class SamplesInMemory:
    """Samples that a program has.

    Args:
        samples: shape (frames, channels), in native byte order.
        bits: how many of their bits are significant, if they are integers.
        longest: runs of more than so many frames of digital silence stay silent; None if none do.
    """

    def __init__(self, samples: Array, bits: int | None, longest: int | None) -> None:
        self._samples, self._longest = samples, longest
        width = (bits or 8 * samples.itemsize) if samples.dtype.kind == "i" else None
        subtype = _SUBTYPES.get((samples.dtype.name, width))
        if subtype is None:
            found = f"{samples.dtype} of {bits} bits" if bits else f"{samples.dtype}"
            raise TypeError(
                f"samples are {found}; snr= and keep_silence= are for audio, of int16, int32 (24 or 32 bits) or floats"
            )
        self.sound = Sound("", subtype, "", 1, samples.shape[1], len(samples))

    def blocks(self, multiple: int = 1) -> Iterator[Array]:
        """Yield the samples in blocks of a multiple of so many frames."""
        step = max(BLOCK_SAMPLES // self.sound.channels // multiple, 1) * multiple
        return (self._samples[start : start + step] for start in range(0, len(self._samples), step))

    def pieces(self) -> Iterator[tuple[Array, silence.Channels]]:
        """Yield the samples with the channels that are to stay silent."""
        if self._longest is None:
            none = np.zeros(self.sound.channels, bool)
            return ((block, none) for block in self.blocks())
        return silence.pieces(self.blocks(), self._longest)


def with_noise(samples: SamplesInMemory, wanted: WantedNoise) -> tuple[Array, float]:
    """Return samples with noise, shape (frames, channels), and the standard deviation of it, of full scale."""
    lattice = samples.sound.lattice
    noise: Noiser | RealNoise
    if wanted.level.unit == "snr":
        work = Lattice("float32", None) if wanted.recipe.clip == "none" and lattice.steps else lattice
        noise = noise_of_ratio(samples, wanted, work, powers(samples, wanted.recipe.audio.snr_reference))
    else:
        noise = wanted.noiser(wanted.strength(), *lattice)
    made = [noise.add_but(block, silent) for block, silent in samples.pieces()]
    return np.concatenate(made), noise.std
