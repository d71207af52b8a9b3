"""What is left of the noise in outputs that were written: decoded again, and compared with their source."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import soundfile

from noiseaug.media.audio.powers import fractions
from noiseaug.media.audio.reading import Recording
from noiseaug.media.audio.renditions import Rendition
from noiseaug.noise.figures import Measured, Sums
from noiseaug.storage.source_file import Refused


def decoded(recording: Recording, renditions: Sequence[Rendition]) -> list[Measured]:
    """Return the figures of (decoded - source) for each finished rendition, all in one pass over the recording.

    Samples are compared one by one as libsndfile counts them, which takes the delays of codecs off. What is to stay
    silent does not count, as it does not before encoding. The source is that after the gain.
    """
    own, sums = recording.sound.lattice, [Sums() for _ in renditions]
    with contextlib.ExitStack() as open_files:
        readers = []
        for rendition in renditions:
            try:
                file = soundfile.SoundFile(rendition.output.file.rewound(), closefd=False)
            except soundfile.SoundFileError:
                raise Refused("cannot be measured: what the encoder made of it cannot be decoded") from None
            readers.append(open_files.enter_context(file))
        for block, silent in recording.pieces():
            source = fractions(block, own)
            for rendition, reader, total in zip(renditions, readers, sums, strict=True):
                lattice = rendition.form.lattice
                after = fractions(reader.read(len(block), lattice.dtype, always_2d=True), lattice)
                before = source[: len(after)] * (rendition.gain or 1.0)
                total.add_real(before[:, ~silent].reshape(-1), after[:, ~silent].reshape(-1))
    return [total.measured() for total in sums]
