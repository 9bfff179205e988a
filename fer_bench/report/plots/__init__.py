"""Figures of a run's report: those of the paper first, then further analyses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.report.plots.calibration import calibration_figures
from fer_bench.report.plots.confusion import confusion_figures
from fer_bench.report.plots.example_images import example_figures
from fer_bench.report.plots.figure import Figure
from fer_bench.report.plots.initial_metrics import initial_figures
from fer_bench.report.plots.learning_curves import curve_figures
from fer_bench.report.plots.palette import DARK_PALETTE, PALETTE
from fer_bench.report.plots.sweep import sweep_figures
from fer_bench.report.plots.time_to_accuracy import time_to_accuracy_figures
from fer_bench.report.plots.tradeoffs import tradeoff_figures
from fer_bench.report.plots.trend import trend_figures

if TYPE_CHECKING:
    from fer_bench.analysis.run_analysis import Analysis

__all__ = ["DARK_PALETTE", "PALETTE", "Figure", "figures", "trend_figures"]


def figures(analysis: Analysis) -> list[Figure]:
    """Return the figures of a run's report that have something to show, in report order.

    Their keys: ``figure-5-mobilenet`` to ``figure-8-vggface`` and ``curves-BACKBONE`` for other
    backbones, ``figure-9-initial-accuracy``, ``figure-10-initial-loss``, ``figure-11`` to
    ``figure-17`` with seven classes and ``examples-NUMBER`` with another number of them,
    ``mistakes``, ``calibration``, ``confusion``, ``tradeoffs``, ``learning-speed``, and
    ``sweep-NETWORK`` of swept cells. Each is drawn only when its SVG or PNG is requested.
    """
    return [
        *curve_figures(analysis),
        *initial_figures(analysis),
        *example_figures(analysis),
        *calibration_figures(analysis),
        *confusion_figures(analysis),
        *tradeoff_figures(analysis),
        *time_to_accuracy_figures(analysis),
        *sweep_figures(analysis),
    ]
