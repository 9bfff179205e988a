"""Recipes: named sets of training settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from fer_bench.protocol.few_shot import MIEB_HEAD, Shots
from fer_bench.protocol.head import Heads
from fer_bench.protocol.trainable_layers import TrainableLayers

if TYPE_CHECKING:
    from collections.abc import Mapping

Recipe = Literal["paper", "recommended", "strong", "mieb"]
RECIPES: tuple[Recipe, ...] = get_args(Recipe)

VALUES: Mapping[Recipe, Mapping[str, Any]] = {
    "paper": {},
    "recommended": {"trainable_layers": TrainableLayers(0, 0), "head": Heads(("mlp:256x128",))},
    "strong": {
        "trainable_layers": TrainableLayers("all", "all"),
        "learning_rate": 1e-3,
        "epochs": 40,
        "weight_decay": 0.01,
        "schedule": "cosine",
        "label_smoothing": 0.1,
        "augment": "flip,shift,rotate",
        "batch_size": 64,
        "input_size": 96,
        "pooling": "average",
    },
    "mieb": {"head": Heads((MIEB_HEAD,)), "pooling": "average", "shots": Shots(mieb=True)},
}
"""Values that each recipe gives to fields of ``Protocol``; all others keep their defaults."""
