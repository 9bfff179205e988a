"""Pairwise tests between the groups (backbone and init) of a run on the same test images."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from fer_bench.analysis.seed_groups import groups
from fer_bench.metrics import compare, holm
from fer_bench.protocol import published

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from fer_bench.analysis.seed_groups import Group
    from fer_bench.metrics import Comparison
    from fer_bench.protocol.cells import Init
    from fer_bench.results.records import Run

ALL_PAIRS = 8
"""Largest number of groups for which all pairs are compared; the paper has as many."""

LEVEL = 0.05
"""Significance level for corrected p-values."""


@dataclass(frozen=True)
class Pair:
    """Comparison of two groups on the same test images.

    Attributes:
        first: the group that comes first in the run.
        second: the other group.
        comparison: comparison of the first with the second; its p-value is uncorrected.
        corrected: p-value after Holm's correction over all compared pairs.
    """

    first: Group
    second: Group
    comparison: Comparison
    corrected: float

    @property
    def differ(self) -> bool:
        """True if the two groups differ significantly after correction."""
        return self.corrected < LEVEL

    @property
    def seeds(self) -> int:
        """Number of compared seeds, of the group with fewer."""
        common = set(self.first.seeds) & set(self.second.seeds)
        sides = (len(self.first.seeds), len(self.second.seeds))
        return len(common) if len(common) > 1 else min(sides)

    @property
    def turned(self) -> Pair:
        """The same pair with first and second swapped."""
        return Pair(self.second, self.first, self.comparison.turned, self.corrected)

    @property
    def effect_text(self) -> str:
        """Difference and interval as display text."""
        found = self.comparison
        return f"{found.difference:+.3f} [{found.interval.low:+.3f}, {found.interval.high:+.3f}]"

    @property
    def text(self) -> str:
        """Difference, interval and corrected p-value as display text."""
        return f"{self.effect_text}, {p_text(self.corrected)}"


def p_text(corrected: float) -> str:
    """Format a corrected p-value with enough decimals to distinguish it from ``LEVEL``."""
    if corrected < 0.0001:
        return "corrected p < 0.0001"
    decimals = 3 if corrected >= 0.001 else 4
    while decimals < 9 and round(corrected, decimals) == LEVEL != corrected:
        decimals += 1
    return f"corrected p = {corrected:.{decimals}f}"


def pairs(run: Run) -> tuple[Pair, ...]:
    """Compare the groups whose predictions are known, in run order.

    Up to ``ALL_PAIRS`` groups, all pairs are compared. Beyond that, as the number of pairs grows
    quadratically, only three kinds are: each group with the one of highest mean test accuracy;
    pretrained with random of the same backbone; and the paper's backbones with each other, for the
    same init. Selecting the best group on the images used for the test biases the comparison
    slightly in its favour.

    Seeds are paired if both groups were trained with the same ones. With two or more in common,
    only those are compared; otherwise all seeds are compared, unpaired.
    """
    labels = run.dataset.labels
    known: list[tuple[Group, NDArray[np.bool_]]] = []
    for group in groups(run):
        correct = group.correct(labels)
        if correct is not None:
            known.append((group, correct))
    accuracies = [float(correct.mean()) for _, correct in known]
    chosen = _chosen([group for group, _ in known], accuracies)
    compared = []
    for one, other in chosen:
        (first, ours), (second, theirs) = known[one], known[other]
        compared.append(_compared(first.seeds, ours, second.seeds, theirs))
    corrected = holm(comparison.p_value for comparison in compared)
    return tuple(
        Pair(known[one][0], known[other][0], comparison, p_value)
        for (one, other), comparison, p_value in zip(chosen, compared, corrected, strict=True)
    )


def against(
    first: Group,
    others: Sequence[Group],
    labels: NDArray[np.uint8],
    images: NDArray[np.bool_],
) -> tuple[Pair, ...]:
    """Compare one group with each of the others on a subset of the test images.

    Seeds are paired as in ``pairs``; p-values are corrected over these comparisons.

    Args:
        first: the group to compare.
        others: the other groups, in any order; the predictions of all groups must be known.
        labels: labels of the test images, uint8, shape (n,).
        images: mask of the images to use, bool, shape (n,), at least one True.

    Raises:
        ValueError: a group has no predictions.
    """

    def correct(group: Group) -> NDArray[np.bool_]:
        found = group.correct(labels)
        if found is None:
            raise ValueError(
                f"{group.label} has no predictions; accepted: groups with stored predictions"
            )
        return found[:, images]

    ours = correct(first)
    compared = [_compared(first.seeds, ours, other.seeds, correct(other)) for other in others]
    corrected = holm(comparison.p_value for comparison in compared)
    return tuple(
        Pair(first, other, comparison, p_value)
        for other, comparison, p_value in zip(others, compared, corrected, strict=True)
    )


def between(
    found: tuple[Pair, ...], first: tuple[str, Init], second: tuple[str, Init]
) -> Pair | None:
    """Return the pair of two groups in the given order, or None if they were not compared.

    Args:
        found: result of ``pairs``.
        first: backbone and init of the first group.
        second: backbone and init of the second group.
    """
    for pair in found:
        names = [(group.backbone, group.init) for group in (pair.first, pair.second)]
        if names == [first, second]:
            return pair
        if names == [second, first]:
            return pair.turned
    return None


def _compared(
    first: Sequence[int],
    ours: NDArray[np.bool_],
    second: Sequence[int],
    theirs: NDArray[np.bool_],
) -> Comparison:
    """Compare two tables with one row per seed, in any order of the seeds."""
    common = sorted(set(first) & set(second))
    paired = len(common) > 1 or list(first) == list(second)
    rows = (common, common) if paired else (sorted(first), sorted(second))
    one, other = (
        table[[list(seeds).index(seed) for seed in chosen]]
        for seeds, table, chosen in zip((first, second), (ours, theirs), rows, strict=True)
    )
    return compare(one, other, paired_seeds=paired)


def _chosen(known: list[Group], accuracies: list[float]) -> list[tuple[int, int]]:
    """Return the index pairs of the groups to compare."""
    every = list(combinations(range(len(known)), 2))
    if len(known) <= ALL_PAIRS:
        return every
    best = accuracies.index(max(accuracies))
    return [
        (one, other)
        for one, other in every
        if best in (one, other)
        or known[one].backbone == known[other].backbone
        or (known[one].init == known[other].init and _paper(known[one]) and _paper(known[other]))
    ]


def _paper(group: Group) -> bool:
    return group.backbone in published.BACKBONES
