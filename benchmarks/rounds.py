"""Contenders by turns over a corpus."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.contenders import Contender, Unavailable
from benchmarks.corpus import Corpus
from benchmarks.measure import Timings, fresh_folder, show

# Seconds within which the rounds over a corpus end, but for the first: all corpora together are to take five minutes at
# most. Those whose rounds are long vary less, too.
_ENOUGH = 36


def rounds(corpus: Corpus, contenders: Sequence[Contender], repeat: int, workers: int) -> dict[str, Timings]:
    """Runs all contenders by turns, A B C A B C, so that a change of the machine's pace meets them all: `repeat` times,
    or fewer where that takes long."""
    timings = {contender.name: Timings() for contender in contenders}
    start = time.monotonic()
    for number in range(-1 if corpus.warm_up else 0, repeat):
        begun = time.monotonic()
        for contender in contenders:
            show(f"{corpus.name}: round {number + 1} of {repeat}, {contender.name}")
            _run(corpus, contender, timings[contender.name], workers, counts=number >= 0)
        now = time.monotonic()
        if number >= 0 and now - start + (now - begun) > _ENOUGH:
            break
    show("")
    return timings


def _run(corpus: Corpus, contender: Contender, timing: Timings, workers: int, *, counts: bool) -> None:
    if timing.remark:
        return
    with fresh_folder() as dest:
        try:
            seconds = contender.seconds(corpus, dest, workers)
        except Unavailable as why:
            timing.remark = str(why)
            return
        timing.bytes = _checked_size(corpus, contender.name, dest)
    if counts:
        timing.seconds.append(seconds)


def _checked_size(corpus: Corpus, name: str, dest: Path) -> int:
    """The size of the outputs. A contender that did not make all of them was not measured."""
    sizes = [path.stat().st_size for path in dest.rglob("*" + corpus.suffix)]
    if len(sizes) != corpus.outputs or not all(sizes):
        raise RuntimeError(f"{name} made {len(sizes)} files of {corpus.name}; expected {corpus.outputs}")
    return sum(sizes)
