"""The result of a check of DEST."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Finding(NamedTuple):
    """Something that is not as the manifest says.

    Attributes:
        problem: `missing`, `truncated`, `altered`, `extra`, `interrupted` (the last run did not come to its end),
            `invalid` (the manifest's row is no record), `source` (the source is not as it was), or `differs` (made
            again, the output came out otherwise).
        file_name: the file, relative to DEST; or the line of the manifest.
        detail: what was expected and what was found.
    """

    problem: str
    file_name: str
    detail: str


@dataclass
class Report:
    """The result of a check.

    Attributes:
        checked: rows of the manifest that were checked.
        findings: all that is not as it should be, in the order of the manifest.
    """

    checked: int = 0
    findings: list[Finding] = field(default_factory=list)
