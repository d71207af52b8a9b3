"""The summary of a run, in words."""

from __future__ import annotations

import os
from typing import Any

import click

from noiseaug.cli.wording import counted, printable, size
from noiseaug.pipeline.summary import Summary
from noiseaug.settings.recipe import Recipe
from noiseaug.storage.paths import FAILURES

_MOST_SHOWN = 5  # reasons of failures, and kinds of things that could not be kept
_GROWN = 10
_MUCH = 5_000_000  # bytes; of less nobody minds that they are ten times those of the sources

# What becomes of that which cannot be kept, where its name alone does not tell.
_INSTEAD = {
    "palette": "written in full colour or grey",
    "GIF palette": "written in full colour or grey",
    "1-bit depth": "written as 8-bit grey",
    "2-bit depth": "written as 8-bit grey",
    "4-bit depth": "written as 8-bit grey",
    "10-bit depth": "written as 16-bit",
    "12-bit depth": "written as 16-bit",
    "14-bit depth": "written as 16-bit",
    "16-bit pixels": "written as 8-bit colour",
    "CMYK": "written as RGB",
    "FLOAT samples": "rounded to whole numbers",
    "YCbCr": "written as RGB",
    "transparent colour": "written as an alpha channel",
    "exact alpha": "encoded with loss, as the colours are",
    "loop count": "plays for ever",
    "durations of frames": "written as pages",
    "colours beyond 256": "the format has no more",
    "byte order": "written in the other one",
    "number of samples": "the encoder pads its frames",
}


def show_summary(summary: Summary, dest: str) -> None:
    """Print what a run did, other than its failures."""
    left = [f"{counted(summary.others, 'other file')} left alone"] if summary.others else []
    left += [f"{counted(summary.specials, 'special file')} skipped"] if summary.specials else []
    if not (summary.written or summary.failed or summary.pruned or summary.sidecars):
        nothing = [] if summary.left_over else ["nothing to do"]
        click.echo(", ".join([*nothing, f"{summary.up_to_date:,} up to date", *left]))
        _show_remarks(summary)
        _show_beside(summary, dest)
        return
    parts = [
        f"{counted(summary.written, 'file')} written to {printable(dest)}" if summary.written else "nothing written"
    ]
    if summary.written:
        parts[0] += f" ({', '.join(f'{count:,} {kind}' for kind, count in sorted(summary.kinds.items()))})"
    parts += [f"{summary.up_to_date:,} up to date"] if summary.up_to_date else []
    parts += [f"{summary.pruned:,} deleted as their source is gone"] if summary.pruned else []
    click.echo(", ".join(parts + left))
    _show_remarks(summary)
    _show_beside(summary, dest)
    if summary.written and summary.manifest:
        rate = summary.written / max(summary.seconds, 0.001)
        traffic = f"{size(summary.source_bytes)} read, {size(summary.bytes_written)} written"
        click.echo(f"{traffic} in {summary.seconds:,.1f} s ({rate:,.3g} files/s)")
    _show_strength(summary)
    if summary.damaged:
        click.echo(f"{counted(summary.damaged, 'file')} made of damaged sources; see damaged in the manifest")
    _show_not_kept(summary.not_kept)
    if summary.manifest:
        click.echo(f"manifest: {printable(summary.manifest)}")


def _show_remarks(summary: Summary) -> None:
    for remark in summary.remarks:
        click.echo(printable(remark))


def _show_beside(summary: Summary, dest: str) -> None:
    if summary.sidecars:
        click.echo(f"{counted(summary.sidecars, 'sidecar')} written")
    if summary.unlabelled:
        click.echo(f"{counted(summary.unlabelled, 'source')} without a sidecar")
    if summary.left_over:
        what = counted(summary.left_over, "file")
        click.echo(f"{what} of earlier runs left over; noiseaug prune {printable(dest)} removes them")


