"""Augmentation of training images: kinds of transformations and the views they make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Sequence

NONE = "none"
KINDS = ("flip", "shift", "rotate")

DRAWS = 4
"""Number of shifts and rotations of an image, the first of which leaves it as it is."""

SHIFT = 0.1
"""Largest shift along each axis, as a share of the image's side."""

DEGREES = 15.0
"""Largest rotation, in degrees."""


@dataclass(frozen=True)
class View:
    """One transformation of all images; the default leaves them as they are.

    Attributes:
        mirrored: if True, left and right are exchanged.
        drawn: kinds of transformations that are drawn for each image, ``"shift"`` or ``"rotate"``.
        draw: number of the draw; each gives an image other shifts and rotations.
    """

    mirrored: bool = False
    drawn: tuple[str, ...] = ()
    draw: int = 0

    def facts(self) -> dict[str, Any]:
        """Return everything that determines the view of an image; empty if it stays as it is."""
        facts: dict[str, Any] = {"mirrored": True} if self.mirrored else {}
        if self.drawn:
            limits = {"shift": SHIFT, "rotate": DEGREES}
            facts |= {"drawn": {kind: limits[kind] for kind in self.drawn}, "draw": self.draw}
        return facts


def normalized(text: str) -> str:
    """Return the kinds of a text such as ``flip,shift`` in their order of application.

    Raises:
        FerBenchError: a kind is unknown or named twice.
    """
    kinds = [word.strip() for word in text.split(",")] if isinstance(text, str) else [text]
    if kinds == [NONE]:
        return NONE
    for kind in kinds:
        if kind not in KINDS or kinds.count(kind) > 1:
            raise FerBenchError(
                f"augmentation {text!r}: {kind!r} is "
                + ("named twice" if kind in KINDS else "unknown"),
                f"{NONE}, or one or more of {', '.join(KINDS)}",
                "separate several by commas, as in --augment=flip,shift",
            )
    return ",".join(kind for kind in KINDS if kind in kinds)


def views(text: str) -> Sequence[View]:
    """Return the views that training images are drawn from, all equally likely.

    The first view leaves images as they are. ``flip`` doubles the number of views: each other one
    is followed by its mirror image. The text is from ``normalized``.
    """
    kinds = text.split(",")
    drawn = tuple(kind for kind in kinds if kind in ("shift", "rotate"))
    mirrors = (False, True) if "flip" in kinds else (False,)
    return [
        View(mirrored, drawn if draw else (), draw)
        for draw in range(DRAWS if drawn else 1)
        for mirrored in mirrors
    ]
