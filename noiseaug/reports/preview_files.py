"""The files of a preview: a sheet, and excerpts in a directory. Those of earlier previews are replaced, no others."""

from __future__ import annotations

import os
import stat

from noiseaug.errors import Misplaced, Stopped
from noiseaug.reports.contact_sheet import WRITTEN_BY
from noiseaug.reports.preview import Preview
from noiseaug.storage import disk
from noiseaug.storage.output_file import write_if_changed

_LOOKED_AT = 4096  # bytes in which a file of ours says so


def check_places(output: str, audio_out: str | None, *, overwrite: bool = False) -> None:
    """Make sure, before any work, that files can be put there; `-` stands for stdout.

    Raises:
        Misplaced: if there is something else than a preview, and `overwrite` is not set, or no regular file.
    """
    if output != "-":
        _check(output, "--output", overwrite=overwrite)
    if audio_out is not None and disk.lexists(audio_out) and not disk.is_directory(audio_out):
        raise Misplaced(f"{audio_out} is there and is no directory; name another --audio-out")


def _check(path: str, option: str, *, overwrite: bool) -> None:
    if not disk.lexists(path):
        return
    if not stat.S_ISREG(disk.lstat(path).st_mode):
        raise Misplaced(f"{path} is there and is not a regular file; name another {option}")
    if not overwrite and WRITTEN_BY.encode() not in disk.beginning(path, _LOOKED_AT):
        raise Misplaced(f"{path} is there, and no preview wrote it; name another {option}, or add --overwrite")


def write(made: Preview, output: str | None, audio_out: str | None, *, overwrite: bool = False) -> None:
    """Put the sheet and the excerpts in place, each whole or not at all.

    Raises:
        Misplaced: as `check_places`.
        Stopped: if they cannot be written.
    """
    files = {output: made.sheet} if output else {}
    if audio_out is not None:
        files |= {os.path.join(audio_out, clip.name): clip.content for clip in made.clips}
    for path in files:
        _check(path, "--output" if path == output else "--audio-out", overwrite=overwrite)
    where = audio_out
    try:
        if audio_out is not None:
            disk.make_directories(audio_out)
        for where, content in files.items():
            write_if_changed(where, content)
    except OSError as error:
        raise Stopped(f"cannot write {where}: {error.strerror}; what was there before stays") from None
