"""What is compared: one or more runs on each side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fer_bench.results import Run


@dataclass(frozen=True)
class Side:
    """One side of a comparison: the base or the head.

    Several runs are repetitions of one experiment by one commit: they tell how far a speed
    varies from run to run.

    Attributes:
        runs: one or more, each with a name for errors and notes, for example its path.
    """

    runs: tuple[tuple[str, Run], ...]
