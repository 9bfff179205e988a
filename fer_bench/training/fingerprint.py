"""Digests of everything that determines a result or a set of frozen features.

Paths, the machine, and settings that only change speed are excluded: results and features with
the same fingerprint may be reused.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from fer_bench.models import identity, keras_backend
from fer_bench.models.builders import structure_files
from fer_bench.protocol.augmentation import View, views
from fer_bench.protocol.fitted_heads import head_kind
from fer_bench.protocol.head import LINEAR, is_fitted
from fer_bench.results.records import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fer_bench.data import Dataset, Split
    from fer_bench.models import Backbone, Located
    from fer_bench.protocol.cell import Cell
    from fer_bench.protocol.few_shot import Shots
    from fer_bench.protocol.settings import MixedPrecision, Protocol


UNCHANGED = View()

COMPUTATION = 2
"""Version of the computation; increased whenever features or results change."""

FITTING = 2
"""Version of the fitting of heads, scaling included; increased whenever their results change."""

SWEEPING = 1
"""Version of sweeps; increased whenever their trials or choices change."""

FEW_SHOT = 1
"""Version of few-shot evaluation; increased whenever its results change."""


def features_versions() -> dict[str, str | int]:
    """Return versions of the software that frozen features depend on. Loads no Keras."""
    return {
        "computation": COMPUTATION,
        "keras": keras_backend.version("keras"),
        "backend": keras_backend.backend_version(),
        "float type": keras_backend.keras_settings().floatx,
        "deepface": keras_backend.version("deepface"),
    }


def results_versions() -> dict[str, str | int]:
    """Return versions of the software that a cell's result depends on. Loads no Keras."""
    return {**features_versions(), "numpy": keras_backend.version("numpy"), "schema": SCHEMA}


def weights_facts(entry: Backbone, cell: Cell, located: Located | None) -> dict[str, Any]:
    """Return the facts that determine the weights of a cell's backbone before training.

    A located weight file is identified by its SHA-256, random weights by the seed.

    Raises:
        FerBenchError: that file, or a required structure file, cannot be read.
    """
    facts = {
        "structure": entry.structure,
        "structure file": structure_files.digest(entry.name) if entry.from_deepface else None,
        "weights": {"seed": cell.seed} if located is None else identity(located.path),
    }
    if entry.file is not None:
        facts["file"] = entry.file.facts()
    # Older versions did not check what a user's builder draws, so some of their "random" results
    # started from trained weights; this key keeps them from being reused.
    return facts if entry.is_built_in else {**facts, "drawing": 1}


def features_key(
    entry: Backbone,
    weights: Mapping[str, Any],
    dataset: Dataset,
    boundary: tuple[int, ...],
    view: View = UNCHANGED,
    precision: MixedPrecision = "none",
) -> str:
    """Return the key of a frozen prefix's outputs for every image of a data set, in its order.

    The weights are from ``weights_facts``; the boundary has the positions of the layers at which
    the prefix ends.
    """
    facts = view.facts()
    return _digest(
        {
            "kind": "features",
            "versions": features_versions(),
            "weights": weights,
            "preprocessing": [entry.input_size, entry.scale, entry.offset],
            "dataset": dataset.row_digest,
            "boundary": boundary,
            **({"view": facts} if facts else {}),
            **({} if precision == "none" else {"mixed precision": precision}),
            **_settings(),
        }
    )


def split_digest(dataset: Dataset, split: Split) -> str:
    """Return a digest of the images of each part, in order.

    Predictions of runs with equal digests can be paired.
    """
    return _digest({"kind": "split", "dataset": dataset.row_digest, "split": split.digest})


def result_fingerprint(
    entry: Backbone,
    cell: Cell,
    weights: Mapping[str, Any],
    protocol: Protocol,
    dataset: Dataset,
    split: Split,
) -> str:
    """Return the fingerprint of a cell's learning result.

    Only those protocol settings count that training depends on, and of the trainable layers only
    the value for the cell's own init; for a fitted head only pooling and shots. The split's
    settings are in the split's digest, input size and preprocessing are those of ``entry``.
    """
    if is_fitted(cell.head):
        kind = head_kind(cell.head)
        learning: dict[str, Any] = {
            "fitting": FITTING,
            "grid": kind.values,
            **({"head structure": kind.structure} if kind.structure else {}),
            "scikit-learn": keras_backend.version("scikit-learn"),
            **protocol.changed("pooling", "mixed_precision"),
            # Only then, the trials are recorded.
            **({"sweep": SWEEPING} if protocol.sweep else {}),
            **_few_shot(protocol.shots.of(cell.head), protocol.draws, dataset),
        }
    else:
        learning = {
            "trainable_layers": 0 if entry.is_frozen else protocol.trainable_layers.of(cell.init),
            "batch_normalization": protocol.batch_normalization,
            "learning_rate": protocol.learning_rate,
            "epochs": protocol.epochs,
            "batch_size": protocol.batch_size,
            # Absent by default, so that results from before these settings existed are found.
            **protocol.changed(
                *("optimizer", "pooling", "weight_decay", "schedule", "class_weight"),
                *("label_smoothing", "early_stopping", "mixed_precision"),
            ),
            **_augmentation(protocol),
        }
    return _digest(
        {
            "kind": "result",
            "versions": results_versions(),
            "backbone": entry.name,
            "init": cell.init,
            "seed": cell.seed,
            "weights": weights,
            "preprocessing": [entry.input_size, entry.scale, entry.offset],
            **learning,
            **({} if cell.head == LINEAR else {"head": cell.head}),
            "dataset": dataset.row_digest,
            "split": split.digest,
            **_settings(),
        }
    )


def sweep_fingerprint(trials: Sequence[str], protocol: Protocol) -> str:
    """Return the fingerprint of a swept cell, from those of all trials of the grid in order."""
    drawn = protocol.sweep.trials
    sampler = {"drawn": drawn, "optuna": keras_backend.version("optuna")} if drawn else {}
    return _digest({"kind": "sweep", "version": SWEEPING, "trials": list(trials), **sampler})


def _few_shot(shots: Shots, draws: int, dataset: Dataset) -> dict[str, Any]:
    """Return everything that few-shot evaluation depends on; empty if there is none."""
    facts: dict[str, Any] = {"version": FEW_SHOT, "shots": shots.counts, "draws": draws}
    if shots.mieb and dataset.usage is not None:
        facts["mieb"] = hashlib.sha256(dataset.usage.tobytes()).hexdigest()
    return {"few-shot": facts} if shots else {}


def cross_test_key(result: str, tested: Dataset) -> str:
    """Return the key of the predictions of the cell with fingerprint ``result`` for other data."""
    return _digest({"kind": "cross test", "result": result, "dataset": tested.row_digest})


def _augmentation(protocol: Protocol) -> dict[str, Any]:
    """Return everything that determines the views of training images; empty for a single one."""
    facts = [view.facts() for view in views(protocol.augment)]
    return {"views": facts} if len(facts) > 1 else {}


def _settings() -> dict[str, Any]:
    """Return further settings that change numbers; empty, and so omitted, if there are none."""
    found = keras_backend.numeric_settings()
    return {"settings": found} if found else {}


def _digest(facts: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
