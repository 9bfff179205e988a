"""Scripts of the page, its data for them, and the policy that allows nothing else."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import TYPE_CHECKING

from fer_bench.report.page.templates import resource

if TYPE_CHECKING:
    from collections.abc import Iterable

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
