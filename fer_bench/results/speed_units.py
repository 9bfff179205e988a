"""Timers of speed measurements: wall clock, CPU time or others."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

from fer_bench.results.fact_names import OF_SPEEDS

if TYPE_CHECKING:
    from fer_bench.results.records import Run

TIMER = "timer"
"""Environment fact of a run with speed measurements: names of the timer functions."""

_WALL = "wall-clock seconds"
_UNITS = {
    **dict.fromkeys(("perf_counter", "monotonic", "time"), _WALL),
    **dict.fromkeys(("process_time", "thread_time"), "CPU seconds"),
}


def kinds(timer: str) -> list[str]:
    """Return the units of timers: wall-clock seconds, CPU seconds, or units of a named timer."""
    return sorted({_UNITS.get(name, f"units of {name}") for name in timer.split("; ")})


def speed_unit(run: Run) -> str:
    """Return the unit of a run's speeds, or an empty string if it is wall-clock seconds."""
    facts = dict(run.environment)
    timer = facts.get(TIMER + OF_SPEEDS, facts.get(TIMER, ""))
    found = " and ".join(kinds(timer)) if timer else ""
    return "" if found == _WALL else found


def speed_text(value: float) -> str:
    """Return a time or speed with three significant digits: more than a repetition reproduces."""
    rounded = float(f"{value:.3g}")
    decimals = 2 - math.floor(math.log10(abs(rounded))) if rounded else 0
    return f"{rounded:,.{max(0, decimals)}f}"


def on_the_wall_clock(run: Run) -> Run:
    """Return the run without its speeds unless they are in wall-clock time."""
    if not speed_unit(run):
        return run
    return dataclasses.replace(run, cells=tuple(cell.without_speed() for cell in run.cells))


def is_wall(name: str) -> bool:
    """Check if a timer function measures wall-clock time."""
    return _UNITS.get(name) == _WALL