def _show_strength(summary: Summary) -> None:
    """Print how many outputs have noise that is not as strong as was asked for, why, and what to do."""
    if summary.clipped_much:
        files = counted(summary.clipped_much, "file")
        click.echo(
            f"clipped: more than 5% of the samples of {files}, at most {100 * summary.most_clipped:.2g}%, which weakens"
            " the noise; less noise, or --clip none, clips less"
        )
    if summary.off:
        click.echo(
            f"more than 10% off the strength asked for: {counted(summary.off, 'file')}, as noise was rounded, encoded"
            " with loss or kept off silence; see noise_std in the manifest"
        )


def _show_not_kept(not_kept: dict[str, int]) -> None:
    most = sorted(not_kept.items(), key=lambda item: -item[1])
    for what, count in most[:_MOST_SHOWN]:
        thing, _, source_format = what.removesuffix(")").rpartition(" (")
        if len(thing) == 4 and thing.isalpha() and not thing.isupper():  # as PNG and WebP call their chunks
            thing = f"chunk {thing}"
        instead = f" ({_INSTEAD[thing]})" if thing in _INSTEAD else ""
        files = counted(count, f"{source_format} file")
        click.echo(f"could not be kept: {printable(thing)} of {files}{instead}")
    if len(most) > _MOST_SHOWN:
        others = counted(len(most) - _MOST_SHOWN, "other thing")
        click.echo(f"could not be kept: {others}; see not_kept in the manifest")


def show_failures(summary: Summary, *, tolerated: bool) -> None:
    """Print on stderr what failed, by reason, and where all of it is listed.

    `tolerated` tells whether the run is taken for done although files failed.
    """
    if not summary.failed:
        return
    of = f", of {summary.sources_failed:,} of {counted(summary.sources, 'file')}, as --max-failures allows"
    click.echo(f"{summary.failed:,} failed{of if tolerated else ''}:", err=True)
    groups = sorted(summary.failure_groups, key=lambda group: -group["count"])
    for group in groups[:_MOST_SHOWN]:
        _show_group(group)
    if len(groups) > _MOST_SHOWN:
        rest = sum(group["count"] for group in groups[_MOST_SHOWN:])
        click.echo(f"  {counted(rest, 'file')} for {counted(len(groups) - _MOST_SHOWN, 'other reason')}", err=True)
    if summary.manifest:
        listing = printable(os.path.join(os.path.dirname(summary.manifest), FAILURES))
        click.echo(f"  all are listed in {listing}; the same command tries them again", err=True)


def _show_group(group: dict[str, Any]) -> None:
    examples, count = [printable(name) for name in group["examples"]], group["count"]
    if count == 1:
        click.echo(f"  {examples[0]}: {printable(group['error'])}", err=True)
        return
    more = f" and {count - len(examples):,} more" if count > len(examples) else ""
    click.echo(f"  {count:,} times: {printable(group['error'])}", err=True)
    click.echo(f"    {', '.join(examples)}{more}", err=True)


def growth_of(summary: Summary, recipe: Recipe) -> str | None:
    """Return a warning if outputs take far more bytes than their sources: why, and what to do."""
    if summary.bytes_written < _MUCH or not summary.sources_written or not summary.source_bytes:
        return None
    of_outputs, of_sources = summary.bytes_written / summary.written, summary.source_bytes / summary.sources_written
    if of_outputs <= _GROWN * of_sources:
        return None
    if recipe.clip == "none":
        why = "--clip none writes float32 samples; leave it out, and each output has the format of its source"
    elif recipe.image.format or recipe.audio.format:
        form = recipe.image.format or recipe.audio.format
        why = f"{form} keeps noise as it is, which no compression makes smaller; leave out --image-format, or use jpg"
        why = why if recipe.image.format else why.replace("--image-format, or use jpg", "--audio-format, or use ogg")
    else:
        why = "no lossless format makes noise smaller; --image-format jpg or --audio-format ogg do, and change it a bit"
    return f"an output takes {of_outputs / of_sources:,.0f} times the bytes of its source: {why}"
