"""Upgrades of records from older schemas to the newest one; unknown content is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fer_bench.results.records import CellResult


def upgraded_run(record: dict[str, Any]) -> dict[str, Any]:
    """Upgrade the record of a run, apart from its data set and its cells.

    Args:
        record: record of schema 1 or newer, not validated yet.
    """
    lacked: dict[str, Any] = {"examples": []} if record["schema"] == 1 else {}
    return {"quality": [], **record, **lacked}


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
    if measure["kind"] != "quality":
        # Older files of schema 2 lack it too.
        measure = {"reference": None, **measure}
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
