"""Every two backbones and inits of a run, compared on the same test images."""

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
"""Up to so many groups, which the paper has, every two are compared."""

LEVEL = 0.05
"""Corrected p-values below it tell two groups apart."""


@dataclass(frozen=True)
class Pair:
    """Two groups on the same test images.

    Attributes:
        first: the one that comes first in the run.
        second: the other.
        comparison: of the first with the second; its p-value is not corrected.
        corrected: the p-value after Holm's correction over all pairs compared.
    """

    first: Group
    second: Group
    comparison: Comparison
    corrected: float

    @property
    def differ(self) -> bool:
        """Whether the two can be told apart, all pairs considered."""
        return self.corrected < LEVEL

    @property
    def seeds(self) -> int:
        """Number of seeds of the side with fewer, of those compared."""
        common = set(self.first.seeds) & set(self.second.seeds)
        sides = (len(self.first.seeds), len(self.second.seeds))
        return len(common) if len(common) > 1 else min(sides)

    @property
    def turned(self) -> Pair:
        """The second with the first."""
        return Pair(self.second, self.first, self.comparison.turned, self.corrected)

    @property
    def effect_text(self) -> str:
        """Difference and interval for a reader."""
        found = self.comparison
        return f"{found.difference:+.3f} [{found.interval.low:+.3f}, {found.interval.high:+.3f}]"

    @property
    def text(self) -> str:
        """Difference, interval and corrected p-value for a reader."""
        return f"{self.effect_text}, {p_text(self.corrected)}"


def p_text(corrected: float) -> str:
    """A corrected p-value for a reader, with so many decimals as tell it from ``LEVEL``."""
    if corrected < 0.0001:
        return "corrected p < 0.0001"
    decimals = 3 if corrected >= 0.001 else 4
    while decimals < 9 and round(corrected, decimals) == LEVEL != corrected:
        decimals += 1
    return f"corrected p = {corrected:.{decimals}f}"


def pairs(run: Run) -> tuple[Pair, ...]:
    """Compares the groups whose predictions are known, in the order of the run.

    With up to ``ALL_PAIRS`` of them every two. With more, whose pairs grow with the square, three
    kinds: each with the one of the highest mean test accuracy; pretrained with random of one
    backbone; and the paper's backbones with each other, of one init. Being chosen as the highest
    on the very images compared on favours the highest one a little.

    Seeds are paired where both groups were trained with the same ones; with two or more in common,
    those alone are compared. With other ones, all are, unpaired.
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
    """Compares one group with each of the others on some of the test images.

    Seeds are paired as ``pairs`` has it, and p-values corrected over these comparisons.

    Args:
        first: the one.
        others: the others, in any order; the predictions of all are known.
        labels: uint8, shape (n,): of the test images.
        images: which of them count, bool, shape (n,), one or more.
    """

    def correct(group: Group) -> NDArray[np.bool_]:
        found = group.correct(labels)
        if found is None:
            raise ValueError(f"{group.label} has no predictions; accepted: groups with them")
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
    """The pair of two groups, the right way round; None where they were not compared.

    Args:
        found: what ``pairs`` returns.
        first: backbone and init of the one.
        second: backbone and init of the other.
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
    """Compares tables of one row for each seed, whatever the order of the seeds."""
    common = sorted(set(first) & set(second))
    paired = len(common) > 1 or list(first) == list(second)
    rows = (common, common) if paired else (sorted(first), sorted(second))
    one, other = (
        table[[list(seeds).index(seed) for seed in chosen]]
        for seeds, table, chosen in zip((first, second), (ours, theirs), rows, strict=True)
    )
    return compare(one, other, paired_seeds=paired)


def _chosen(known: list[Group], accuracies: list[float]) -> list[tuple[int, int]]:
    """Which of the groups are compared with which, by their places."""
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
