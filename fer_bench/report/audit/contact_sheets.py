"""Contact sheets: findings of an audit for visual inspection."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.report.audit.tables import shortened
from fer_bench.runtime.escapes import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from PIL.ImageFont import FreeTypeFont, ImageFont

    from fer_bench.data import Dataset
    from fer_bench.data.audit import Audit
    from fer_bench.data.audit.duplicate_groups import ImageRows
    from fer_bench.data.images import Images

_TEXTS = {
    "conflicts": ("Identical images with different labels", "Each image once, with its labels."),
    "mirrored": ("Mirror images", "One image of each group and its mirror image."),
    "near": (
        "Near-duplicates",
        "Pairs that are neither identical nor mirror images, found by a threshold that may be "
        "wrong: judge for yourself.",
    ),
    "blanks": ("Blank images", "First the blank images, then the nearly blank ones."),
    "label-errors": (
        "Labels that are likely wrong",
        "The votes for the label, then for the class with the most votes.",
    ),
}
"""Title and caption of each sheet."""
KEYS = tuple(_TEXTS)
"""Keys of all possible sheets, in display order."""

_SHOWN = 24
_ROWS_SHOWN = 2
_SIDE = 96
_WIDTH = 960
_GAP = 16
_SEAM = 4
_LINE = 14
_FONT_SIZE = 11


@dataclass(frozen=True)
class Tile:
    """A single finding.

    Attributes:
        rows: rows of the images to show side by side.
        lines: text below the images.
        places: sources of the images, shown below the lines; empty if only rows are known.
    """

    rows: tuple[int, ...]
    lines: tuple[str, ...]
    places: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sheet:
    """Findings of one kind.

    Attributes:
        key: one of ``KEYS``; the stem of the file name.
        title: one line.
        caption: description of the tiles.
        tiles: the findings shown.
        total: number of all findings.
    """

    key: str
    title: str
    caption: str
    tiles: tuple[Tile, ...]
    total: int

    @property
    def shown(self) -> str:
        """Number of tiles shown out of the total, in words."""
        n = len(self.tiles)
        return f"{n} of {self.total:,}, evenly spaced" if n < self.total else f"all {n}"


def sheets(found: Audit, dataset: Dataset) -> list[Sheet]:
    """Return a sheet for each kind of finding that occurs.

    If there are more than 24 findings, an evenly spaced, deterministic selection is shown.
    """
    names = [dataset.classes[label] for label in dataset.labels]

    def tile(rows: Sequence[int], *lines: str) -> Tile:
        places = () if dataset.places is None else tuple(dataset.places[row] for row in rows)
        return Tile(tuple(rows), lines, places)

    def conflict(group: ImageRows) -> Tile:
        labels, shown = dict.fromkeys(names[row] for row in group), group[:_ROWS_SHOWN]
        lines = [*labels, f"rows {', '.join(map(str, shown))}"]
        if more := len(group) - len(shown):
            lines.append(f"and {more} more")
        return replace(tile(shown, *lines), rows=group[:1])

    def pair(first: int, second: int, how: str) -> Tile:
        labels = " / ".join(dict.fromkeys((names[first], names[second])))
        return tile((first, second), labels, f"rows {first}, {second}", how)

    identical, mirrored, _ = found.copies
    blanks = ((found.blanks.constant, "blank"), (found.blanks.nearly, "nearly blank"))
    tiles = (
        [conflict(group) for group in identical.conflicts],
        [pair(*rows, "mirrored") for rows in _mirrored(mirrored.groups, identical.groups)],
        [
            pair(
                one.first,
                one.second,
                f"{'mirrored, ' if one.mirrored else ''}correlation {one.correlation:.3f}",
            )
            for one in found.near_pairs
        ],
        [tile((row,), f"row {row}", names[row], kind) for rows, kind in blanks for row in rows],
        [
            tile(
                (one.row,),
                f"row {one.row}",
                f"{one.label}: {one.votes_for_label}",
                f"{one.voted}: {one.votes_for_voted}",
            )
            for one in (() if found.agreement is None else found.agreement.errors)
        ],
    )
    return [
        Sheet(key, *texts, _spaced(some), len(some))
        for (key, texts), some in zip(_TEXTS.items(), tiles, strict=True)
        if some
    ]


def _spaced(tiles: Sequence[Tile]) -> tuple[Tile, ...]:
    n = len(tiles)
    if n <= _SHOWN:
        return tuple(tiles)
    return tuple(tiles[index * n // _SHOWN] for index in range(_SHOWN))


def _mirrored(groups: Sequence[ImageRows], identical: Sequence[ImageRows]) -> list[tuple[int, int]]:
    """Return the first image and the first one not identical to it, for each group with both."""
    number = {row: index for index, group in enumerate(identical) for row in group}
    pairs = []
    for first, *others in groups:
        unlike = (row for row in others if number.get(row, -1) != number.get(first, -2))
        second = next(unlike, None)
        if second is not None:
            pairs.append((first, second))
    return pairs


def draw(sheet: Sheet, images: Images) -> bytes:
    """Draw the sheet as a PNG file.

    The images, uint8 of shape (n, height, width), are indexed by the tiles' rows.
    """
    from PIL import Image, ImageDraw
    from PIL.Image import Resampling
    from PIL.ImageColor import getcolor
    from PIL.ImageFont import load_default

    from fer_bench.report.plots.palette import GRID, INK, PAPER, SOFT

    font = load_default(_FONT_SIZE)
    height, width = images.shape[1:]
    scale = max(1, _SIDE // max(height, width))
    high, wide = scale * height, scale * width
    side_by_side = max(len(tile.rows) for tile in sheet.tiles)
    across = side_by_side * (wide + _SEAM) - _SEAM
    columns = max(1, (_WIDTH - _GAP) // (across + _GAP))
    shelves = [sheet.tiles[at : at + columns] for at in range(0, len(sheet.tiles), columns)]
    depths = [
        high + _SEAM + _LINE * max(len(tile.lines) + len(tile.places) for tile in shelf)
        for shelf in shelves
    ]
    tops = list(accumulate(depths, lambda top, depth: top + depth + _GAP, initial=_GAP))
    ink, soft, grid, paper = (getcolor(colour, "L") for colour in (INK, SOFT, GRID, PAPER))
    drawing = Image.new("L", (columns * (across + _GAP) + _GAP, tops[-1]), paper)
    pen = ImageDraw.Draw(drawing)
    for index, tile in enumerate(sheet.tiles):
        top, left = tops[index // columns], _GAP + index % columns * (across + _GAP)
        for place, row in enumerate(tile.rows):
            picture = Image.fromarray(greys(images[row]))
            picture = picture.resize((wide, high), Resampling.NEAREST)
            at = left + place * (wide + _SEAM)
            # A frame keeps white images visible on the white background.
            pen.rectangle((at - 1, top - 1, at + wide, top + high), outline=grid)
            drawing.paste(picture, (at, top))
        texts = [_fitting(clean(line), across, font) for line in tile.lines]
        texts += [_fitting(shortened(one), across, font, at_end=False) for one in tile.places]
        for place, text in enumerate(texts):
            where = left, top + high + _SEAM + place * _LINE
            pen.text(where, text, soft if place else ink, font)
    file = io.BytesIO()
    drawing.save(file, "PNG")
    return file.getvalue()


def greys(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Quantise the image to 64 grey levels, which looks the same and saves a quarter of the size.

    Black and white are preserved.
    """
    kept: NDArray[np.uint8] = image & np.uint8(0b11111100) | image >> np.uint8(6)
    return kept


def _fitting(text: str, width: int, font: FreeTypeFont | ImageFont, *, at_end: bool = True) -> str:
    """Return the text, truncated at its end or front if it is wider than ``width`` pixels."""
    mark = "\N{HORIZONTAL ELLIPSIS}"
    fitting = text
    while text and font.getlength(fitting) > width:
        text = text[:-1] if at_end else text[1:]
        fitting = f"{text}{mark}" if at_end else f"{mark}{text}"
    return fitting
