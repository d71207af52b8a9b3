"""The manifest of a run, read once a row at a time: totals, distributions, worst cases, and a random sample."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

from noiseaug.kinds import KINDS
from noiseaug.manifest.records import Record, sidecar_names
from noiseaug.manifest.untrusted import read_checked
from noiseaug.reports.distributions import Counts, Distribution
from noiseaug.reports.rows import Item, Origin, deviation, number, text
from noiseaug.reports.sampling import Sample, Worst
from noiseaug.reports.settings_told import SettingsTold

_KEYS = dict.fromkeys(KINDS, ("kind", "role", "label"))
_MOST_LEVELS = 60  # a ramp over many copies has a level for each
_MOST_WORDS = 200
_OTHERS = "other levels"
_A_STRATUM = 12  # candidates for the gallery, of each kind and level
_WORST = 48
_MUCH_CLIPPED, _FAR = 0.001, 0.02  # below, an output is no bad case
_STEP = 1000  # rows between two reports of progress


class Level:
    """What is known of the outputs of one kind at one level.

    Attributes:
        kind, name: of the level.
        std_of: what its std is a fraction of, of arrays.
        stds, ratios: the strengths asked for: standard deviations, and SNRs in dB.
        deviations: in percent of the strength asked for.
        quality: PSNR or SNR as measured, in dB.
        clipped: in percent of the samples.
    """

    def __init__(self, kind: str, name: str) -> None:
        self.kind, self.name, self.std_of = kind, name, ""
        self.count = 0
        self.stds = Distribution(0, 1, 0.0005)
        self.ratios = Distribution(-300, 300, 0.1)
        self.deviations = deviations()
        self.quality = decibels()
        self.clipped = percentages()


def deviations() -> Distribution:
    """Return an empty distribution of deviations in percent."""
    return Distribution(-100, 300, 0.1)


def decibels() -> Distribution:
    """Return an empty distribution of PSNR or SNR."""
    return Distribution(-100, 200, 0.05)


def percentages() -> Distribution:
    """Return an empty distribution of shares in percent."""
    return Distribution(0, 100, 0.05)


class Survey:
    """The facts about a run that its manifest holds.

    Args:
        manifest: the path of the manifest.
        size: how many rows to sample.
        seed: chooses the sample.
        on_progress: called with the number of rows read since the last call.

    Attributes:
        rows, sources: how many there are.
        invalid, invalid_examples: lines that are no rows: how many, and the first of them as (number, what is wrong).
        kinds, roles, labels, not_kept: counts of rows; of what was not kept, of sources.
        levels: by kind and name, in the order of the manifest.
        psnr, snr, clipped, sizes, deviations: distributions over outputs with noise; `sizes` of log10 of the bytes of
            all outputs.
        bytes, source_bytes: of all outputs, and of all sources.
        clipped_much: outputs of which more than 5 % of the samples were clipped.
        damaged, silent, sidecars: outputs of damaged sources, outputs of silent ones, files that go along.
        told: the settings of the run, as the rows tell them.
        sample: rows drawn at random, of all rows.
        most_clipped, farthest: the worst outputs.
    """

    def __init__(self, manifest: str, size: int, seed: int, on_progress: Callable[[int], None]) -> None:
        self.rows = self.sources = self.invalid = 0
        self.invalid_examples: list[tuple[int, str]] = []
        self.kinds, self.roles = Counts(_MOST_WORDS), Counts(_MOST_WORDS)
        self.labels, self.not_kept = Counts(_MOST_WORDS), Counts(_MOST_WORDS)
        self.levels: dict[tuple[str, str], Level] = {}
        self.psnr, self.snr, self.clipped, self.deviations = decibels(), decibels(), percentages(), deviations()
        self.sizes = Distribution(0, 15, 0.005)
        self.bytes = self.source_bytes = self.clipped_much = 0
        self.damaged = self.silent = self.sidecars = 0
        self.told = SettingsTold()
        randomness = random.Random(seed)
        self.sample = Sample(size, randomness)
        self._strata: dict[tuple[str, str], Sample] = {}
        self._most_clipped, self._farthest = Worst(_WORST), Worst(_WORST)
        self._random = randomness
        self._read(manifest, on_progress)

    @property
    def most_clipped(self) -> list[Item]:
        """The outputs of which most samples were clipped."""
        return self._most_clipped.items()

    @property
    def farthest(self) -> list[Item]:
        """The outputs whose noise is farthest from what was asked for."""
        return self._farthest.items()

    def varied(self) -> list[Item]:
        """Return sampled outputs with noise such that each kind and level comes up early, and as often as others."""
        strata = [stratum.items for stratum in self._strata.values()]
        return [items[turn] for turn in range(_A_STRATUM) for items in strata if turn < len(items)]

    def _read(self, manifest: str, on_progress: Callable[[int], None]) -> None:
        last, origin = None, Origin()
        for entry in read_checked(manifest, _KEYS):
            record = entry.record
            if record is None:
                self.invalid += 1
                if len(self.invalid_examples) < 3:
                    self.invalid_examples.append((entry.number, entry.problem or ""))
                continue
            if record["source_path"] != last:
                last, origin = record["source_path"], Origin()
                self._add_source(record)
            self._add(Item(self.rows, record, origin))
            self.rows += 1
            if self.rows % _STEP == 0:
                on_progress(_STEP)
        on_progress(self.rows % _STEP)

    def _add_source(self, record: Record) -> None:
        self.sources += 1
        self.source_bytes += int(number(record, "source_bytes") or 0)

    def _add_losses(self, item: Item) -> None:
        """Count what was not kept of a source, once: a copy of the source among its outputs has lost nothing."""
        lost = text(item.record, "not_kept")
        if lost and not item.origin.told_losses:
            item.origin.told_losses = True
            form = text(item.record, "source_format")
            for what in lost.split(", "):
                self.not_kept.add(f"{what} ({form})" if form else what)

    def _add(self, item: Item) -> None:
        record = item.record
        self.sample.add(item)
        self.kinds.add(record["kind"])
        role = text(record, "role") or "noisy"
        self.roles.add(role)
        if label := text(record, "label"):
            self.labels.add(label)
        size = number(record, "bytes") or 0.0
        self.bytes += int(size)
        self.sizes.add(math.log10(max(size, 1)))
        self.damaged += bool(text(record, "damaged"))
        self.silent += record.get("silent") is True
        self.sidecars += len(sidecar_names(record)) if "sidecars" in record else 0
        self.told.add(record)
        self._add_losses(item)
        if role == "clean":
            item.origin.clean = item.origin.clean or record
        else:
            self._add_noisy(item)

    def _add_noisy(self, item: Item) -> None:
        record = item.record
        level = self._level_of(record)
        key = level.kind, level.name
        if key not in self._strata:
            self._strata[key] = Sample(_A_STRATUM, self._random)
        self._strata[key].add(item)
        level.count += 1
        psnr, snr, asked = number(record, "psnr_db"), number(record, "snr_db_measured"), number(record, "snr_db")
        if psnr is not None:
            self.psnr.add(psnr)
            level.quality.add(psnr)
        if snr is not None:
            self.snr.add(snr)
            level.quality.add(snr)
        if asked is not None:
            level.ratios.add(asked)
        elif (std := number(record, "std")) is not None:
            level.stds.add(std)
            level.std_of = text(record, "std_of")
        if (share := number(record, "clipped")) is not None:
            self.clipped.add(100 * share)
            level.clipped.add(100 * share)
            self.clipped_much += share > 0.05
            if share > _MUCH_CLIPPED:
                self._most_clipped.add(share, item)
        if (off := deviation(record)) is not None:
            self.deviations.add(100 * off)
            level.deviations.add(100 * off)
            if abs(off) > _FAR:
                self._farthest.add(abs(off), item)

    def _level_of(self, record: Record) -> Level:
        kind, name = record["kind"], text(record, "level")
        found = self.levels.get((kind, name))
        if found is None:
            if len(self.levels) >= _MOST_LEVELS:
                name = _OTHERS
            found = self.levels.setdefault((kind, name), Level(kind, name))
        return found
