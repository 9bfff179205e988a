"""Files that the page contains for download, compressed."""

from __future__ import annotations

import base64
import gzip
import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fer_bench.report.plots import Figure
    from fer_bench.results.records import Example

_RASTER = re.compile(
    r'<image xlink:href="data:image/png;base64,[^"]*"[^>]* transform="scale\(1 -1\) '
    r'translate\(0 -(?P<bottom>[\d.]+)\)" x="(?P<x>[-\d.]+)" y="(?P<y>[-\d.]+)" '
    r'width="(?P<width>[\d.]+)" height="(?P<height>[\d.]+)"/>'
)
"""Image in an SVG file of matplotlib, which stores and draws it upside down."""


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
