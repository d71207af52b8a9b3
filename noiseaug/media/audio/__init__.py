"""Audio, through libsndfile: streamed in blocks, on the lattice of the source's samples, in any length."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import soundfile

from noiseaug.media.audio import plain_wav
from noiseaug.media.audio.decoding import decoded
from noiseaug.media.audio.encoding import finish, write_all
from noiseaug.media.audio.formats import Form, form_for
from noiseaug.media.audio.plain_wav import PlainRecording
from noiseaug.media.audio.reading import Recording
from noiseaug.media.audio.renditions import Rendition, renditions_of
from noiseaug.media.output import Facts, Output, Samples, damage_facts, noise_facts
from noiseaug.media.steps import SMALL, Steps, done, in_turn, wanted
from noiseaug.noise.figures import Measured, decibels, six_digits
from noiseaug.noise.scale import Array
from noiseaug.noise.together import Wanted
from noiseaug.storage.source_file import SourceFile
from noiseaug.version import __version__

# OpenCV adds whole numbers to whole numbers, which saturate.
_MADE_WITH = (
    f"noiseaug {__version__}, numpy {np.__version__}, opencv {cv2.__version__}, soundfile {soundfile.__version__}, "
    f"libsndfile {soundfile.__libsndfile_version__.removeprefix('libsndfile-')}"
)


def perform(
    source: SourceFile, outputs: Sequence[Output], max_pixels: int, *, accept_damaged: bool
) -> Steps[list[Facts | None]]:
    """Write each output with its noise on the source's samples, all in one pass after those that measure the source.

    Returns:
        The facts that are recorded of each; None for those that are left out, as the source is silent.

    Raises:
        Refused: if the source cannot be decoded, or an output cannot hold it.
        Damaged: if a part of the source is missing or corrupt, unless that is accepted.
    """
    if plain_wav.is_for_plain(source, outputs) and (plain := plain_wav.read(source)):
        return (yield from _plainly(plain, outputs))
    return _by_libsndfile(source, outputs, accept_damaged=accept_damaged)


def _plainly(recording: PlainRecording, outputs: Sequence[Output]) -> Steps[list[Facts | None]]:
    """Write outputs of a plain WAV file, which are plain, too."""
    if any(output.link for output in outputs) or recording.samples.nbytes * len(outputs) > SMALL:
        return [
            _taken(recording, output) if output.link else _written(output, *done(_plain(recording, output)))
            for output in outputs
        ]
    recording.source.close()
    yield None
    made = yield from in_turn(_plain(recording, output) for output in outputs)
    yield None
    return [_written(output, *one) for output, one in zip(outputs, made, strict=True)]


def _plain(recording: PlainRecording, output: Output) -> Steps[tuple[bytes, Facts]]:
    """Return the file of an output of a plain WAV file, and what is recorded of it."""
    sound = recording.sound
    noiser = output.noiser(output.strength(), *sound.lattice)
    noisy = yield from wanted(Wanted(noiser, recording.samples, sound.channels))
    rendition = Rendition(output, Form(sound.format, sound.subtype, sound.endian), noiser)
    facts = _noise_facts(rendition, 0.0) | _sound_facts(recording, sound.subtype, sound.frames, "")
    return plain_wav.encoded(noisy, sound), facts


def _written(output: Output, content: bytes, facts: Facts) -> Facts:
    output.file.write(memoryview(content))
    return facts


def _by_libsndfile(source: SourceFile, outputs: Sequence[Output], *, accept_damaged: bool) -> list[Facts | None]:
    recipe = outputs[0].recipe
    with contextlib.closing(
        Recording(source, keep_silence=recipe.audio.keep_silence, accept_damaged=accept_damaged)
    ) as recording:
        encoded = [output for output in outputs if not output.link]
        forms = [form_for(recording.sound, output.suffix, as_float=recipe.clip == "none") for output in encoded]
        renditions = renditions_of(recording, encoded, forms) if encoded else []
        made = [rendition for rendition in renditions if rendition]
        silenced = write_all(recording, made)
        found = [_finished(recording, rendition, silenced) for rendition in made]
        if recipe.audio.measure == "decoded":
            for fact, rendition, measured in zip(found, made, decoded(recording, made), strict=True):
                fact |= {"noise_std_decoded": measured.noise_std, "snr_db_decoded": _ratio(rendition, measured)}
        facts = iter(found if made else [None] * len(renditions))
        skipped = bool(renditions) and not any(renditions)  # a pair is left out as a whole
        return [
            next(facts) if not output.link else None if skipped else _taken(recording, output) for output in outputs
        ]


def samples(
    source: SourceFile, outputs: Sequence[Output], max_pixels: int, *, accept_damaged: bool
) -> Iterator[Samples | None]:
    """Yield the samples of each output as `perform` would encode them; the errors are the same.

    None stands for those that are left out, as the source is silent.
    """
    recipe = outputs[0].recipe
    with contextlib.closing(
        Recording(source, keep_silence=recipe.audio.keep_silence, accept_damaged=accept_damaged)
    ) as recording:
        whole = recording.whole()
        encoded = [output for output in outputs if not output.link]
        forms = [form_for(recording.sound, output.suffix, as_float=recipe.clip == "none") for output in encoded]
        renditions = iter(found := renditions_of(recording, encoded, forms) if encoded else [])
        skipped = bool(found) and not any(found)  # a pair is left out as a whole
        for output in outputs:
            rendition = _untouched(recording, output) if output.link else next(renditions)
            if rendition is None or skipped:
                yield None
                continue
            array, silenced = (whole, 0) if output.link else _with_noise(recording, rendition)
            facts = _noise_facts(rendition, silenced / max(whole.size, 1))
            yield Samples(array, facts | _sound_facts(recording, rendition.form.subtype, len(array), ""))


def _with_noise(recording: Recording, rendition: Rendition) -> tuple[Array, int]:
    """Return the samples of a rendition, and how many of them, of all channels, were left silent."""
    array, at, silenced = recording.whole(), 0, 0
    for block, silent in recording.pieces():
        noisy = rendition.noise.add_but(block, silent)
        if not at:
            array = np.empty(array.shape, noisy.dtype)
        array[at : at + len(noisy)] = noisy
        at += len(noisy)
        silenced += int(silent.sum()) * len(block)
    return array, silenced


def _taken(recording: Recording | PlainRecording, output: Output) -> Facts:
    """Make the source itself the output."""
    output.file.take(recording.source, output.link or "copy")
    sound = recording.sound
    facts = _noise_facts(_untouched(recording, output), 0.0) | _sound_facts(recording, sound.subtype, sound.frames, "")
    if output.recipe.audio.measure == "decoded":
        facts |= {"noise_std_decoded": 0.0, "snr_db_decoded": None}
    return facts


def _untouched(recording: Recording | PlainRecording, output: Output) -> Rendition:
    """Return the rendition that is the source itself."""
    sound = recording.sound
    same = Form(sound.format, sound.subtype, sound.endian)
    return Rendition(output, same, output.noiser(0.0, *sound.lattice))


def _finished(recording: Recording, rendition: Rendition, silenced: int) -> Facts:
    """Finish the written file, and return the facts of it."""
    frames, not_kept = finish(recording, rendition)
    names = ", ".join((*rendition.form.lost, *recording.unlike(), *not_kept))
    samples = recording.sound.frames * recording.sound.channels
    return _noise_facts(rendition, silenced / max(samples, 1)) | _sound_facts(
        recording, rendition.form.subtype, frames, names
    )


def _sound_facts(recording: Recording | PlainRecording, subtype: str, frames: int, not_kept: str) -> Facts:
    sound = recording.sound
    return {
        "silent": recording.silent,
        "sampling_rate": sound.rate,
        "num_samples": frames,
        "duration": frames / sound.rate,
        "channels": sound.channels,
        "subtype": subtype,
        "source_format": sound.format,
        "not_kept": not_kept,
        **damage_facts(recording.damage),
        "made_with": f"{_MADE_WITH}, {made_by}" if (made_by := recording.decoder) else _MADE_WITH,
    }


def _noise_facts(rendition: Rendition, silence_kept: float) -> Facts:
    noise, audio = rendition.noise, rendition.output.recipe.audio
    measured = noise.measured()
    facts = noise_facts(noise.std, noise.clip, measured) | {"snr_db_measured": _ratio(rendition, measured)}
    if rendition.snr_db is not None:
        facts["std"] = six_digits(rendition.noise.std)  # measured: its last digits are not the same everywhere
        facts["snr_db"] = rendition.snr_db
    if rendition.gain is not None:
        facts["gain"] = rendition.gain
    if audio.keep_silence:
        facts["silence_kept"] = six_digits(silence_kept)
    return facts


def _ratio(rendition: Rendition, measured: Measured) -> float | None:
    """Return the ratio of the signal, that which an SNR refers to, to the noise as it was measured, in dB."""
    if rendition.snr_db is None or rendition.output.recipe.audio.snr_reference != "active":
        return measured.snr_db
    power = (measured.noise_std or 0.0) ** 2 + (measured.noise_mean or 0.0) ** 2
    return decibels(rendition.signal * (rendition.gain or 1.0) ** 2, power)
