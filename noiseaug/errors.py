"""Why a run as a whole can fail. What is wrong with a single file is a failure record instead."""

from __future__ import annotations


class NoiseaugError(Exception):
    """Base of the errors below; the message names what was found and what to do.

    Attributes:
        exit_code: what the command line ends with.
    """

    exit_code = 1


class Misplaced(NoiseaugError):
    """SOURCE and DEST cannot be used together, or one of them not at all."""

    exit_code = 2


class NothingToDo(NoiseaugError):
    """There is no file in SOURCE that could be worked on."""


class Unfit(NoiseaugError):
    """Something that goes with the run (a COCO file, say) does not go with its sources, or cannot be used."""


class Busy(NoiseaugError):
    """Another run is writing to DEST."""


class Stopped(NoiseaugError):
    """The run cannot go on; the same command takes it up again once the reason is gone."""


class Unmerged(NoiseaugError):
    """Shards are missing or unfinished, or do not belong together."""


class WorkerUnfit(NoiseaugError):
    """A worker process cannot be started, or a worker of a cluster cannot do the work."""


class EngineUnavailable(NoiseaugError):
    """Something that an engine needs is not installed, or does not answer."""


class FailedSource(NoiseaugError):
    """A source cannot be read; the message names it, and says what to do.

    Attributes:
        source_path: the source, relative to SOURCE, with `/`.
        error: what was expected, what was found and what to do.
    """

    def __init__(self, source_path: str, error: str) -> None:
        super().__init__(source_path, error)
        self.source_path, self.error = source_path, error

    def __str__(self) -> str:
        return f"{self.source_path}: {self.error}"


class FailedFast(NoiseaugError):
    """The run ended at its first failure, as asked; the message is that failure."""

    exit_code = 3
