"""Timing noise of a run: differences in speed between networks that do the same work."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from fer_bench.protocol.head import is_fitted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fer_bench.analysis.seed_groups import Group
    from fer_bench.results.records import Parameters

_RELIABLE = 0.25
"""Largest noise with which speeds can be compared."""


def do_same_work(first: Group, second: Group) -> bool:
    """Check if two networks have the same layers and train the same ones.

    They then differ only in their weights, on which no speed depends. The work of a fitted head,
    such as the depth of trees, depends on the features.
    """
    counts = _parameters(first)
    return (
        first.series == second.series
        and not is_fitted(first.head)
        and counts is not None
        and counts == _parameters(second)
    )


def timing_noise(networks: Iterable[tuple[Group, Sequence[float | None]]]) -> float | None:
    """Return by how much times or speeds differ at most between networks that do the same work.

    Args:
        networks: each network with its times or speeds, None for those not measured.

    Returns:
        Larger minus smaller, as a share of the smaller; None without such networks.
    """
    differences = [
        max(one, other) / min(one, other) - 1
        for (first, ours), (second, theirs) in combinations(networks, 2)
        if do_same_work(first, second)
        for one, other in zip(ours, theirs, strict=True)
        if one and other
    ]
    return max(differences, default=None)


def is_unreliable(noise: float | None) -> bool:
    """Check if speeds with this noise cannot be compared; False if it is unknown."""
    return noise is not None and noise > _RELIABLE


def noise_text(noise: float | None) -> str:
    """State the noise as a sentence; empty if it is unknown."""
    if noise is None:
        return ""
    unreliable = ", so this run's speeds are unreliable" if is_unreliable(noise) else ""
    return (
        "The inits of a backbone do the same work: their times differ by noise alone, up to "
        f"{100 * noise:.0f} %{unreliable}."
    )


def _parameters(group: Group) -> Parameters | None:
    return next((cell.parameters for cell in group.cells if cell.parameters is not None), None)
