"""Rendering of faces: identity, expression and view become a grey image.

Coordinates: x to the right and y downwards from the middle of the face, in half widths of the image
of a face at scale 1. Eyes, brows, nose and mouth are the same on both sides, so they are drawn once
as functions of the distance from the midline.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fer_bench.data.synthetic.shapes import Canvas, arc, ellipse, lens, line

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fer_bench.data.synthetic.portable_random import Parameters
    from fer_bench.data.synthetic.shapes import Field

SIZE = 48
"""Width and height of an image in pixels, as in FER2013."""

BLOCK = 16
"""Number of faces drawn at a time, small enough that their arrays stay in a processor's cache."""

BROW_ROWS, EYE_ROWS, NOSE_ROWS, MOUTH_ROWS = (
    slice(0, 34),
    slice(0, 38),
    slice(14, SIZE),
    slice(20, SIZE),
)
"""Image rows that these parts can occupy with any face and view; other rows are skipped."""

DARK = 20.0
"""Grey level of lashes, nostrils and the inside of a mouth."""


def draw_faces(
    traits: Parameters, shape: Parameters, view: Parameters, generator: np.random.Generator
) -> NDArray[np.uint8]:
    """Draw one image for each face.

    Args:
        traits: traits of the person: each name of ``subjects.TRAITS`` to float64, shape (n,).
        shape: shape of the face: each name of ``expressions.SHAPE`` to float64, shape (n,).
        view: pose and camera: each name of ``subjects.VIEWS`` to float64, shape (n,).
        generator: random number generator of the noise; only ``random`` is called.

    Returns:
        uint8, shape (n, 48, 48).
    """
    n = len(view["noise"])
    images = np.empty((n, SIZE, SIZE), np.uint8)
    for start in range(0, n, BLOCK):
        block = slice(start, start + BLOCK)
        tones = _paint(_Part(traits, block), _Part(shape, block), _Part(view, block))
        noise = generator.random((len(tones), SIZE, SIZE, 3), dtype=np.float32)
        images[block] = _photograph(tones, noise, _Part(view, block))
    return images


class _Part:
    """Parameters of one block of faces, as float32 of shape (block, 1, 1)."""

    def __init__(self, parameters: Parameters, block: slice) -> None:
        self._parameters = parameters
        self._block = block

    def __getitem__(self, name: str) -> Field:
        return self._parameters[name][self._block, None, None].astype(np.float32)


class _Place(NamedTuple):
    """Coordinates of the pixels on the faces of one block.

    Attributes:
        x: horizontal distance from the middle of the head.
        u: horizontal distance from the midline of the face, which yaw shifts sideways.
        v: absolute value of ``u``.
        y: vertical distance from the middle of the head, downwards.
    """

    x: Field
    u: Field
    v: Field
    y: Field

    def rows(self, rows: slice) -> _Place:
        """Return the coordinates of some rows of the images."""
        return _Place(*(field[:, rows] for field in self))


def _paint(traits: _Part, shape: _Part, view: _Part) -> Field:
    across = (np.arange(SIZE, dtype=np.float32) + np.float32(0.5)) / np.float32(SIZE / 2) - 1
    column, row = across[None, None, :], across[None, :, None]
    dx, dy = column - view["across"], row - view["down"]
    # The tangent of half the angle gives cosine and sine without trigonometric functions.
    tangent = view["half_tilt"]
    cosine = (1 - tangent * tangent) / (1 + tangent * tangent)
    sine = 2 * tangent / (1 + tangent * tangent)
    x = (cosine * dx + sine * dy) / view["scale"]
    y = (cosine * dy - sine * dx) / view["scale"]
    # Yaw keeps the outline of the head and shifts the features on its front sideways: the nearer
    # half of the face gets wider, the farther one narrower.
    u = x - np.float32(0.16) * view["yaw"] * np.maximum(1 - x * x, 0)
    place = _Place(x, u, np.abs(u), y)
    tones = view["background"] + view["background_slope"] * column
    canvas = Canvas(
        np.broadcast_to(tones, x.shape).astype(np.float32),
        np.float32(2 / SIZE) / view["scale"],
    )
    _draw_head(canvas, place, traits, shape)
    for rows, draw in (
        (BROW_ROWS, _draw_brows),
        (EYE_ROWS, _draw_eyes),
        (NOSE_ROWS, _draw_nose),
        (MOUTH_ROWS, _draw_mouth),
    ):
        draw(canvas.rows(rows), place.rows(rows), traits, shape)
    light = 1 + view["light_across"] * column + view["light_down"] * row
    lit: Field = canvas.tones * light
    return lit


