"""Containers of audio: their sizes, their clocks and their further contents, of which libsndfile says nothing.

There is one module a container; `headers` has several small ones, and `chunks` those that are alike in three.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from noiseaug.media.audio.containers import (
    caf,
    flac_heads,
    headers,
    mending,
    nist,
    ogg,
    riff,
    told_heads,
    told_iff,
    told_riff,
)
from noiseaug.media.audio.containers.told import Told
from noiseaug.media.audio.excerpt import Piece
from noiseaug.storage.output_file import OutputFile
from noiseaug.storage.source_file import OpenFile, SourceFile


class Container(NamedTuple):
    """The questions that are asked of a container, each a function of an open file.

    Attributes:
        declared_size: returns how many bytes a file says that it has, or 0.
        damage: returns what of a source can be seen to be missing or corrupt in another way, as in `Damaged`.
        closed: returns the pieces of a source that ends early as libsndfile reads it, if it does not as it stands.
        told: returns what the header tells of the samples.
        corrections: returns bytes that libsndfile must find in a source in place of those that stand there, by offset.
        mend: puts right what libsndfile writes wrongly into the header of a file of so many frames.
        stop_the_clock: takes out of a written file the bytes that a codec chose by the clock.
    """

    declared_size: Callable[[OpenFile], int] = lambda file: 0
    damage: Callable[[SourceFile], str] = lambda source: ""
    closed: Callable[[SourceFile], list[Piece]] = lambda source: []
    stop_the_clock: Callable[[OutputFile], None] = lambda output: None
    told: Callable[[OpenFile], Told] = told_heads.told_of_others
    corrections: Callable[[SourceFile], dict[int, bytes]] = lambda source: {}
    mend: Callable[[OutputFile, int], None] = lambda output, frames: None


# By how their files begin.
_CONTAINERS = {
    **dict.fromkeys(
        (b"RIFF", b"RIFX"),
        Container(
            riff.declared_size,
            stop_the_clock=riff.stop_the_clock,
            told=told_riff.told,
            corrections=riff.corrections,
            mend=mending.mend_riff,
        ),
    ),
    b"RF64": Container(riff.declared_size_of_rf64, told=told_riff.told),
    b"FORM": Container(
        riff.declared_size, stop_the_clock=riff.stop_the_clock, told=told_iff.told, mend=mending.mend_iff
    ),
    b"caff": Container(
        caf.declared_size,
        closed=caf.closed,
        told=told_iff.told_of_caf,
        corrections=caf.corrections,
        mend=mending.mend_caf,
    ),
    b"fLaC": Container(told=told_heads.told_of_flac, corrections=flac_heads.corrections),
    b"OggS": Container(damage=ogg.damage, stop_the_clock=ogg.stop_the_clock, told=told_heads.told_of_ogg),
    b"NIST_1A": Container(nist.declared_size, told=told_heads.told_of_nist),
    b"ID3": Container(told=told_heads.told_of_mpeg),
    **dict.fromkeys(
        (b".snd", b"dns."),
        Container(headers.size_of_au, told=told_heads.told_of_au, corrections=headers.corrections_of_au),
    ),
    b"riff": Container(
        declared_size=headers.size_of_w64,
        told=told_riff.told_of_w64,
        corrections=told_riff.corrections_of_w64,
        mend=mending.mend_w64,
    ),
    b"2BIT": Container(declared_size=headers.size_of_avr, told=told_heads.told_of_avr),
    b"Creative Voice File": Container(declared_size=headers.size_of_voc, told=told_heads.told_of_voc),
}


def container_of(file: OpenFile) -> Container:
    """Return the container of a file, found by its first bytes. Of one that is not known, nothing is known."""
    head = file.read_at(max(map(len, _CONTAINERS)), 0)
    return next((found for magic, found in _CONTAINERS.items() if head.startswith(magic)), Container())
