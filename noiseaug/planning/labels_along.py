"""The files that go along with the targets of a source: asked for, written before, left over."""

from __future__ import annotations

from typing import NamedTuple

from noiseaug.manifest.reading import record_of
from noiseaug.manifest.records import SIDECARS, record_line, sidecar_rows, without_sidecars
from noiseaug.planning.sidecars import Sidecar


class LabelsAlong(NamedTuple):
    """The sidecars of a source.

    Attributes:
        asked: whether sidecars are to go along.
        beside: those that the source has.
        former: the names and hashes of those that earlier runs wrote.
        expected: the names that they are to have beside the targets.
    """

    asked: bool
    beside: tuple[Sidecar, ...]
    former: dict[str, str]
    expected: frozenset[str]

    @property
    def asked_for(self) -> tuple[Sidecar, ...] | None:
        """The sidecars that are to go along, or None if none were asked for."""
        return self.beside if self.asked else None

    @property
    def stale(self) -> tuple[tuple[str, str], ...]:
        """The names and hashes of those that no longer go along, though sidecars are asked for."""
        return tuple(
            sorted((name, sha) for name, sha in self.former.items() if self.asked and name not in self.expected)
        )


def told_alone(line: bytes) -> bytes:
    """Return the row of a target that says nothing of files that went along with it."""
    return record_line(without_sidecars(record_of(line))) if SIDECARS in line else line


def left_over_of(rows: dict[str, bytes], names: tuple[str, ...], labels: LabelsAlong) -> dict[str, bytes]:
    """Return the rows of what is not asked for again; of a target that is, only the sidecars may be left over."""
    left = {name: line for name, line in rows.items() if name not in names and name not in labels.expected}
    if not labels.asked:
        for name in names:
            if SIDECARS in rows.get(name, b""):
                left |= sidecar_rows(record_of(rows[name]))
    return left
