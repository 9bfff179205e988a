"""HTML templates of the package."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment


def filled(template: str, **values: Any) -> str:
    """Render an HTML template.

    Args:
        template: path relative to ``fer_bench.report``. Shared macros are in
            ``page/macros.html.j2``.
        values: variables of the template. Text is always escaped.
    """
    from markupsafe import Markup

    from fer_bench.report.plots.palette import DARK_PALETTE, PALETTE

    read = _environment().get_template(template)
    return read.render(
        # Trusted: files of this package.
        style=Markup(resource("page/style.css") + resource("page/charts.css")),  # noqa: S704
        light=PALETTE,
        dark=DARK_PALETTE,
        **values,
    )


@cache
def _environment() -> Environment:
    """Return the Jinja environment, which compiles each template only once."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    return Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FunctionLoader(resource),
    )


def resource(name: str) -> str:
    """Return the text of a package file; ``name`` is relative to ``fer_bench.report``."""
    return resources.files("fer_bench.report").joinpath(name).read_text(encoding="utf-8")
