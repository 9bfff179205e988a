"""Upgrades of records from older schemas to the newest one."""

from __future__ import annotations

from typing import Any


def upgraded_run(record: dict[str, Any]) -> dict[str, Any]:
    """Return the record of a run, upgraded to the newest schema; unknown content is kept.

    Args:
        record: record of schema 1 or newer, not validated yet.
    """
    dataset, cells = record.get("dataset"), record.get("cells")
    if isinstance(dataset, dict):
        # Older files of schema 2 lack them too.
        lacked = {"test_twins": "", "test_votes": "", "left_out": [], "class_map": ""}
        dataset = {**lacked, **dataset}
        record = {**record, "dataset": dataset}
    record = {"quality": [], **record}
    if isinstance(cells, list):
        cells = [{"computed_on": [], **cell} if isinstance(cell, dict) else cell for cell in cells]
        record = {**record, "cells": cells}
    if record["schema"] > 1:
        return record
    if isinstance(dataset, dict):
        dataset = {**dataset, "split_digest": "", "test_labels": ""}
    if isinstance(cells, list):
        cells = [_with_seed(cell) for cell in cells]
    return {**record, "dataset": dataset, "cells": cells, "examples": []}


def upgraded_measure(measure: dict[str, Any], run: dict[str, Any]) -> dict[str, Any]:
    """Return the record of a benchmark, upgraded to the newest schema.

    Args:
        measure: record of schema 1 or newer and of a known kind, not validated further yet.
        run: validated record of the run, of the newest schema.
    """
    if measure["kind"] != "quality":
        # Older files of schema 2 lack it too.
        measure = {"reference": None, **measure}
    if measure["schema"] > 1:
        return measure
    # Schema 1 had one seed for all cells.
    names = {f"{cell['backbone']}-{cell['init']}": cell["id"] for cell in run["cells"]}
    cell, history = measure.get("cell"), measure.get("history")
    upgraded = {**measure, "cell": names.get(cell, cell) if isinstance(cell, str) else cell}
    if isinstance(history, dict):
        missing: dict[str, list[float]] = {
            "batch_validation_accuracy": [],
            "batch_validation_loss": [],
        }
        upgraded |= {"history": {**history, **missing}, "predictions": None}
    return upgraded


def _with_seed(cell: Any) -> Any:
    if not isinstance(cell, dict):
        return cell
    return {**cell, "id": f"{cell.get('id')}-{cell.get('seed')}"}
