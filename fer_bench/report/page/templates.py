"""The package's templates of HTML."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment


def filled(template: str, **values: Any) -> str:
    """The HTML that a template gives.

    Args:
        template: its file, seen from ``fer_bench.report``. What it shares with others it takes
            from ``page/macros.html.j2``.
        values: what stands in it. Text is escaped, whatever it holds.
    """
    from markupsafe import Markup

    from fer_bench.report.plots.palette import DARK_PALETTE, PALETTE

    read = _environment().get_template(template)
    return read.render(
        # Our own file.
        style=Markup(resource("page/style.css")),  # noqa: S704
        light=PALETTE,
        dark=DARK_PALETTE,
        **values,
    )


@cache
def _environment() -> Environment:
    """The reader of the templates, which compiles each of them once."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    return Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FunctionLoader(resource),
    )


def resource(name: str) -> str:
    """The text of a file of the package, seen from ``fer_bench.report``."""
    return resources.files("fer_bench.report").joinpath(name).read_text(encoding="utf-8")
