"""Published accuracies on FER2013 that put those of a run into perspective."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.protocol import published
from fer_bench.runtime.escapes import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.results.records import Run

SOURCES = (
    ("Goodfellow et al. 2013", "https://arxiv.org/abs/1307.0414"),
    ("Khaireddin and Chen 2021", "https://arxiv.org/abs/2105.03588"),
    ("Pecoraro et al. 2021", "https://arxiv.org/abs/2111.07224"),
)
"""Author and address of each publication."""


def reference_points(runs: Sequence[Run]) -> list[str]:
    """State what limits the accuracies of runs, at least one, then what others reach."""
    layers = _values(runs, "trainable_layers")
    trained = f"the last {layers} layers and the head" if layers != "all" else "all layers"
    augment = _values(runs, "augment")
    augmented = (
        "without augmentation" if augment in ("none", "unknown") else f"with augmentation {augment}"
    )
    sentences = [
        f"Faces of 48x48 pixels; {trained} are trained, for {_values(runs, 'epochs')} epochs at a "
        f"learning rate of {_values(runs, 'learning_rate')}, {augmented}: a comparison of "
        "starting points, not the best that a network can do.",
        "On FER2013, people agree with 65 ± 5 % of the labels; networks of which all layers are "
        "trained with augmentation reach 73 to 74 %.",
    ]
    others = dict.fromkeys(
        run.dataset.name for run in runs if run.dataset.name != published.DATASET
    )
    if others:
        names = " and ".join(map(clean, others))
        sentences.append(f"Accuracies on {names} cannot be compared with these.")
    return sentences


def _values(runs: Sequence[Run], name: str) -> str:
    values = (setting.value for run in runs for setting in run.protocol if setting.name == name)
    return " or ".join(dict.fromkeys(map(clean, values))) or "unknown"
