"""Comparison of an exported model with the stored predictions of its cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fer_bench.metrics import softmax
from fer_bench.results.model_metadata import Parity
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

TOLERANCE = 1e-4
"""Largest accepted difference of a probability.

Of a MobileNet trained on FER2013, whose logits reach 24, Keras itself computes probabilities that
differ by 4e-5 when its frozen and trained layers run as one network.
"""


def measured_parity(probabilities: ArrayLike, logits: ArrayLike, runtime: str) -> Parity:
    """Compare the probabilities of an exported model with a cell's logits of the same images.

    Args:
        probabilities: the model's output, shape (n, classes).
        logits: the cell's logits, the same shape.
        runtime: library that computed the probabilities.

    Raises:
        ValueError: the shapes differ.
    """
    found, expected = np.asarray(probabilities, np.float64), softmax(logits)
    if found.shape != expected.shape:
        raise ValueError(f"{found.shape} probabilities for {expected.shape} logits")
    differing = found.argmax(axis=1) != np.asarray(logits).argmax(axis=1)
    return Parity(
        images=len(found),
        largest_difference=float(np.abs(found - expected).max(initial=0.0)),
        differing_predictions=int(differing.sum()),
        runtime=runtime,
    )


def check_parity(parity: Parity) -> None:
    """Check that a model predicts as its cell does.

    Two classes within twice the tolerance of each other may change places.

    Raises:
        FerBenchError: a probability differs by more than ``TOLERANCE``.
    """
    # Also false for NaN.
    if parity.largest_difference <= TOLERANCE:
        return
    raise FerBenchError(
        f"{parity.runtime} computes another model: of {parity.images:,} test images, "
        f"{parity.differing_predictions:,} are predicted differently, and a probability differs "
        f"by {parity.largest_difference:.2g}",
        f"probabilities within {TOLERANCE:g}",
        "nothing was written; try another --format or other versions of the libraries",
    )
