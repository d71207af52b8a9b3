"""The noise that each output of a recording gets. Where it depends on the recording, that is measured first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from noiseaug.media.audio.formats import Form, Lattice
from noiseaug.media.audio.powers import Floats, floor, powers, relative_error
from noiseaug.media.audio.reading import Recording, Samples
from noiseaug.media.audio.real_noise import RealNoise, gain_for
from noiseaug.media.audio.silence import Channels
from noiseaug.media.output import Output, WantedNoise
from noiseaug.noise.noiser import Noiser
from noiseaug.noise.ratios import std_of
from noiseaug.noise.scale import Array

# Noise whose power is off by chance by no more than this (standard error, relative: 0.017 dB) is left to chance.
_LEFT_TO_CHANCE = 0.004
_CLOSE = 0.002
_REHEARSALS = 3
# From this power on, in steps squared, that of rounded noise is proportional to that before rounding, but for 1/12.
_PROPORTIONAL = 4.0


@dataclass(frozen=True)
class Rendition:
    """One version of a recording: where and how it is written, and with what noise.

    Attributes:
        output: where it goes.
        form: the format that it is written in.
        noise: adds the noise.
        snr_db: the ratio asked for, if one is.
        signal: the mean square that it refers to, as a fraction of full scale squared.
        gain: the factor by which the recording is multiplied, if what clips is rescaled.
    """

    output: Output
    form: Form
    noise: Noiser | RealNoise
    snr_db: float | None = None
    signal: float = 0.0
    gain: float | None = None


def renditions_of(recording: Recording, outputs: Sequence[Output], forms: Sequence[Form]) -> Sequence[Rendition | None]:
    """Return a rendition for each output, or None where it is left out, as the recording is silent.

    All outputs are of one recipe, but for those that get no noise.
    """
    recipe = outputs[0].recipe
    ratios = any(output.level.unit == "snr" for output in outputs)
    rescaled = recipe.audio.on_clip == "rescale"
    if ratios or rescaled or recipe.audio.measure == "decoded":
        recording.hold()
    signal = np.zeros(1)
    if ratios:
        signal = powers(recording, recipe.audio.snr_reference)
        if recording.silent and recipe.audio.on_silence == "skip":
            return [None for _ in outputs]
    found = [
        _for_ratio(recording, output, form, signal) if output.level.unit == "snr" else _for_std(recording, output, form)
        for output, form in zip(outputs, forms, strict=True)
    ]
    return _rescaled(recording, found) if rescaled else found


def _for_std(recording: Recording, output: Output, form: Form) -> Rendition:
    std, own = output.strength(), recording.sound.lattice
    if output.recipe.audio.on_clip == "saturate" and form.lattice.holds(own):
        return Rendition(output, form, output.noiser(std, *own))
    stds, means = np.array([std]), np.array([output.recipe.mean])
    return Rendition(output, form, RealNoise(output, stds, means, own, _work_lattice(recording, output, form)))


def _work_lattice(recording: Recording, output: Output, form: Form) -> Lattice:
    """Return where samples get their noise: on their own lattice, or that of the output if it is coarser or float."""
    own = recording.sound.lattice
    if output.recipe.clip == "none" and own.steps:
        return Lattice("float32", None)
    return own if form.lattice.holds(own) else form.lattice


def _for_ratio(recording: Recording, output: Output, form: Form, signal: Floats) -> Rendition:
    noise = noise_of_ratio(recording, output, _work_lattice(recording, output, form), signal)
    return Rendition(output, form, noise, output.strength(), float(signal.mean()))


def noise_of_ratio(recording: Samples, wanted: WantedNoise, work: Lattice, signal: Floats) -> RealNoise:
    """Return noise as far below the signal, its power, as is asked; where there is no signal, none or of one step."""
    mean, on_floor = wanted.recipe.mean, wanted.recipe.audio.on_silence == "floor"
    means = np.where((signal > 0) | on_floor, mean, 0.0)
    silence_std = floor(work) if on_floor else 0.0

    def noise_of(aim: Floats) -> RealNoise:
        stds = [std_of(power, mean, work.steps) if power > 0 else silence_std for power in aim]
        return RealNoise(wanted, np.array(stds), means, recording.sound.lattice, work)

    return _on_target(recording, noise_of, signal / 10 ** (wanted.strength() / 10), work)


def _on_target(recording: Samples, noise_of: Callable[[Floats], RealNoise], wanted: Floats, work: Lattice) -> RealNoise:
    """Return noise of the wanted power, one or one for each channel, as it comes out: not only as it is expected.

    The power of a second of noise is off by chance: at 8 kHz, in one of seven recordings by more than 0.1 dB. So noise
    of short recordings, or much below one step, is made without the recording first, and made again as much stronger or
    weaker as it lacks.
    """
    aim, heard = wanted.copy(), wanted > 0
    samples = recording.sound.frames * recording.sound.channels / len(wanted)
    for _ in range(_REHEARSALS):
        errors = [relative_error(power, work, samples) for power in wanted[heard]]
        if max(errors, default=0.0) <= _LEFT_TO_CHANCE:
            break
        rehearsed = noise_of(aim)
        _go_through(recording, [rehearsed], RealNoise.rehearse)
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


def _go_through(
    recording: Samples, noises: Sequence[RealNoise], look: Callable[[RealNoise, Array, Channels], object]
) -> None:
    """Look at all pieces of a recording with each noise."""
    for block, silent in recording.pieces():
        for noise in noises:
            look(noise, block, silent)


def _rescaled(recording: Recording, renditions: list[Rendition]) -> list[Rendition]:
    """Return the renditions with the gains that keep samples within their limits."""
    noises = [item.noise for item in renditions if isinstance(item.noise, RealNoise)]
    if any(noise.clip for noise in noises):
        _go_through(recording, noises, RealNoise.reach)
    gains = [gain_for(noise.reached, noise.clip) if noise.clip else 1.0 for noise in noises]
    return [
        replace(item, noise=replace(noise, gain=gain), gain=gain)
        for item, noise, gain in zip(renditions, noises, gains, strict=True)
    ]
