"""The result of a check of DEST."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Finding(NamedTuple):
    """Something that is not as the manifest says.

    Attributes:
        problem: `missing`, `truncated`, `altered`, `extra`, `invalid` (the manifest's row is no record), `source`
            (the source is not as it was), `differs` (made again, the output came out otherwise), `stale` (a view does
            not say what the manifest says), `unchecked` (a view cannot be read here), or `interrupted` (a run was, or
            shards are not merged, so that the manifest does not tell what is there).
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
        left_over: files of earlier runs that the last one was not asked for; `prune` removes them.
    """

    checked: int = 0
    findings: list[Finding] = field(default_factory=list)
    left_over: list[str] = field(default_factory=list)
