"""Finds what differs between what two versions printed and wrote, and says it in the terms of the files."""

from __future__ import annotations

import gzip
import io
import json
import os
import stat
import tarfile
import zlib
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from tools.same_outputs.running import Ended

_SHOWN = 300  # characters of a text
_MISSING = "(nothing)"
_OTHER_FORMAT = (ValueError, OSError, EOFError, zlib.error, tarfile.TarError)


class Difference(NamedTuple):
    """A line of shell or a file that comes out differently, and in what."""

    what: str
    details: tuple[str, ...]


def compare_ends(lines: tuple[str, ...], before: list[Ended], after: list[Ended]) -> list[Difference]:
    """Returns what differs in how the lines ended and in what they printed."""
    found = []
    for line, *pair in zip(lines, before, after, strict=True):
        one, other = pair
        details = [*_known_to_one(one, other), *_pair("exit status", one.status, other.status)]
        details += [*_content("stdout", one.stdout, other.stdout), *_content("stderr", one.stderr, other.stderr)]
        if details:
            found.append(Difference(f"$ {_shown(line)}", tuple(details)))
    return found


def _known_to_one(one: Ended, other: Ended) -> Iterator[str]:
    """Says so where one of the versions does not know a command or an option."""
    unknown = [any(text in end.stderr for text in (b"No such option", b"No such command")) for end in (one, other)]
    if unknown[0] != unknown[1]:
        yield f"only the version {'after' if unknown[0] else 'before'} knows the command and all its options"


def compare_trees(before: Path, after: Path) -> tuple[int, list[Difference]]:
    """Returns how many files and directories there are below either, and what differs between the two."""
    names = sorted({*_names(before), *_names(after)})
    found = []
    for name in names:
        details = tuple(_entry(before / name, after / name))
        if details:
            found.append(Difference(_printable(name), details))
    return len(names), found


def _names(root: Path) -> Iterator[str]:
    for folder, directories, files in os.walk(root):
        yield from (os.path.relpath(os.path.join(folder, name), root) for name in [*directories, *files])


def _entry(before: Path, after: Path) -> Iterator[str]:
    """Yields what differs between two files or directories of one name: what they are, and what they hold."""
    there = [os.path.lexists(path) for path in (before, after)]
    if not all(there):
        yield f"is there {'before' if there[0] else 'after'} only"
        return
    facts = [_facts(path) for path in (before, after)]
    for key in facts[0]:
        yield from _pair(key, facts[0][key], facts[1][key])
    if all(stat.S_ISREG(os.lstat(path).st_mode) for path in (before, after)):
        yield from _content("", before.read_bytes(), after.read_bytes())


def _facts(path: Path) -> dict[str, object]:
    info = os.lstat(path)
    links = 1 if stat.S_ISDIR(info.st_mode) else info.st_nlink
    target = os.readlink(path) if stat.S_ISLNK(info.st_mode) else None
    return {"type and permissions": stat.filemode(info.st_mode), "link to": target, "hard links": links}


def _content(where: str, before: bytes, after: bytes) -> Iterator[str]:
    """Yields what differs between two contents, in the terms of the format that they are in."""
    if before == after:
        return
    for differences in (_packed, _members, _rows, _lines):
        try:
            details = list(differences(where, before, after))
        except _OTHER_FORMAT:
            continue
        if details:
            yield from details
            return
    place = next((index for index, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), None)
    at = f"first at byte {place:,}" if place is not None else "as one is cut off"
    yield f"{where or 'content'} differs, {at}: {len(before):,} bytes before, {len(after):,} after"


def _packed(where: str, before: bytes, after: bytes) -> Iterator[str]:
    """Compares what is in gzip files."""
    yield from _content(f"{where} unpacked".strip(), gzip.decompress(before), gzip.decompress(after))


def _members(where: str, before: bytes, after: bytes) -> Iterator[str]:
    """Compares the members of tar files."""
    one, other = (dict(_untarred(data)) for data in (before, after))
    yield from _pair(f"{where} members".strip(), list(one), list(other))
    for name in sorted(one.keys() & other.keys()):
        yield from _content(f"{where} {name}".strip(), one[name], other[name])


def _untarred(data: bytes) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for member in tar:
            file = tar.extractfile(member)
            yield member.name, file.read() if file else b""


def _rows(where: str, before: bytes, after: bytes) -> Iterator[str]:
    """Compares JSON, or JSON Lines row by row."""
    try:
        yield from _values(where, json.loads(before), json.loads(after))
        return
    except ValueError:
        pairs = zip_longest(before.splitlines(), after.splitlines())
    for number, (one, other) in enumerate(pairs, 1):
        if one != other:
            rows = [_MISSING if line is None else json.loads(line) for line in (one, other)]
            names = {row["file_name"] for row in rows if isinstance(row, dict) and "file_name" in row}
            name = f" ({_printable(' and '.join(sorted(names)))})" if names else ""
            yield from _values(f"{where} row {number}{name}".strip(), *rows)


def _values(where: str, before: Any, after: Any) -> Iterator[str]:
    """Compares two JSON values; says the path to what differs."""
    if isinstance(before, dict) and isinstance(after, dict):
        moved = [pair for pair in zip(before, after, strict=False) if pair[0] != pair[1]]
        if before.keys() == after.keys() and moved:
            yield from _pair(f"{where} order of keys, first".strip(), *moved[0])
        for key in [*before, *(key for key in after if key not in before)]:
            yield from _values(f"{where} {key}".strip(), before.get(key, _MISSING), after.get(key, _MISSING))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _values(f"{where}[{index}]", one, other)
    else:
        yield from _pair(where, before, after)


def _lines(where: str, before: bytes, after: bytes) -> Iterator[str]:
    """Compares texts: the first line that differs."""
    texts = [data.decode("utf-8").split("\n") for data in (before, after)]
    for number, (one, other) in enumerate(zip_longest(*texts, fillvalue=_MISSING), 1):
        if one != other:
            yield from _pair(f"{where} line {number}".strip(), one, other)
            return


def _pair(where: str, before: object, after: object) -> Iterator[str]:
    if repr(before) != repr(after):  # 1 and 1.0 are not the same in JSON; NaN is
        yield f"{where}\n  before: {_shown(before)}\n  after:  {_shown(after)}"


def _shown(value: object) -> str:
    text = _printable(value) if isinstance(value, str) else repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} ... ({len(text):,} characters)"


def _printable(text: str) -> str:
    return text.encode("unicode_escape").decode() if not text.isprintable() else text
