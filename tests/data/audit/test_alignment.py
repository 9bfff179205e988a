from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from made_images import mirrored, patterns

from fer_bench.data.audit import near_duplicates
from fer_bench.data.audit.near_duplicates import best_correlations


def overlapping(one: np.ndarray, other: np.ndarray, down: int, right: int) -> list[np.ndarray]:
    """Return the overlap of two images after moving the second, computed by hand."""
    height, width = one.shape
    places = [
        (y, x)
        for y, x in product(range(height), range(width))
        if 0 <= y + down < height and 0 <= x + right < width
    ]
    return [
        np.array([one[place] for place in places], float),
        np.array([other[y + down, x + right] for y, x in places], float),
    ]


def best(one: np.ndarray, other: np.ndarray, reach: int) -> float:
    ways = range(-reach, reach + 1)
    found = [-1.0]
    for down, right in product(ways, ways):
        left, second = overlapping(one, other, down, right)
        if left.std() > 0 and second.std() > 0:
            found.append(float(np.corrcoef(left, second)[0, 1]))
    return max(found)


@pytest.mark.parametrize("turned", [False, True])
@given(
    seed=st.integers(0, 99),
    size=st.tuples(st.integers(4, 9), st.integers(4, 9)),
    reach=st.integers(0, 3),
    at_a_time=st.integers(1, 4),
)
@settings(max_examples=examples(15))
def test_it_is_pearsons_of_the_best_of_all_ways(
    turned: bool, seed: int, size: tuple[int, int], reach: int, at_a_time: int
) -> None:
    images = np.random.default_rng(seed).integers(0, 256, (4, *size), np.uint8)
    images[3, : size[0] - 1] = 7  # of one level but for the last row
    pairs = np.array(list(combinations(range(4), 2)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(near_duplicates, "_PAIRS_AT_A_TIME", at_a_time)
        found = best_correlations(images, pairs, reach, mirrored=turned)
    shown = mirrored(images) if turned else images
    wanted = [best(shown[one], images[other], reach) for one, other in pairs]
    np.testing.assert_allclose(found, wanted, atol=1e-12)


def test_neither_order_nor_mirroring_changes_a_bit() -> None:
    images = patterns(5, 3, 20)
    pairs = np.array(list(combinations(range(5), 2)))
    for turned in (False, True):
        found = best_correlations(images, pairs, 2, mirrored=turned)
        again = best_correlations(images[::-1].copy(), 4 - pairs[::-1, ::-1], 2, mirrored=turned)
        assert again.tolist() == found[::-1].tolist()
        mirror = best_correlations(mirrored(images), pairs, 2, mirrored=turned)
        assert mirror.tolist() == found.tolist()


def test_extreme_levels_stay_exact() -> None:
    """The largest sums that two images of 72 pixels a side can have are below 2**53."""
    images = np.zeros((2, 72, 72), np.uint8)
    images[:, ::2] = 255
    images[1, 0, 0] = 254
    found = best_correlations(images, np.array([[0, 1]]), 4, mirrored=False)
    wanted = best(images[0], images[1], 0)
    assert found[0] >= wanted
    assert found[0] <= 1 + 1e-12


def test_no_pair() -> None:
    assert best_correlations(patterns(2), np.empty((0, 2), np.int64), 0, mirrored=False).shape == (
        0,
    )
