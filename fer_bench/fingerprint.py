"""Digests of all that determines a result, or a set of frozen features.

Paths, the machine, and settings that only change speed stay out: what has the same fingerprint
may be reused.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from fer_bench import runtime
from fer_bench.results import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fer_bench.backbones import Backbone
    from fer_bench.cells import Cell
    from fer_bench.datasets import Dataset, Split
    from fer_bench.protocol import Protocol


COMPUTATION = 1
"""Grows whenever this package comes to compute features or results otherwise."""


def weights_facts(entry: Backbone, cell: Cell, identity: str | None) -> dict[str, Any]:
    """What determines the weights of a cell's backbone before training.

    Args:
        entry: the cell's backbone.
        cell: its seed counts where the weights are random.
        identity: SHA-256 of the weight file; None where the weights are random.
    """
    return {
        "structure": entry.structure,
        "weights": identity if identity is not None else {"seed": cell.seed},
        "computation": COMPUTATION,
        "keras": runtime.version("keras"),
        "backend": runtime.backend_version(),
        "deepface": runtime.version("deepface"),
    }


def features_key(
    entry: Backbone, weights: Mapping[str, Any], dataset: Dataset, boundary: tuple[int, ...]
) -> str:
    """Key of the outputs of a frozen prefix for every image of a data set.

    Args:
        entry: the cell's backbone, for its preprocessing.
        weights: from ``weights_facts``.
        dataset: whose images are rows, in their order.
        boundary: positions of the layers at which the prefix ends.
    """
    return _digest(
        {
            "kind": "features",
            "weights": weights,
            "preprocessing": [entry.input_size, entry.scale, entry.offset],
            "dataset": dataset.row_digest,
            "boundary": boundary,
        }
    )


def result_fingerprint(
    entry: Backbone,
    cell: Cell,
    weights: Mapping[str, Any],
    protocol: Protocol,
    dataset: Dataset,
    split: Split,
) -> str:
    """Fingerprint of a cell's learning result.

    Of the protocol only what training depends on counts, of its trainable layers only the value
    for the cell's own init; the split's settings are in the split's digest.
    """
    return _digest(
        {
            "kind": "result",
            "schema": SCHEMA,
            "backbone": entry.name,
            "init": cell.init,
            "seed": cell.seed,
            "weights": weights,
            "preprocessing": [entry.input_size, entry.scale, entry.offset],
            "trainable_layers": protocol.trainable_layers.of(cell.init),
            "learning_rate": protocol.learning_rate,
            "epochs": protocol.epochs,
            "batch_size": protocol.batch_size,
            "dataset": dataset.row_digest,
            "split": split.digest,
            "numpy": runtime.version("numpy"),
        }
    )


def _digest(facts: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
