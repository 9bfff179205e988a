from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from made_images import mirrored, patterns, scenes
from threadpoolctl import threadpool_limits

from fer_bench.data.audit import candidates
from fer_bench.data.audit.candidates import (
    LEAST_SIMILARITY,
    LENGTH,
    MOST_CANDIDATES,
    candidate_pairs,
    describe,
)
from fer_bench.data.audit.duplicates import _joined
from fer_bench.data.audit.near_duplicates import near_pairs

if TYPE_CHECKING:
    from collections.abc import Iterator

REACH = 3


@pytest.fixture
def cells() -> Iterator[None]:
    """Use cells for few images too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(candidates, "_IN_ONE_CELL", 8)
        yield


def found(images: np.ndarray, reach: int = REACH) -> set[tuple[int, int, bool]]:
    return {
        (one, other, turned)
        for turned, pairs in enumerate(candidate_pairs(images, reach))
        for one, other in pairs.tolist()
    }


def similar(images: np.ndarray) -> set[tuple[int, int, bool]]:
    """Return the pairs whose central crops are similar enough."""
    descriptors = [
        describe(each, 0, [(0, 0)])[:, 0].astype(int) for each in (images, mirrored(images))
    ]
    return {
        (one, other, turned)
        for one, other in combinations(range(len(images)), 2)
        for turned in (False, True)
        if descriptors[turned][one] @ descriptors[0][other] >= LEAST_SIMILARITY * LENGTH**2
    }


def blended(n: int, seed: int) -> np.ndarray:
    """Return images, some of which are similar by about the limit."""
    random = np.random.default_rng(seed)
    images = patterns(n, seed, 48)
    for row in range(1, n):
        share = random.uniform(0.5, 1)
        other = images[random.integers(row)]
        if random.random() < 0.5:
            other = mirrored(other)
        images[row] = share * other + (1 - share) * images[row]
    return images


@settings(max_examples=examples(10))
@given(st.integers(0, 99), st.integers(1, 14), st.integers(1, 9))
def test_few_images_are_all_compared(seed: int, n: int, at_a_time: int) -> None:
    images = blended(n, seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(candidates, "_IMAGES_AT_A_TIME", at_a_time)
        patch.setattr(candidates, "_PRODUCTS_AT_A_TIME", 4 * at_a_time)
        patch.setattr(candidates, "_HITS_AT_A_TIME", at_a_time)
        assert found(images, 0) == similar(images)


@pytest.mark.usefixtures("cells")
@pytest.mark.parametrize("turned", [False, True])
def test_shifted_duplicates_are_found_in_cells(turned: bool) -> None:
    wide = scenes(60, 52)
    images, shifted = (
        wide[:, 2:50, 2:50],
        [
            wide[:, 2 + down :, 2 + right :][:, :48, :48]
            for down in (-2, -1, 0, 1, 2)
            for right in (-2, -1, 0, 1, 2)
        ],
    )
    each = np.arange(60)
    shifted = np.stack(shifted)[each % 25, each]
    pairs = found(np.concatenate([images, mirrored(shifted) if turned else shifted]))
    assert pairs >= {(row, row + 60, turned) for row in range(60)}
    assert len(pairs) < 70


@pytest.mark.usefixtures("cells")
def test_neither_order_nor_mirroring_nor_blocks_nor_threads_change_a_pair(monkeypatch) -> None:
    images = np.concatenate([blended(60, 1), blended(60, 1)[:30, ::, :] // 2])
    pairs = found(images)
    random = np.random.default_rng(2)
    order, turned = random.permutation(len(images)), random.random(len(images)) < 0.5
    shown = np.where(turned[:, None, None], mirrored(images), images)[order]
    with threadpool_limits(1):
        again = found(shown)
    ways = {
        (
            *sorted((int(order[one]), int(order[other]))),
            bool(way ^ turned[order[one]] ^ turned[order[other]]),
        )
        for one, other, way in again
    }
    assert ways == pairs
    monkeypatch.setattr(candidates, "_IMAGES_AT_A_TIME", 7)
    monkeypatch.setattr(candidates, "_PRODUCTS_AT_A_TIME", 50)
    monkeypatch.setattr(candidates, "_HITS_AT_A_TIME", 1)
    assert found(images) == pairs


@pytest.mark.usefixtures("cells")
@pytest.mark.parametrize("noise", [0, 6])
def test_images_that_are_all_alike_have_few_candidates(monkeypatch, noise: int) -> None:
    monkeypatch.setattr(candidates, "_HITS_AT_A_TIME", 2000)
    monkeypatch.setattr(candidates, "_MOST_MEMBERS", 40)
    random, n = np.random.default_rng(0), 300
    images = np.clip(scenes(1, 48) + random.integers(-noise, noise + 1, (n, 48, 48)), 0, 255)
    pairs, mirrored_pairs = candidate_pairs(images.astype(np.uint8), REACH)
    assert len(mirrored_pairs) == 0
    assert n - 1 <= len(pairs) <= MOST_CANDIDATES * n
    assert len(set(_joined(n, pairs).tolist())) == 1


@pytest.mark.usefixtures("cells")
@pytest.mark.parametrize("side", [48, 96])
@pytest.mark.parametrize("symmetric", [False, True])
def test_the_order_of_images_with_equal_descriptors_changes_no_pair(
    side: int, symmetric: bool
) -> None:
    """Of more images than are kept as candidates, differences are at the edge or reduced away."""
    image = scenes(1, side)[0] // 2
    if symmetric:
        image[:, side // 2 :] = image[:, : side // 2][:, ::-1]
    random, n = np.random.default_rng(3), 40
    images = np.stack([image] * n)
    images[np.arange(n), 0, np.arange(4, 4 + n)] += 1
    pairs, turned, _ = near_pairs(images)
    assert n <= len(pairs) < n * (n - 1) // 2
    for _ in range(2):
        order = random.permutation(n)
        shown = images[order]
        shown[::2] = mirrored(shown[::2])
        again, ways, _ = near_pairs(shown)
        assert {tuple(pair) for pair in np.sort(order[again], axis=1).tolist()} == {
            tuple(pair) for pair in pairs.tolist()
        }
        if not symmetric:
            assert not turned.any()
            np.testing.assert_array_equal(ways, (again % 2).sum(axis=1) == 1)


@pytest.mark.usefixtures("cells")
def test_images_with_a_constant_centre_are_not_compared(monkeypatch) -> None:
    compared = []
    largest = candidates._largest

    def counted(products, *arguments):
        compared.append(products.size)
        return largest(products, *arguments)

    monkeypatch.setattr(candidates, "_largest", counted)
    images = blended(60, 5)
    pairs = found(images)
    without = sum(compared)
    framed = np.full((200, 48, 48), 9, np.uint8)
    framed[:, 0, 0] = np.arange(20, 220)
    assert found(np.concatenate([framed, images])) == {
        (one + 200, other + 200, turned) for one, other, turned in pairs
    }
    assert sum(compared) == 2 * without
    assert found(framed) == set()


def test_pairs_are_in_the_order_of_their_rows() -> None:
    for pairs in candidate_pairs(np.concatenate([patterns(9, 4, 48)] * 3), REACH):
        assert pairs.tolist() == sorted(pairs.tolist())


@pytest.mark.parametrize("shape", [(0, 48, 48), (1, 48, 48), (2, 1, 2)])
def test_no_pair(shape: tuple[int, int, int]) -> None:
    images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    images[1:] = 255 - images[:1]
    plain, _ = candidate_pairs(images, 0)
    assert plain.shape == (0, 2)
