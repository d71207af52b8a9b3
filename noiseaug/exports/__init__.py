"""A finished run, handed on in the form that a training library reads.

The main path, `export`: survey the manifest, look at each output that it names, hand those that stand as recorded to
the writer of the format, and put its files in place all together. A new format is a `Writer` and a line in `FORMATS`.

Imports what is below, but no codec and no NumPy.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from noiseaug.errors import Misplaced, NothingToDo, Stopped
from noiseaug.exports.lhotse import Lhotse
from noiseaug.exports.nemo import Nemo
from noiseaug.exports.options import ExportOptions
from noiseaug.exports.samples import Failure, Sample, Survey
from noiseaug.exports.webdataset import WebDataset
from noiseaug.exports.writer import Writer
from noiseaug.kinds import KINDS
from noiseaug.manifest.lock import Lock
from noiseaug.manifest.reading import find
from noiseaug.storage import disk
from noiseaug.storage.drafts import Drafts
from noiseaug.storage.paths import FAILURES, MANIFEST, STATE_PREFIX
from noiseaug.storage.source_file import Refused

FORMATS: Mapping[str, type[Writer]] = {"nemo": Nemo, "lhotse": Lhotse, "webdataset": WebDataset}


@dataclass
class ExportSummary:
    """The result of an export.

    Attributes:
        rows: rows of the manifest: those of samples, those left out and those that failed.
        samples: outputs of the run that are in the export.
        sidecars: files that went along with outputs (for lists of audio, transcripts) and are in the export with them.
        left_out: rows of the manifest that were not asked for, by kind (`image`, `audio`) of what the format does not
            take, and as `noisy` or `clean` by role.
        failed: rows that should be in it and are not; each was given to `on_failure`.
        files: the files that make up the export.
        written: those of them that were not there with the same bytes already.
        removed: files of an earlier export that are no part of this one.
    """

    rows: int = 0
    samples: int = 0
    sidecars: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    failed: int = 0
    files: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return the attributes by name."""
        return dict(vars(self))


def export(
    dest: str | os.PathLike[str],
    to: str,
    output: str | os.PathLike[str] | None = None,
    options: ExportOptions | None = None,
    on_progress: Callable[[int], None] = lambda _: None,
    on_failure: Callable[[Failure], None] = lambda _: None,
) -> ExportSummary:
    """Write what a finished run left in `dest` in the form that a training library reads.

    An output that is missing, or of another size than recorded, is a failure and no part of the export. Nothing is
    written if the same export stands there already. Needs memory for eight bytes a file twice, not for the files.

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
    dest, output = os.fspath(dest), os.fspath(dest if output is None else output)
    options = options or ExportOptions()
    manifest = os.path.join(dest, find(dest))
    if not disk.is_file(manifest):
        raise Misplaced(f"there is no {MANIFEST} in {dest}; name the DEST of a finished run")
    lock = Lock(dest)
    lock.take()  # no run may change the outputs meanwhile
    try:
        if disk.is_directory(os.path.join(dest, STATE_PREFIX)):
            raise Stopped(f"a run over {dest} was interrupted; finish it with the same command, then export")
        survey = Survey(manifest, FORMATS[to].kinds, options.role)
        if not survey.chosen:
            raise NothingToDo(_why_nothing(survey, to))
        rows = survey.chosen + survey.left_out.total()
        summary = ExportSummary(rows, left_out=dict(survey.left_out))
        with _drafts(FORMATS[to], dest, output, options, survey) as drafts:
            writer = FORMATS[to](dest, output, options, survey, drafts)
            for found in survey.samples(dest):
                added = found if isinstance(found, Failure) else _added(found, writer)
                if isinstance(added, Failure):
                    summary.failed += 1
                    on_failure(added)
                else:
                    summary.samples += 1
                    summary.sidecars += added
                on_progress(1)
            if summary.samples:
                writer.finish()
                summary.files, summary.written, summary.removed = drafts.publish()
        return summary
    finally:
        lock.release()


def is_export(path: str) -> bool:
    """Tell whether the file is part of an export, by what it is called and how it begins."""
    return any(form.wrote(path) for form in FORMATS.values())


def _why_nothing(survey: Survey, to: str) -> str:
    if not survey.left_out:
        return f"{survey.manifest} names no output; see {FAILURES} beside it, or run noiseaug again"
    kinds = " and ".join(sorted(FORMATS[to].kinds))
    found = ", ".join(f"{count:,} {what}" for what, count in survey.left_out.items())
    others = [(other, kind) for other in FORMATS for kind in FORMATS[other].kinds if kind in survey.left_out]
    hint = "".join(f"; --to {other} takes {KINDS[kind].noun}s too" for other, kind in others[:1])
    return f"{survey.manifest} names no {kinds} to export to {to}, only {found}{hint}"


def _drafts(form: type[Writer], dest: str, output: str, options: ExportOptions, survey: Survey) -> Drafts:
    """Return drafts for the files of the export, which take the places of those of an earlier one.

    Raises:
        Misplaced: if there are others in these places.
    """
    if form.files and disk.exists(output) and not disk.is_directory(output):
        raise Misplaced(f"{output} is a file; {form.files} are several, so name a directory as --output")
    paths = form.targets(output, options)
    name = hashlib.sha256(os.fsencode(disk.real_path(paths[0]))).hexdigest()[:12]
    drafts = Drafts(os.path.dirname(paths[0]) or ".", f"export-{name}-")
    for path in paths:
        _refuse_foreign(path, dest, survey)
        if not options.force and disk.lexists(path) and not form.wrote(path):
            raise Misplaced(f"{path} is there, and no export wrote it; name another --output, or add --force")
        drafts.remove(path)
    return drafts


def _refuse_foreign(path: str, dest: str, survey: Survey) -> None:
    """Raise Misplaced if no export can have written `path`: it is a file of the run, or a directory, say."""
    name = os.path.relpath(disk.real_path(path), disk.real_path(dest))
    if name in (os.path.basename(survey.manifest), FAILURES) or name in survey.names:
        raise Misplaced(f"{path} is a file of the run itself; name another --output")
    if disk.lexists(path) and not stat.S_ISREG(disk.lstat(path).st_mode):
        raise Misplaced(f"{path} is there and is not a regular file; name another --output")


def _added(sample: Sample, writer: Writer) -> int | Failure:
    try:
        return writer.add(sample)
    except Refused as error:
        return Failure(sample.file_name, str(error))
