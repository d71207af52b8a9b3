"""A finished run, handed on in the form that a training library reads.

The main path: survey the manifest, look at each output that it names, hand those that stand as recorded to the writer
of the format, and put its files in place all together.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from noiseaug.errors import Misplaced, NothingToDo, Stopped
from noiseaug.exports.format import ExportOptions, Format, Writer
from noiseaug.exports.lhotse import Lhotse
from noiseaug.exports.nemo import Nemo
from noiseaug.exports.samples import Choice, Failure, Sample, Survey, chosen_samples, manifest_of
from noiseaug.exports.webdataset import WebDataset
from noiseaug.manifest.state import State
from noiseaug.storage.drafts import Drafts
from noiseaug.storage.paths import FAILURES, STATE_PREFIX
from noiseaug.storage.source_file import Refused

FORMATS: Mapping[str, type[Format]] = {"nemo": Nemo, "lhotse": Lhotse, "webdataset": WebDataset}


@dataclass
class ExportSummary:
    """What an export came to.

    Attributes:
        samples: outputs of the run that are in the export.
        left_out: rows of the manifest that were not asked for, by kind (`image`, `audio`) of what the format does not
            take, and as `noisy` or `clean` by role.
        failed: rows that should be in it and are not; each was given to `on_failure`.
        files: the files that make up the export.
        written: those of them that were not there with the same bytes already.
        removed: files of an earlier export that are no part of this one.
    """

    samples: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    failed: int = 0
    files: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """The attributes by name."""
        return dict(vars(self))


def export(
    dest: str | os.PathLike[str],
    to: str,
    output: str | os.PathLike[str] | None = None,
    options: ExportOptions | None = None,
    on_progress: Callable[[int], None] = lambda _: None,
    on_failure: Callable[[Failure], None] = lambda _: None,
) -> ExportSummary:
    """Writes what a finished run left in `dest` in the form that a training library reads.

    An output that is missing, or of another size than recorded, is a failure and no part of the export. Nothing is
    written if the same export stands there already. Needs memory for eight bytes a row twice, not for the files.

    Args:
        dest: the directory a run wrote.
        to: the format: `nemo`, `lhotse` (audio only) or `webdataset`.
        output: where to; a file for `nemo`, a directory for the others; `dest` by default.
        options: what is exported, and how.
        on_progress: called with the number of rows dealt with since the last call.
        on_failure: called for each row that should be exported and cannot be.

    Raises:
        ValueError: if there is no such format.
        Misplaced: if there is no manifest in `dest`, or files would be replaced that no export wrote.
        NothingToDo: if the manifest names nothing that the format takes.
        Busy: if a run is writing to `dest`.
        Stopped: if a run over `dest` was interrupted, or an output changes while it is read.
    """
    if to not in FORMATS:
        raise ValueError(f"{to!r} is no format to export to: expected one of {', '.join(FORMATS)}")
    dest, options = os.fspath(dest), options or ExportOptions()
    manifest = manifest_of(dest)
    state = State(dest)
    state.lock()  # no run may change the outputs meanwhile
    try:
        if os.path.isdir(os.path.join(dest, STATE_PREFIX)):
            raise Stopped(f"a run over {dest} was interrupted; finish it with the same command, then export")
        survey = Survey.of(manifest, Choice(FORMATS[to].kinds, options.role))
        if not survey.chosen:
            raise NothingToDo(_why_nothing(survey, to))
        output = None if output is None else os.fspath(output)
        former = FORMATS[to].targets(dest, output, options)
        for path in former:
            _refuse_foreign(path, dest, survey, None if options.force else FORMATS[to].wrote)
        with Drafts(os.path.dirname(former[0]) or ".", _tag_of(former[0])) as drafts:
            for path in former:
                drafts.remove(path)
            writer = FORMATS[to](dest, output, options, survey, drafts)
            summary = ExportSummary(left_out=dict(survey.left_out))
            for row in chosen_samples(dest, survey):
                failure = row if isinstance(row, Failure) else _added(row, writer)
                if failure:
                    summary.failed += 1
                    on_failure(failure)
                else:
                    summary.samples += 1
                on_progress(1)
            if summary.samples:
                writer.finish()
                summary.files, summary.written, summary.removed = drafts.publish()
            return summary
    finally:
        state.close()


def is_export(path: str) -> bool:
    """Whether the file is part of an export, by what it is called and how it begins."""
    return any(form.wrote(path) for form in FORMATS.values())


def _refuse_foreign(path: str, dest: str, survey: Survey, wrote: Callable[[str], bool] | None) -> None:
    """Raise Misplaced if `path` may not be replaced: a file of the run, or one that no export wrote (with `wrote`)."""
    name = os.path.relpath(os.path.realpath(path), os.path.realpath(dest))
    if name in (os.path.basename(survey.manifest), FAILURES) or name in survey.names:
        raise Misplaced(f"{path} is a file of the run itself; name another --output")
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        raise Misplaced(f"{path} is there and is not a regular file; name another --output")
    if wrote and not wrote(path):
        raise Misplaced(f"{path} is there, and no export wrote it; name another --output, or add --force")


def _tag_of(path: str) -> str:
    """Return what begins the names of drafts of the export that writes `path`."""
    return f"export-{hashlib.sha256(os.fsencode(os.path.realpath(path))).hexdigest()[:12]}-"


def _added(sample: Sample, writer: Writer) -> Failure | None:
    try:
        writer.add(sample)
    except Refused as error:
        return Failure(sample.file_name, str(error))
    return None


def _why_nothing(survey: Survey, to: str) -> str:
    kinds = " and ".join(sorted(FORMATS[to].kinds))
    if not survey.left_out:
        return f"{survey.manifest} names no output; see {FAILURES} beside it, or run noiseaug again"
    found = ", ".join(f"{count:,} {what}" for what, count in survey.left_out.items())
    hint = "; --to webdataset takes images too" if "image" in survey.left_out else ""
    return f"{survey.manifest} names no {kinds} to export to {to}, only {found}{hint}"
