"""All that is asked of one run."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace

from noiseaug.kinds import kind_of
from noiseaug.settings.companions import Companions
from noiseaug.settings.layout import Layout
from noiseaug.settings.recipe import Recipe
from noiseaug.settings.running import Running
from noiseaug.settings.selection import Selection


@dataclass(frozen=True)
class Request:
    """All that is asked of one run.

    Attributes:
        recipe: what noise is wanted.
        selection: which of the files are meant.
        running: how to go about it.
        layout: what is written besides noisy samples, and under what names.
        companions: what to write besides the outputs.

    Raises:
        ValueError: if the layout does not go with the recipe, or a suffix of sidecars is one of files that get noise.
        Unfit: if a companion cannot be written at all.
    """

    recipe: Recipe
    selection: Selection = field(default_factory=Selection)
    running: Running = field(default_factory=Running)
    layout: Layout = field(default_factory=Layout)
    companions: Companions = field(default_factory=Companions)

    def __post_init__(self) -> None:
        self.layout.check(self.recipe)
        for suffix in self.layout.sidecars:
            name = f"name{suffix}"
            if self.selected.takes(name):
                raise ValueError(
                    f"--sidecars {suffix} would copy files that get noise themselves, as {kind_of(name)} files do; "
                    "sidecars are of other kinds, such as .txt or .json"
                )
        self.layout.check_pairs(self.recipe)
        self.companions.check_seed(self.recipe.seed)

    @property
    def selected(self) -> Selection:
        """The selection, without the kinds that the recipe has no noise for."""
        kinds = frozenset(kind for kind in self.selection.kinds if self.recipe.levels_of(kind))
        return replace(self.selection, kinds=kinds)

    def command(self) -> bytes:
        """Return what shards must have in common to be merged, as JSON; a list of names stands as its hash."""
        selection = self.selection
        names = None if selection.names is None else hashlib.sha256(json.dumps(selection.names).encode()).hexdigest()
        chosen = asdict(replace(selection, shard=None, names=None)) | {"kinds": sorted(selection.kinds), "names": names}
        return json.dumps(asdict(self.recipe) | asdict(self.layout) | chosen, indent=1).encode() + b"\n"
