"""Import of matplotlib that succeeds even if ``MPLBACKEND`` names an unavailable backend.

Figures are written to files and need no interactive backend. A notebook passes the name of its own
backend on to the commands that it starts, and if that backend is not installed, a plain import of
matplotlib fails.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys

_VARIABLE = "MPLBACKEND"


def import_matplotlib() -> None:
    """Import matplotlib, and set the backend that ``MPLBACKEND`` names if it is available."""
    if "matplotlib" in sys.modules:
        return
    named = os.environ.pop(_VARIABLE, None)
    try:
        mpl = importlib.import_module("matplotlib")
    finally:
        if named is not None:
            os.environ[_VARIABLE] = named
    if named:
        with contextlib.suppress(ValueError):
            mpl.rcParams["backend"] = named


import_matplotlib()
