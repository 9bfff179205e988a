"""Data of the page's interactive charts, as plain values for its script."""

from __future__ import annotations

import math
from dataclasses import astuple
from typing import TYPE_CHECKING, Any

from fer_bench.protocol.head import is_fitted
from fer_bench.report.plots.calibration import FEW, reliability_bins
from fer_bench.report.plots.initial_metrics import initial_data
from fer_bench.report.plots.learning_curves import curves_key, curves_of
from fer_bench.report.plots.tradeoffs import inference_batch, tradeoffs
from fer_bench.results.metric_estimates import OF_CLASSES
from fer_bench.runtime.escapes import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.analysis.seed_groups import Group

Data = dict[str, Any]


def chart_data(analyses: Sequence[Analysis], names: Sequence[str] = ("",)) -> Data:
    """Return what the page's script draws; empty if no cell was trained.

    Cells are identified by their index in ``cells``, which holds every backbone, init and head
    once, even if it was tested on several sets of images. Numbers have at most six decimals; None
    stands for a value that is not finite.

    Args:
        analyses: analysis of the cells of each set of test images.
        names: names of these sets, empty for a single one.
    """
    if not any(analysis.trained for analysis in analyses):
        return {}
    groups = {clean(one.label): one for analysis in analyses for one in analysis.groups}
    series = list(dict.fromkeys(group.series for group in groups.values()))
    places = {label: place for place, label in enumerate(groups)}
    return {
        "cells": [
            {
                "label": label,
                "series": series.index(group.series),
                "init": group.init,
                "trained": bool(group.trained),
            }
            for label, group in groups.items()
        ],
        "sets": [
            _test_set(analysis, places, name, f"-set-{number}" if name else "")
            for number, (analysis, name) in enumerate(zip(analyses, names, strict=True), start=1)
        ],
    }


def _test_set(analysis: Analysis, places: Mapping[str, int], name: str, suffix: str) -> Data:
    """Return the charts of one set of test images; ``suffix`` ends keys of figures and tables."""
    trained = [(places[clean(group.label)], group) for group in analysis.trained]
    cells = [places[clean(group.label)] for group in analysis.groups]
    index = dict(zip(map(id, analysis.groups), cells, strict=True))
    found = analysis.time_to_accuracy
    return {
        "name": clean(name),
        "suffix": suffix,
        "classes": [clean(name) for name, _ in analysis.dataset.counts],
        "curves": [
            {"cell": cell, "figure": f"{curves_key(group)}{suffix}", **curve}
            for cell, group in trained
            if not is_fitted(group.head)
            for curve in _curves(group)
        ],
        "tradeoffs": _tradeoffs(analysis, cells) if analysis.dataset.has_test else None,
        "class_metrics": [
            {"cell": cell, "classes": classes}
            for cell, group in trained
            if (classes := _class_metrics(group))
        ],
        "time": found
        and {
            "target": _number(found.target),
            "curves": [
                {
                    "cell": index[id(curve.group)],
                    "seconds": [float(f"{value:.6g}") for value in curve.seconds],
                    "accuracy": _numbers(curve.accuracies),
                }
                for curve in found.curves
            ],
        },
        "calibration": [
            {
                "cell": cell,
                "error": _number(group.calibration_error),
                "bins": [
                    [_number(one.confidence), _number(one.accuracy), one.images]
                    for one in reliability_bins(group)
                ],
                "few": FEW * len(group.trained),
            }
            for cell, group in trained
            if group.calibration_error is not None
        ],
        "initial": [
            {
                "measure": one.measure,
                "chance": _number(one.chance),
                "rows": [
                    {"cell": cell, "values": list(map(_numbers, values))}
                    for cell, (_, values) in zip(cells, one.rows, strict=True)
                    if values
                ],
            }
            for one in initial_data(analysis, analysis.groups)
        ],
    }


def _number(value: float | None) -> float | None:
    """Return a number with at most six decimals that JSON can hold."""
    return round(float(value), 6) if value is not None and math.isfinite(value) else None


def _numbers(values: Iterable[float | None]) -> list[float | None]:
    return [_number(value) for value in values]


def _curves(group: Group) -> list[Data]:
    made = []
    for curve in curves_of([group]):
        one: Data = {
            "measure": curve.measure,
            "part": curve.part,
            "first": curve.epochs[0],
            "mean": _numbers(curve.mean),
        }
        if curve.seeds > 1:
            one |= {"low": _numbers(curve.low), "high": _numbers(curve.high)}
        made.append(one)
    return made


def _tradeoffs(analysis: Analysis, cells: Sequence[int]) -> Data:
    """Return accuracy, interval, costs and throughput of the networks that were tested."""
    every = analysis.wall_clock_groups
    places = [place for place, group in enumerate(every) if group.test_accuracies]
    groups = [every[place] for place in places]
    batch = inference_batch(groups)
    costs = tradeoffs(groups, batch)
    points = []
    for number, (place, group) in enumerate(zip(places, groups, strict=True)):
        interval = None if group.score is None else group.score.spread
        speeds = [
            speed.images_per_second
            for cell in group.trained
            for speed in cell.inference
            if speed.batch_size == batch
        ]
        points.append(
            {
                "cell": cells[place],
                "accuracy": _number(group.test_accuracy),
                "range": _numbers((min(group.test_accuracies), max(group.test_accuracies))),
                "interval": None if interval is None else _numbers((interval.low, interval.high)),
                "costs": [cost.values.get(number) for cost in costs],
                "throughput": sum(speeds) / len(speeds) if speeds else None,
            }
        )
    return {
        "batch": batch,
        "costs": [
            {
                "name": f"{cost.name}, batch of {batch}" if cost.unit == "ms" else cost.name,
                "unit": cost.unit,
            }
            for cost in costs
        ],
        "points": points,
    }


def _class_metrics(group: Group) -> list[Data]:
    """Return value, 95 % CI over images and seeds and number of images of each class's metrics."""
    if group.spread_metrics is None:
        return []
    return [
        {
            "images": one.images,
            **{name: _numbers(astuple(getattr(one, name))) for name in OF_CLASSES},
        }
        for one in group.spread_metrics.classes
    ]
