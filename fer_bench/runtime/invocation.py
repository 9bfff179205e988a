"""Command by which this process was started, for hints."""

from __future__ import annotations

import sys
from pathlib import PurePath


def benchmark_program() -> tuple[str, str]:
    """Return the command that runs the benchmarks, without its options.

    It is ``pytest benchmarks``, which works in a clone only, if this process was started by that
    command; otherwise ``fer-bench run``, which works wherever the package is installed.
    """
    program, *arguments = sys.argv
    path = PurePath(program)  # .../bin/pytest, or .../pytest/__main__.py
    in_clone = any("benchmarks" in PurePath(word.split("::")[0]).parts for word in arguments)
    if "pytest" in (path.stem, path.parent.name) and in_clone and "--pyargs" not in arguments:
        return "pytest", "benchmarks"
    return "fer-bench", "run"
