"""A report, from the facts to the page."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from noiseaug.kinds import KINDS
from noiseaug.reports import Report, figures, lists
from noiseaug.reports.cards import Card, Gallery, facts_of, percent, shape_of
from noiseaug.reports.page import rendered
from noiseaug.reports.rows import Item, deviation, names_of, number, shortened
from noiseaug.reports.survey import Survey
from noiseaug.storage import disk

_ROOM = 6_000_000  # bytes of pictures and sounds in a page
_WORST = 4
_GALLERY = 16
_MOST_CHOICES = 100
_OFF, _CLIPPED = 10.0, 5.0  # percent that are worth a look


def built(
    dest: str, manifest: str, source: str | None, sample: int, seed: int, on_progress: Callable[[int], None]
) -> Report:
    """Return the report on a DEST whose manifest is at `manifest`; see `report`."""
    survey = Survey(manifest, sample, seed, on_progress)
    failed = lists.failed(dest, on_progress)
    gallery = Gallery(dest, source, _ROOM)
    clipped = gallery.cards(survey.most_clipped, _WORST, "most clipped")
    farthest = gallery.cards(survey.farthest, _WORST, "farthest from the request")
    varied = gallery.cards(survey.varied(), _GALLERY)
    cards = [*clipped, *farthest, *varied]
    shown = [card for card in cards if card.views or card.players]
    left = lists.left_over(dest)
    facts = {
        "name": os.path.basename(disk.real_path(dest)) or dest,
        "manifest": os.path.basename(manifest),
        "survey": survey,
        "kinds": [_counted(count, KINDS[kind].noun) for kind, count in survey.kinds.found.items()],
        "told": survey.told,
        "failed": failed,
        "left": left,
        "kept": lists.kept(dest),
        "remarks": remarks(survey, failed.count, left.count),
        "plots": figures.plots(survey),
        "levels": figures.levels(survey),
        "worst": [*clipped, *farthest],
        "varied": varied,
        "originals": bool(gallery.with_originals),
        "source": source is not None,
        "room": gallery.left_out,
        "rows": [_cells(item) for item in survey.sample.in_order()],
        "choices": _choices(survey),
        "seed": seed,
    }
    without = sum(1 for card in shown if not _has_original(card))
    return Report(rendered(facts), survey.rows, failed.count, len(shown), without)


def _has_original(card: Card) -> bool:
    return any(view.clean for view in card.views) or len(card.players) > 1


def remarks(survey: Survey, failed: int, left: int) -> list[tuple[str, str, str]]:
    """Return what a person should look at, as (what, in words, where on the page)."""
    found: list[tuple[str, str, str]] = []
    if failed:
        found.append((_counted(failed, "failure"), "grouped by cause below", "failures"))
    if survey.invalid:
        number, why = survey.invalid_examples[0]
        found.append((_counted(survey.invalid, "damaged row"), f"the first is line {number}, which {why}", "what-ran"))
    if survey.clipped_much:
        share = 100 * survey.clipped_much / max(survey.clipped.count, 1)
        words = f"with more than {_CLIPPED:g} % of the samples clipped, which is {share:.3g} % of those with noise"
        found.append((_counted(survey.clipped_much, "output"), words, "worst"))
    off = [level for level in survey.levels.values() if level.deviations.count]
    off = [level for level in off if abs(level.deviations.quantile(0.5)) > _OFF]
    if off:
        most = max(off, key=lambda level: abs(level.deviations.quantile(0.5)))
        words = (
            f"whose noise, in the median, is more than {_OFF:g} % off what was asked for "
            f"({most.name}: {percent(most.deviations.quantile(0.5) / 100)}); most often, clipping takes it away"
        )
        found.append((_counted(len(off), "level"), words, "levels"))
    if survey.damaged:
        found.append((_counted(survey.damaged, "output"), "made of damaged sources (damaged in the manifest)", "table"))
    if left:
        found.append((_counted(left, "file"), "left over by earlier runs", "beside"))
    return found


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _cells(item: Item) -> dict[str, Any]:
    """Return what the table shows of a row."""
    record = item.record
    off, std, snr = deviation(record), number(record, "std"), number(record, "snr_db")
    psnr, ratio = number(record, "psnr_db"), number(record, "snr_db_measured")
    facts = dict(facts_of(record))
    return {
        "place": item.place,
        "names": names_of(record),
        "asked": (snr if snr is not None else std, facts.get("SNR asked") or facts.get("std asked", "")),
        "off": (None if off is None else off, "" if off is None else percent(off)),
        "quality": (psnr if psnr is not None else ratio, facts.get("PSNR") or facts.get("SNR", "")),
        "clipped": (number(record, "clipped"), facts.get("clipped", "")),
        "shape": shape_of(record),
        "bytes": number(record, "bytes"),
        "number": number(record, "copy"),
    }


def _choices(survey: Survey) -> dict[str, list[str]]:
    """Return what can be filtered by."""
    return {
        "level": list(dict.fromkeys(shortened(level.name) for level in survey.levels.values()))[:_MOST_CHOICES],
        "label": sorted(map(shortened, survey.labels.found))[:_MOST_CHOICES],
        "kind": sorted(survey.kinds.found),
        "role": sorted(survey.roles.found),
    }
