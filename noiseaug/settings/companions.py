"""The files that a run is asked to write to DEST besides the outputs."""

from __future__ import annotations

import importlib.util
import math
import os
from dataclasses import dataclass

from noiseaug.errors import Unfit
from noiseaug.settings.checks import check_types
from noiseaug.storage.paths import FAILURES, KEPT, LEFTOVERS, MANIFEST, STATE_PREFIX

VIEWS = (".csv", ".parquet")


@dataclass(frozen=True)
class Companions:
    """The files that a run writes to DEST besides the outputs. Nothing here changes the bytes of an output.

    Attributes:
        manifest: the name of the manifest in DEST; its suffix is its format. A `.jsonl` is the manifest itself; a
            `.csv` or `.parquet` (which needs pyarrow) is a view that stands beside `manifest.jsonl` and says the same.
        annotations: the path of a COCO file about the sources, of which `annotations.json` says the same about the
            outputs; None for none.
        label_smoothing: what the classes that a source is not of get together in the `soft_label` of its rows,
            0 <= label_smoothing < 1; None for no soft labels.

    Raises:
        TypeError, ValueError: where one of them is none of that.
    """

    manifest: str = MANIFEST
    annotations: str | os.PathLike[str] | None = None
    label_smoothing: float | None = None

    def __post_init__(self) -> None:
        check_types(self)
        check_manifest_name(self.manifest)
        if self.label_smoothing is not None:
            check_label_smoothing(self.label_smoothing)

    @property
    def view(self) -> str | None:
        """The name of the view of the manifest, if there is to be one."""
        return self.manifest if self.manifest.endswith(VIEWS) else None

    @property
    def rows(self) -> str:
        """The name of the manifest proper, in JSON Lines."""
        return MANIFEST if self.view else self.manifest

    def check_seed(self, seed: int) -> None:
        """Raise Unfit if what the view needs is not there, or cannot hold this seed."""
        if self.manifest.endswith(".parquet"):
            if importlib.util.find_spec("pyarrow") is None:
                raise Unfit(f"a manifest {self.manifest} needs pyarrow: pip install 'noiseaug[parquet]'")
            if not -(1 << 63) <= seed < 1 << 63:
                raise Unfit(f"seed {seed} is beyond the 64 bits that {self.manifest} has for it; take a smaller one")


def check_manifest_name(name: str) -> str:
    """Return `name`, if a manifest can be called that.

    Raises:
        ValueError: if not.

    >>> check_manifest_name("metadata.csv")
    'metadata.csv'
    """
    suffix = os.path.splitext(name)[1]
    if suffix not in (".jsonl", *VIEWS):
        raise ValueError(f"{name!r} is no name for a manifest: its suffix must be .jsonl, .csv or .parquet")
    if os.path.basename(name) != name or "\0" in name:
        raise ValueError(f"{name!r} is not a plain file name; the manifest stands in DEST itself, as its names are")
    if name in (FAILURES, KEPT, LEFTOVERS) or name.startswith(STATE_PREFIX):
        raise ValueError(f"{name!r} is a name for other files that a run writes; choose another one")
    return name


def check_label_smoothing(epsilon: float) -> float:
    """Return `epsilon`, if it is a label smoothing; raise ValueError if not."""
    if not (math.isfinite(epsilon) and 0 <= epsilon < 1):
        raise ValueError(f"{epsilon} is no label smoothing: it must be 0 or more, and below 1")
    return epsilon
