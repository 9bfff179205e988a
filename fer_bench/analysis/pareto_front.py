"""Pareto front of costs and gains."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def pareto(points: Sequence[tuple[float, float]]) -> list[int]:
    """Return the indices of the Pareto-optimal points.

    Args:
        points: cost (lower is better) and gain (higher is better) of each.

    Returns:
        Indices of the points that no other dominates, that is, has a cost at most as high and a
        gain at least as high, one of them strictly better; by cost, equal ones in their order.
    """
    order = sorted(range(len(points)), key=lambda index: (points[index][0], -points[index][1]))
    front: list[int] = []
    for index in order:
        last = points[front[-1]] if front else (0.0, -math.inf)
        if points[index][1] > last[1] or points[index] == last:
            front.append(index)
    return front
