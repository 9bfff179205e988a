"""Section of an HTML page that reports an audit."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

from fer_bench.report.audit.contact_sheets import greys, sheets
from fer_bench.report.audit.image_names import named, shortened
from fer_bench.report.audit.implications import implications
from fer_bench.report.audit.summary import summary
from fer_bench.report.audit.tables import audit_tables
from fer_bench.report.audit_scope import scope_sentences
from fer_bench.report.page.audit_section import AuditSection, ContactSheet, ContactTile, Thumbnail
from fer_bench.runtime.escapes import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from fer_bench.data.images import Images
    from fer_bench.data.prepare import PreparedData
    from fer_bench.report.audit.contact_sheets import Sheet, Tile
    from fer_bench.report.audit.paths import Places

_MOST = 96
"""Maximum length of a thumbnail's longer side, in pixels."""


def audit_section(data: PreparedData, places: Places) -> AuditSection:
    """Return sentences, tables and contact sheets of an audit, with embedded thumbnails.

    Args:
        data: the audited data.
        places: paths of card and sheets, relative to the page.
    """
    found = data.audit
    return AuditSection(
        sentences=[clean(sentence) for sentence in [*summary(found), *scope_sentences(data)]],
        meaning=[clean(sentence) for sentence in implications(found, data.spec.labels)],
        tables=audit_tables(found),
        sheets=[
            _shown(sheet, data.source.images, found.places, places)
            for sheet in sheets(found, data.source)
        ],
        card=places.card,
    )


def _shown(
    sheet: Sheet, images: Images, where: Sequence[str] | None, places: Places
) -> ContactSheet:
    return ContactSheet(
        id=f"sheet-of-{sheet.key}",
        file=places.sheet(sheet.key),
        title=clean(sheet.title),
        shown=sheet.shown,
        caption=clean(f"{sheet.caption} Rows count from 0."),
        tiles=[_tile(tile, images, where) for tile in sheet.tiles],
        images_per_tile=max(len(tile.rows) for tile in sheet.tiles),
    )


def _tile(tile: Tile, images: Images, where: Sequence[str] | None) -> ContactTile:
    names = named(tile.rows, where)
    return ContactTile(
        images=[_thumbnail(name, images[row]) for name, row in zip(names, tile.rows, strict=True)],
        lines=[*map(clean, tile.lines), *map(shortened, tile.places)],
    )


def _thumbnail(name: str, image: NDArray[np.uint8]) -> Thumbnail:
    from PIL import Image

    small = Image.fromarray(greys(image))
    small.thumbnail((_MOST, _MOST))
    file = io.BytesIO()
    small.save(file, "PNG")
    data = base64.b64encode(file.getvalue()).decode("ascii")
    return Thumbnail(f"data:image/png;base64,{data}", *small.size, f"image of row {name}")
