"""Recipes: named sets of training settings, as texts of their options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping

Recipe = Literal["paper", "recommended", "strong", "mieb"]
RECIPES: tuple[Recipe, ...] = get_args(Recipe)

VALUES: Mapping[Recipe, Mapping[str, str | float]] = {
    "paper": {},
    "recommended": {"trainable_layers": "0", "head": "mlp:256,128"},
    "strong": {
        "trainable_layers": "all",
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
    "mieb": {"head": "logreg", "pooling": "average", "shots": "mieb"},
}
"""Values that each recipe gives to fields of ``Protocol``; all others keep their defaults."""
