"""Example test images for reports, chosen by a fixed rule instead of by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fer_bench.results.quality import Predictions

MISTAKES = 6
"""Number of most confident mistakes to show."""


class Choice(NamedTuple):
    """Image to show in a report.

    Attributes:
        position: index in the test part, from 0.
        why: rule by which it was chosen.
    """

    position: int
    why: str


def choose(
    labels: NDArray[np.uint8], classes: Sequence[str], predictions: Sequence[Predictions]
) -> list[Choice]:
    """Choose two images of each class and the most confident mistakes.

    For each class: the image that most cells recognise and the one that the fewest recognise; ties
    are broken by the highest mean confidence, then by position. Then the ``MISTAKES`` images with
    the highest confidence of any cell in a wrong class, excluding those already chosen.

    Args:
        labels: classes of the test images, uint8, shape (n,).
        classes: names of the classes.
        predictions: predictions of each cell; if empty (no cell was trained), nothing is chosen.

    Returns:
        The choices, each image once: by class, then the mistakes.
    """
    if not predictions:
        return []
    right = np.stack([one.predicted == labels for one in predictions])
    confidence = np.stack([one.confidence for one in predictions])
    recognised, sure = right.sum(axis=0), confidence.mean(axis=0)
    found: dict[int, str] = {}
    for code, name in enumerate(classes):
        rows = np.flatnonzero(labels == code)
        for what, order in (("most", -recognised), ("fewest", recognised)):
            ranked = rows[np.lexsort((rows, -sure[rows], order[rows]))]
            for position in ranked[:1]:
                count = f"{recognised[position]} of {len(predictions)}"
                if not recognised[rows].any():
                    why = f"no image of this class is recognised ({count} cells)"
                elif len(rows) == 1:
                    why = f"the only image, recognised by {count} cells"
                else:
                    why = f"recognised by the {what} cells ({count})"
                found.setdefault(int(position), f"{name}: {why}")
    wrong = np.where(right, -1.0, confidence).max(axis=0)
    surest = np.argsort(-wrong, kind="stable")[: MISTAKES + len(found)]
    mistakes = [int(row) for row in surest if wrong[row] >= 0 and int(row) not in found]
    for position in mistakes[:MISTAKES]:
        found[position] = f"one of the most confident mistakes ({wrong[position]:.3f})"
    return [Choice(position, why) for position, why in found.items()]
