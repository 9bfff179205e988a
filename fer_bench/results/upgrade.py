"""Upgrades of records from older schemas to the newest one; unknown content is kept."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from fer_bench.protocol.data_spec import DataSpec
from fer_bench.protocol.settings import Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fer_bench.results.records import CellResult

_OLD_VALUES = {
    "row_order": "by the digests of the images",
    "metric_0": "first-epoch and untrained",
    "input_size": "48 for ResNet-50, MobileNet and mini, 96 for OpenFace, 224 for VGG-Face",
    "preprocessing": "each network's own",
    "head": "flatten, then one softmax layer",
}
"""Values of older versions for what is the default now: rates are computed from the history, so
those of older files follow today's conventions."""

_ADDED = {
    "vggface_output": "excluded",
    "dropout": "last_layers_counted",
    "pooling": "preprocessing",
    "weight_decay": "optimizer",
    "schedule": "optimizer",
    "class_weight": "optimizer",
    "label_smoothing": "optimizer",
    "augment": "optimizer",
    "early_stopping": "optimizer",
    "recipe": "optimizer",
    "sweep": "optimizer",
    "mixed_precision": "batch_size",
}
"""Settings that older versions did not record, since they had no other value than today's default,
and the one that each follows."""


def upgraded_run(record: dict[str, Any]) -> dict[str, Any]:
    """Upgrade the record of a run, apart from its data set and its cells.

    Args:
        record: record of schema 1 or newer, not validated yet.
    """
    lacked: dict[str, Any] = {"examples": []} if record["schema"] == 1 else {}
    protocol = record.get("protocol")
    if isinstance(protocol, list):
        lacked["protocol"] = _upgraded_protocol(protocol)
    return {"quality": [], "metrics": [], **record, **lacked}


def _upgraded_protocol(protocol: list[Any]) -> list[Any]:
    """Upgrade the list of settings, not validated yet."""
    today = {
        setting.name: dataclasses.asdict(setting)
        for setting in (*DataSpec().settings(), *Protocol().settings())
    }
    names = [entry.get("name") if isinstance(entry, dict) else None for entry in protocol]
    upgraded: list[Any] = []
    for name, entry in zip(names, protocol, strict=True):
        if isinstance(name, str) and (name, entry.get("value")) in _OLD_VALUES.items():
            upgraded.append(today[name])
        else:
            upgraded.append(entry)
        upgraded += [
            today[added]
            for added, before in _ADDED.items()
            if before == name and added not in names
        ]
    return upgraded


def upgraded_dataset(record: dict[str, Any], schema: int) -> dict[str, Any]:
    """Upgrade the record of a data set, not validated yet."""
    lacked = {"split_digest": "", "test_labels": ""} if schema == 1 else {}
    # Older files of schema 2 lack them too.
    return {"test_twins": "", "test_votes": "", "left_out": [], "class_map": "", **record, **lacked}


def upgraded_cell(record: dict[str, Any], schema: int) -> dict[str, Any]:
    """Upgrade the record of a cell, not validated yet."""
    seeded = {"id": f"{record.get('id')}-{record.get('seed')}"} if schema == 1 else {}
    return {"computed_on": [], **record, **seeded}


def upgraded_measure(measure: dict[str, Any], cells: Iterable[CellResult]) -> dict[str, Any]:
    """Upgrade the record of a benchmark.

    Args:
        measure: record of schema 1 or newer and of a known kind, not validated further yet.
        cells: the cells of the run.
    """
    # Older files of schema 2 lack these too.
    if measure["kind"] != "quality":
        measure = {"reference": None, **measure}
    elif isinstance(predictions := measure.get("predictions"), dict):
        measure = {**measure, "predictions": {"second_classes": "", **predictions}}
    if measure["schema"] > 1:
        return measure
    # Schema 1 had one seed for all cells.
    ids = {f"{cell.backbone}-{cell.init}": cell.id for cell in cells}
    measure = {**measure, "cell": ids.get(measure["cell"], measure["cell"])}
    history = measure.get("history")
    if isinstance(history, dict):
        missing: dict[str, Any] = {"batch_validation_accuracy": [], "batch_validation_loss": []}
        measure |= {"history": {**history, **missing}, "predictions": None}
    return measure
