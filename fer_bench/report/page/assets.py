"""Templates, styles, scripts and embedded files of the page, and the policy of its content."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from fer_bench.report.page.table_view import short_title
from fer_bench.runtime.escapes import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jinja2 import Environment

    from fer_bench.report.plots import Figure
    from fer_bench.results.records import Example

_LIBRARY = "page/vendor/chart.umd.min.js"
MODULES = (
    *("data", "elements", "theme", "sorting", "embedded", "copying", "regions", "navigation"),
    *("folds", "downloads", "printing", "cells", "examples"),
    *("intervals", "point_labels", "tooltips", "charts", "tradeoffs", "learning_curves"),
    *("class_metrics", "calibration", "time_to_accuracy", "initial_metrics"),
)
"""Names of the modules of the page's script, in the order in which they run."""

_RASTER = re.compile(
    r'<image xlink:href="data:image/png;base64,[^"]*"[^>]* transform="scale\(1 -1\) '
    r'translate\(0 -(?P<bottom>[\d.]+)\)" x="(?P<x>[-\d.]+)" y="(?P<y>[-\d.]+)" '
    r'width="(?P<width>[\d.]+)" height="(?P<height>[\d.]+)"/>'
)
"""Image in an SVG file of matplotlib, which stores and draws it upside down."""


def filled(template: str, **values: Any) -> str:
    """Render an HTML template, whose path is relative to ``fer_bench.report``; escape all text."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> Environment:
    """Return the Jinja environment, which compiles each template only once."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    from fer_bench.report.plots.palette import DARK_PALETTE, PALETTE

    made = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FunctionLoader(resource),
    )
    made.filters |= {"clean": clean, "short_title": short_title}
    style = resource("page/style.css") + resource("page/charts.css")
    made.globals |= {"style": style, "light": PALETTE, "dark": DARK_PALETTE}
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
        f"{f'script-src {allowed}; ' if allowed else ''}base-uri 'none'; form-action 'none'"
    )


def archive(files: Mapping[str, str]) -> str:
    """Return files as base64 of a gzip-compressed JSON object, for the page's script."""
    packed = gzip.compress(json.dumps(dict(files)).encode(), mtime=0)
    return base64.b64encode(packed).decode("ascii")


def example_drawing(figure: Figure, places: Mapping[Example, int]) -> str:
    """Return the SVG file of example images, with references to images that the page holds.

    Args:
        figure: a figure of example images.
        places: place of each image on the page, from 0; it becomes the address ``image:0``.
    """
    shown = (example.image for example in figure.data)

    def reference(found: re.Match[str]) -> str:
        top = float(found["bottom"]) - float(found["y"]) - float(found["height"])
        return (
            f'<image xlink:href="image:{places[next(shown)]}" style="image-rendering: pixelated" '
            f'x="{found["x"]}" y="{top:g}" width="{found["width"]}" height="{found["height"]}"/>'
        )

    return _RASTER.sub(reference, figure.svg)
