"""Import of matplotlib, whatever backend the environment names.

Figures are written to files and need no backend. A notebook hands the name of its own one on to the
commands that it starts, and matplotlib cannot be imported at all if that one is not installed.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys

_VARIABLE = "MPLBACKEND"


def import_matplotlib() -> None:
    """Import matplotlib; a backend that the environment names is set if it is there."""
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
