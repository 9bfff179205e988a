"""Experiments of a report: runs of one protocol on the same images, merged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from fer_bench.results.records import Run


@dataclass(frozen=True)
class Experiment:
    """Cells that were measured under one protocol on the same images.

    Attributes:
        run: the results.
        name: what distinguishes it from the other experiments of a report; empty if there are none.
        times: when its results files were written, as far as known.
    """

    run: Run
    name: str = ""
    times: tuple[datetime, ...] = ()
