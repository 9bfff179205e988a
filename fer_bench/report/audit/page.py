"""Audit as a section of the benchmark's page, and as a page of its own."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

from fer_bench.report.audit.contact_sheets import greys, sheets
from fer_bench.report.audit.sentences import implications, scope_sentences, summary
from fer_bench.report.audit.tables import audit_tables, named, shortened
from fer_bench.report.page.assets import filled, policy
from fer_bench.report.page.audit_section import AuditSection
from fer_bench.report.page.table_view import grid
from fer_bench.runtime.escapes import clean

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fer_bench.data.audit import Audit
    from fer_bench.data.prepare import PreparedData
    from fer_bench.report.audit.contact_sheets import Sheet
    from fer_bench.report.audit.files import Places

_MOST = 96
"""Maximum length of a thumbnail's longer side, in pixels."""


def audit_section(data: PreparedData, places: Places) -> AuditSection:
    """Return sentences, tables and contact sheets of an audit, with embedded thumbnails."""
    found = data.audit
    return AuditSection(
        sentences=[clean(sentence) for sentence in [*summary(found), *scope_sentences(data)]],
        meaning=[clean(sentence) for sentence in implications(found, data.spec.labels)],
        tables=audit_tables(found),
        sheets=[_shown(sheet, data, places) for sheet in sheets(found, data.source)],
        card=places.card,
    )


def _shown(sheet: Sheet, data: PreparedData, places: Places) -> dict[str, Any]:
    images, sources = data.source.images, data.audit.places
    return {
        "id": f"sheet-of-{sheet.key}",
        "file": places.sheet(sheet.key),
        "title": clean(sheet.title),
        "shown": sheet.shown,
        "caption": clean(f"{sheet.caption} Rows count from 0."),
        "tiles": [
            {
                "images": [
                    _thumbnail(name, images[row])
                    for name, row in zip(named(tile.rows, sources), tile.rows, strict=True)
                ],
                "lines": [*map(clean, tile.lines), *map(shortened, tile.places)],
            }
            for tile in sheet.tiles
        ],
        "images_per_tile": max(len(tile.rows) for tile in sheet.tiles),
    }


def _thumbnail(name: str, image: NDArray[np.uint8]) -> dict[str, Any]:
    from PIL import Image

    small = Image.fromarray(greys(image))
    small.thumbnail((_MOST, _MOST))
    file = io.BytesIO()
    small.save(file, "PNG")
    return {
        "source": f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode('ascii')}",
        "width": small.width,
        "height": small.height,
        "alt": f"image of row {name}",
    }


def audit_page(found: Audit, section: AuditSection) -> str:
    """Render the audit as a self-contained HTML document without scripts.

    It links to the data card and the sheets' files next to it.
    """
    return filled(
        "audit/audit.html.j2",
        policy=policy(()),
        name=clean(f"Audit of {found.name}"),
        subject=(
            f"{found.images:,} images of {found.width}x{found.height} pixels, digest {found.digest}"
        ),
        **{**vars(section), "tables": list(map(grid, section.tables))},
    )
