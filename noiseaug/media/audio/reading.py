"""Reading recordings: block after block, as often as it takes, in any length."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

import numpy as np
import soundfile

from noiseaug.kinds import extra_of
from noiseaug.media.audio import silence
from noiseaug.media.audio.checking import agreed, unlike
from noiseaug.media.audio.containers import container_of, flac_whole, mpeg, mpeg_whole
from noiseaug.media.audio.containers.told import Told
from noiseaug.media.audio.excerpt import Excerpt, Piece, with_bytes
from noiseaug.media.audio.formats import Sound, sound_of
from noiseaug.media.audio.tags import held_by
from noiseaug.media.damage import Damaged
from noiseaug.noise.scale import Array
from noiseaug.storage.source_file import Refused, SourceFile

if TYPE_CHECKING:
    from noiseaug.media.audio.libav import Reader

# Samples (of all channels) read, made noisy and written at a time. libvorbis puts a whole write on the stack and
# crashes on large ones; 64k frames are known to be safe.
BLOCK_SAMPLES = 1 << 16
# Recordings of up to so many samples are held in memory if they are gone through more than once.
HELD_SAMPLES = 1 << 18
# Formats whose decoders can err. Of what is read from a damaged file, so many frames may be lost before an error.
_CODED, _PORTION = frozenset({"FLAC", "OGG", "MP3", "CAF"}), 1 << 10


class Samples(Protocol):
    """Samples that can be gone through as often as it takes: those of a file, or those that a program has."""

    @property
    def sound(self) -> Sound:
        """Their lattice, rate, channels and number."""
        ...

    def blocks(self, multiple: int = 1) -> Iterator[Array]:
        """Yield all samples, as `Recording.blocks` does."""
        ...

    def pieces(self) -> Iterator[tuple[Array, silence.Channels]]:
        """Yield all samples with the channels that stay silent, as `Recording.pieces` does."""
        ...


class Recording:
    """A source, open for reading.

    Args:
        source: its file.
        keep_silence: whether long digital silence in it is to stay silent.
        accept_damaged: whether to read what decodes of a recording of which a part is missing or corrupt.

    Attributes:
        source: its file.
        sound: its format, subtype, rate, channels and length.
        held: what it holds beside its samples.
        decoded_frames: how many frames its decoder gives, which may be more than `sound` has.
        silent: whether all samples gone through so far were 0.
        damage: what is missing or corrupt, as in `Damaged`.

    Raises:
        Refused: if it cannot be decoded.
        Damaged: if a part of it is missing or corrupt, and that is not accepted.
    """

    def __init__(self, source: SourceFile, *, keep_silence: bool, accept_damaged: bool = False) -> None:
        self.source, self._keep_silence, self._accept_damaged = source, keep_silence, accept_damaged
        self.damage = ""
        self._pieces: list[Piece] = []
        self._container = container_of(source)
        self._by_libav = extra_of(source.path) == "av"
        self._look_for_damage()
        self._told = Told() if self._by_libav else self._container.told(source)
        self._pieces = self._pieces or self._corrected()
        self._reader = self._open()
        found = sound_of(self._reader)
        self.sound = agreed(self._told._replace(frames=None) if self.damage else self._told, found)
        self.decoded_frames = found.frames
        self._lattice = self.sound.lattice
        self.held = self._reader.held() if self._by_libav else held_by(source, self.sound.format)
        self.silent = True
        self._started = False
        self._held: Array | None = None
        if self.sound.subtype.startswith("MPEG") and self.sound.format == "MP3" and not self._by_libav:
            frames = mpeg_whole.frames_of(source)
            self._tell(frames.damage)
            if frames.damage:
                self._pieces = frames.pieces
        if accept_damaged and self.sound.format in _CODED and not self._by_libav:
            self._settle_length()

    @property
    def decoder(self) -> str:
        """The versions of what decodes it, if that is not libsndfile."""
        return self._reader.made_with if self._by_libav else ""

    def close(self) -> None:
        """Close the reader. The source stays open."""
        self._reader.close()

    def _tell(self, what: str) -> None:
        """Take note of damage, if there is any.

        Raises:
            Damaged: if it is not accepted.
        """
        if what and not self._accept_damaged:
            raise Damaged(what, None)
        self.damage = self.damage or what

    def _look_for_damage(self) -> None:
        """Look whether the file is as long as it says, and all there: libsndfile reads what is there, silently."""
        found = self.source.size
        if not found:
            raise Refused("is empty; expected audio")
        declared = self._container.declared_size(self.source)
        if declared > found + 1:  # some leave out the byte that pads the last chunk
            if self._by_libav:
                raise Refused(f"is truncated: {declared:,} bytes expected, {found:,} found; replace it")
            self._tell(f"its data ends early ({declared:,} bytes expected, {found:,} found)")
            self._pieces = self._container.closed(self.source)
        self._tell(self._container.damage(self.source))

    def _corrected(self) -> list[Piece]:
        """Return the pieces of the source as libsndfile can read it, or none if it can read it as it is."""
        corrections = {} if self._by_libav else self._container.corrections(self.source)
        return with_bytes(corrections, self.source.size) if corrections else []

    def _open(self) -> soundfile.SoundFile | Reader:
        """Return the open recording; of MPEG, if need be, without what stands before the first frame."""
        if self._by_libav:
            from noiseaug.media.audio import libav  # of an extra

            return libav.Reader(self.source)
        with refusing(self._told):
            try:
                return self._opened()
            except soundfile.SoundFileError:
                start = self._told.start
                if self._pieces or not start:
                    raise
                self._pieces = [(start, self.source.size - start)]
                return self._opened()

    def _opened(self) -> soundfile.SoundFile:
        if self._pieces:
            return soundfile.SoundFile(Excerpt(self.source, self._pieces))
        return soundfile.SoundFile(self.source.rewound(), closefd=False)

    def unlike(self) -> tuple[str, ...]:
        """Return names of what the samples are in the file and not as they are decoded."""
        return tuple(unlike(self._told, self.sound))

    def _settle_length(self) -> None:
        """Find out how much of a damaged recording decodes, before anything is made of it.

        Raises:
            Refused: if nothing does.
        """
        expected, is_estimate = self.sound.frames, self._has_estimated_length()
        self._reader.close()
        self._reader = self._open()
        decoded, failed = decodable(self._reader)
        if failed or (decoded != expected and not is_estimate):
            found = flac_whole.sound_part(self.source) if self.sound.format == "FLAC" else None
            sound_samples = decoded
            if found:
                self._pieces, sound_samples, expected = found.pieces, found.samples, found.expected
                self._reader.close()
                self._reader = self._open()
                decoded, _ = decodable(self._reader)
            lacking = f"{expected - sound_samples:,} of its {expected:,}" if expected > sound_samples else "some of its"
            silent = ", with silence in place of some" if decoded > sound_samples else ""
            self._tell(f"{'some of its' if is_estimate else lacking} samples are missing or corrupt{silent}")
        if self.damage:
            if not decoded:
                raise Refused("cannot be decoded as audio: no sample of it decodes; replace or remove it")
            self.sound = self.sound._replace(frames=decoded)
        self._reader.close()
        self._reader = self._open()

    def _has_estimated_length(self) -> bool:
        """Tell whether the number of samples is an estimate, as by the size of the file."""
        return self._by_libav or (self.sound.subtype.startswith("MPEG") and not mpeg.knows_its_length(self.source))

    def hold(self) -> None:
        """Decode the recording here and now if it is short, as it is going to be gone through several times."""
        if self.sound.frames * self.sound.channels <= HELD_SAMPLES:
            self.whole()

    def whole(self) -> Array:
        """Return all samples, shape (frames, channels), which are held from now on."""
        if self._held is None:
            blocks = [block.copy() for block in self.blocks()]
            self._held = np.concatenate([np.empty((0, self.sound.channels), self._lattice.dtype), *blocks])
        return self._held

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
            block = self._next_block(buffer, frames)
            if not len(block):
                break
            self.silent = self.silent and not block.any()
            frames += len(block)
            yield block
        self._check_length(frames)

    def _next_block(self, buffer: Array, before: int) -> Array:
        """Return the next block, read into `buffer`, after as many frames as were read before."""
        if self.damage or self.sound.frames < self.decoded_frames:
            buffer = buffer[: max(self.sound.frames - before, 0)]
        try:
            block: Array = self._reader.read(dtype=self._lattice.dtype, always_2d=True, out=buffer)
        except (soundfile.SoundFileError, AssertionError):
            raise Damaged("some of its samples are missing or corrupt", None) from None
        return block

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
        if self._has_estimated_length():
            self.sound = self.sound._replace(frames=frames)  # what was expected is an estimate
            return
        raise Damaged(f"its samples end early ({expected:,} expected, {frames:,} found)", None)


def decodable(reader: soundfile.SoundFile) -> tuple[int, bool]:
    """Return how many frames are decoded before the end or an error, and whether it is an error."""
    frames, buffer = 0, np.empty((_PORTION, reader.channels), np.float32)
    try:
        while count := len(reader.read(out=buffer)):
            frames += count
    except (soundfile.SoundFileError, AssertionError):
        return frames, True
    return frames, False


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
