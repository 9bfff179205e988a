"""Random draws that are the same on every machine.

Only uniform numbers are drawn, and combined only by sums, products and comparisons: the stream of a
bit generator is fixed, while numpy may change how it generates other distributions, and
exponentials and sines differ in the last bit between processors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

Parameters: TypeAlias = "dict[str, NDArray[np.float64]]"
"""Values of each parameter by its name, one per face, float64, shape (n,)."""


def generator_of(*seed: int) -> np.random.Generator:
    """Return a generator for a seed of one or more numbers."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))


def bell(generator: np.random.Generator, n: int) -> NDArray[np.float64]:
    """Return ``n`` numbers from 0 to 1, mostly near 0.5: means of three uniform ones."""
    first, second, third = generator.random((3, n))
    mean: NDArray[np.float64] = (first + second + third) / 3
    return mean


def drawn_from(bounds: tuple[float, float], share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Interpolate linearly from the lower to the upper bound, by ``share`` (0 to 1)."""
    low, high = bounds
    return low + (high - low) * share


def draw_parameters(
    ranges: Mapping[str, tuple[float, float]], n: int, generator: np.random.Generator
) -> Parameters:
    """Draw each parameter uniformly from its range, for ``n`` faces."""
    return {name: drawn_from(bounds, generator.random(n)) for name, bounds in ranges.items()}


def permutation(n: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Return a random permutation of the numbers 0 to ``n - 1``, int64, shape (n,)."""
    return np.argsort(generator.random(n), kind="stable").astype(np.int64)
