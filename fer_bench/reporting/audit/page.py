"""An audit as one HTML page."""

from __future__ import annotations

import base64
from importlib import resources
from typing import TYPE_CHECKING

from fer_bench.reporting.audit.summary import summary
from fer_bench.reporting.audit.tables import audit_tables
from fer_bench.reporting.page.grid import grid
from fer_bench.reporting.render import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.audit import Audit
    from fer_bench.reporting.audit.sheets import Sheet

_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'"
)


def audit_page(found: Audit, pictures: Sequence[tuple[Sheet, bytes]]) -> str:
    """The audit as one HTML document, which loads nothing and runs no script.

    Args:
        found: the audit.
        pictures: its contact sheets, each with its drawing as a PNG file.
    """
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    from fer_bench.reporting.figures import DARK_PALETTE, PALETTE

    template = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    ).from_string(_resource("fer_bench.reporting.audit", "audit.html.j2"))
    first, *others = summary(found)
    return template.render(
        # Our own file; whatever comes from a data set is escaped.
        style=Markup(_resource("fer_bench.reporting.page", "style.css")),  # noqa: S704
        policy=_POLICY,
        light=PALETTE,
        dark=DARK_PALETTE,
        name=clean(f"Audit of {found.name}"),
        headline=clean(first),
        sentences=[clean(sentence) for sentence in others],
        subject=(
            f"{found.images:,} images of {found.width}x{found.height} pixels, digest {found.digest}"
        ),
        tables=[grid(table) for table in audit_tables(found)],
        sheets=[_shown(sheet, png) for sheet, png in pictures],
    )


def _shown(sheet: Sheet, png: bytes) -> dict[str, str]:
    return {
        "key": sheet.key,
        "title": clean(sheet.title),
        "caption": clean(sheet.caption),
        "alt": clean(sheet.alt),
        "source": f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}",
    }


def _resource(package: str, name: str) -> str:
    return resources.files(package).joinpath(name).read_text(encoding="utf-8")
