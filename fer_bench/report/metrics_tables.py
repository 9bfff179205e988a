"""Tables of metrics with intervals, over images and seeds, of pairwise tests and calibration."""

from __future__ import annotations

import math
import statistics
from dataclasses import replace
from typing import TYPE_CHECKING

from fer_bench.analysis.group_comparisons import ALL_PAIRS, LEVEL
from fer_bench.metrics import over_seeds
from fer_bench.report.cell_rows import cell_row
from fer_bench.report.table import Column, Entry, Row, Table, bracketed
from fer_bench.results.metric_estimates import OF_CLASSES, OVERALL
from fer_bench.results.records import NO_TEST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.analysis.group_comparisons import Pair
    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.report.table import Entry
    from fer_bench.results.metric_estimates import ClassEstimates, MetricEstimates

_HEADINGS = {
    "macro_f1": "macro F1",
    "weighted_f1": "weighted F1",
    "top_2": "top-2 accuracy",
    "mcc": "MCC",
    "ece": "ECE",
    "f1": "F1",
}
"""Headings of the metrics that differ from their names in results files."""

_COEFFICIENTS = ("kappa", "mcc")
"""Metrics from -1 to 1, which are not shown in percent."""

_MOST_SEEDS = 5
"""Maximum number of seeds whose recalls are all shown."""

