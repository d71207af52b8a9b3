"""`python -m tools.same_outputs BEFORE [AFTER]`: tells whether two versions of noiseaug print and write the same.

Runs all commands of README's tasks, and some 400 more over files of every kind and format, with each of the two
versions, in directories of the same name. Compares every byte that they print and write, exit statuses, links and
permissions. Both use the libraries of this Python. Both call themselves by BEFORE's version, as manifests hold it
(`made_with`).

BEFORE and AFTER are directories with a checkout, or revisions of this repository such as v0.1.0 or HEAD~3. AFTER is
this checkout by default. Exit status: 0 all is the same, 1 something differs, 2 usage.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import click

from tools.same_outputs.commands import Group, groups
from tools.same_outputs.comparing import Difference, compare_ends, compare_trees
from tools.same_outputs.makers import CHECKOUT
from tools.same_outputs.running import Shell, transcript
from tools.same_outputs.sources import make_source
from tools.same_outputs.versions import Version, unpacked

SHOWN = 5  # differences of a group
SHOWN_DETAILS = 4  # of each of them


class Compared(NamedTuple):
    """What came of a group: how many lines were run, how many files stood there at the end, and what differs."""

    group: Group
    lines: int
    files: int
    differences: list[Difference]


@click.command(help=__doc__, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("before")
@click.argument("after", default=str(CHECKOUT))
@click.option("--only", metavar="PATTERN", default="", help="Only groups whose name matches this regular expression.")
@click.option("--all", "show_all", is_flag=True, help="Show all differences, not the first of each group.")
@click.option(
    "--keep", is_flag=True, help="Keep all that was printed and written, and say where: `diff -r` shows more of it."
)
def main(before: str, after: str, only: str, show_all: bool, keep: bool) -> None:
    """Compares group by group, and shows what differs as it is found."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # so that `scratch` is removed
    started = time.monotonic()
    scratch = Path(tempfile.mkdtemp(prefix="same-outputs-"))
    try:
        versions = _versions(before, after, scratch)
        chosen = [group for group in groups(versions[0].readme) if re.search(only, group.name)]
        if not chosen:
            raise click.BadParameter(f"{only!r} matches no group", param_hint="--only")
        _prepare(scratch, chosen, versions[0])
        differing = 0
        with ThreadPoolExecutor(os.cpu_count()) as pool, Shell(scratch / "bin") as shell:
            for compared in pool.map(Comparison(versions, scratch, shell, keep).of, chosen):
                _show(compared, show_all)
                differing += bool(compared.differences)
        verdict = f"{differing} of {len(chosen)} groups differ" if differing else "all is the same"
        click.echo(f"{verdict} ({time.monotonic() - started:.0f} s)")
    finally:
        if keep:
            click.echo(f"kept in {scratch}")
        else:
            shutil.rmtree(scratch)
    sys.exit(1 if differing else 0)


def _versions(before: str, after: str, scratch: Path) -> tuple[Version, Version]:
    try:
        first = unpacked(before, scratch / "code/before")
        return first, unpacked(after, scratch / "code/after", call_it=first.number)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _prepare(scratch: Path, chosen: list[Group], version: Version) -> None:
    """Makes the folders that both versions are to work on."""
    (scratch / "sources").mkdir()
    shutil.copytree(version.sample_data, scratch / "sources/sample_data")
    for name in {name for group in chosen for name in group.sources} - {"sample_data"}:
        make_source(name, scratch / "sources")


class Comparison(NamedTuple):
    """Two versions, where they are run, and by what."""

    versions: tuple[Version, Version]
    scratch: Path
    shell: Shell
    keep: bool

    def of(self, group: Group) -> Compared:
        """Runs a group with each version, both times in a directory of the same name, so that no path differs."""
        place = self.scratch / "at" / group.name
        kept = [self.scratch / side / group.name for side in ("before", "after")]
        ends = []
        for version, path in zip(self.versions, kept, strict=True):
            place.mkdir(parents=True)
            for name in group.sources:
                _copy(self.scratch / "sources" / name, place / name)
            ends.append(self.shell.run(group.lines, place, version.code))
            path.parent.mkdir(exist_ok=True)
            place.rename(path)
            path.with_suffix(".txt").write_bytes(transcript(group.lines, ends[-1]))
        files, differences = compare_trees(*kept)
        if not self.keep:
            for path in kept:
                shutil.rmtree(path)
        return Compared(group, len(group.lines), files, compare_ends(group.lines, *ends) + differences)


def _copy(source: Path, dest: Path) -> None:
    """Copies a folder as it is, links, FIFOs and times included, which `shutil.copytree` does not."""
    if os.spawnlp(os.P_WAIT, "cp", "cp", "-a", str(source), str(dest)):
        raise OSError(f"cannot copy {source}")


def _show(compared: Compared, show_all: bool) -> None:
    """Prints a line about the group, and the first differences below it."""
    differences = compared.differences
    verdict = f"{len(differences):,} DIFFER" if differences else "same"
    counts = f"{compared.lines:,} commands, {compared.files:,} files"
    click.echo(f"{compared.group.name:<12} {counts:<30} {verdict}")
    for difference in differences if show_all else differences[:SHOWN]:
        click.echo(f"    {difference.what}")
        details = difference.details if show_all else difference.details[:SHOWN_DETAILS]
        for detail in details:
            click.echo("\n".join(f"      {line}" for line in detail.splitlines()))
        if rest := len(difference.details) - len(details):
            click.echo(f"      ... and {rest:,} more in it")
    if not show_all and (rest := len(differences) - SHOWN) > 0:
        click.echo(f"    ... and {rest:,} more differences (--all shows them)")


if __name__ == "__main__":
    main()
