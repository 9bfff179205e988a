"""Digests of all that determines a result, or a set of frozen features.

Paths, the machine, and settings that only change speed stay out: what has the same fingerprint
may be reused.
"""

from __future__ import annotations

import dataclasses
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
        "keras": runtime.version("keras"),
        "backend": runtime.backend_version(),
    }


def features_key(
    entry: Backbone, weights: Mapping[str, Any], dataset: Dataset, boundary: tuple[str, ...]
) -> str:
    """Key of the outputs of a frozen prefix for every image of a data set.

    Args:
        entry: the cell's backbone, for its preprocessing.
        weights: from ``weights_facts``.
        dataset: whose images are rows, in their order.
        boundary: names of the layers at which the prefix ends.
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

    Of the protocol's trainable layers only the value for the cell's own init counts.
    """
    settings = dataclasses.asdict(protocol)
    settings["trainable_layers"] = protocol.trainable_layers.of(cell.init)
    return _digest(
        {
            "kind": "result",
            "schema": SCHEMA,
            "cell": dataclasses.asdict(cell),
            "weights": weights,
            "preprocessing": [entry.input_size, entry.scale, entry.offset],
            "protocol": settings,
            "dataset": dataset.row_digest,
            "split": split.digest,
        }
    )


def _digest(facts: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
