from __future__ import annotations

from itertools import combinations

import imagehash
import numpy as np
import pytest
from budget import examples
from hypothesis import example, given, settings
from hypothesis import strategies as st
from made_images import mirrored, patterns, scenes
from PIL import Image

from fer_bench.data.audit import candidates
from fer_bench.data.audit.candidates import BITS, LEAST_COARSE, MOST_BITS, proposed_pairs, resized
from fer_bench.runtime.progress import silent


def small(image: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(image).resize((8, 8), Image.Resampling.BOX)).ravel()


ROUNDING = 0.002
"""Largest error of a correlation of thumbnails that are rounded to integers."""


def alike(one: np.ndarray, other: np.ndarray, turned: bool, least: float) -> bool:
    """By the library's own distance, and numpy's correlation."""
    if turned:
        return bool(np.corrcoef(small(mirrored(one)), small(other))[0, 1] >= least)
    hashes = [imagehash.phash(Image.fromarray(image)) for image in (one, other)]
    correlation = np.corrcoef(small(one), small(other))[0, 1]
    return bool(hashes[0] - hashes[1] <= MOST_BITS or correlation >= least)


@settings(max_examples=examples(15))
@given(st.integers(0, 99), st.integers(2, 14), st.integers(1, 9))
@example(seed=56, n=13, at_a_time=1)
def test_those_of_comparing_each_with_each(seed: int, n: int, at_a_time: int) -> None:
    random = np.random.default_rng(seed)
    images = patterns(n, seed, 48)
    for row in range(1, n):  # some that are alike by about the limit
        share = random.uniform(0.5, 1)
        other = images[random.integers(row)]
        if random.random() < 0.5:
            other = mirrored(other)
        images[row] = share * other + (1 - share) * images[row]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(candidates, "_AT_A_TIME", at_a_time)
        found = [
            (one, other, turned)
            for pairs, turned in proposed_pairs(images)
            for one, other in pairs.tolist()
        ]
    assert len(set(found)) == len(found)
    surely, perhaps = (
        {
            (one, other, turned)
            for one, other in combinations(range(n), 2)
            for turned in (False, True)
            if alike(images[one], images[other], turned, least)
        }
        for least in (LEAST_COARSE + ROUNDING, LEAST_COARSE - ROUNDING)
    )
    assert surely <= set(found) <= perhaps


def test_pairs_come_in_the_order_of_their_rows() -> None:
    images = np.concatenate([patterns(9, 4, 48)] * 3)
    for pairs, _ in proposed_pairs(images):
        assert pairs.tolist() == sorted(pairs.tolist())


def test_hashes_are_those_of_the_library() -> None:
    images = patterns(4, side=48)
    signs = candidates._hashes(images, silent)
    hashes = [imagehash.phash(Image.fromarray(image)) for image in images]
    for one, other in combinations(range(4), 2):
        differing = (BITS - int(signs[one] @ signs[other])) // 2
        assert differing == hashes[one] - hashes[other]


def test_a_hash_alone_would_miss_what_is_moved_by_one_pixel() -> None:
    wide = scenes(40, 49)
    hashes = [
        [imagehash.phash(Image.fromarray(image)) for image in part]
        for part in (wide[:, :48, :48], wide[:, 1:, 1:])
    ]
    missed = sum(one - other > MOST_BITS for one, other in zip(*hashes, strict=True))
    assert missed > 0
    images = np.concatenate([wide[:, :48, :48], wide[:, 1:, 1:]])
    found = {
        (one, other) for pairs, turned in proposed_pairs(images) for one, other in pairs.tolist()
    }
    assert found >= {(row, row + 40) for row in range(40)}


@given(st.integers(0, 99))
@settings(max_examples=examples(15))
def test_products_of_thumbnails_are_exact(seed: int) -> None:
    """Whole numbers, the largest of which float32 holds without rounding."""
    images = np.random.default_rng(seed).integers(0, 2, (5, 48, 48), np.uint8) * 255
    images[0, :6, :6], images[0, 6:], images[0, :, 6:] = 255, 0, 0
    images[1] = 9
    made = candidates._thumbnails(images)
    assert (made == np.rint(made)).all()
    assert not made[0, 1].any()
    exact = made[0].astype(np.int64) @ made[1].T.astype(np.int64)
    assert (np.abs(made[0]) @ np.abs(made[1]).T).max() < 2**24
    np.testing.assert_array_equal(made[0] @ made[1].T, exact)


def test_sizes_are_means_of_what_each_pixel_covers() -> None:
    image = np.arange(36, dtype=np.uint8).reshape(1, 6, 6)
    assert resized(image, 3, 2).tolist() == [[[4, 7], [16, 19], [28, 31]]]
    assert resized(image, 6, 6) is image
