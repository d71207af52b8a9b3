"""Whether a run goes on with what DEST holds, judged by the first rows that earlier runs left there."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from noiseaug.manifest.reading import Group, record_of
from noiseaug.manifest.records import Record, is_pending
from noiseaug.planning.targets import Plan
from noiseaug.settings.level import CLEAN
from noiseaug.storage import disk

_SAMPLE = 8  # sources that are looked at
_FEWEST = 3  # sources that must all have another size, before that says anything


def changes(known: Iterable[Group], plan: Plan, source_root: str) -> Iterator[str]:
    """Yield a sentence for each way in which DEST holds something else than this run would write.

    Args:
        known: the rows of the last run, by source.
        plan: what each source becomes.
        source_root: the directory SOURCE.
    """
    finished = (_first_record(group) for group in known if group.source_path)
    sample = list(itertools.islice(filter(None, finished), _SAMPLE))
    if not sample:
        return
    first = sample[0]
    if all(_is_of_other_recipe(record, plan) for record in sample):
        yield (
            f"DEST holds outputs of other options, such as {first['file_name']} ({first.get('level')}, seed "
            f"{first.get('seed')}); those that this run does not replace are left over"
        )
    sizes = [_size(f"{source_root}/{record['source_path']}") for record in sample]
    if not any(sizes):
        yield (
            f"DEST holds outputs of other sources: {first['source_path']} is not in {source_root}; "
            "if that is not meant, name another DEST"
        )
    elif len(sample) >= _FEWEST and all(
        size != record.get("source_bytes") for size, record in zip(sizes, sample, strict=True)
    ):
        yield (
            f"DEST holds outputs of other sources of the same names: {first['source_path']} had "
            f"{first.get('source_bytes'):,} bytes; they are made anew"
        )


def _first_record(group: Group) -> Record:
    """Return the record of an output of a source, or an empty one if none is finished."""
    line = next((line for line in group.rows.values() if not is_pending(line) and b'"recipe": ' in line), b"")
    return record_of(line)


def _is_of_other_recipe(record: Record, plan: Plan) -> bool:
    kind = str(record.get("kind"))
    is_kept = record["file_name"] == record["source_path"] and record.get("level") == CLEAN.label
    targets = plan.targets(record["source_path"], kind, kept=is_kept)
    levels = {target.level for target in targets}
    return record.get("recipe") not in {plan.recipe.fingerprint(level, kind) for level in levels}


def _size(path: str) -> int:
    try:
        return disk.stat(path).st_size
    except OSError:
        return 0
