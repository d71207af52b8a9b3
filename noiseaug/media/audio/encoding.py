"""Writing recordings through libsndfile: all renditions of one recording at once, block after block."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import soundfile

from noiseaug.media.audio.checking import agreed, check_written
from noiseaug.media.audio.containers import container_of, riff
from noiseaug.media.audio.formats import Form, sound_of
from noiseaug.media.audio.reading import Recording
from noiseaug.media.audio.renditions import Rendition
from noiseaug.media.audio.silence import Channels
from noiseaug.media.audio.tags import carry
from noiseaug.noise.scale import Array
from noiseaug.storage.source_file import Refused

# Formats whose headers hold any rate, and the number of samples as it is. Files of others are opened again.
_PRECISE = frozenset({"WAV", "WAVEX", "RF64", "W64", "AIFF", "AU", "CAF", "FLAC", "OGG"})
# Subtypes that fill up their last block.
_PADDED = ("ADPCM", "GSM", "G72")
# Formats that are encoded with delay: the codec still writes when the file is closed, and does not say if it cannot.
_DELAYED = frozenset({"FLAC", "OGG", "MP3", "CAF"})
# Outputs of up to so many samples, all together, are encoded in memory. To a file, libsndfile writes in small pieces,
# FLAC with 130 calls of lseek for 10 s, and makes the disk write it out (fsync) when it closes it.
_IN_MEMORY = 1 << 22
# What to say of formats and subtypes that do not take any rate and number of channels.
_LIMITS = {
    "OPUS": "and Opus only supports sample rates of 8000, 12000, 16000, 24000 and 48000 Hz",
    "FLAC": "and FLAC holds 8 channels and 655350 Hz at most",
    "MP3": "and MP3 holds 2 channels, and rates of 8000 to 48000 Hz as its tables have them",
    "VOC": "and VOC holds 2 channels at most",
    "SVX": "and 8SVX is written with 1 channel",
}
_VORBIS_FRAMES = 1 << 12
# The defaults of libsndfile drop most of the noise. Correlation of noise of std 0.02 with what is left, mono at 16 to
# 48 kHz, by default and so: Vorbis 0.53 to 0.56 and 0.95 to 0.97, Opus 0.21 to 0.42 and 0.85 to 0.99, MP3 0.30 to 0.40
# and 0.82 to 0.95. (Opus: 160 kbit/s a channel; more changes nothing. MP3: 320 kbit/s.)
# Of FLAC, level 0 takes 0.9 (mono) or 0.7 (stereo) of the CPU time of the default, and noise is 2 to 5 % larger.
_QUALITIES: dict[str, dict[str, Any]] = {
    "FLAC": {"compression_level": 0.0},
    "VORBIS": {"compression_level": 0.0},
    "OPUS": {"compression_level": 0.4},
    "MPEG_LAYER_III": {"compression_level": 0.0, "bitrate_mode": "CONSTANT"},
}


def write_all(recording: Recording, renditions: Sequence[Rendition]) -> int:
    """Write the renditions, and return how many samples, of all channels, were left silent in each.

    All is decoded even if nothing is to be written: what is damaged must not be passed on.
    """
    silenced = 0
    in_memory = len(renditions) * recording.sound.frames * recording.sound.channels <= _IN_MEMORY
    with contextlib.ExitStack() as open_files:
        writers = [_Writer(recording, rendition, open_files, in_memory=in_memory) for rendition in renditions]
        for block, silent in recording.pieces():
            silenced += int(silent.sum()) * len(block)
            for writer in writers:
                writer.write(block, silent)
        for writer in writers:
            writer.finish()
    return silenced


class _Writer:
    """A rendition that is being encoded, `in_memory` or in its file. What it opens is closed with `open_files`."""

    def __init__(
        self, recording: Recording, rendition: Rendition, open_files: contextlib.ExitStack, *, in_memory: bool
    ) -> None:
        self._noise, self._form, self._output = rendition.noise, rendition.form, rendition.output.file
        self._content = io.BytesIO() if in_memory else None
        self._file = _opened(recording, rendition, self._content or self._output.fd)
        open_files.callback(self._file.close)
        # Vorbis makes of samples what depends on how many it gets at a time; other samples are written as they come.
        self._portion = _VORBIS_FRAMES if self._form.subtype == "VORBIS" else 0
        self._waiting: list[Array] = []

    def write(self, block: Array, silent: Channels) -> None:
        """Encode a block, shape (frames, channels), with noise on what is not `silent`, as soon as it is enough."""
        noisy = self._noise.add_but(block, silent)
        if not self._portion:
            self._encode(noisy)
            return
        self._waiting.append(noisy)
        if sum(map(len, self._waiting)) < self._portion:
            return
        samples = np.concatenate(self._waiting)
        whole = len(samples) // self._portion * self._portion
        for start in range(0, whole, self._portion):
            self._encode(samples[start : start + self._portion])
        self._waiting = [samples[whole:]] if whole < len(samples) else []

    def finish(self) -> None:
        """Encode what is left, and put all into the file."""
        if self._waiting:
            self._encode(np.concatenate(self._waiting))
        try:
            self._file.close()
        except soundfile.SoundFileError:
            self._output.check_room()
            raise _unwritten(self._form, "the encoder gave up") from None
        if self._content is not None:
            self._output.hold(self._content)
        elif self._form.format in _DELAYED:
            self._output.check_room()

    def _encode(self, samples: Array) -> None:
        # Of stereo int16, libsndfile 1.2.2 gives LAME half the bytes (libsndfile/libsndfile#1106): the correlation of
        # two tones with what comes out is 0.4 to 0.6, and 1.0 of the same samples as int32.
        if self._form.subtype == "MPEG_LAYER_III" and samples.dtype == np.int16 and samples.shape[1] == 2:
            samples = samples.astype(np.int32) << 16
        try:
            self._file.write(samples)
        except (soundfile.SoundFileError, AssertionError):
            self._output.check_room()  # libsndfile says that it wrote less, and not why
            raise _unwritten(self._form, "the encoder gave up") from None


def _opened(recording: Recording, rendition: Rendition, to: int | io.BytesIO) -> soundfile.SoundFile:
    """Open a file for writing."""
    sound, form = recording.sound, rendition.form
    layout = sound.rate, sound.channels, form.subtype, form.endian, form.format
    try:
        quality = _QUALITIES.get(form.subtype) or _QUALITIES.get(form.format, {})
        return soundfile.SoundFile(to, "w", *layout, closefd=False, **quality)
    except soundfile.SoundFileError:
        limit = _LIMITS.get(form.subtype) or _LIMITS.get(form.format, "which it does not hold")
        raise _unwritten(form, f"it has {sound.rate} Hz and {sound.channels} channels, {limit}") from None


def _unwritten(form: Form, why: str) -> Refused:
    """Return the refusal of a form that a recording cannot be written in."""
    return Refused(f"cannot be written as {form.format} {form.subtype}: {why}; choose --audio-format wav or flac")


def finish(recording: Recording, rendition: Rendition) -> tuple[int, tuple[str, ...]]:
    """Mend what libsndfile wrote, and return how many frames it holds, and names of what of the source it does not.

    The time of writing is taken out, so that the bytes are the same on every run.

    Raises:
        Refused: if it has another rate or number of channels than the source.
    """
    file, form, sound = rendition.output.file, rendition.form, recording.sound
    container = container_of(file)
    container.mend(file, sound.frames)
    not_carried = carry(recording.held, file, form.format, container.stop_the_clock)
    if form.format == sound.format == "WAVEX":
        riff.copy_speaker_positions(recording.source, file)
    check_written(file, form, sound)
    # An empty recording is not readable in every format: better to find out now.
    if not sound.frames or form.format not in _PRECISE or any(name in form.subtype for name in _PADDED):
        frames, differences = _frames(recording, rendition)
        return frames, (*not_carried, *differences)
    return sound.frames, not_carried


def _frames(recording: Recording, rendition: Rendition) -> tuple[int, tuple[str, ...]]:
    """Return how many frames a written file holds, and names of what differs in them."""
    sound = recording.sound
    form, written = rendition.form, rendition.output.file
    try:
        file = soundfile.SoundFile(written.rewound(), closefd=False)
    except soundfile.SoundFileError:
        why = "what the encoder made of it cannot be read" if sound.frames else "it has no samples"
        raise _unwritten(form, why) from None
    with file:
        if (file.samplerate, file.channels) != (sound.rate, sound.channels):
            raise _unwritten(
                form,
                f"its {sound.rate} Hz and {sound.channels} channels would become {file.samplerate} Hz and "
                f"{file.channels} channels",
            )
        frames = agreed(container_of(written).told(written), sound_of(file)).frames
        if frames != sound.frames:
            return frames, ("number of samples",)
        same_code = form.subtype == sound.subtype and "ADPCM" in form.subtype
        return frames, ("size of blocks",) if same_code and file.frames != recording.decoded_frames else ()
