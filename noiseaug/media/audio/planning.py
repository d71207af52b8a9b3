"""What noise each output of a recording gets. Where that depends on the recording, it is measured first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from noiseaug.media.audio.formats import Form, Lattice
from noiseaug.media.audio.levels import Floats, floor, powers, relative_error, std_of
from noiseaug.media.audio.noise import LatticeNoise, Noise, Range, RealNoise, gain_for, limit_of
from noiseaug.media.audio.reading import Recording
from noiseaug.media.output import Output

# Noise whose power is off by chance by no more than this (standard error, relative: 0.017 dB) is left to chance.
_LEFT_TO_CHANCE = 0.004
_CLOSE = 0.002
_REHEARSALS = 3
# From this power on, in steps squared, that of rounded noise is proportional to that before rounding, but for 1/12.
_PROPORTIONAL = 4.0


@dataclass(frozen=True)
class Plan:
    """An output in the making.

    Attributes:
        form: what it is written as.
        noise: what adds its noise.
        snr_db: the ratio asked for, if one is.
        signal: the mean square that it refers to, as a fraction of full scale squared.
        gain: what the recording is multiplied with, if what clips is rescaled.
    """

    output: Output
    form: Form
    noise: Noise
    snr_db: float | None = None
    signal: float = 0.0
    gain: float | None = None

    @property
    def keep_silence(self) -> bool:
        return self.output.recipe.audio.keep_silence


def plan(recording: Recording, outputs: Sequence[Output], forms: Sequence[Form]) -> list[Plan | None]:
    """The plan of each output, or None if it is to be left out as the recording is silent. All are of one recipe,
    but for those that get no noise."""
    recipe = outputs[0].recipe
    ratios = any(output.level.unit == "snr" for output in outputs)
    rescaled = recipe.audio.on_clip == "rescale"
    if ratios or rescaled:
        recording.hold()
    signal = np.zeros(1)
    if ratios:
        signal = powers(recording, recipe.audio.snr_reference, keep_silence=recipe.audio.keep_silence)
        if recording.silent and recipe.audio.on_silence == "skip":
            return [None for _ in outputs]
    plans = [
        _for_ratio(recording, output, form, signal) if output.level.unit == "snr" else _for_std(recording, output, form)
        for output, form in zip(outputs, forms, strict=True)
    ]
    return list(_rescaled(recording, plans) if rescaled else plans)


def _work_lattice(recording: Recording, output: Output, form: Form) -> Lattice:
    """Where samples get their noise: on their own lattice, or on that of the output if it is coarser or float."""
    own = recording.kind.lattice
    if output.recipe.clip == "none" and own.steps:
        return Lattice("float32", None)
    return own if form.lattice.holds(own) else form.lattice


def _for_std(recording: Recording, output: Output, form: Form) -> Plan:
    std, own, work = output.strength(), recording.kind.lattice, _work_lattice(recording, output, form)
    if output.recipe.audio.on_clip == "saturate" and form.lattice.holds(own):
        return Plan(output, form, LatticeNoise(output, std, own))
    return Plan(output, form, _real_noise(recording, output, work, np.array([std])))


def _real_noise(
    recording: Recording, output: Output, work: Lattice, stds: Floats, means: Floats | None = None
) -> RealNoise:
    means = np.array([output.recipe.mean]) if means is None else means
    limit = _limit(recording, output, work)
    return RealNoise(output, (stds, means), recording.kind.lattice, work, limit)


def _limit(recording: Recording, output: Output, work: Lattice) -> Range | None:
    own = recording.kind.lattice
    return None if output.recipe.clip == "none" and own.steps else limit_of(output, work)


def _for_ratio(recording: Recording, output: Output, form: Form, signal: Floats) -> Plan:
    """Noise as far below the signal, its power, as is asked; where there is no signal, none or of one step."""
    snr_db, work, mean = output.strength(), _work_lattice(recording, output, form), output.recipe.mean
    on_floor = output.recipe.audio.on_silence == "floor"
    heard = signal > 0
    means = np.where(heard | on_floor, mean, 0.0)
    silence_std = floor(work) if on_floor else 0.0

    def noise_of(aim: Floats) -> RealNoise:
        stds = [std_of(power, mean, work) if power > 0 else silence_std for power in aim]
        return _real_noise(recording, output, work, np.array(stds), means)

    wanted = signal / 10 ** (snr_db / 10)
    noise = _on_target(recording, noise_of, wanted, work, keep_silence=output.recipe.audio.keep_silence)
    return Plan(output, form, noise, snr_db, float(signal.mean()))


def _on_target(
    recording: Recording, noise_of: Callable[[Floats], RealNoise], wanted: Floats, work: Lattice, *, keep_silence: bool
) -> RealNoise:
    """Noise of the wanted power, one or one for each channel, as it comes out: not only as it is expected.

    The power of a second of noise is off by chance: at 8 kHz, in one of seven recordings by more than 0.1 dB. So noise
    of short recordings, or much below one step, is made without the recording first, and made again as much stronger or
    weaker as it lacks.
    """
    aim, heard = wanted.copy(), wanted > 0
    samples = recording.kind.frames * recording.kind.channels / len(wanted)
    for _ in range(_REHEARSALS):
        errors = [relative_error(power, work, samples) for power in wanted[heard]]
        if max(errors, default=0.0) <= _LEFT_TO_CHANCE:
            break
        rehearsed = noise_of(aim)
        for block, silent in recording.pieces(keep_silence=keep_silence):
            rehearsed.rehearse(block, silent=silent)
        found = rehearsed.powers()
        told = heard & (found > 0)
        if not told.any():
            break
        correction = np.divide(wanted, found, out=np.ones_like(wanted), where=told)
        if np.abs(correction - 1).max() <= _CLOSE:
            break
        aim *= correction
        if not work.steps or (wanted[told] * work.steps**2).min() >= _PROPORTIONAL:
            break
    return noise_of(aim)


def _rescaled(recording: Recording, plans: list[Plan]) -> list[Plan]:
    """The plans with the gains that keep samples within their limits."""
    noises = [item.noise for item in plans if isinstance(item.noise, RealNoise)]
    keep_silence = plans[0].keep_silence
    if any(noise.clip for noise in noises):
        for block, silent in recording.pieces(keep_silence=keep_silence):
            for noise in noises:
                noise.reach(block, silent=silent)
    gains = [gain_for(noise.reached, noise.clip) if noise.clip else 1.0 for noise in noises]
    return [
        replace(item, noise=noise.with_gain(gain), gain=gain)
        for item, noise, gain in zip(plans, noises, gains, strict=True)
    ]
