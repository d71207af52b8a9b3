"""The cards of a report: an output beside its original, to look at or to listen to, with its figures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from noiseaug.manifest.records import Record
from noiseaug.noise.scale import Array
from noiseaug.reports import array_views, pictures, sounds
from noiseaug.reports.originals import original_of, output_of
from noiseaug.reports.rows import Item, Names, deviation, names_of, number, scale_of, shortened, text
from noiseaug.reports.spectrogram import spectrogram
from noiseaug.storage.source_file import Refused

_MOST_PIXELS = 1 << 27
_LONGEST = 420  # pixels of a picture that is scaled down
_QUALITY = 80
_SMALL = 256  # no side longer: shown as it is
_DETAIL = 256, 192
_SPECTROGRAM = 480, 140
# What a std of arrays is a fraction of, where it is none of full scale.
_UNITS = {"value": "in units of the values", "array": "of the array", "column": "of each column"}
_BY = " \N{MULTIPLICATION SIGN} "


@dataclass
class View:
    """Two pictures of one size that lie on each other; `clean` is empty where there is no original."""

    name: str
    clean: str
    noisy: str
    width: int
    height: int
    has_alpha: bool


@dataclass
class Chart:
    """A histogram: what it is of, and a picture as a URI."""

    name: str
    picture: str


@dataclass
class Player:
    """A recording to listen to: what it is, a FLAC file and its spectrogram as URIs."""

    name: str
    sound: str
    spectrogram: str


@dataclass
class Card:
    """An output with all that is shown of it.

    Attributes:
        names: those in its row.
        badges: why it is shown, where it is no random choice.
        facts: names and values, as texts.
        views, charts, players: what is seen or heard of it.
        notes: what one should know of that.
        problem: why nothing of it, or not its original, can be shown.
    """

    names: Names
    badges: list[str] = field(default_factory=list)
    facts: list[tuple[str, str]] = field(default_factory=list)
    views: list[View] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)
    players: list[Player] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problem: str = ""

    @property
    def size(self) -> int:
        """How many bytes of the page its pictures and sounds take."""
        seen = sum(len(view.clean) + len(view.noisy) for view in self.views)
        seen += sum(len(chart.picture) for chart in self.charts)
        return seen + sum(len(player.sound) + len(player.spectrogram) for player in self.players)


class Gallery:
    """Cards, made as long as there is room for their pictures and sounds.

    Args:
        dest: the directory a run wrote.
        source: the SOURCE of that run, or None.
        room: how many bytes all pictures and sounds may take.

    Attributes:
        left_out: how many outputs had no room.
        with_originals: how many cards show an original.
    """

    def __init__(self, dest: str, source: str | None, room: int) -> None:
        self._dest, self._source, self._room = dest, source, room
        self._shown: dict[int, Card] = {}
        self.left_out = self.with_originals = 0

    def cards(self, items: Iterable[Item], most: int, badge: str = "") -> list[Card]:
        """Return cards of at most so many of the items; one that has a card already gets the badge on that."""
        made: list[Card] = []
        for item in items:
            if not most:
                break
            if item.place in self._shown:
                if badge:
                    self._shown[item.place].badges.append(badge)
                continue
            most -= 1
            card = self._made(item) if self._room else None
            if card is None or card.size > self._room:
                self._room = 0  # the next would most likely be made in vain too
                self.left_out += 1
                continue
            self._room -= card.size
            self._shown[item.place] = card
            card.badges += [badge] if badge else []
            made.append(card)
        return made

    def _made(self, item: Item) -> Card:
        card = Card(names_of(item.record), facts=facts_of(item.record))
        try:
            self._fill(card, item)
        except Refused as refused:
            card.problem = str(refused)
        except MemoryError:
            card.problem = "needs more memory than there is"
        except OSError as error:
            card.problem = f"cannot be read: {error.strerror or error}"
        except Exception as error:  # of a decoder; a report goes on as a run does
            card.problem = f"cannot be shown: unexpected {type(error).__name__}"
        return card

    def _fill(self, card: Card, item: Item) -> None:
        kind = item.record["kind"]
        if kind not in ("image", "audio", "array"):
            card.problem = f"there is no preview of {kind} files"
            return
        path = output_of(self._dest, item.record)
        try:
            original = original_of(self._dest, self._source, item)
        except Refused as refused:
            original, card.problem = None, str(refused)
        self.with_originals += original is not None
        if kind == "image":
            _look(card, path, original)
        elif kind == "array":
            _chart(card, item.record, path, original)
        else:
            _listen(card, path, original)


def _look(card: Card, path: str, original: str | None) -> None:
    """Add the pictures of an image and its original to a card."""
    clean = pictures.shown(original, max_pixels=_MOST_PIXELS) if original else None
    noisy = pictures.shown(path, clean, _MOST_PIXELS)
    if clean:
        pictures.check_size(noisy, clean)
    if noisy.pages > 1:
        card.notes.append(f"Page 1 of {noisy.pages:,}.")
    if noisy.white > 1:
        card.notes.append(f"White is {noisy.white:.3g} of full scale.")
    before, after = clean.pixels if clean else None, noisy.pixels
    height, width = after.shape[:2]
    if max(height, width) <= _SMALL:
        card.views.append(_view("Whole", before, after, None))
        return
    small = None if before is None else pictures.fitted(before, _LONGEST)
    card.views.append(_view("Whole", small, pictures.fitted(after, _LONGEST), _QUALITY))
    box = pictures.detail(after if before is None else before, *_DETAIL)
    part = None if before is None else box.of(before)
    card.views.append(_view("Detail", part, box.of(after), None))


def _view(name: str, clean: Array | None, noisy: Array, quality: int | None) -> View:
    before, after = (
        "" if pixels is None else pictures.data_uri(pictures.as_webp(pixels, quality), "image/webp")
        for pixels in (clean, noisy)
    )
    height, width, channels = noisy.shape
    return View(name, before, after, width, height, has_alpha=channels == 4)


def _listen(card: Card, path: str, original: str | None) -> None:
    """Add the sounds of a recording and its original to a card."""
    clean = sounds.clip(original) if original else None
    noisy = sounds.clip(path, clean.start if clean else None)
    top = None
    for name, clip in (("Clean", clean), ("Noisy", noisy)):
        if clip is None:
            continue
        pixels, found = spectrogram(clip.samples, *_SPECTROGRAM, top)
        top = found if top is None else top
        picture = pictures.data_uri(pictures.as_webp(pixels, _QUALITY), "image/webp")
        card.players.append(Player(name, pictures.data_uri(sounds.as_flac(clip), "audio/flac"), picture))
    said = f"{noisy.seconds:.1f} s from {noisy.start:.1f} s on, 0 to {noisy.highest:g} kHz"
    card.notes.append(f"{said}{f', channel 1 of {noisy.channels}' if noisy.channels > 1 else ''}.")


def _chart(card: Card, record: Record, path: str, original: str | None) -> None:
    """Add the heat map and the histogram of an array and its original to a card."""
    shown = array_views.shown(record, path, original)
    card.views.append(_view("Heat map", shown.clean, shown.noisy, None))
    for name, pixels in (("Clean", shown.clean_histogram), ("Noisy", shown.noisy_histogram)):
        if pixels is not None:
            card.charts.append(Chart(name, pictures.data_uri(pictures.as_webp(pixels), "image/webp")))
    card.notes.append(shown.note)


def facts_of(record: Record) -> list[tuple[str, str]]:
    """Return the figures of a row as names and texts."""
    found: list[tuple[str, str]] = []
    asked, std = number(record, "snr_db"), number(record, "std")
    is_image, in_units = record["kind"] == "image", text(record, "std_of") in _UNITS
    if asked is not None:
        found += [("SNR asked", f"{asked:.4g} dB")]
    elif std is not None:
        found += [("std asked", asked_text(std, record))]
    snr, psnr, measured = number(record, "snr_db_measured"), number(record, "psnr_db"), number(record, "noise_std")
    off = deviation(record)
    if measured is not None and in_units:
        measured = None if (scale := scale_of(record)) is None else measured * scale
    if measured is not None:
        found += [("measured", std_text(measured, is_image) + ("" if off is None else f" ({percent(off)})"))]
    found += [("PSNR", f"{psnr:.1f} dB")] if psnr is not None else []
    found += [("SNR", f"{snr:.1f} dB")] if snr is not None else []
    if (clipped := number(record, "clipped")) is not None:
        found += [("clipped", f"{100 * clipped:.2g} %")]
    found += [("size", shape)] if (shape := shape_of(record)) else []
    if damage := text(record, "damaged"):
        found += [("damaged", damage)]
    return found


def asked_text(std: float, record: Record) -> str:
    """Return the std that was asked for, and what it is of.

    >>> asked_text(0.1, {"kind": "array", "std_of": "column"}), asked_text(25 / 255, {"kind": "image"})
    ('10 % of each column', '25/255')
    """
    unit = _UNITS.get(text(record, "std_of"))
    if unit is None:
        return std_text(std, record["kind"] == "image")
    return f"{std:.4g} {unit}" if unit == _UNITS["value"] else f"{100 * std:.4g} % {unit}"


def shape_of(record: Record) -> str:
    """Return the dimensions of an output in words, as far as its row tells."""
    width, height, rate = number(record, "width"), number(record, "height"), number(record, "sampling_rate")
    if width is not None and height is not None:
        return f"{width:.0f} \N{MULTIPLICATION SIGN} {height:.0f} {text(record, 'dtype')[:20]}".rstrip()
    seconds = number(record, "duration")
    if rate is not None and seconds is not None:
        return f"{seconds:.4g} s at {rate / 1000:g} kHz"
    if "; " in text(record, "shape"):
        return f"{text(record, 'shape').count('; ') + 1:,} arrays"
    shape = text(record, "shape").replace(",)", ")").replace(", ", _BY).translate({40: None, 41: None})
    return shortened(f"{shape} {text(record, 'dtype')}".strip(), 60) if record["kind"] == "array" else ""


def std_text(std: float, is_image: bool) -> str:
    """Return a std for people: of images in levels of 255.

    >>> std_text(25 / 255, True), std_text(0.032, False)
    ('25/255', '0.032')
    """
    return f"{std * 255:.3g}/255" if is_image else f"{std:.3g}"


def percent(share: float) -> str:
    """Return a deviation in percent, with its sign.

    >>> percent(0.016), percent(-0.2)
    ('+1.6 %', '\u221220 %')
    """
    text = f"{100 * share:+.1f}" if abs(share) < 0.1 else f"{100 * share:+,.0f}"
    return text.replace("-", "\N{MINUS SIGN}") + " %"
