"""The details of an unexpected error, kept in a file that can be reported."""

from __future__ import annotations

import os
import platform
import shlex
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

from noiseaug.storage import disk
from noiseaug.version import __version__


def keep_details(error: BaseException, arguments: Sequence[str]) -> str | None:
    """Write what is to be reported of `error` to a new file, and return its path; None if there is no place for it.

    The file goes to the user's cache directory or else to the temporary directory, but into no directory that the
    command line names: that may be SOURCE or DEST.
    """
    for directory in _places():
        try:
            if _is_below_any(str(directory), arguments):
                continue
            directory.mkdir(parents=True, exist_ok=True)
            name = f"crash-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
            (directory / name).write_text(details(error, arguments), encoding="utf-8", errors="backslashreplace")
            return str(directory / name)
        except OSError:
            continue
    return None


def _places() -> Iterator[Path]:
    if cache := os.environ.get("XDG_CACHE_HOME"):
        yield Path(cache, "noiseaug")
    elif home := os.environ.get("HOME"):
        yield Path(home, "Library/Caches" if sys.platform == "darwin" else ".cache", "noiseaug")
    yield Path(tempfile.gettempdir(), f"noiseaug-{os.getuid()}")


def _is_below_any(directory: str, paths: Sequence[str]) -> bool:
    real = disk.real_path(directory)
    named = [disk.real_path(path) for path in paths if disk.is_directory(path)]
    return any(os.path.commonpath([real, path]) == path for path in named)


def details(error: BaseException, arguments: Sequence[str]) -> str:
    """Return the version, the platform, the command line and the traceback."""
    return "\n".join(
        (
            f"noiseaug {__version__}",
            f"Python {platform.python_version()} on {platform.platform()}",
            f"command line: noiseaug {shlex.join(arguments)}",
            "",
            *traceback.format_exception(error),
        )
    )
