"""Words that there are not, and those that were meant by them."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return which of the known words was probably meant: one that `word` begins, or the most similar one.

    >>> nearest("--worker", ["--force", "--workers"]), nearest("veryfy", ["run", "verify"]), nearest("x", ["run"])
    ('--workers', 'verify', None)
    """
    import difflib  # only for what goes wrong

    known = sorted(known)
    longer = [other for other in known if other.startswith(word)] if len(word) > 3 else []
    return next(iter(longer or difflib.get_close_matches(word, known, n=1, cutoff=0.65)), None)
