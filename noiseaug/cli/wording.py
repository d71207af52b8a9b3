"""Text for terminals: counts, names of files and failures."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """Return a count with its noun.

    >>> counted(1, "file"), counted(1200, "file")
    ('1 file', '1,200 files')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


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
