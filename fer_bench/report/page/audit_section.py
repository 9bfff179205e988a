"""What an audit found, as the page shows it."""

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
        source: the image as a ``data:`` address of a PNG file.
        width: in pixels.
        height: in pixels.
        alt: what stands for it where it is not seen.
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
        lines: what stands below them, one line each.
    """

    images: Sequence[Thumbnail]
    lines: Sequence[str]


@dataclass(frozen=True)
class ContactSheet:
    """Findings of one kind.

    Attributes:
        id: the sheet's anchor.
        file: where the sheet lies as a PNG file, beside the page.
        title: one line.
        shown: how many of how many are shown.
        caption: what is seen, and how it was chosen.
        tiles: those that are shown.
        abreast: the most images that a tile has.
    """

    id: str
    file: str
    title: str
    shown: str
    caption: str
    tiles: Sequence[ContactTile]
    abreast: int

    @property
    def short(self) -> str:
        """The title for a list of links."""
        return self.title


@dataclass(frozen=True)
class AuditSection:
    """All that the page tells of an audit.

    Attributes:
        sentences: what to know before figures measured on the data are believed, the first most.
        meaning: what that means for such figures.
        tables: of the audit.
        sheets: what it found, to be looked at.
        card: where the data card lies, beside the page.
    """

    sentences: Sequence[str]
    meaning: Sequence[str]
    tables: Sequence[Table]
    sheets: Sequence[ContactSheet]
    card: str
