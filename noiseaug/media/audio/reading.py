"""Reading recordings: as often as it takes, block after block, in any length."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import numpy as np
import soundfile
from numpy.typing import NDArray

from noiseaug.media.audio import silence
from noiseaug.media.audio.chunks import aiff_software, synchsafe
from noiseaug.media.audio.formats import Kind
from noiseaug.media.audio.lengths import refuse_truncated
from noiseaug.storage.source_file import Refused, SourceFile

Array = NDArray[Any]

# Samples (of all channels) read, made noisy and written at a time. libvorbis puts a whole write on the stack and
# crashes on large ones; 64k frames are known to be safe.
BLOCK_SAMPLES = 1 << 16
# Recordings of up to so many samples are held in memory if they are gone through more than once.
HELD_SAMPLES = 1 << 18


class Recording:
    """A source, open for reading.

    Attributes:
        kind: format, subtype, rate, channels and length.
        tags: its text tags.
        silent: whether all samples gone through so far were 0.

    Raises:
        Refused: if it cannot be decoded, or is shorter than it says.
    """

    def __init__(self, source: SourceFile) -> None:
        refuse_truncated(source)
        self._source = source
        self._reader = self._open()
        reader = self._reader
        self.kind = Kind(
            reader.format, reader.subtype, reader.endian, reader.samplerate, reader.channels, reader.frames
        )
        self._lattice = self.kind.lattice
        self.tags = {tag: text for tag, text in reader.copy_metadata().items() if text}
        if self.kind.format == "AIFF" and "software" in self.tags:
            self.tags["software"] = aiff_software(source.fd)
        self.silent = True
        self._started = False
        self._held: Array | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._reader.close()

    def _open(self) -> soundfile.SoundFile:
        os.lseek(self._source.fd, 0, os.SEEK_SET)
        with decoding():
            return soundfile.SoundFile(self._source.fd, closefd=False)

    def hold(self) -> None:
        """Decodes the recording here and now if it is short, as it is going to be gone through several times."""
        if self.kind.frames * self.kind.channels <= HELD_SAMPLES and self._held is None:
            blocks = [block.copy() for block in self.blocks()]
            self._held = np.concatenate([np.empty((0, self.kind.channels), self._lattice.dtype), *blocks])

    def blocks(self, multiple: int = 1) -> Iterator[Array]:
        """All samples from the beginning, shape (frames, channels), in blocks of a multiple of so many frames.

        The array is used again for the next block. It is not to be written to.
        """
        step = max(BLOCK_SAMPLES // self.kind.channels // multiple, 1) * multiple
        if self._held is not None:
            for start in range(0, len(self._held), step):
                yield self._held[start : start + step]
            return
        if self._started:  # reopened, as not every decoder can seek
            self._reader.close()
            self._reader = self._open()
        self._started = True
        frames = 0
        buffer = np.empty((step, self.kind.channels), self._lattice.dtype)
        while True:
            with decoding():
                block = self._reader.read(dtype=self._lattice.dtype, always_2d=True, out=buffer)
            if not len(block):
                break
            self.silent = self.silent and not block.any()
            frames += len(block)
            yield block
        self._check_length(frames)

    def pieces(self, *, keep_silence: bool) -> Iterator[tuple[Array, bool]]:
        """`blocks`, cut where long digital silence begins and ends, each piece with whether it is to stay silent."""
        if not keep_silence:
            return ((block, False) for block in self.blocks())
        return silence.pieces(self.blocks(), int(self.kind.rate * silence.KEPT_SECONDS))

    def _check_length(self, frames: int) -> None:
        expected = self.kind.frames
        if frames == expected:
            return
        if self.kind.subtype.startswith("MPEG") and not _knows_its_length(self._source.fd):
            self.kind = self.kind._replace(frames=frames)  # what was expected is an estimate by file size
            return
        raise Refused(f"is truncated: {expected} frames expected, {frames} found")


@contextlib.contextmanager
def decoding() -> Iterator[None]:
    """Turns what libsndfile reports into what is said of the file."""
    try:
        yield
    except (soundfile.SoundFileError, AssertionError) as error:
        reason = getattr(error, "error_string", error)  # without the number of the file descriptor
        raise Refused(f"cannot be decoded as audio: {reason}") from None


def _knows_its_length(fd: int) -> bool:
    """Whether an MPEG stream says how many frames it has, in a Xing, Info or VBRI header in its first frame."""
    head = os.pread(fd, 10, 0)
    at = 10 + synchsafe(head[6:10]) if head[:3] == b"ID3" else 0
    first = os.pread(fd, 2048, at)
    return any(name in first for name in (b"Xing", b"Info", b"VBRI"))
