"""Audio, through libsndfile: streamed in blocks, on the lattice of the source's samples, in any length."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, Self

import numpy as np
import soundfile
from numpy.typing import NDArray

from noiseaug.media.audio.chunks import lost_from
from noiseaug.media.audio.clocks import copy_speaker_positions, stop_the_clock
from noiseaug.media.audio.formats import DELAYED, QUALITIES, Form, Quality, form_for
from noiseaug.media.audio.noise import LatticeNoise, decibels, figure
from noiseaug.media.audio.planning import Plan, plan
from noiseaug.media.audio.reading import Recording
from noiseaug.media.output import Facts, Output
from noiseaug.storage.source_file import Refused, SourceFile
from noiseaug.version import __version__

_MADE_WITH = f"noiseaug {__version__}, numpy {np.__version__}, {soundfile.__libsndfile_version__}"
# Formats whose headers hold any rate, and the number of samples as it is. What is written in others is looked at.
_PRECISE = frozenset({"WAV", "WAVEX", "RF64", "W64", "AIFF", "AU", "CAF", "FLAC", "OGG"})
# Text tags that people write; the tenth, `software`, names what wrote the file, which libsndfile and LAME see to.
_PEOPLES_TAGS = ("title", "copyright", "artist", "comment", "date", "album", "license", "tracknumber", "genre")
# Outputs of up to so many samples, all together, are encoded in memory. To a file, libsndfile writes in small pieces,
# FLAC with 130 calls of lseek for 10 s, and makes the disk write it out (fsync) when it closes it.
_IN_MEMORY = 1 << 22
_VORBIS_FRAMES = 1 << 12
# Subtypes that fill up their last block.
_PADDED = ("ADPCM", "GSM", "G72")


def augment(source: SourceFile, outputs: Sequence[Output], max_pixels: int) -> list[Facts | None]:
    """Writes each output with its noise on the source's samples, all in one pass after those that measure the source.

    Returns:
        What is recorded of each; None for those that are left out, as the source is silent.

    Raises:
        Refused: if the source cannot be decoded, is shorter than it says, or an output cannot hold it.
    """
    with Recording(source) as recording:
        as_float = outputs[0].recipe.clip == "none"
        encoded = [output for output in outputs if not output.link]
        forms = [form_for(recording.kind, output.suffix, as_float=as_float) for output in encoded]
        plans = plan(recording, encoded, forms) if encoded else []
        silenced = _write_all(recording, [item for item in plans if item])
        lost = lost_from(source.fd)
        facts = iter([_finished(source, recording, item, lost, silenced) if item else None for item in plans])
        skipped = bool(plans) and not any(plans)  # a pair is left out as a whole
        return [
            next(facts) if not output.link else None if skipped else _taken(source, recording, output)
            for output in outputs
        ]


def _taken(source: SourceFile, recording: Recording, output: Output) -> Facts:
    """Makes the source itself the output."""
    output.file.take(source, output.link or "copy")
    kind = recording.kind
    same = Form(kind.format, kind.subtype, kind.endian)
    untouched = _noise_facts(Plan(output, same, LatticeNoise(output, 0.0, kind.lattice)), 0.0)
    return untouched | _sound_facts(recording, kind.subtype, kind.frames, "")


def _write_all(recording: Recording, plans: list[Plan]) -> int:
    """Writes the outputs. Returns how many frames were left silent in each."""
    silenced = 0
    in_memory = len(plans) * recording.kind.frames * recording.kind.channels <= _IN_MEMORY
    with _encoding(), contextlib.ExitStack() as open_files:
        writers = [open_files.enter_context(_Writer(recording, item, in_memory=in_memory)) for item in plans]
        # All is decoded even if nothing is to be encoded: what is damaged must not be passed on.
        for block, silent in recording.pieces(keep_silence=bool(plans) and plans[0].keep_silence):
            silenced += silent * len(block)
            for item, writer in zip(plans, writers, strict=True):
                writer.write(item.noise.add(block, silent=silent))
    for item in plans:
        if item.form.format in DELAYED and not in_memory:
            _check_room(item.output)
    return silenced


class _Writer:
    """An output that is being encoded, `in_memory` or in its file."""

    def __init__(self, recording: Recording, item: Plan, *, in_memory: bool) -> None:
        self._output = item.output
        self._content = io.BytesIO() if in_memory else None
        self._file = _opened(recording, item, item.output.file.fd if self._content is None else self._content)
        # What Vorbis makes of samples depends on how many it gets at a time; others are written as they come.
        self._portion = _VORBIS_FRAMES if item.form.subtype == "VORBIS" else 0
        self._waiting: list[NDArray[Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if kind is None and self._waiting:
                self._write(np.concatenate(self._waiting))
        finally:
            self._file.close()
        if kind is None and self._content is not None:
            self._output.file.fill(self._content.getbuffer())

    def write(self, block: NDArray[Any]) -> None:
        if not self._portion:
            self._write(block)
            return
        self._waiting.append(block)
        if sum(map(len, self._waiting)) < self._portion:
            return
        samples = np.concatenate(self._waiting)
        whole = len(samples) // self._portion * self._portion
        for start in range(0, whole, self._portion):
            self._write(samples[start : start + self._portion])
        self._waiting = [samples[whole:]] if whole < len(samples) else []

    def _write(self, block: NDArray[Any]) -> None:
        try:
            self._file.write(block)
        except (soundfile.SoundFileError, AssertionError):
            _check_room(self._output)
            raise


def _opened(recording: Recording, item: Plan, to: int | io.BytesIO) -> soundfile.SoundFile:
    kind, form = recording.kind, item.form
    quality = QUALITIES.get(form.subtype, Quality())._asdict()
    try:
        file = soundfile.SoundFile(
            to, "w", kind.rate, kind.channels, form.subtype, form.endian, form.format, closefd=False, **quality
        )
    except soundfile.SoundFileError as error:
        shape = f"{kind.rate} Hz and {kind.channels} channels"
        reason = str(error).rpartition(": ")[2]
        raise Refused(f"cannot be written as {form.format} {form.subtype} of {shape}: {reason}") from None
    for tag, text in recording.tags.items():
        with contextlib.suppress(soundfile.SoundFileError):  # the format has no texts; `_differences` tells
            setattr(file, tag, text)
    return file


def _check_room(output: Output) -> None:
    """Raises OSError if the file system takes no more.

    libsndfile says that it wrote less, and not why, and when it closes a file it does not even say that. Writing by
    ourselves tells.
    """
    fd, size = output.file.fd, output.file.size()
    probe, at = bytes(1 << 12), size  # more than the last block of the file can have left
    while at < size + len(probe):
        at += os.pwrite(fd, probe[: size + len(probe) - at], at)
    os.ftruncate(fd, size)


@contextlib.contextmanager
def _encoding() -> Iterator[None]:
    try:
        yield
    except (soundfile.SoundFileError, AssertionError) as error:
        reason = getattr(error, "error_string", error)
        raise Refused(f"cannot be encoded as audio: {reason}") from None


def _finished(source: SourceFile, recording: Recording, item: Plan, lost: tuple[str, ...], silenced: int) -> Facts:
    """Takes out of the written file what the clock put there, and says what is in it."""
    fd, form, kind = item.output.file.fd, item.form, recording.kind
    stop_the_clock(fd, form.format)
    if form.format == kind.format == "WAVEX":
        copy_speaker_positions(source.fd, fd)
    frames, lost = kind.frames, (*form.lost, *lost)
    # An empty recording is not readable in every format: better to find out now.
    if not frames or recording.tags or form.format not in _PRECISE or any(name in form.subtype for name in _PADDED):
        frames, more = _differences(fd, recording)
        lost += more
    return _noise_facts(item, silenced / max(kind.frames, 1)) | _sound_facts(
        recording, form.subtype, frames, ", ".join(lost)
    )


def _sound_facts(recording: Recording, subtype: str, frames: int, not_kept: str) -> Facts:
    kind = recording.kind
    return {
        "silent": recording.silent,
        "sampling_rate": kind.rate,
        "num_samples": frames,
        "duration": frames / kind.rate,
        "channels": kind.channels,
        "subtype": subtype,
        "source_format": kind.format,
        "not_kept": not_kept,
        "made_with": _MADE_WITH,
    }


def _differences(fd: int, recording: Recording) -> tuple[int, tuple[str, ...]]:
    """The frames of what was written, and what of the source is not in it.

    Raises:
        Refused: if it has another rate or number of channels.
    """
    kind = recording.kind
    os.lseek(fd, 0, os.SEEK_SET)
    with _encoding(), soundfile.SoundFile(fd, closefd=False) as file:
        found = file.samplerate, file.channels
        if found != (kind.rate, kind.channels):
            raise Refused(
                f"cannot be written as {file.format} {file.subtype}: its {kind.rate} Hz and {kind.channels} channels "
                f"would become {found[0]} Hz and {found[1]} channels; choose --audio-format wav or flac"
            )
        tags = file.copy_metadata()
        lost = tuple(f"tag {tag}" for tag in _PEOPLES_TAGS if tags.get(tag, "") != recording.tags.get(tag, ""))
        return file.frames, (*lost, *(("number of samples",) if file.frames != kind.frames else ()))


def _noise_facts(item: Plan, silence_kept: float) -> Facts:
    measured, limit = item.noise.measured(), item.noise.clip
    ratio = measured.snr_db
    facts: Facts = {"std": item.noise.std}
    if item.snr_db is not None:
        power = (measured.noise_std or 0.0) ** 2 + (measured.noise_mean or 0.0) ** 2
        facts["snr_db"] = item.snr_db
        if item.output.recipe.audio.snr_reference == "active":
            ratio = decibels(item.signal * (item.gain or 1.0) ** 2, power)
    if limit is not None:
        facts |= {"clip_low": limit[0], "clip_high": limit[1]}
    if item.gain is not None:
        facts["gain"] = item.gain
    if item.keep_silence:
        facts["silence_kept"] = figure(silence_kept)
    return facts | {
        "noise_mean": measured.noise_mean,
        "noise_std": measured.noise_std,
        "snr_db_measured": ratio,
        "clipped": measured.clipped,
    }
