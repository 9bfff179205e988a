"""Reliability diagrams: accuracy against confidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fer_bench.metrics.calibration import reliability
from fer_bench.report.plots import labels
from fer_bench.report.plots.axes import SMALL, add_axes, set_ticks
from fer_bench.report.plots.figure import Figure
from fer_bench.report.plots.palette import PAPER, SERIES, SOFT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure as Drawing

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.analysis.seed_groups import Group
    from fer_bench.metrics.calibration import Bin

BINS = 15
FEW = 10
"""Images per seed below which a bin is drawn hollow, as its accuracy alone means little."""
_COLUMNS, _SIDE = 4, 104.0


def calibration_figures(analysis: Analysis) -> list[Figure]:
    """Return one figure with a panel per backbone and init; empty if no predictions are known."""
    known = [group for group in analysis.groups if group.calibration_error is not None]
    if not known:
        return []
    shown = labels.most_accurate(known)
    notes = [
        f"Test images in {BINS} bins by confidence, the probability of the predicted class. Dots: "
        "accuracy of a bin against its mean confidence; area: number of images, hollow if fewer "
        f"than {FEW}. On the diagonal the network is calibrated, below it overconfident. Bars: the "
        "gap. ECE: expected calibration error, the mean gap weighted by images; 0 is best.",
        *labels.seeds_note(
            analysis.groups, "Bins hold the images of all seeds; ECE: mean over the seeds."
        ),
        *labels.left_out(len(known)),
        *labels.not_shown(analysis.groups, labels.has_predictions, "no predictions"),
    ]
    errors = [f"{labels.name(one)} {one.calibration_error:.3f}" for one in shown]
    return [
        Figure(
            key="calibration",
            title="Calibration: accuracy against confidence",
            caption=" ".join(notes),
            alt=labels.briefly("Reliability diagrams. Expected calibration errors: ", errors),
            data=shown,
            draw=_draw,
        )
    ]


def reliability_bins(group: Group) -> list[Bin]:
    """Return bins of the images of all seeds that are not empty; none without predictions."""
    if group.correct is None:
        return []
    confidence = np.concatenate([one.confidence for one in group.predictions])
    bins = reliability(confidence, group.correct.ravel(), BINS)
    return [one for one in bins if one.confidence is not None]


def _draw(drawing: Drawing, data: Sequence[Group]) -> None:
    panels = add_axes(drawing, len(data), _COLUMNS, _SIDE, top=32, gap=(26, 46))
    panels[0].set_ylabel("accuracy")
    panels[(len(data) - 1) // _COLUMNS * _COLUMNS].set_xlabel("confidence")
    for index, (axes, group) in enumerate(zip(panels, data, strict=True)):
        axes.set(xlim=(0, 1), ylim=(0, 1))
        words = ("0", "0.5", "1")
        set_ticks(axes.xaxis, (0, 0.5, 1), words if index + _COLUMNS >= len(data) else ())
        set_ticks(axes.yaxis, (0, 0.5, 1), words if index % _COLUMNS == 0 else ())
        label = labels.short_label(group.label, 23)
        axes.set_title(f"{label}\nECE {group.calibration_error:.3f}", fontsize=SMALL)
        axes.plot([0, 1], [0, 1], color=SOFT, linestyle=":", linewidth=0.9)
        bins = [(one.confidence, one.accuracy, one.images) for one in reliability_bins(group)]
        confidence, accuracy, images = (np.array(column) for column in zip(*bins, strict=True))
        width = 0.8 * _SIDE / BINS
        axes.vlines(confidence, accuracy, confidence, colors=SOFT, alpha=0.3, linewidth=width)
        axes.scatter(
            confidence,
            accuracy,
            s=3 + 120 * images / images.sum(),
            facecolors=[PAPER if few else SERIES[0] for few in images < FEW * len(group.trained)],
            edgecolors=SERIES[0],
            linewidths=0.8,
            zorder=3,
            clip_on=False,
        )
