"""How a run is carried out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

EngineName = Literal["auto", "threads", "processes"]


@dataclass(frozen=True)
class Running:
    """How a run is carried out; nothing here changes the bytes of an output.

    Attributes:
        engine: `processes` (what `auto` is, for directories), `threads`, or `auto`.
        workers: how many files are worked on at once; by default one for each available core.
        timeout: seconds that one file may take (processes only).
        force: make every target again.
        checksum: tell whether a source changed by its SHA-256 instead of its size and time.
        prune: delete outputs of earlier runs whose source is gone.
        fail_fast: stop at the first failure.
        overwrite_foreign: replace files in DEST that no run wrote.
        verbose: let workers say on stderr what codecs say.
    """

    engine: EngineName = "auto"
    workers: int | None = None
    timeout: float = 300.0
    force: bool = False
    checksum: bool = False
    prune: bool = False
    fail_fast: bool = False
    overwrite_foreign: bool = False
    verbose: bool = False
