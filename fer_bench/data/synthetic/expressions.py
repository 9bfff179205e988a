"""Facial expressions: action units, and the emotions composed of them.

Action units carry the numbers and names of Ekman and Friesen's Facial Action Coding System. Each
moves the shape of the face linearly with its intensity, as in a blend-shape model, so a face's
expression is the sum of the effects of its action units.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.data.dataset import EMOTIONS
from fer_bench.data.synthetic.portable_random import bell, drawn_from

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fer_bench.data.synthetic.portable_random import Parameters

SHAPE: dict[str, str] = {
    "brow_inner": "height of the inner ends of the brows, downwards",
    "brow_outer": "height of the outer ends of the brows, downwards",
    "brow_apart": "distance of the inner ends of the brows from the middle",
    "frown": "depth of the upright lines between the brows",
    "forehead": "depth of the lines across the forehead",
    "lid_raise": "opening of the upper lid, as a share of its opening at rest",
    "lid_tight": "raising of the lower lid, as a share of its opening at rest",
    "cheek": "depth of the line under the eye",
    "nose_lines": "depth of the lines across the bridge of the nose",
    "nostril": "width of the nostrils",
    "fold": "depth of the folds from the nose to the corners of the mouth",
    "upper_lip": "height of the middle of the upper lip, downwards",
    "corner_out": "distance of the corners of the mouth from the middle",
    "corner_down": "height of the corners of the mouth, downwards",
    "lower_lip": "height of the middle of the lower lip, downwards",
    "lip_thin": "share of the lips' thickness that is rolled in",
    "jaw": "opening of the jaw",
    "chin": "depth of the line over the boss of the chin",
}
"""Movable parts of a face. Lengths are in half widths of the image of a face at scale 1."""


@dataclass(frozen=True)
class ActionUnit:
    """Facial action unit.

    Attributes:
        name: its name in the Facial Action Coding System.
        moves: part of ``SHAPE`` to its change at intensity 1.
    """

    name: str
    moves: Mapping[str, float]


ACTION_UNITS: dict[int, ActionUnit] = {
    1: ActionUnit("inner brow raiser", {"brow_inner": -0.17, "forehead": 0.5}),
    2: ActionUnit("outer brow raiser", {"brow_outer": -0.14, "forehead": 0.4}),
    4: ActionUnit(
        "brow lowerer",
        {"brow_inner": 0.12, "brow_outer": 0.05, "brow_apart": -0.07, "frown": 0.9},
    ),
    5: ActionUnit("upper lid raiser", {"lid_raise": 0.75}),
    6: ActionUnit("cheek raiser", {"cheek": 0.8, "lid_tight": 0.5, "lid_raise": -0.15}),
    7: ActionUnit("lid tightener", {"lid_raise": -0.3, "lid_tight": 0.5}),
    9: ActionUnit(
        "nose wrinkler",
        {
            "nose_lines": 0.9,
            "brow_inner": 0.07,
            "lid_raise": -0.25,
            "lid_tight": 0.3,
            "nostril": 0.05,
            "fold": 0.5,
            "upper_lip": -0.04,
        },
    ),
    10: ActionUnit("upper lip raiser", {"upper_lip": -0.1, "fold": 0.5, "nostril": 0.02}),
    12: ActionUnit(
        "lip corner puller",
        {"corner_out": 0.11, "corner_down": -0.15, "fold": 0.5, "cheek": 0.2},
    ),
    15: ActionUnit("lip corner depressor", {"corner_down": 0.14, "corner_out": 0.02}),
    17: ActionUnit("chin raiser", {"chin": 0.9, "lower_lip": -0.04, "upper_lip": -0.04}),
    20: ActionUnit("lip stretcher", {"corner_out": 0.16, "corner_down": 0.05, "lip_thin": 0.3}),
    23: ActionUnit("lip tightener", {"lip_thin": 0.8, "corner_out": -0.06}),
    25: ActionUnit("lips part", {"upper_lip": -0.03, "lower_lip": 0.06}),
    26: ActionUnit("jaw drop", {"jaw": 0.24, "corner_out": -0.05}),
}
"""Action units used to draw faces, by their number."""

PROTOTYPES: dict[str, dict[int, tuple[float, float]]] = {
    "Angry": {
        4: (0.95, 0.9),
        5: (0.45, 0.5),
        7: (0.75, 0.8),
        9: (0.2, 0.5),
        10: (0.25, 0.6),
        17: (0.3, 0.6),
        23: (0.65, 0.8),
        25: (0.3, 0.8),
        26: (0.15, 0.5),
    },
    "Disgust": {
        4: (0.6, 0.6),
        7: (0.5, 0.6),
        9: (0.9, 0.9),
        10: (0.7, 0.8),
        15: (0.4, 0.6),
        17: (0.4, 0.7),
        25: (0.4, 0.7),
    },
    "Fear": {
        1: (0.9, 0.9),
        2: (0.7, 0.8),
        4: (0.6, 0.6),
        5: (0.85, 0.9),
        7: (0.2, 0.4),
        20: (0.6, 0.8),
        25: (0.8, 0.8),
        26: (0.55, 0.6),
    },
    "Happy": {
        6: (0.75, 0.8),
        12: (1.0, 0.9),
        25: (0.7, 0.8),
        26: (0.25, 0.4),
    },
    "Sad": {
        1: (0.75, 0.8),
        4: (0.65, 0.6),
        7: (0.2, 0.4),
        15: (0.8, 0.8),
        17: (0.5, 0.7),
    },
    "Surprise": {
        1: (0.9, 0.9),
        2: (0.9, 0.9),
        5: (0.7, 0.7),
        25: (0.9, 0.9),
        26: (0.85, 0.9),
    },
    "Neutral": {},
}
"""Action units of each emotion, each with its probability and its mean intensity if active.

