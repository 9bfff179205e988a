"""Geometry of boxes, and crops of faces."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fer_bench.predict.crops import SIDE, crop_box, face_crop, tilt
from fer_bench.predict.faces import Box, Face

lengths = st.floats(1, 1000)
places = st.floats(-100, 1000)
boxes = st.builds(Box, places, places, lengths, lengths)
points = st.tuples(places, places)
faces = st.builds(Face, boxes, st.none(), st.none() | st.tuples(points, points))
scales = st.floats(0.05, 20)


def positions(face):
    box = face.box
    return [box.left, box.top, box.width, box.height, *np.ravel(face.eyes or ())]


@given(faces, scales, scales)
def test_scaling_there_and_back_changes_nothing(face, x, y):
    back = face.scaled(x, y).scaled(1 / x, 1 / y)
    assert positions(back) == pytest.approx(positions(face))
    assert (back.eyes is None) == (face.eyes is None)


@given(faces)
def test_the_square_has_the_centre_and_a_share_of_the_longer_side(face):
    square = crop_box(face)
    assert square.centre == pytest.approx(face.box.centre)
    assert square.width == square.height == SIDE * max(face.box.width, face.box.height)


def dots(angle, size=400, apart=80):
    """Return a photo of two white eyes whose line descends by an angle in degrees, and its face."""
    x, y = size / 2, size / 2
    dx = apart / 2 * math.cos(math.radians(angle))
    dy = apart / 2 * math.sin(math.radians(angle))
    pixels = np.zeros((size, size), np.uint8)
    eyes = ((x - dx, y - dy), (x + dx, y + dy))
    for left, top in eyes:
        pixels[round(top) - 5 : round(top) + 5, round(left) - 5 : round(left) + 5] = 255
    box = Box(x - 80, y - 100, 160, 200)
    return Image.fromarray(pixels).convert("RGB"), Face(box, 1.0, eyes)


@given(st.integers(-60, 60))
def test_eyes_are_level_in_the_crop(angle):
    image, face = dots(angle)
    assert tilt(face) == pytest.approx(angle)
    crop = face_crop(image, face, (94, 94)).astype(float)
    left, right = crop[:, :47], crop[:, 47:]
    rows = np.arange(94)
    heights = [(half.sum(axis=1) * rows).sum() / half.sum() for half in (left, right)]
    assert heights == pytest.approx([46.5, 46.5], abs=1.0)
    columns = (crop.sum(axis=0) * rows).sum() / crop.sum()
    assert columns == pytest.approx(46.5, abs=1.0)


@given(st.floats(0, 59), st.floats(0, 39), lengths, lengths, points, points)
def test_a_crop_has_its_size_even_beyond_the_edges(x, y, width, height, one, other):
    box = Box(x - width / 2, y - height / 2, width, height)
    image = Image.new("RGB", (60, 40), (90, 90, 90))
    crop = face_crop(image, Face(box, 1.0, (one, other)), (24, 32))
    assert (crop.shape, crop.dtype) == ((32, 24), np.uint8)
    level = face_crop(image, Face(box), (24, 32))
    assert set(np.unique(level)) == {90}


def test_a_ready_crop_is_only_made_grey():
    pixels = np.arange(48 * 48 * 3, dtype=np.uint32).reshape(48, 48, 3) * 7 % 256
    image = Image.fromarray(pixels.astype(np.uint8))
    face = Face(Box(0, 0, 48, 48), is_crop=True)
    assert np.array_equal(face_crop(image, face, (48, 48)), np.asarray(image.convert("L")))
