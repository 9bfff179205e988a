"""Experiment cell: a backbone, an initialisation, a head, a data set and a seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from fer_bench.protocol.head import LINEAR, short_form

Init = Literal["pretrained", "random"]
INITS: tuple[Init, ...] = get_args(Init)


def display_name(title: str, init: Init, seed: int | None = None, head: str = LINEAR) -> str:
    """Return the name of a cell in all text for people: ``MobileNet pretrained + knn, seed 43``.

    Args:
        title: display name of the backbone.
        init: ``"pretrained"`` or ``"random"``.
        seed: given if cells of several seeds are distinguished.
        head: canonical name of the head, which is left out if it is the paper's.
    """
    of_seed = "" if seed is None else f", seed {seed}"
    return f"{add_head(f'{title} {init}', head)}{of_seed}"


def add_head(name: str, head: str) -> str:
    """Return a display name with the head, which is left out if it is the paper's."""
    return name if head == LINEAR else f"{name} + {head}"


def group_id(backbone: str, init: Init, head: str = LINEAR) -> str:
    """Return the short name of the cells that differ only in their seed: ``mobilenet-random-knn``.

    The paper's head is left out, as in results from before there were others.
    """
    return f"{backbone}-{init}" if head == LINEAR else f"{backbone}-{init}-{short_form(head)}"


@dataclass(frozen=True, order=True)
class Cell:
    """One cell of the experiment.

    Attributes:
        backbone: name in the registry of backbones, for example ``"mobilenet"``.
        init: ``"pretrained"`` or ``"random"``.
        dataset: name of the data set, for example ``"fer2013"``.
        seed: seeds the random weights, the head and the order of the images.
        head: canonical name of its head, see ``fer_bench.protocol.head``.
    """

    backbone: str
    init: Init
    dataset: str
    seed: int
    head: str = LINEAR

    @property
    def id(self) -> str:
        """Short name, unique within a run: ``mobilenet-random-42``, ``mobilenet-random-knn-42``."""
        return f"{group_id(self.backbone, self.init, self.head)}-{self.seed}"
