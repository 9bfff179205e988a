"""Tables of the standard classification metrics with intervals: of all classes, and of each."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fer_bench.report.cell_rows import cell_row
from fer_bench.report.table import Column, Table, bracketed
from fer_bench.results.metric_estimates import OF_CLASSES, OVERALL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.report.table import Entry
    from fer_bench.results.metric_estimates import ClassEstimates, MetricEstimates

HEADINGS = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
    "weighted_f1": "weighted F1",
    "top_2": "top-2 accuracy",
    "kappa": "kappa",
    "mcc": "MCC",
    "ece": "ECE",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
}
"""Headings of the metrics, by their names in results files."""

_COEFFICIENTS = ("kappa", "mcc")
"""Metrics from -1 to 1, which are not shown in percent."""

_MOST_SEEDS = 5
"""Maximum number of seeds whose recalls are all shown."""

_INTERVALS = (
    "Brackets: 95 % bootstrap intervals over the test images (recall and precision of one seed: "
    "Wilson's), with several seeds widened by Student's t over the seeds; none for a metric that "
    "is the same in all resamples."
)


def metrics_table(analysis: Analysis) -> Table:
    """Return one row for each backbone and init, with the metrics of all classes together."""
    rows = []
    for group in analysis.groups:
        entries = None
        if group.metrics is not None and group.spread_metrics is not None:
            entries = _entries(group.metrics, group.spread_metrics, OVERALL)
        rows.append(cell_row(group.mean, entries, data=group.dataset))
    title, columns = "Classification metrics on the test images", [*map(_column, OVERALL)]
    notes = (
        "In %, except for kappa and MCC (-1 to 1; 0: no better than chance). balanced "
        "accuracy: mean recall of the classes (UAR). macro F1: mean F1 of the classes; "
        "weighted F1: weighted by their images. top-2 accuracy: images whose class is among "
        "the two most probable ones. kappa: Cohen's. MCC: Matthews correlation coefficient. "
        "ECE: expected calibration error, 0 is best.",
        f"{_INTERVALS} ECE has none: its bootstrap is biased upwards.",
    )
    return Table("metrics", title, "Model", columns, rows, notes)


def class_metrics_table(analysis: Analysis) -> Table:
    """Return one row for each class of each backbone and init."""
    rows = []
    for group in analysis.groups:
        if group.metrics is None or group.spread_metrics is None:
            rows.append(cell_row(group.mean, None, data=group.dataset))
            continue
        recalls = zip(*(one.recall for one in group.qualities), strict=True)
        classes = zip(group.metrics.classes, group.spread_metrics.classes, recalls, strict=True)
        for one, spread, by_seed in classes:
            entries = (*_entries(one, spread, OF_CLASSES), _by_seed(by_seed), one.images)
            rows.append(cell_row(group.mean, entries, part=f", {one.name}", data=group.dataset))
    columns = (
        *map(_column, OF_CLASSES),
        Column("recall by seed", kind="word", optional=True, shown_only=True),
        Column("images"),
    )
    notes = (
        "In %. precision: of the images predicted as the class, those of the class; "
        "\N{EN DASH} if a seed never predicts the class. recall: of the images of the class, "
        "those predicted as it. F1: harmonic mean of the two, with several seeds the mean over "
        "the seeds of each seed's F1. images: test images of the class (support).",
        _INTERVALS,
    )
    title = "Precision, recall and F1 of each class on the test images"
    return Table("classes", title, "Model, class", columns, rows, notes)


def _column(name: str) -> Column:
    column = Column(
        HEADINGS[name], decimals=1, style="percent", limits=True, optional=name == "top_2"
    )
    return replace(column, decimals=2, style="") if name in _COEFFICIENTS else column


def _entries(
    found: MetricEstimates | ClassEstimates,
    spread: MetricEstimates | ClassEstimates,
    names: Sequence[str],
) -> list[Entry]:
    """Return metrics with limits over the images, and over images and seeds to be shown."""
    return [
        bracketed(getattr(found, name).value, getattr(found, name), getattr(spread, name))
        for name in names
    ]


def _by_seed(recalls: Sequence[float | None]) -> str | None:
    """Return the recalls of a class by several seeds, or their range, as text."""
    known = [100 * one for one in recalls if one is not None]
    if len(recalls) < 2 or not known:
        return None
    if len(known) > _MOST_SEEDS:
        return f"{min(known):.1f} to {max(known):.1f}"
    return " / ".join(f"{one:.1f}" for one in known)
