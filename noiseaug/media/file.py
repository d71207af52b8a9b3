"""Files that are kept as they are, whatever is in them."""

from __future__ import annotations

from collections.abc import Sequence

from noiseaug.media.output import Facts, Output
from noiseaug.media.steps import Steps
from noiseaug.storage.source_file import SourceFile


def perform(
    source: SourceFile, outputs: Sequence[Output], max_pixels: int, *, accept_damaged: bool
) -> Steps[list[Facts]]:
    """Make the source itself each output; there is nothing to record of what is in it."""
    for output in outputs:
        output.file.take(source, output.link or "copy")
    yield from ()
    return [{} for _ in outputs]
