"""Audit section of the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.report.table import Table


@dataclass(frozen=True)
class Thumbnail:
    """One image of a data set.

    Attributes:
        source: the image as a ``data:`` URL of a PNG file.
        width: in pixels.
        height: in pixels.
        alt: alternative text.
    """

    source: str
    width: int
    height: int
    alt: str


@dataclass(frozen=True)
class ContactTile:
    """One finding.

    Attributes:
        images: side by side.
        lines: text below the images, line by line.
    """

    images: Sequence[Thumbnail]
    lines: Sequence[str]


@dataclass(frozen=True)
class ContactSheet:
    """Findings of one kind.

    Attributes:
        id: the sheet's anchor.
        file: the sheet as a PNG file; path relative to the page.
        title: one line.
        shown: number of findings shown and in total, in words.
        caption: description of the findings and of their selection.
        tiles: the findings that are shown.
        images_per_tile: maximum number of images in a tile.
    """

    id: str
    file: str
    title: str
    shown: str
    caption: str
    tiles: Sequence[ContactTile]
    images_per_tile: int


@dataclass(frozen=True)
class AuditSection:
    """Content of the audit section.

    Attributes:
        sentences: findings that affect metrics measured on the data, the most important first.
        meaning: consequences of the findings for such metrics.
        tables: tables of the audit.
        sheets: contact sheets of the findings.
        card: the data card; path relative to the page.
    """

    sentences: Sequence[str]
    meaning: Sequence[str]
    tables: Sequence[Table]
    sheets: Sequence[ContactSheet]
    card: str
