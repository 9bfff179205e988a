"""Experiment cell: a backbone, an initialisation, a data set and a seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Init = Literal["pretrained", "random"]
INITS: tuple[Init, ...] = get_args(Init)


def display_name(title: str, init: Init, seed: int | None = None) -> str:
    """Return the name of a cell in all text for people: ``MobileNet pretrained, seed 43``.

    Args:
        title: display name of the backbone.
        init: ``"pretrained"`` or ``"random"``.
        seed: given if cells of several seeds are distinguished.
    """
    return f"{title} {init}" if seed is None else f"{title} {init}, seed {seed}"


@dataclass(frozen=True, order=True)
class Cell:
    """One cell of the experiment.

    Attributes:
        backbone: name in the registry of backbones, for example ``"mobilenet"``.
        init: ``"pretrained"`` or ``"random"``.
        dataset: name of the data set, for example ``"fer2013"``.
        seed: seeds the random weights, the head and the order of the images.
    """

    backbone: str
    init: Init
    dataset: str
    seed: int

    @property
    def id(self) -> str:
        """Short name, unique within a run: ``mobilenet-random-42``."""
        return f"{self.backbone}-{self.init}-{self.seed}"
