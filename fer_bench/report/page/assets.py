"""Templates, styles and scripts of the page, and the policy that allows no other scripts."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from fer_bench.report.page.table_view import short_title
from fer_bench.runtime.escapes import clean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jinja2 import Environment

_LIBRARY = "page/vendor/chart.umd.min.js"
MODULES = (
    "data",
    "elements",
    "theme",
    "sorting",
    "embedded",
    "copying",
    "regions",
    "navigation",
    "folds",
    "downloads",
    "printing",
    "cells",
    "examples",
    "intervals",
    "point_labels",
    "tooltips",
    "charts",
    "tradeoffs",
    "learning_curves",
    "class_metrics",
    "calibration",
    "time_to_accuracy",
    "initial_metrics",
)
"""Names of the modules of the page's script, in the order in which they run."""


def filled(template: str, **values: Any) -> str:
    """Render an HTML template.

    Args:
        template: path relative to ``fer_bench.report``. Shared macros are in
            ``page/macros.html.j2``.
        values: variables of the template. Text is always escaped.
    """
    from fer_bench.report.plots.palette import DARK_PALETTE, PALETTE

    style = resource("page/style.css") + resource("page/charts.css")
    read = _environment().get_template(template)
    return read.render(style=style, light=PALETTE, dark=DARK_PALETTE, **values)


@cache
def _environment() -> Environment:
    """Return the Jinja environment, which compiles each template only once."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    made = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FunctionLoader(resource),
    )
    made.filters |= {"clean": clean, "short_title": short_title}
    return made


def resource(name: str) -> str:
    """Return the text of a package file; ``name`` is relative to ``fer_bench.report``."""
    return resources.files("fer_bench.report").joinpath(name).read_text(encoding="utf-8")


@cache
def page_script() -> str:
    """Return the page's script: its modules, which share one scope."""
    modules = [resource(f"page/javascript/{name}.js") for name in MODULES]
    return "\n".join(['"use strict";\n(() => {', *modules, "})();\n"])


@cache
def chart_library() -> str:
    """Return the charting library without its reference to a source map, which is no file here."""
    return resource(_LIBRARY).partition("//# sourceMappingURL=")[0]


def policy(scripts: Iterable[str]) -> str:
    """Return the content security policy: only embedded images, styles and these scripts.

    Inline styles are unrestricted, since drawings carry their own; any other script is blocked.
    """
    digests = (hashlib.sha256(script.encode()).digest() for script in scripts)
    allowed = " ".join(f"'sha256-{base64.b64encode(one).decode('ascii')}'" for one in digests)
    return (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src {allowed}; base-uri 'none'; form-action 'none'"
    )
