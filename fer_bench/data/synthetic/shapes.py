"""Signed distances to simple shapes, and a canvas to paint them on.

A distance is negative inside, positive outside, in the unit of the coordinates. Every function
takes float32 arrays that broadcast to (n, height, width) and uses exact operations only (sums,
products, quotients, roots, minima and maxima), so images are the same on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Field: TypeAlias = "NDArray[np.floating[Any]]"


def ellipse(x: Field, y: Field, width: Field | float, height: Field | float) -> Field:
    """Return the distance to an ellipse about the origin with half axes ``width`` and ``height``.

    First-order approximation: the level of the ellipse's equation over the length of its gradient.
    """
    a, b = x / width, y / height
    level = np.sqrt(a * a + b * b)
    a, b = a / width, b / height
    gradient = np.sqrt(a * a + b * b) + np.float32(1e-6)
    distance: Field = level * (level - 1) / gradient
    return distance


def line(
    x: Field,
    y: Field,
    ends: tuple[Field | float, Field | float],
    heights: tuple[Field | float, Field | float],
) -> Field:
    """Return the distance to the line from (ends[0], heights[0]) to (ends[1], heights[1]).

    Args:
        x: horizontal coordinate.
        y: vertical coordinate.
        ends: horizontal coordinates of the two ends, the smaller one first.
        heights: vertical coordinates of the two ends.
    """
    span, rise = ends[1] - ends[0], heights[1] - heights[0]
    t = (x - ends[0]) / span
    on_line = np.clip(t, 0, 1)
    slope = rise / span
    off = (y - heights[0] - rise * on_line) / np.sqrt(1 + slope * slope)
    beyond = (t - on_line) * span
    distance: Field = np.sqrt(off * off + beyond * beyond)
    return distance


def arc(
    x: Field,
    y: Field,
    ends: tuple[Field | float, Field | float],
    heights: tuple[Field | float, Field | float],
    bulge: Field | float,
) -> Field:
    """Return the distance to a parabola between two ends, measured across its slope.

    Args:
        x: horizontal coordinate.
        y: vertical coordinate.
        ends: horizontal coordinates of the two ends, the smaller one first.
        heights: vertical coordinates of the two ends.
        bulge: distance of its middle from the straight line, downwards.
    """
    span, rise = ends[1] - ends[0], heights[1] - heights[0]
    t = (x - ends[0]) / span
    on_curve = np.clip(t, 0, 1)
    steepness = 4 * bulge
    off = y - heights[0] - on_curve * (rise + steepness - steepness * on_curve)
    slope = (rise + steepness - 2 * steepness * on_curve) / span
    beyond = (t - on_curve) * span
    distance: Field = np.sqrt(off * off / (1 + slope * slope) + beyond * beyond)
    return distance


def lens(
    x: Field,
    y: Field,
    width: Field,
    top: Field,
    bottom: Field,
    corner: Field | float,
    fullness: Field | float = 0.0,
) -> Field:
    """Return the distance to the area between two curves with common ends (±width, corner).

    Args:
        x: horizontal coordinate.
        y: vertical coordinate.
        width: half the distance of the corners.
        top: height of the upper curve in the middle.
        bottom: height of the lower curve in the middle.
        corner: height of both corners.
        fullness: 0 for parabolas, towards 1 for curves of the fourth degree, which are rounder.
    """
    t = x / width
    t = t * t
    t = t * (1 - fullness + fullness * t)
    upper = top + (corner - top) * t
    lower = bottom + (corner - bottom) * t
    distance: Field = np.maximum(np.maximum(upper - y, y - lower), np.abs(x) - width)
    return distance


@dataclass
class Canvas:
    """Grey images to paint shapes on.

    Attributes:
        tones: float32, shape (n, height, width), grey levels.
        pixel: size of a pixel in the unit of the distances, shape (n, 1, 1).
    """

    tones: Field
    pixel: Field

    def rows(self, rows: slice) -> Canvas:
        """Return a canvas of some rows of the images, as a view of this one."""
        return Canvas(self.tones[:, rows], self.pixel)

    def fill(self, distance: Field, tone: Field | float, opacity: Field | float = 1.0) -> None:
        """Paint the area of negative ``distance``, with a soft edge of one pixel."""
        self.tint(np.clip(np.float32(0.5) - distance / self.pixel, 0, 1) * opacity, tone)

    def tint(self, share: Field, tone: Field | float) -> None:
        """Blend in ``tone``, at ``share`` (0 to 1) of each pixel."""
        self.tones += share * (tone - self.tones)

    def stroke(
        self,
        distance: Field,
        thickness: Field | float,
        tone: Field | float,
        opacity: Field | float = 1.0,
    ) -> None:
        """Paint a line of half width ``thickness`` along the zeros of ``distance``.

        A line thinner than a pixel gets fainter instead.
        """
        half = np.maximum(thickness, self.pixel / 2)
        self.fill(distance - half, tone, opacity * (thickness / half))

    def shade(self, distance: Field, reach: float, opacity: Field | float) -> None:
        """Darken by up to ``opacity`` up to the distance ``reach``, fading out softly."""
        near = np.clip(1 - distance / np.float32(reach), 0, 1)
        self.tones *= 1 - opacity * near * near
