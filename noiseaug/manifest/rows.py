"""Manifests for programs in Python: rows with typed attributes, each checked before it is handed out."""

from __future__ import annotations

import functools
import os
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, NamedTuple, overload

from noiseaug.errors import Misplaced, Stopped, Unfit
from noiseaug.kinds import KINDS
from noiseaug.manifest.reading import find, read_entries
from noiseaug.manifest.records import Record, sidecar_names
from noiseaug.manifest.shards import shards_in
from noiseaug.manifest.untrusted import read_checked, type_problem
from noiseaug.settings.checks import path_of, typed
from noiseaug.settings.companions import Companions
from noiseaug.storage import disk
from noiseaug.storage.paths import FAILURES, MANIFEST, STATE_PREFIX, inside

_MEND = "run noiseaug again with the same command to mend the manifest"


@dataclass(frozen=True, kw_only=True, slots=True)
class ManifestRow:
    """What the manifest of a run says of one output. None stands for what does not apply to its kind, or is not known.

    Attributes:
        file_name: the output, relative to DEST, with `/`.
        path: where it is: DEST and the file name. None of samples that are in no file.
        source_path: its source, relative to SOURCE, with `/`.
        kind: `image`, `audio` or `array`.
        role: `noisy`, or `clean` for an original and for a copy that got no noise by chance.
        label: its class: the name of a folder above the source.
        soft_label: the probability of each class, in the order of `classes.json`.
        level: what the strength is called in names of files, such as `std0.098`.
        copy: the number of the copy, from 0.
        std: the standard deviation of the noise, as a fraction of full scale: as asked for, or as drawn from a range.
        std_of: what a std of an array is a fraction of, as `--std-of` has it.
        source_std: the standard deviation of each array with noise, in its own units, where a std is a fraction of it.
        snr_db: the signal-to-noise ratio that was asked for or drawn, in dB.
        mean: the mean of the noise, as a fraction of full scale.
        clip: how arrays were clipped, `auto` or `none`; None where there are limits.
        clip_low, clip_high: the range that samples were limited to, in fractions of full scale.
        mono: whether the channels of a pixel or frame share a value.
        seed: the seed.
        key: names the random stream; it is a hash of seed, source path and copy.
        recipe: 12 hex digits that change with whatever changes the bytes of the output.
        options: the options of its kind that are not at their defaults, as `name=value`, with spaces between.
        made_with: the versions of the libraries that decided its bytes.
        noise_mean, noise_std: mean and standard deviation of (written - source), as fractions of full scale.
        noise_std_decoded: the same of what an encoder left, with `measure="decoded"`.
        snr_db_measured, snr_db_decoded: the ratio of signal to noise as measured before and after encoding, in dB.
        psnr_db: the peak signal-to-noise ratio as measured before encoding, in dB.
        clipped: the fraction of samples that were limited.
        silent: whether all samples of the source are 0.
        silence_kept: the fraction of samples that were left silent.
        gain: the factor by which source and noise were multiplied so that nothing clips.
        not_finite: how many numbers of arrays were NaN or infinite.
        shape: of the arrays with noise, with `; ` between.
        members, members_kept: names of the arrays of a file that got noise, and of those that did not.
        width, height: of images, in pixels.
        dtype: of the samples of images and of arrays, such as `uint8`.
        frames: how many pages or frames an image has.
        sampling_rate: of recordings, in Hz.
        num_samples: of recordings, for each channel.
        duration: of recordings, in seconds.
        subtype: of recordings, as libsndfile calls it, such as `PCM_16`.
        channels: how many channels there are.
        source_format: the format of the source, such as `jpeg` or `WAV`.
        not_kept: names of what the output does not keep of its source, with commas between.
        damaged: what is missing or corrupt in the source; None of whole ones.
        bytes: the size of the output; None of samples that are in no file.
        sha256: the SHA-256 of the output, in hex; None of samples that are in no file.
        source_bytes: the size of the source.
        source_sha256: the SHA-256 of the source, in hex.
        sidecars: the files that went along with the output, relative to DEST.
        sidecars_sha256: the SHA-256 of each.
        others: what else the row holds, by key.
    """

    file_name: str
    path: str | None = None
    source_path: str
    kind: str
    role: str = "noisy"
    label: str = ""
    soft_label: tuple[float, ...] | None = None
    level: str
    copy: int
    std: float | None = None
    std_of: str | None = None
    source_std: tuple[float, ...] | None = None
    snr_db: float | None = None
    mean: float
    clip: str | None = None
    clip_low: float | None = None
    clip_high: float | None = None
    mono: bool
    seed: int
    key: str
    recipe: str
    options: str
    made_with: str
    noise_mean: float | None = None
    noise_std: float | None = None
    noise_std_decoded: float | None = None
    snr_db_measured: float | None = None
    snr_db_decoded: float | None = None
    psnr_db: float | None = None
    clipped: float | None = None
    silent: bool | None = None
    silence_kept: float | None = None
    gain: float | None = None
    not_finite: int | None = None
    shape: str | None = None
    members: tuple[str, ...] | None = None
    members_kept: tuple[str, ...] | None = None
    width: int | None = None
    height: int | None = None
    dtype: str | None = None
    frames: int | None = None
    sampling_rate: int | None = None
    num_samples: int | None = None
    duration: float | None = None
    subtype: str | None = None
    channels: int | None = None
    source_format: str | None = None
    not_kept: str | None = None
    damaged: str | None = None
    bytes: int | None = None
    sha256: str | None = None
    source_bytes: int
    source_sha256: str
    sidecars: tuple[str, ...] | None = None
    sidecars_sha256: tuple[str, ...] | None = None
    others: Mapping[str, Any] = field(default_factory=dict, hash=False)


