"""Figures of a run's report: those of the paper first, then further analyses."""

from __future__ import annotations

from typing import TYPE_CHECKING

# Must come first: it imports matplotlib safely, before the other modules do.
from fer_bench.report.plots import backend as _  # noqa: F401 isort: skip
from fer_bench.report.plots.calibration import calibration
from fer_bench.report.plots.confusion import confusion
from fer_bench.report.plots.example_images import example_figures
from fer_bench.report.plots.figure import Figure
from fer_bench.report.plots.initial_metrics import initial_figures
from fer_bench.report.plots.learning_curves import curves
from fer_bench.report.plots.palette import DARK_PALETTE, PALETTE
from fer_bench.report.plots.theme import themed
from fer_bench.report.plots.time_to_accuracy import learning_speed
from fer_bench.report.plots.tradeoffs import tradeoffs
from fer_bench.report.plots.trend import trend_figures

if TYPE_CHECKING:
    from fer_bench.analysis.run_analysis import Analysis

__all__ = ["DARK_PALETTE", "PALETTE", "Figure", "figures", "themed", "trend_figures"]


def figures(analysis: Analysis) -> list[Figure]:
    """Return the figures of a run's report that have something to show, in report order.

    Their keys: ``figure-5-mobilenet`` to ``figure-8-vggface`` and ``curves-BACKBONE`` for other
    backbones, ``figure-9-initial-accuracy``, ``figure-10-initial-loss``, ``figure-11`` to
    ``figure-17`` with seven classes and ``examples-NUMBER`` with another number of them,
    ``mistakes``, ``calibration``, ``confusion``, ``tradeoffs``, ``learning-speed``. Each is drawn
    only when its SVG or PNG is requested.
    """
    return [
        *curves(analysis),
        *initial_figures(analysis),
        *example_figures(analysis),
        *calibration(analysis),
        *confusion(analysis),
        *tradeoffs(analysis),
        *learning_speed(analysis),
    ]
