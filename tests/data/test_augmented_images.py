"""Views of images for augmentation."""

import numpy as np
import pytest

from fer_bench.data.augmented_images import AugmentedImages, moved
from fer_bench.protocol.augmentation import View, views

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 20, 30), dtype=np.uint8)


def test_a_mirror_image_is_exact():
    found = AugmentedImages(IMAGES, View(mirrored=True))
    np.testing.assert_array_equal(found[:], IMAGES[:, :, ::-1])
    np.testing.assert_array_equal(found[np.array([7, 3])], IMAGES[[7, 3], :, ::-1])


@pytest.mark.parametrize("view", views("flip,shift,rotate"))
def test_the_view_of_an_image_does_not_depend_on_the_others(view, monkeypatch):
    found = AugmentedImages(IMAGES, view)
    assert (found.shape, found.dtype, len(found)) == (IMAGES.shape, np.uint8, 40)
    every = found[:]
    rows = np.array([39, 0, 12, 0])
    np.testing.assert_array_equal(found[rows], every[rows])
    np.testing.assert_array_equal(found[5:9], every[5:9])
    assert len(found[5:5]) == 0
    assert np.array_equal(every, IMAGES) == (not view.facts())


def test_shifts_are_within_a_tenth_of_the_side_and_repeat_the_edge():
    found = AugmentedImages(IMAGES, View(drawn=("shift",), draw=1))
    down, right = found._shifts.T
    assert {*down.tolist()} == set(range(-2, 3))
    assert {*right.tolist()} == set(range(-3, 4))
    for row in range(40):
        y = np.clip(np.arange(20) - down[row], 0, 19)
        x = np.clip(np.arange(30) - right[row], 0, 29)
        np.testing.assert_array_equal(found[row : row + 1][0], IMAGES[row][np.ix_(y, x)])


def test_a_quarter_turn_is_clockwise():
    square = IMAGES[:3, :, :20]
    found = moved(square, np.zeros((3, 2), int), np.full(3, np.pi / 2))
    np.testing.assert_array_equal(found, np.rot90(square, -1, axes=(1, 2)))


def test_rotations_are_drawn_up_to_their_limit_for_each_draw():
    first, second = (AugmentedImages(IMAGES, View(drawn=("rotate",), draw=n)) for n in (1, 2))
    assert np.abs(np.degrees(first._radians)).max() == pytest.approx(15, abs=1)
    assert not np.array_equal(first._radians, second._radians)
    assert not first._shifts.any()
