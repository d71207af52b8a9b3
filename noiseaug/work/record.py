"""Records: what the manifest says of an output."""

from __future__ import annotations

from noiseaug.kinds import FILE
from noiseaug.manifest.records import Record
from noiseaug.media.output import Facts, Output
from noiseaug.planning.targets import Target
from noiseaug.planning.task import Strength, Task


def describe(task: Task, target: Target, output: Output, facts: Facts) -> Record:
    """Return the record of an output that is written; `facts` are what its media module says of it."""
    written: Record = {"bytes": output.file.size(), "sha256": output.file.sha256()}
    if task.source.kind == FILE:
        return {"file_name": target.file_name, "source_path": task.source.path, "kind": FILE, **written}
    return describe_samples(task, target, output, facts) | written


def describe_samples(task: Task, target: Target, output: Output, facts: Facts) -> Record:
    """Return what the record of an output says of its samples, and not of the file that they are encoded in."""
    source, recipe = task.source, task.recipe
    return {
        "file_name": target.file_name,
        "source_path": source.path,
        "kind": source.kind,
        "role": "noisy" if facts["std"] != 0 or output.recipe.mean else "clean",
        "label": task.label,
        **({"soft_label": task.soft_label.values} if task.soft_label else {}),
        "level": target.level.label,
        "copy": target.copy,
        "mean": output.recipe.mean,
        "mono": recipe.mono,
        "seed": recipe.seed,
        "key": output.key,
        "recipe": recipe.fingerprint(target.level, source.kind),
        "options": recipe.options(source.kind),
        **facts,
    }


def strength_of(record: Record) -> Strength:
    """Return how strong the noise of an output is, as its record says."""
    clipped = record.get("clipped") or 0.0
    if record.get("std_of", "full-scale") != "full-scale":  # arrays in units of their own, which make no mean
        return Strength(1, clipped)
    asked, measured, decoded = (record.get(key) or 0.0 for key in ("std", "noise_std", "noise_std_decoded"))
    return Strength(1, clipped, asked**2, measured**2, decoded**2)
