"""Containers of audio: their sizes, their clocks and their further contents, of which libsndfile says nothing.

There is one module a container; `headers` has several small ones, and `chunks` those that are alike in three.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from noiseaug.media.audio.containers import caf, headers, nist, ogg, riff
from noiseaug.storage.output_file import OutputFile
from noiseaug.storage.source_file import OpenFile, SourceFile


class Container(NamedTuple):
    """The questions that are asked of a container, each a function of an open file.

    Attributes:
        declared_size: returns how many bytes a source says that it has, or 0. It raises Refused if the source can be
            seen to be truncated in another way.
        stop_the_clock: takes out of a written file the bytes that a codec chose by the clock.
    """

    declared_size: Callable[[SourceFile], int] = lambda source: 0
    stop_the_clock: Callable[[OutputFile], None] = lambda output: None


# By how their files begin.
_CONTAINERS = {
    **dict.fromkeys((b"RIFF", b"RIFX", b"FORM"), Container(riff.declared_size, riff.stop_the_clock)),
    b"RF64": Container(riff.declared_size_of_rf64),
    b"caff": Container(caf.declared_size),
    b"OggS": Container(ogg.declared_size, ogg.stop_the_clock),
    b"NIST_1A": Container(nist.declared_size),
    **dict.fromkeys((b".snd", b"dns."), Container(headers.size_of_au)),
    b"riff": Container(headers.size_of_w64),
    b"2BIT": Container(headers.size_of_avr),
    b"Creative Voice File": Container(headers.size_of_voc),
}


def container_of(file: OpenFile) -> Container:
    """Return the container of a file, found by its first bytes. Of one that is not known, nothing is known."""
    head = file.read_at(max(map(len, _CONTAINERS)), 0)
    return next((found for magic, found in _CONTAINERS.items() if head.startswith(magic)), Container())