The combinations are the usual prototypes. They overlap as faces do: Fear and Surprise share
1+2+5+25+26, Angry and Disgust 4+7+9+10, and a weak Sad is close to Neutral.
"""

SPONTANEOUS: tuple[float, float] = (0.06, 0.35)
"""Probability and mean intensity of each stray action unit in a face of any emotion."""

RESTING_CHANCE = 0.4
"""Probability of each action unit in a person's resting face, for distinct identities."""

RESTING_INTENSITY: tuple[float, float] = (0.7, 1.3)
"""Range of the intensity of an action unit in a resting face."""

STRENGTH: tuple[float, float] = (0.4, 1.3)
"""Range of the factor on all intensities of one face, mostly near the middle."""

VARIATION: tuple[float, float] = (0.6, 1.4)
"""Range of the factor on each single intensity."""

CONFUSED_WITH: dict[str, tuple[str, ...]] = {
    "Angry": ("Disgust", "Sad"),
    "Disgust": ("Angry", "Sad"),
    "Fear": ("Surprise", "Sad"),
    "Happy": ("Neutral", "Surprise"),
    "Sad": ("Neutral", "Angry"),
    "Surprise": ("Fear", "Happy"),
    "Neutral": ("Sad", "Happy"),
}
"""Emotions that mislabelled faces show, by label, with equal probability."""


def draw_intensities(
    emotions: NDArray[np.int64], generator: np.random.Generator
) -> NDArray[np.float64]:
    """Draw the action units of faces that show given emotions.

    Args:
        emotions: int64, shape (n,), indices into ``EMOTIONS``.
        generator: random number generator; only ``random`` is called.

    Returns:
        Intensities, float64, shape (n, number of action units), 0 for inactive units; columns in
        the order of ``ACTION_UNITS``.
    """
    n, units = len(emotions), list(ACTION_UNITS)
    table = np.array(
        [[PROTOTYPES[emotion].get(unit, (0.0, 0.0)) for unit in units] for emotion in EMOTIONS]
    )
    chance, intensity = table[emotions, :, 0], table[emotions, :, 1]
    strength = drawn_from(STRENGTH, bell(generator, n))[:, None]
    active = generator.random((n, len(units))) < chance
    return vary(np.where(active, intensity * strength, 0.0), generator)


def draw_resting_faces(n: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """Draw the action units of people's resting faces: any units, not those of an emotion.

    Args:
        n: number of people.
        generator: random number generator; only ``random`` is called.

    Returns:
        Intensities, float64, shape (n, number of action units).
    """
    size = (n, len(ACTION_UNITS))
    active = generator.random(size) < RESTING_CHANCE
    return np.where(active, drawn_from(RESTING_INTENSITY, generator.random(size)), 0.0)


def vary(intensities: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.float64]:
    """Return randomly varied intensities, with stray action units added.

    Args:
        intensities: float64, shape (n, number of action units).
        generator: random number generator; only ``random`` is called.

    Returns:
        Intensities of the same shape.
    """
    varied = intensities * drawn_from(VARIATION, generator.random(intensities.shape))
    probability, mean = SPONTANEOUS
    is_stray = generator.random(intensities.shape) < probability
    stray = 2 * mean * generator.random(intensities.shape)
    return np.maximum(varied, np.where(is_stray, stray, 0.0))


def shape_of(intensities: NDArray[np.float64]) -> Parameters:
    """Add up the effects of action units on the parts of a face.

    Args:
        intensities: float64, shape (n, number of action units), as returned by
            ``draw_intensities``.

    Returns:
        Each part of ``SHAPE`` to its value, float64, shape (n,).
    """
    shape = {part: np.zeros(len(intensities)) for part in SHAPE}
    for column, unit in enumerate(ACTION_UNITS.values()):
        for part, change in unit.moves.items():
            shape[part] += change * intensities[:, column]
    return shape
