"""Experiment cells (backbone, initialisation, head, data set and seed), and shards of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from fer_bench.protocol.head import LINEAR, short_form
from fer_bench.runtime.errors import FerBenchError

Init = Literal["pretrained", "random"]
INITS: tuple[Init, ...] = get_args(Init)

OTHER_SHARD = "in another shard: "
"""Prefix of the reason recorded for a cell left to another shard; the shard follows it."""


def display_name(title: str, init: Init, seed: int | None = None, head: str = LINEAR) -> str:
    """Return the name of a cell in all text for people: ``MobileNet pretrained + knn, seed 43``.

    The seed is given if cells of several seeds are distinguished, ``title`` is the backbone's.
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


@dataclass(frozen=True)
class Shard:
    """Subset of the requested cells: every ``count``-th one, starting with the ``number``-th.

    A cell is never divided between shards; the seeds of one backbone and init may be.

    ``number`` is from 1 to ``count``, which is 1 if the run has all cells.
    """

    number: int = 1
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Parse ``K/N``.

        Raises:
            FerBenchError: the text has another form, or there is no such shard.
        """
        found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text)
        if not found:
            raise FerBenchError(
                f"--shard {text!r} is not of the form K/N",
                "the K-th of N shards, as in --shard=1/4",
            )
        number, count = map(int, found.groups())
        if count < 1:
            raise FerBenchError(f"--shard {text!r} has no shards", "K/N with N of 1 or more")
        if not 1 <= number <= count:
            raise FerBenchError(f"--shard {text!r} is out of range", f"K from 1 to {count}")
        return cls(number, count)

    @classmethod
    def of(cls, index: int, count: int) -> Shard:
        """Return the shard out of ``count`` that runs the cell at ``index``, counted from 0."""
        return cls(index % count + 1, count)

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"