def _draw_head(canvas: Canvas, place: _Place, traits: _Part, shape: _Part) -> None:
    x, _, v, y = place
    width, height = traits["face_width"], traits["face_height"]
    skin, hair, volume = traits["skin"], traits["hair"], traits["hair_volume"]
    canvas.fill(ellipse(x, y + 0.12, width + volume, height + volume * 0.5), hair)
    sides = np.maximum(np.abs(x) - width - volume * 0.8, y - traits["hair_length"])
    canvas.fill(np.maximum(sides, -0.1 - y), hair)
    canvas.fill(np.maximum(np.abs(x) - 0.55 * width, 0.4 - y), skin * 0.72)
    below = np.clip(y, 0, 1)
    narrowed = width * (1 - traits["jaw_taper"] * below * below)
    chin = height + shape["jaw"] * 0.45
    tall = np.where(y > 0, chin, height)
    outline = ellipse(x, y - 0.05, narrowed, tall)
    rounding = (x / width) ** 2 + (y / height) ** 2
    canvas.fill(outline, skin * (1.06 - 0.22 * rounding))
    top = traits["hairline"] + traits["fringe"] * v * v * 2
    canvas.fill(np.maximum(outline - 0.02, y - top), hair)
    stubble = np.maximum(traits["beard"], 0)
    cheek_line = 0.7 - 1.2 * v * v
    canvas.fill(np.maximum(outline, cheek_line - y), hair, stubble)
    for height_of_line in (-0.5, -0.58):
        wrinkle = line(v, y, (0.0, 0.3), (height_of_line, height_of_line + 0.01))
        depth = np.minimum(shape["forehead"] * 0.55 + traits["age"] * 0.12, 0.7)
        canvas.stroke(wrinkle, 0.016, skin * 0.45, depth)


def _draw_brows(canvas: Canvas, place: _Place, traits: _Part, shape: _Part) -> None:
    v, y = place.v, place.y
    height = traits["eye_height"] - traits["brow_gap"]
    inner = traits["eye_distance"] - traits["brow_length"] * 0.52 + shape["brow_apart"]
    outer = traits["eye_distance"] + traits["brow_length"] * 0.52
    inner_height = height + traits["brow_slant"] + shape["brow_inner"]
    outer_height = height - traits["brow_slant"] + shape["brow_outer"]
    brow = arc(v, y, (inner, outer), (inner_height, outer_height), -traits["brow_arch"])
    canvas.stroke(brow, traits["brow_thickness"], traits["hair"] * 0.7, 0.92)
    frown = line(y, v, (height - 0.02, height + 0.16), (0.055, 0.04))
    canvas.stroke(frown, 0.016, traits["skin"] * 0.4, np.minimum(shape["frown"] * 0.7, 0.8))


def _draw_eyes(canvas: Canvas, place: _Place, traits: _Part, shape: _Part) -> None:
    skin, width, opening = traits["skin"], traits["eye_width"], traits["eye_opening"]
    x = place.v - traits["eye_distance"]
    y = place.y - traits["eye_height"]
    canvas.shade(ellipse(x, y, width * 1.1, opening * 1.5), 0.16, 0.2)
    bag = arc(x, y, (-width, width), (opening * 1.9, opening * 1.7), 0.035)
    canvas.stroke(bag, 0.018, skin * 0.5, np.minimum(shape["cheek"] * 0.6 + 0.1, 0.75))
    # Lids never close completely: a thin line of the eye stays visible.
    top = -opening * np.maximum(1 + shape["lid_raise"], 0.12) * 1.15
    bottom = opening * np.maximum(0.7 - shape["lid_tight"] * 0.8, 0.08)
    corner = traits["eye_slant"] * (x / width)
    eye = lens(x, y - corner, width, top, bottom, 0.0)
    canvas.fill(eye, 0.35 * skin + 150)
    iris = ellipse(x, y + opening * 0.1, 0.085, 0.085)
    canvas.fill(np.maximum(iris, eye), traits["iris"])
    lid = arc(x, y - corner, (-width, width), (0.0, 0.0), top)
    canvas.stroke(lid, 0.02, DARK, 0.85)
    lower_lid = arc(x, y - corner, (-width, width), (0.0, 0.0), bottom)
    canvas.stroke(lower_lid, 0.012, skin * 0.4, 0.5)
    crease = arc(x, y, (-width, width), (-0.03, -0.03), top - 0.05)
    canvas.stroke(crease, 0.012, skin * 0.5, 0.35)
    glasses = np.clip(traits["glasses"] * 8, 0, 0.9)
    rim = np.abs(ellipse(x, y - 0.02, width + 0.08, 0.19))
    bridge = line(place.v, y, (0.0, traits["eye_distance"] - width - 0.08), (-0.02, 0.0))
    canvas.stroke(np.minimum(rim, bridge), 0.018, DARK + 15, glasses)


