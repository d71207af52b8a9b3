"""Contact sheets: a row a file, a cell for the original and for each strength of noise, with captions."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from noiseaug.noise.scale import Array

WRITTEN_BY = "a preview of noiseaug"  # in the PNG, under Software
FIT = 210, 150  # pixels: the whole picture is scaled down to this
CROP = 150  # pixels a side: a part of the picture as it is
_GAP, _MARGIN = 8, 20
_CELL = FIT[0] + _GAP + CROP
_BETWEEN = 18
_LINE = 17
_PAPER, _INK, _PALE, _RULE = (250, 250, 248), (26, 28, 32), (104, 108, 116), (222, 222, 218)


class Cell(NamedTuple):
    """One version of a file.

    Attributes:
        title: what it is, such as `std 25/255`.
        note: its figures.
        pictures: uint8 in RGB, side by side, or one as wide as the cell.
    """

    title: str
    note: str
    pictures: Sequence[Array]


class Row(NamedTuple):
    """One file: its name, what it is, and its versions; or why there are none."""

    name: str
    about: str
    cells: Sequence[Cell]
    problem: str = ""


def drawn(rows: Sequence[Row]) -> bytes:
    """Return the sheet as a PNG file."""
    columns = max((len(row.cells) for row in rows), default=1) or 1
    width = 2 * _MARGIN + columns * _CELL + (columns - 1) * _BETWEEN
    sheet = Image.new("RGB", (width, _MARGIN + sum(map(_height, rows)) + _MARGIN // 2), _PAPER)
    pen, top = ImageDraw.Draw(sheet), _MARGIN
    for number, row in enumerate(rows):
        if number:
            pen.line((_MARGIN, top - _BETWEEN // 2, width - _MARGIN, top - _BETWEEN // 2), _RULE)
        _draw_row(sheet, pen, row, top)
        top += _height(row)
    return _as_png(sheet)


def _as_png(sheet: Image.Image) -> bytes:
    about, file = PngImagePlugin.PngInfo(), io.BytesIO()
    about.add_text("Software", WRITTEN_BY)
    sheet.save(file, "PNG", pnginfo=about, compress_level=1)
    return file.getvalue()


def _height(row: Row) -> int:
    if not row.cells:
        return 2 * _LINE + _BETWEEN + 4
    return 4 + _LINE + FIT[1] + 6 + 2 * _LINE + _BETWEEN


def _draw_row(sheet: Image.Image, pen: ImageDraw.ImageDraw, row: Row, top: int) -> None:
    left, room = _MARGIN, sheet.width - 2 * _MARGIN
    used = _write(pen, (left, top), row.name, _INK, 14, room)
    _write(pen, (left + used + 10, top + 1), row.about, _PALE, 12, room - used - 10)
    top += _LINE + 4
    if row.problem:
        _write(pen, (left, top), row.problem, _PALE, 12, room)
    for cell in row.cells:
        at = left
        for picture in cell.pictures:
            image = Image.fromarray(np.ascontiguousarray(picture))
            sheet.paste(image, (at, top + (FIT[1] - image.height) // 2))
            at += image.width + _GAP
        _write(pen, (left, top + FIT[1] + 6), cell.title, _INK, 13, _CELL)
        _write(pen, (left, top + FIT[1] + 6 + _LINE), cell.note, _PALE, 12, _CELL)
        left += _CELL + _BETWEEN


def _write(
    pen: ImageDraw.ImageDraw, at: tuple[int, int], text: str, colour: tuple[int, int, int], size: int, room: int
) -> int:
    """Write a line, with its middle left out where it is too long; return how wide it is, in pixels."""
    font = ImageFont.load_default(size)
    text = in_font(text)
    if pen.textlength(text, font=font) > room:
        kept = len(text)
        while kept > 2 and pen.textlength(_shortened(text, kept), font=font) > room:
            kept = min(kept - 1, int(kept * 0.95))
        text = _shortened(text, kept)
    pen.text(at, text, colour, font)
    return round(pen.textlength(text, font=font))


def in_font(text: str) -> str:
    """Return text in the characters of Pillow's own font: ASCII, with letters that lost their accents.

    >>> in_font("Größe naïve 7\\n")
    'Gro?e naive 7?'
    """
    apart = unicodedata.normalize("NFKD", text)
    return "".join(c if " " <= c <= "~" else "?" for c in apart if not unicodedata.combining(c))


def _shortened(text: str, kept: int) -> str:
    """Return text of which only so many characters are kept, more of the end than of the beginning.

    >>> _shortened("photographs/of/cats/001.png", 11)
    'pho.../001.png'
    """
    first = kept // 3
    return f"{text[:first]}...{text[len(text) - (kept - first) :]}"
