"""Reading recordings: block after block, as often as it takes, in any length."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from noiseaug.kinds import extra_of
from noiseaug.media.audio import silence
from noiseaug.media.audio.checking import agreed, unlike
from noiseaug.media.audio.containers import container_of, mpeg
from noiseaug.media.audio.containers.told import Told
from noiseaug.media.audio.formats import sound_of
from noiseaug.media.audio.overlaid import Overlaid
from noiseaug.media.audio.tags import held_by
from noiseaug.noise.scale import Array
from noiseaug.storage.source_file import Refused, SourceFile

if TYPE_CHECKING:
    from noiseaug.media.audio.libav import Reader

# Samples (of all channels) read, made noisy and written at a time. libvorbis puts a whole write on the stack and
# crashes on large ones; 64k frames are known to be safe.
BLOCK_SAMPLES = 1 << 16
# Recordings of up to so many samples are held in memory if they are gone through more than once.
HELD_SAMPLES = 1 << 18


class Recording:
    """A source, open for reading.

    Args:
        source: its file.
        keep_silence: whether long digital silence in it is to stay silent.

    Attributes:
        source: its file.
        sound: its format, subtype, rate, channels and length.
        held: what it holds beside its samples.
        decoded_frames: how many frames its decoder gives, which may be more than `sound` has.
        silent: whether all samples gone through so far were 0.

    Raises:
        Refused: if it cannot be decoded, or is shorter than it says.
    """

    def __init__(self, source: SourceFile, *, keep_silence: bool) -> None:
        self.source, self._keep_silence = source, keep_silence
        self._container = container_of(source)
        self._by_libav = extra_of(source.path) == "av"
        self._refuse_truncated()
        self._told = Told() if self._by_libav else self._container.told(source)
        self._view = self._view_for_libsndfile()
        self._reader = self._open()
        found = sound_of(self._reader)
        self.sound = agreed(self._told, found)
        self.decoded_frames = found.frames
        self._lattice = self.sound.lattice
        self.held = self._reader.held() if self._by_libav else held_by(source, self.sound.format)
        self.silent = True
        self._started = False
        self._held: Array | None = None

    @property
    def decoder(self) -> str:
        """The versions of what decodes it, if that is not libsndfile."""
        return self._reader.made_with if self._by_libav else ""

    def close(self) -> None:
        """Close the reader. The source stays open."""
        self._reader.close()

    def _refuse_truncated(self) -> None:
        """Raise Refused for a file that is empty or shorter than it says: libsndfile reads what is there, silently."""
        found = self.source.size
        if not found:
            raise Refused("is empty; expected audio")
        declared = self._container.declared_size(self.source)
        if declared > found + 1:  # some leave out the byte that pads the last chunk
            raise Refused(f"is truncated: {declared} bytes expected, {found} found")

    def _view_for_libsndfile(self) -> Overlaid | None:
        """Return the source as libsndfile can read it, or None if it can read it as it is."""
        corrections = {} if self._by_libav else self._container.corrections(self.source)
        return Overlaid(self.source, corrections) if corrections else None

    def _open(self) -> soundfile.SoundFile | Reader:
        """Return the open recording; of MPEG, if need be, without what stands before the first frame."""
        if self._by_libav:
            from noiseaug.media.audio import libav  # of an extra

            return libav.Reader(self.source)
        with refusing(self._told):
            try:
                return self._opened()
            except soundfile.SoundFileError:
                if self._view is not None or not self._told.start:
                    raise
                self._view = Overlaid(self.source, {}, self._told.start)
                return self._opened()

    def _opened(self) -> soundfile.SoundFile:
        if self._view is None:
            return soundfile.SoundFile(self.source.rewound(), closefd=False)
        self._view.seek(0)
        return soundfile.SoundFile(self._view, closefd=False)

    def unlike(self) -> tuple[str, ...]:
        """Return names of what the samples are in the file and not as they are decoded."""
        return tuple(unlike(self._told, self.sound))

    def hold(self) -> None:
        """Decode the recording here and now if it is short, as it is going to be gone through several times."""
        if self.sound.frames * self.sound.channels <= HELD_SAMPLES and self._held is None:
            blocks = [block.copy() for block in self.blocks()]
            self._held = np.concatenate([np.empty((0, self.sound.channels), self._lattice.dtype), *blocks])

    def blocks(self, multiple: int = 1) -> Iterator[Array]:
        """Yield all samples from the beginning, shape (frames, channels), in blocks of a multiple of so many frames.

        The array is used again for the next block. It is not to be written to.
        """
        step = max(BLOCK_SAMPLES // self.sound.channels // multiple, 1) * multiple
        if self._held is not None:
            for start in range(0, len(self._held), step):
                yield self._held[start : start + step]
            return
        if self._started:  # reopened, as not every decoder can seek
            self._reader.close()
            self._reader = self._open()
        self._started = True
        frames = 0
        buffer = np.empty((step, self.sound.channels), self._lattice.dtype)
        while True:
            if self.sound.frames < self.decoded_frames:
                buffer = buffer[: self.sound.frames - frames]
            with refusing(self._told):
                block = self._reader.read(dtype=self._lattice.dtype, always_2d=True, out=buffer)
            if not len(block):
                break
            self.silent = self.silent and not block.any()
            frames += len(block)
            yield block
        self._check_length(frames)

    def pieces(self) -> Iterator[tuple[Array, silence.Channels]]:
        """Yield `blocks`, cut where long digital silence begins and ends, with the channels that are to stay silent."""
        if not self._keep_silence:
            none = np.zeros(self.sound.channels, bool)
            return ((block, none) for block in self.blocks())
        return silence.pieces(self.blocks(), int(self.sound.rate * silence.KEPT_SECONDS))

    def _check_length(self, frames: int) -> None:
        expected = self.sound.frames
        if frames == expected:
            return
        guessed = self.sound.subtype.startswith("MPEG") and not mpeg.knows_its_length(self.source)
        if guessed or self._by_libav:
            self.sound = self.sound._replace(frames=frames)  # what was expected is an estimate
            return
        raise Refused(f"is truncated: {expected} frames expected, {frames} found")


@contextlib.contextmanager
def refusing(told: Told) -> Iterator[None]:
    """Turn the errors of libsndfile, which say little, into refusals that say what a source is."""
    try:
        yield
    except (soundfile.SoundFileError, AssertionError):
        name = told.name or "of no known format"
        if not told.kind:
            raise Refused(f"is {name}, which is not read as audio; convert it to FLAC or WAV first") from None
        raise Refused(
            f"is {name} that cannot be decoded: it is damaged, too short, or has what libsndfile does not know; "
            "check it with another player, and convert it to FLAC or WAV"
        ) from None
