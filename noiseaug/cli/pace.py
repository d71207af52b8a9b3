"""How far a command is, how fast it goes, and how long it will take."""

from __future__ import annotations

from dataclasses import dataclass

from noiseaug.cli.wording import counted, size


@dataclass
class Pace:
    """The files that are done, and the bytes of those that were worked on.

    What was up to date takes no time worth speaking of, and says nothing about the time that the others take: neither
    its bytes nor the time until the first file that was worked on count.

    Attributes:
        began: when work began, in seconds of a monotonic clock: when the last file before it was found up to date.
        done: files dealt with.
        failed: failures among them.
        worked: bytes of the sources that were worked on.
        files: all files there are, or 0 if that is not known yet.
        size: the bytes of all files.

    >>> pace = Pace(began=100.0)
    >>> pace.done = 50
    >>> pace.add(None, 0, 110.0)
    >>> pace.done, pace.files, pace.size = 60, 100, 2_000_000_000
    >>> pace.add(200_000_000, 1, 120.0)
    >>> pace.line(120.0)
    '60 of 100 files (60%), 20 MB/s, 1 failed, 40 s left'
    """

    began: float
    done: int = 0
    failed: int = 0
    worked: int = 0
    files: int = 0
    size: int = 0

    def add(self, size: int | None, failures: int, now: float) -> None:
        """Count the bytes of a source that was worked on, or None for what was up to date, and its failures."""
        self.failed += failures
        if size is not None:
            self.worked += size
        elif not self.worked:
            self.began = now

    def parts(self, now: float) -> list[str]:
        """Return the rate, the failures and the time left, as far as there are any."""
        rate = self.worked / (now - self.began) if now > self.began else 0.0
        parts = [f"{size(int(rate))}/s"] if rate else []
        parts += [f"{self.failed:,} failed"] if self.failed else []
        if rate and self.files > self.done:
            parts.append(f"{_duration(self.size * (1 - self.done / self.files) / rate)} left")
        return parts

    def line(self, now: float) -> str:
        """Return all of it on one line."""
        done = counted(self.done, "file")
        if self.files >= self.done > 0:
            done = f"{self.done:,} of {self.files:,} files ({100 * self.done // self.files}%)"
        return ", ".join([done, *self.parts(now)])


def _duration(seconds: float) -> str:
    """Return a time in the two units that matter.

    >>> [_duration(seconds) for seconds in (0.2, 59, 61, 3700, 200_000)]
    ['1 s', '59 s', '1 min', '1 h 2 min', '55 h 33 min']
    """
    if seconds < 60:
        return f"{max(round(seconds), 1)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
