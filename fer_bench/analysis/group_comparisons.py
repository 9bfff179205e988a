"""Comparison of the groups of seeds of a run, two at a time, on the same test images."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from fer_bench.metrics import compare, holm
from fer_bench.protocol import published
from fer_bench.protocol.head import LINEAR

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from fer_bench.analysis.seed_groups import Group
    from fer_bench.metrics import Comparison

ALL_PAIRS = 8
"""Largest number of groups for which all pairs are compared; the paper has as many."""

LEVEL = 0.05
"""Significance level for corrected p-values."""

_ALL_IMAGES = slice(None)


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
        ours, theirs, _ = compared_seeds(self.first, self.second)
        return min(len(ours), len(theirs))

    @property
    def swapped(self) -> Pair:
        """The same pair with first and second exchanged."""
        return Pair(self.second, self.first, self.comparison.swapped, self.corrected)


def p_text(corrected: float) -> str:
    """Format a corrected p-value with enough decimals to distinguish it from ``LEVEL``."""
    if corrected < 0.0001:
        return "corrected p < 0.0001"
    decimals = 3 if corrected >= 0.001 else 4
    while decimals < 9 and round(corrected, decimals) == LEVEL != corrected:
        decimals += 1
    return f"corrected p = {corrected:.{decimals}f}"


def compare_groups(groups: Sequence[Group]) -> tuple[Pair, ...]:
    """Compare the groups whose predictions are known, in their order.

    Up to ``ALL_PAIRS`` groups, all pairs are compared. Beyond that, as the number of pairs grows
    quadratically, only four kinds are: each group with the one of highest mean test accuracy;
    pretrained with random of the same backbone and head; the heads of the same backbone and init
    with the paper's; and the paper's backbones with each other, for the same init and the paper's
    head. Selecting the best group on the images used for the test biases the comparison
    slightly in its favour.

    Seeds are paired if both groups were trained with the same ones. With two or more in common,
    only those are compared; otherwise all seeds are compared, unpaired.
    """
    return _compare(_selected([group for group in groups if group.correct is not None]))


def find_pair(pairs: Sequence[Pair], first: Group, second: Group) -> Pair | None:
    """Return the pair of two groups in the given order, or None if they were not compared."""
    for pair in pairs:
        names = [pair.first.id, pair.second.id]
        if names == [first.id, second.id]:
            return pair
        if names == [second.id, first.id]:
            return pair.swapped
    return None


def compare_on_subset(
    first: Group, others: Sequence[Group], images: NDArray[np.bool_]
) -> tuple[Pair, ...]:
    """Compare one group with each of the others on a subset of the test images.

    Seeds are paired as in ``compare_groups``; p-values are corrected over these comparisons.

    Args:
        first: the group to compare.
        others: the other groups, in any order; the predictions of all groups must be known.
        images: mask of the images to use, bool, shape (n,), at least one True.

    Raises:
        ValueError: a group has no predictions.
    """
    return _compare([(first, other) for other in others], images)


def _compare(
    selected: Sequence[tuple[Group, Group]], images: NDArray[np.bool_] | slice = _ALL_IMAGES
) -> tuple[Pair, ...]:
    """Compare each two groups on the images, and correct the p-values over all of them."""
    comparisons = []
    for groups in selected:
        *places, paired = compared_seeds(*groups)
        ours, theirs = (
            _correct(group)[rows][:, images] for group, rows in zip(groups, places, strict=True)
        )
        comparisons.append(compare(ours, theirs, paired_seeds=paired))
    corrected = holm(comparison.p_value for comparison in comparisons)
    return tuple(
        Pair(*groups, comparison, p_value)
        for groups, comparison, p_value in zip(selected, comparisons, corrected, strict=True)
    )


def compared_seeds(first: Group, second: Group) -> tuple[list[int], list[int], bool]:
    """Return the places of the seeds of two groups that are compared, and if they are paired.

    Places are indices in ``Group.seeds``; ``compare_groups`` states the rule.
    """
    common = sorted(set(first.seeds) & set(second.seeds))
    paired = len(common) > 1 or first.seeds == second.seeds
    ours, theirs = (
        [group.seeds.index(seed) for seed in (common if paired else sorted(group.seeds))]
        for group in (first, second)
    )
    return ours, theirs, paired


def _correct(group: Group) -> NDArray[np.bool_]:
    if group.correct is None:
        raise ValueError(
            f"{group.label} has no predictions; accepted: groups with stored predictions"
        )
    return group.correct


def _selected(known: list[Group]) -> list[tuple[Group, Group]]:
    """Return the groups to compare, two at a time."""
    every = list(combinations(known, 2))
    if len(known) <= ALL_PAIRS:
        return every
    best = max(known, key=lambda group: float(_correct(group).mean()))
    return [
        (first, second)
        for first, second in every
        if first is best
        or second is best
        or (first.backbone == second.backbone and _is_variant(first, second))
        or (first.init == second.init and _is_papers(first) and _is_papers(second))
    ]


def _is_variant(first: Group, second: Group) -> bool:
    """Check if groups of one backbone differ in the init only, or one has the paper's head."""
    if first.init != second.init:
        return first.head == second.head
    return LINEAR in (first.head, second.head)


def _is_papers(group: Group) -> bool:
    return group.backbone in published.BACKBONES and group.head == LINEAR