def _draw_nose(canvas: Canvas, place: _Place, traits: _Part, shape: _Part) -> None:
    u, v, y, skin = place.u, place.v, place.y, traits["skin"]
    tip = traits["nose_length"] - shape["nose_lines"] * 0.03
    wing = traits["nose_width"] + shape["nostril"]
    side = line(y, -u, (-0.15, tip - 0.05), (0.06, wing * 0.75))
    canvas.stroke(side, 0.022, skin * 0.6, 0.4)
    base = line(v, y, (0.0, wing), (tip + 0.04, tip))
    canvas.stroke(base, 0.018, skin * 0.5, 0.6)
    canvas.fill(ellipse(v - wing * 0.5, y - tip, wing * 0.28, 0.024), DARK, 0.75)
    depth = np.minimum(shape["nose_lines"] * 0.75, 0.8)
    for height in (-0.13, -0.05):
        wrinkle = line(v, y, (0.0, 0.11), (height, height - 0.045))
        canvas.stroke(wrinkle, 0.016, skin * 0.4, depth)
    # Nasolabial fold, from the wing of the nose around the corner of the mouth.
    mouth = traits["mouth_height"]
    ends = (tip - 0.04, mouth - 0.02 + shape["corner_down"] * 0.6)
    corner = traits["mouth_width"] + shape["corner_out"] + 0.07
    fold = line(y, v, ends, (wing + 0.05, corner))
    deep = np.minimum(shape["fold"] * 0.7 + traits["age"] * 0.25 + 0.04, 0.8)
    canvas.stroke(fold, 0.018, skin * 0.48, deep)


def _draw_mouth(canvas: Canvas, place: _Place, traits: _Part, shape: _Part) -> None:
    u, v, skin = place.u, place.v, traits["skin"]
    y = place.y - traits["mouth_height"]
    tip = traits["nose_length"] - traits["mouth_height"]
    moustache = np.clip(traits["moustache"], 0, 0.9)
    upper = shape["upper_lip"] - shape["jaw"] * 0.12
    lower = np.maximum(shape["lower_lip"] + shape["jaw"], upper)
    corner = shape["corner_down"] + shape["jaw"] * 0.35
    width = np.maximum(traits["mouth_width"] + shape["corner_out"], 0.1)
    thick = traits["lip_thickness"] * np.maximum(1 - shape["lip_thin"], 0.15)
    hairs = line(v, y, (0.0, width * 0.75), (tip * 0.42, tip * 0.36))
    canvas.stroke(hairs, 0.045, traits["hair"], moustache)
    open_wide = np.clip((lower - upper) * 4, 0, 0.9)
    lips = lens(u, y, width, upper - thick, lower + thick * 1.15, corner, open_wide)
    canvas.fill(lips, skin * traits["lip_tone"])
    gap = lens(u, y, width * 0.94, upper, lower, corner, open_wide)
    canvas.fill(gap, DARK)
    teeth = np.maximum(gap, y - (upper + 0.055 + (corner - upper) * (u / width) ** 2))
    canvas.fill(teeth, 0.4 * skin + 120, np.clip((lower - upper) * 14 - 0.4, 0, 0.9))
    parting = arc(v, y, (0.0, width), (upper, corner), (upper - corner) * 0.25)
    canvas.stroke(parting, 0.014, DARK + 20, 0.75)
    end = ellipse(v - width, y - corner, 0.03, 0.03)
    canvas.shade(end, 0.05, 0.35)
    under = line(v, y, (0.0, 0.16), (lower + thick + 0.07, lower + thick + 0.1))
    canvas.stroke(under, 0.022, skin * 0.55, np.minimum(0.15 + shape["chin"] * 0.6, 0.8))


def _photograph(tones: Field, noise: Field, view: _Part) -> NDArray[np.uint8]:
    """Apply blur, contrast, brightness and noise, near normal as the sum of three uniforms."""
    for axis in (1, 2):
        tones = tones + view["blur"] * _bend(tones, axis)
    tones = (tones - 128) * view["contrast"] + 128 + view["brightness"]
    grain = (noise[..., 0] + noise[..., 1] + noise[..., 2] - np.float32(1.5)) * 2
    tones = tones + grain * view["noise"]
    levels: NDArray[np.uint8] = np.floor(np.clip(tones, 0, 255) + np.float32(0.5)).astype(np.uint8)
    return levels


def _bend(tones: Field, axis: int) -> Field:
    """Return the sum of both neighbours minus twice the pixel, with replicated borders."""
    step = np.diff(tones, axis=axis)
    edge = np.zeros_like(np.take(tones, [0], axis))
    bend: Field = np.concatenate([step, edge], axis) - np.concatenate([edge, step], axis)
    return bend
