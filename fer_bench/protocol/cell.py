"""Experiment cell: a backbone, an initialisation, a data set and a seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Init = Literal["pretrained", "random"]
INITS: tuple[Init, ...] = get_args(Init)


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
