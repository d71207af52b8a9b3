"""One output as the media modules see it: where it goes and what noise it gets."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from noiseaug.files import OutputFile
from noiseaug.noise import GaussianNoise, Noiser
from noiseaug.sampling import Stream

Facts = dict[str, str | int | float | bool | None]


@dataclass(frozen=True)
class Output:
    """An output in the making.

    Attributes:
        file: where the encoded samples go.
        noise: the strength, and how it is applied.
        key: the name of its random stream.
    """

    file: OutputFile
    noise: GaussianNoise
    key: str

    @property
    def suffix(self) -> str:
        """The suffix of the final name, in small letters: the format to write."""
        return os.path.splitext(self.file.path)[1].lower()

    def noiser(self, dtype: Any, bits: int | None = None) -> Noiser:
        """What adds this output's noise to samples of `dtype`, from the beginning of its stream."""
        return Noiser(self.noise, Stream(self.key), dtype, bits)


def noise_facts(noiser: Noiser, quality: str) -> Facts:
    """What the manifest says of the noise; `quality` names the ratio recorded, `psnr_db` or `snr_db`."""
    measured = noiser.measured()
    limits = {} if noiser.clip is None else {"clip_low": noiser.clip[0], "clip_high": noiser.clip[1]}
    ratio = {"psnr_db": measured.psnr_db} if quality == "psnr_db" else {"snr_db_measured": measured.snr_db}
    return {
        "std": noiser.std,
        **limits,
        "noise_mean": measured.noise_mean,
        "noise_std": measured.noise_std,
        **ratio,
        "clipped": measured.clipped,
    }