_BOOTSTRAP = (
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
    title, columns = "Classification metrics on the test images", [*map(_metric_column, OVERALL)]
    notes = (
        "In %, except for kappa and MCC (-1 to 1; 0: no better than chance). balanced "
        "accuracy: mean recall of the classes (UAR). macro F1: mean F1 of the classes; "
        "weighted F1: weighted by their images. top-2 accuracy: images whose class is among "
        "the two most probable ones. kappa: Cohen's. MCC: Matthews correlation coefficient. "
        "ECE: expected calibration error, 0 is best.",
        f"{_BOOTSTRAP} ECE has none: its bootstrap is biased upwards.",
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
        *map(_metric_column, OF_CLASSES),
        Column("recall by seed", kind="word", optional=True, shown_only=True),
        Column("images"),
    )
    notes = (
        "In %. precision: of the images predicted as the class, those of the class; "
        "\N{EN DASH} if a seed never predicts the class. recall: of the images of the class, "
        "those predicted as it. F1: harmonic mean of the two, with several seeds the mean over "
        "the seeds of each seed's F1. images: test images of the class (support).",
        _BOOTSTRAP,
    )
    title = "Precision, recall and F1 of each class on the test images"
    return Table("classes", title, "Model, class", columns, rows, notes)


def _metric_column(name: str) -> Column:
    heading = _HEADINGS.get(name, name.replace("_", " "))
    column = Column(heading, decimals=1, style="percent", limits=True, optional=name == "top_2")
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


def uncertainty_table(analysis: Analysis) -> Table:
    """Return the table of accuracies with intervals over seeds and over test images."""
    columns = [Column("seeds")]
    for part, by_images in (("test accuracy", True), ("validation accuracy", False)):
        share = Column("mean", part, decimals=1, style="percent")
        columns += [
            share,
            replace(share, name="SD", keys=(part, "sd"), optional=True),
            replace(share, name="95 % CI (seeds)", interval="by seeds", optional=True),
            *([replace(share, name="95 % CI (images)", interval="by images")] if by_images else []),
        ]
    rows = []
    for group in analysis.groups:
        entries: list[Entry] | None = None
        if group.trained:
            entries = [
                len(group.trained),
                *_over_seeds(group.test_accuracies),
                bracketed(None, None if group.score is None else group.score.interval),
                *_over_seeds([one.history.validation_accuracy[-1] for one in group.qualities]),
            ]
        row = cell_row(group.mean, entries, data=group.dataset)
        # The first column is the number of seeds, the second is of the test images.
        rows.append(row if group.dataset.has_test else replace(row, place=1))
    notes = (
        "Accuracy: %.",
        "CI (seeds): 95 % Student t interval of the mean over seeds; it covers the variation "
        "between training runs on these images, not the sampling of the images. One seed has "
        "neither SD nor interval.",
        "CI (images): 95 % bootstrap interval over the test images; it covers the sampling of "
        "the images for these trained networks, not the variation between training runs.",
        "Neither covers another split or another data set.",
    )
    return Table("uncertainty", "Uncertainty of accuracy", "Model", columns, rows, notes)


def pairs_table(pairs: Sequence[Pair], *, has_test: bool = True) -> Table:
    """Return the table of pairwise comparisons of networks on the test images, if there are any."""
    methods = list(dict.fromkeys(pair.comparison.method for pair in pairs))
    # With several seeds, "only A correct" is undefined for an image.
    counted = any(pair.comparison.only_first is not None for pair in pairs)
    rows = []
    for pair in pairs:
        found = pair.comparison
        entries: tuple[Entry, ...] = (
            bracketed(found.difference, found.interval),
            *((found.only_first, found.only_second) if counted else ()),
            found.p_value,
            pair.corrected,
            *((found.method,) if len(methods) > 1 else ()),
        )
        key = f"{pair.first.row_key} less {pair.second.row_key}"
        rows.append(Row(f"{pair.first.label} minus {pair.second.label}", entries, key=key))
    columns = [
        Column("difference", decimals=1, style="percent", limits=True, keys=("", "difference")),
        *(
            Column(name, "only one correct", keys=("right alone", name))
            for name in ("first", "second")
            if counted
        ),
        Column("p", decimals=4, style="p"),
        Column("corrected p", decimals=4, style="p"),
        *([Column("method", kind="word")] if len(methods) > 1 else []),
    ]
    notes = _pairs_notes(pairs, methods) if has_test else (f"No pair to compare: {NO_TEST}.",)
    return Table("pairs", "Pairwise comparison on the test images", "Pair", columns, rows, notes)


def _pairs_notes(pairs: Sequence[Pair], methods: Sequence[str]) -> tuple[str, ...]:
    if not pairs:
        return ("No pair to compare: fewer than two trained networks have stored predictions.",)
    return (
        "difference: first minus second test accuracy, in percentage points, with its 95 % CI, "
        "uncorrected, in brackets. corrected p: Holm's method over all pairs of this table "
        f"({len(pairs)}); below {LEVEL} the difference is significant.",
        *(f"p-values: {method}." for method in methods if len(methods) == 1),
        "With one seed each, p-value and CI cover the sampling of the test images, not the "
        "variation between training runs. With several seeds they cover both; for a network with "
        "one seed, the other's variation over seeds is used.",
        "With one seed each, the p-value is exact but the CI is from a "
        "bootstrap: close to 0.05, or with few images, they may disagree.",
        _left_out(pairs),
    )


def _left_out(pairs: Sequence[Pair]) -> str:
    """Return a note on the selection of pairs; empty if all pairs were compared."""
    networks = {group.id for pair in pairs for group in (pair.first, pair.second)}
    if len(pairs) == math.comb(len(networks), 2):
        return ""
    return (
        f"With more than {ALL_PAIRS} networks, only some pairs are compared: each network with the "
        "most accurate one, pretrained with random of the same backbone, and the paper's backbones "
        "with each other for the same init."
    )


def calibration_table(analysis: Analysis) -> Table:
    """Return the table of calibration: expected calibration error, confidence and accuracy."""
    rows = []
    for group in analysis.groups:
        entries: list[Entry] | None = None
        if group.score is not None:
            entries = [
                group.calibration_error,
                statistics.mean(float(one.confidence.mean()) for one in group.predictions),
                group.score.accuracy,
            ]
        rows.append(cell_row(group.mean, entries, data=group.dataset))
    names = ("ECE", "mean confidence", "accuracy")
    columns = [Column(name, decimals=1, style="percent") for name in names]
    notes = (
        "In %. ECE: expected calibration error, the mean absolute difference between accuracy "
        "and confidence over 15 bins of equal width, weighted by their number of images; 0 is "
        "best. With several seeds: mean over the seeds.",
        "No interval is given; with few images, ECE is above 0 by chance alone.",
    )
    return Table("calibration", "Expected calibration error", "Model", columns, rows, notes)


def _over_seeds(shares: Sequence[float]) -> list[Entry]:
    if not shares:
        return [None] * 3
    spread = over_seeds(shares)
    return [spread.mean, spread.deviation, bracketed(None, spread.interval)]
