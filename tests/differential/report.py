"""The figures as a table, and where docs/reliability.md has it."""

from __future__ import annotations

from collections import Counter

from differential.verdicts import VERDICTS
from support.places import ROOT

_PAGE = ROOT / "docs/reliability.md"
_BEGIN, _END = "<!-- differential: begin -->\n", "<!-- differential: end -->\n"

Found = dict[str, tuple[Counter[str], Counter[str]]]


def figures(found: Found) -> str:
    """Return the table: a row for each set of files, a column for each verdict; then which readers agreed."""
    rows = [["files", "of them", *VERDICTS], ["---"] * (2 + len(VERDICTS))]
    rows += [
        [name, f"{counts.total():,}", *(f"{counts[verdict]:,}" for verdict in VERDICTS)]
        for name, (counts, _) in found.items()
    ]
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    agreed: Counter[str] = sum((readers for _, readers in found.values()), Counter())
    told = ", ".join(f"{name} {count:,}" for name, count in agreed.most_common())
    return f"{table}\n\nReaders that agreed: {told}.\n"


def write_table(found: Found) -> None:
    """Put the figures into the page, between the marks."""
    before, _, rest = _PAGE.read_text().partition(_BEGIN)
    _, _, after = rest.partition(_END)
    _PAGE.write_text(f"{before}{_BEGIN}\n{figures(found)}\n{_END}{after}")