class FailureRow(NamedTuple):
    """A source of which a run could not make what was asked for.

    Attributes:
        source_path: the source, relative to SOURCE, with `/`.
        file_name: the one output that failed, relative to DEST; empty where all of them did.
        error: why, and what to do.
    """

    source_path: str
    file_name: str
    error: str


_FIELDS = frozenset(item.name for item in fields(ManifestRow)) - {"path", "others"}
# What every row of a run says.
_NEEDED = (
    *("kind", "role", "label", "level", "copy", "mean", "mono", "seed", "key", "recipe", "options", "made_with"),
    *("bytes", "sha256", "source_bytes", "source_sha256"),
)


def row_of(record: Record, path: str | None = None) -> ManifestRow:
    """Return a record as a row; `path` is where the output is."""
    known: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in record.items()}
    others = {name: value for name, value in known.items() if name not in _FIELDS}
    return ManifestRow(**{name: known[name] for name in known.keys() & _FIELDS}, path=path, others=others)


@overload
def read_manifest(
    dest: str | os.PathLike[str], *, manifest: str | None = None, failures: Literal[False] = False
) -> Iterator[ManifestRow]: ...


@overload
def read_manifest(
    dest: str | os.PathLike[str], *, manifest: str | None = None, failures: Literal[True]
) -> Iterator[ManifestRow | FailureRow]: ...


def read_manifest(
    dest: str | os.PathLike[str], *, manifest: str | None = None, failures: bool = False
) -> Iterator[ManifestRow | FailureRow]:
    """Return an iterator over what a run says of its outputs, in the order of its manifest; one row is in memory.

    A manifest is taken for what anybody may have written: each row must have what a run says, of the types that it has,
    and no name in it leads out of DEST, through links neither. Whether the files are as they were written,
    `noiseaug verify` tells.

    Args:
        dest: the directory that a run wrote.
        manifest: the name of the manifest there, if `dest` has several; a view, such as `metadata.csv`, stands for the
            manifest that it says the same as.
        failures: yield the failures of the last run too, behind the rows.

    Raises:
        TypeError, ValueError: if `manifest` is no name of one.
        Misplaced: if there is no manifest in `dest`.
        Stopped: if a run over `dest` was interrupted, or is under way.
        Unfit: while iterating, at a line that is no row of a run.

    >>> next(read_manifest("no/such/folder"))
    Traceback (most recent call last):
    noiseaug.errors.Misplaced: there is no manifest.jsonl in no/such/folder; name the DEST of a finished run
    """
    dest, failures = path_of("dest", dest), typed("failures", failures, bool)
    name = Companions(typed("manifest", manifest, str)).rows if manifest is not None else find(dest)
    if disk.is_directory(os.path.join(dest, STATE_PREFIX)):
        raise Stopped(f"a run over {dest} was interrupted, or is under way; finish it with the same command")
    if shards_in(dest):
        raise Misplaced(f"the shards in {dest} are not merged; noiseaug merge {dest} makes one manifest of theirs")
    if not disk.is_file(os.path.join(dest, name)):
        raise Misplaced(f"there is no {name or MANIFEST} in {dest}; name the DEST of a finished run")
    return _rows(dest, name, failures=failures)


def _rows(dest: str, name: str, *, failures: bool) -> Iterator[ManifestRow | FailureRow]:
    is_inside = functools.lru_cache(maxsize=1024)(lambda directory: inside(dest, f"{directory}/_".lstrip("/")))
    manifest = os.path.join(dest, name)
    for entry in read_checked(manifest, dict.fromkeys(KINDS, _NEEDED)):
        record = entry.record or {}
        problem = entry.problem or type_problem(record) or _way_out(dest, record, is_inside)
        if problem:
            raise Unfit(f"{manifest} line {entry.number} {problem}; {_MEND}")
        yield row_of(record, os.path.join(dest, record["file_name"]))
    for entry in read_entries(os.path.join(dest, FAILURES)) if failures else ():
        reason = (entry.record or {}).get("error")
        if entry.record is None or not isinstance(reason, str):
            raise Unfit(
                f"{os.path.join(dest, FAILURES)} line {entry.number} {entry.problem or 'has no error'}; {_MEND}"
            )
        yield FailureRow(entry.record["source_path"], entry.record["file_name"], reason)


def _way_out(dest: str, record: Record, is_inside: Any) -> str | None:
    """Return which name in a record leads out of DEST or SOURCE, or None."""
    for name in (record["file_name"], *sidecar_names(record)):
        directory, base = posixpath.split(name)
        if name.startswith("/") or base in ("", ".", "..") or not is_inside(directory):
            return "has a file_name that leads out of DEST; such a manifest is not from noiseaug"
    if record["source_path"].startswith("/") or ".." in record["source_path"].split("/"):
        return "has a source_path that leads out of SOURCE; such a manifest is not from noiseaug"
    if record.get("role") != "clean" and disk.is_link(os.path.join(dest, record["file_name"])):
        return f"names {record['file_name']}, which is a link, as no noisy output is"
    return None
