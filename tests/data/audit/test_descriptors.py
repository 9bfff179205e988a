from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_images import mirrored, patterns, scenes
from scipy.fft import dctn

from fer_bench.data.audit.candidates import HIGHEST_FREQUENCY, LENGTH, describe, frequencies

CENTRE = [(0, 0)]


def cosines(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return (one.astype(float) * other).sum(axis=-1) / LENGTH**2


@pytest.mark.parametrize("shape", [(48, 48), (30, 96)])
def test_a_descriptor_is_the_weighted_dct_of_the_crop(shape: tuple[int, int]) -> None:
    image = scenes(1, 96)[0, : shape[0], : shape[1]]
    (found,) = describe(image[None], 2, [(1, -2)])[0]
    waves = dctn(image[3 : shape[0] - 1, : shape[1] - 4].astype(float))
    wanted = np.array(
        [
            waves[down, right] * (down**2 + right**2) ** 0.25
            for down in range(HIGHEST_FREQUENCY + 1)
            for right in range(HIGHEST_FREQUENCY + 1)
            if 0 < down**2 + right**2 <= HIGHEST_FREQUENCY**2
        ]
    )
    # Weights and waves are rounded.
    assert found @ wanted / np.linalg.norm(found) / np.linalg.norm(wanted) > 0.998
    assert np.linalg.norm(found) == pytest.approx(LENGTH, abs=4)


def test_a_shifted_crop_is_the_central_one_of_a_shifted_image() -> None:
    images = scenes(3, 52)
    for down, right in ((0, 0), (2, -1), (-2, 2)):
        crop = images[:, 2 + down : 50 + down, 2 + right : 50 + right]
        shifted = describe(images, 4, [(0, 0), (down, right)])[:, 1]
        assert shifted.tolist() == describe(crop, 2, CENTRE)[:, 0].tolist()


def test_a_mirror_image_has_other_signs_at_odd_frequencies() -> None:
    images = patterns(4, side=21)
    signs = np.where(frequencies(17, 17)[1] % 2, -1, 1)
    found = describe(mirrored(images), 2, [(1, 2)])
    assert found.tolist() == (describe(images, 2, [(1, -2)]) * signs).tolist()


def test_neither_brightness_nor_contrast_matters() -> None:
    images = scenes(3, 48)
    changed = np.rint(images * 0.6 + 40).astype(np.uint8)
    assert cosines(describe(images, 2, CENTRE), describe(changed, 2, CENTRE)).min() > 0.999


@pytest.mark.parametrize(("side", "margin"), [(9, 1), (48, 2), (93, 0)])
@pytest.mark.parametrize("level", [0, 7, 255])
def test_a_constant_crop_is_like_nothing(side: int, margin: int, level: int) -> None:
    images = np.full((2, side, side), level, np.uint8)
    if margin:
        images[0, 0, 0] = 9
    images[1, side // 2 :] = 100
    assert describe(images, margin, CENTRE).any(axis=2).tolist() == [[False], [True]]


@given(st.integers(0, 99))
def test_products_are_exact(seed: int) -> None:
    """Whole numbers, the largest of which float32 holds without rounding."""
    images = np.random.default_rng(seed).integers(0, 2, (5, 20, 20), np.uint8) * 255
    made = describe(images, 1, CENTRE)[:, 0]
    exact = made.astype(np.int64) @ made.T.astype(np.int64)
    np.testing.assert_array_equal(made.astype(np.float32) @ made.T.astype(np.float32), exact)
    assert (np.abs(made.astype(np.int64)) @ np.abs(made.T.astype(np.int64))).max() < 2**24
