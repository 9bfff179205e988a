"""Confusion matrices of the networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_bench.runtime.escapes import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.analysis.seed_groups import Group


@dataclass(frozen=True)
class Share:
    """One entry of a confusion matrix.

    Attributes:
        count: number of test images.
        share: share of the test images of the row's class, 0 to 1; None if the class has none.
        heat: the share in tenths, 0 to 10.
    """

    count: int
    share: float | None
    heat: int


@dataclass(frozen=True)
class ClassLine:
    """Row of one class in a confusion matrix.

    Attributes:
        name: name of the class.
        shares: predictions for its images, in the order of the classes.
        total: number of its test images.
        recall: share of them that is recognised; None if there are none.
    """

    name: str
    shares: Sequence[Share]
    total: int
    recall: float | None


@dataclass(frozen=True)
class HeatMap:
    """Confusion matrix of one backbone and init.

    Attributes:
        label: the cell's name in tables.
        seeds: number of trained cells whose counts are added up.
        accuracy: share of all these images that is recognised; None if there are none.
        lines: rows, one for each class.
    """

    label: str
    seeds: int
    accuracy: float | None
    lines: Sequence[ClassLine]


def heat_maps(analysis: Analysis, groups: Sequence[Group]) -> list[HeatMap]:
    """Return a heat map for each group of a run that is trained; none without a test part."""
    if not analysis.dataset.has_test:
        return []
    names = [clean(name) for name, _ in analysis.dataset.counts]
    made = []
    for group in groups:
        if group.mean.quality is None:
            continue
        lines = []
        for code, counts in enumerate(group.mean.quality.confusion):
            total = sum(counts)
            shares = [
                Share(one, one / total, round(10 * one / total)) if total else Share(one, None, 0)
                for one in counts
            ]
            lines.append(ClassLine(names[code], shares, total, shares[code].share))
        total = sum(line.total for line in lines)
        right = sum(line.shares[code].count for code, line in enumerate(lines))
        accuracy = right / total if total else None
        made.append(HeatMap(clean(group.label), len(group.trained), accuracy, lines))
    return made
