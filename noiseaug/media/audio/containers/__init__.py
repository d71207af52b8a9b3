"""Containers of audio: their sizes, their clocks and their further contents, of which libsndfile says nothing.

There is one module a container; `headers` has several small ones, and `chunks` those that are alike in three.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from noiseaug.media.audio.containers import aiff, caf, flac, headers, mpeg, nist, ogg, riff
from noiseaug.media.audio.excerpt import Piece
from noiseaug.storage.output_file import OutputFile
from noiseaug.storage.source_file import OpenFile, SourceFile


class Container(NamedTuple):
    """The questions that are asked of a container, each a function of an open file.

    Attributes:
        lost: yields names of what a source holds beside samples and the ten text tags of libsndfile.
        declared_size: returns how many bytes a source says that it has, or 0.
        damage: returns what of a source can be seen to be missing or corrupt in another way, as in `Damaged`.
        closed: returns the pieces of a source that ends early as libsndfile reads it, if it does not as it stands.
        stop_the_clock: takes out of a written file the bytes that a codec chose by the clock.
    """

    lost: Callable[[SourceFile], Iterable[str]] = lambda source: ()
    declared_size: Callable[[SourceFile], int] = lambda source: 0
    damage: Callable[[SourceFile], str] = lambda source: ""
    closed: Callable[[SourceFile], list[Piece]] = lambda source: []
    stop_the_clock: Callable[[OutputFile], None] = lambda output: None


# By how their files begin.
_CONTAINERS = {
    **dict.fromkeys((b"RIFF", b"RIFX"), Container(riff.lost, riff.declared_size, stop_the_clock=riff.stop_the_clock)),
    b"RF64": Container(riff.lost, riff.declared_size_of_rf64),
    b"FORM": Container(aiff.lost, riff.declared_size, stop_the_clock=riff.stop_the_clock),
    b"caff": Container(caf.lost, caf.declared_size, closed=caf.closed),
    b"fLaC": Container(flac.lost),
    b"OggS": Container(ogg.lost, damage=ogg.damage, stop_the_clock=ogg.stop_the_clock),
    b"NIST_1A": Container(nist.lost, nist.declared_size),
    **dict.fromkeys((b"ID3\3", b"ID3\4"), Container(mpeg.lost)),
    **dict.fromkeys((b".snd", b"dns."), Container(declared_size=headers.size_of_au)),
    b"riff": Container(declared_size=headers.size_of_w64),
    b"2BIT": Container(declared_size=headers.size_of_avr),
    b"Creative Voice File": Container(declared_size=headers.size_of_voc),
}


def container_of(file: OpenFile) -> Container:
    """Return the container of a file, found by its first bytes. Of one that is not known, nothing is known."""
    head = file.read_at(max(map(len, _CONTAINERS)), 0)
    return next((found for magic, found in _CONTAINERS.items() if head.startswith(magic)), Container())
