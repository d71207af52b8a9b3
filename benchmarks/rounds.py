"""Contenders by turns over a corpus."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.contenders import Contender, Unavailable
from benchmarks.corpus import Corpus
from benchmarks.measure import Timings, fresh_folder, show

# Seconds within which the rounds over a corpus end, but for the first: all corpora together are to take eight minutes.
# Those whose rounds are long vary less, too.
_MOST = 56
# Seconds that rounds go on for, beyond `repeat`: short ones vary more.
_LEAST = 12


def rounds(corpus: Corpus, contenders: Sequence[Contender], repeat: int, workers: int) -> dict[str, Timings]:
    """Runs all contenders by turns, A B C A B C, so that a change of the machine's pace meets them all: `repeat` times,
    fewer where that takes long, more where it takes little. Once means once."""
    timings = {contender.name: Timings() for contender in contenders}
    start = time.monotonic()
    for number in itertools.count(1):
        begun = time.monotonic()
        for contender in contenders:
            show(f"{corpus.name}: round {number}, {contender.name}")
            _run(corpus, contender, timings[contender.name], workers)
        now = time.monotonic()
        if now - start + (now - begun) > _MOST or (number >= repeat and (repeat == 1 or now - start > _LEAST)):
            break
    show("")
    return timings


def _run(corpus: Corpus, contender: Contender, timing: Timings, workers: int) -> None:
    if timing.remark:
        return
    with fresh_folder() as dest:
        try:
            seconds = contender.seconds(corpus, dest, workers)
        except Unavailable as why:
            timing.remark = str(why)
            return
        timing.bytes = _checked_size(corpus, contender.name, dest)
    timing.seconds.append(seconds)


def _checked_size(corpus: Corpus, name: str, dest: Path) -> int:
    """The size of the outputs. A contender that did not make all of them was not measured."""
    sizes = [path.stat().st_size for path in dest.rglob("*" + corpus.suffix)]
    if len(sizes) != corpus.outputs or not all(sizes):
        raise RuntimeError(f"{name} made {len(sizes)} files of {corpus.name}; expected {corpus.outputs}")
    return sum(sizes)
