"""Audio, through libsndfile: streamed in blocks, on the lattice of the source's samples, in any length."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import cv2
import numpy as np
import soundfile

from noiseaug.media.audio.encoding import finish, write_all
from noiseaug.media.audio.formats import Form, form_for
from noiseaug.media.audio.reading import Recording
from noiseaug.media.audio.renditions import Rendition, renditions_of
from noiseaug.media.output import Facts, Output, noise_facts
from noiseaug.noise.figures import decibels, six_digits
from noiseaug.storage.source_file import SourceFile
from noiseaug.version import __version__

# OpenCV adds whole numbers to whole numbers, which saturate.
_MADE_WITH = (
    f"noiseaug {__version__}, numpy {np.__version__}, opencv {cv2.__version__}, soundfile {soundfile.__version__}, "
    f"libsndfile {soundfile.__libsndfile_version__.removeprefix('libsndfile-')}"
)


def perform(source: SourceFile, outputs: Sequence[Output], max_pixels: int) -> list[Facts | None]:
    """Write each output with its noise on the source's samples, all in one pass after those that measure the source.

    Returns:
        The facts that are recorded of each; None for those that are left out, as the source is silent.

    Raises:
        Refused: if the source cannot be decoded, is shorter than it says, or an output cannot hold it.
    """
    recipe = outputs[0].recipe
    with contextlib.closing(Recording(source, keep_silence=recipe.audio.keep_silence)) as recording:
        encoded = [output for output in outputs if not output.link]
        forms = [form_for(recording.sound, output.suffix, as_float=recipe.clip == "none") for output in encoded]
        renditions = renditions_of(recording, encoded, forms) if encoded else []
        silenced = write_all(recording, [rendition for rendition in renditions if rendition])
        lost = recording.lost()
        facts = iter([_finished(recording, item, lost, silenced) if item else None for item in renditions])
        skipped = bool(renditions) and not any(renditions)  # a pair is left out as a whole
        return [
            next(facts) if not output.link else None if skipped else _taken(recording, output) for output in outputs
        ]


def _taken(recording: Recording, output: Output) -> Facts:
    """Make the source itself the output."""
    output.file.take(recording.source, output.link or "copy")
    sound = recording.sound
    same = Form(sound.format, sound.subtype, sound.endian)
    untouched = Rendition(output, same, output.noiser(0.0, *sound.lattice))
    return _noise_facts(untouched, 0.0) | _sound_facts(recording, sound.subtype, sound.frames, "")


def _finished(recording: Recording, rendition: Rendition, lost: tuple[str, ...], silenced: int) -> Facts:
    """Finish the written file, and return the facts of it."""
    frames, not_written = finish(recording, rendition)
    names = ", ".join((*rendition.form.lost, *lost, *not_written))
    return _noise_facts(rendition, silenced / max(recording.sound.frames, 1)) | _sound_facts(
        recording, rendition.form.subtype, frames, names
    )


def _sound_facts(recording: Recording, subtype: str, frames: int, not_kept: str) -> Facts:
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
        "made_with": _MADE_WITH,
    }


def _noise_facts(rendition: Rendition, silence_kept: float) -> Facts:
    noise, audio = rendition.noise, rendition.output.recipe.audio
    measured = noise.measured()
    facts = noise_facts(noise.std, noise.clip, measured) | {"snr_db_measured": measured.snr_db}
    if rendition.snr_db is not None:
        facts["std"] = six_digits(rendition.noise.std)  # measured: its last digits are not the same everywhere
        facts["snr_db"] = rendition.snr_db
        if audio.snr_reference == "active":
            power = (measured.noise_std or 0.0) ** 2 + (measured.noise_mean or 0.0) ** 2
            facts["snr_db_measured"] = decibels(rendition.signal * (rendition.gain or 1.0) ** 2, power)
    if rendition.gain is not None:
        facts["gain"] = rendition.gain
    if audio.keep_silence:
        facts["silence_kept"] = six_digits(silence_kept)
    return facts
