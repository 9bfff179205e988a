"""Kinds of seconds that speeds are measured in: of the wall clock, or others."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fer_bench.results.records import Run

TIMER = "timer"
"""Fact in the environment of a run that measured speeds: the functions that timed them."""

_WALL = ("perf_counter", "monotonic", "time")
_CPU = ("process_time", "thread_time")


def kinds(timer: str) -> list[str]:
    """Kinds of these timers: wall-clock seconds, CPU seconds, or one that only the name tells."""
    return sorted({_kind(name) for name in timer.split("; ")})


def speed_unit(run: Run) -> str:
    """Kind of a run's seconds, if they are not those of the wall clock."""
    timer = dict(run.environment).get(TIMER, "")
    found = " and ".join(kinds(timer)) if timer else ""
    return "" if found == _kind(_WALL[0]) else found


def on_the_wall_clock(run: Run) -> Run:
    """The run without speeds that say nothing of how long somebody waits."""
    if not speed_unit(run):
        return run
    cells = (dataclasses.replace(cell, training=None, inference=()) for cell in run.cells)
    return dataclasses.replace(run, cells=tuple(cells))


def is_wall(name: str) -> bool:
    """Check if this timer counts seconds of the wall clock."""
    return name in _WALL


def _kind(name: str) -> str:
    if is_wall(name):
        return "wall-clock seconds"
    return "CPU seconds" if name in _CPU else f"units of {name}"
