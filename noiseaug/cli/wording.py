"""Text for terminals: counts, names of files and failures."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """Return a count with its noun.

    >>> counted(1, "file"), counted(1200, "file")
    ('1 file', '1,200 files')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def percent(fraction: float) -> str:
    """Return a fraction in percent.

    >>> [percent(fraction) for fraction in (0.0, 0.00001, 0.0123, 0.5, 1.304)]
    ['0%', 'under 0.01%', '1.2%', '50%', '130%']
    """
    if 0 < fraction < 0.0001:
        return "under 0.01%"
    return f"{100 * fraction:.0f}%" if fraction >= 0.1 else f"{100 * fraction:.2g}%"


def size(count: int) -> str:
    """Return a number of bytes with its unit.

    >>> size(999), size(1_234_567), size(34_000_000_000)
    ('999 B', '1.2 MB', '34 GB')
    """
    value, units = float(count), ["B", "kB", "MB", "GB", "TB"]
    while value >= 1000 and len(units) > 1:
        value /= 1000
        del units[0]
    unit = units[0]
    return f"{value:.1f} {unit}" if unit != "B" and value < 10 else f"{value:,.0f} {unit}"


def describe(failure: dict[str, str]) -> str:
    """Return a failure on one line.

    >>> describe({"source_path": "a.png", "error": "is empty; expected an image"})
    'a.png: is empty; expected an image'
    """
    return printable(f"{failure['source_path']}: {failure['error']}")


def printable(text: str) -> str:
    r"""Return `text` such that any terminal can show it on one line.

    >>> printable("a\nb")
    'a\\nb'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)
