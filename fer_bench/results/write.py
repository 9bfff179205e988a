"""Conversion of results to JSON records, and writing of results files."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import json
from typing import TYPE_CHECKING, Any

from fer_bench.results.metric_estimates import estimate_metrics
from fer_bench.results.records import SCHEMA
from fer_bench.results.schema import MEASURES, OPTIONAL, RunRecord, read_cell, read_dataset
from fer_bench.results.type_checks import Mismatch, convert
from fer_bench.runtime.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from fer_bench.results.quality import Quality
    from fer_bench.results.records import CellResult, DatasetSummary, Run
    from fer_bench.results.speeds import InferenceSpeed, TrainingSpeed


def run_record(
    run: Run, measured: Collection[str] | None = None, *, with_metrics: bool = False
) -> dict[str, Any]:
    """Return the record of a run, without the measurements stored in its benchmarks.

    Args:
        run: the run.
        measured: ids of the cells whose quality is stored in a benchmark; None for all of them.
        with_metrics: True to include the classification metrics, which other programs may read.

    Raises:
        ValueError: a value does not have its field's type.
    """
    record = {
        "schema": SCHEMA,
        "protocol": _plain(run.protocol),
        "dataset": _dataset(run.dataset),
        "environment": [_named("value", fact) for fact in run.environment],
        "cells": [_cell(cell) for cell in run.cells],
        "examples": _plain(run.examples),
        "quality": [
            measure_record(cell.id, cell.quality)
            for cell in run.cells
            if cell.quality is not None and measured is not None and cell.id not in measured
        ],
        "metrics": _metrics(run) if with_metrics else [],
    }
    with _invalid_values():
        convert(record, RunRecord)
        read_dataset(record["dataset"], ".dataset")
        for index, cell in enumerate(record["cells"]):
            read_cell(cell, f".cells[{index}]")
    return record


def measure_record(cell: str, value: Quality | TrainingSpeed | InferenceSpeed) -> dict[str, Any]:
    """Return the record of a measurement of the cell with the id ``cell``.

    Raises:
        ValueError: a number is not finite, or not a Python number.
    """
    kind = next(kind for kind, of_kind in MEASURES.items() if isinstance(value, of_kind))
    with _invalid_values():
        checked = convert(_plain(value), type(value))
    return {"schema": SCHEMA, "kind": kind, "cell": cell, **_plain(checked)}


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a document atomically.

    Raises:
        ValueError: the document contains NaN or an infinity; nothing is written.
        FerBenchError: the file cannot be written.
    """
    write_atomically(path, json_text(document))


def json_text(document: Mapping[str, Any]) -> str:
    """Serialise a document as it is stored in a file.

    Raises:
        ValueError: it contains NaN or an infinity.
    """
    return json.dumps(document, allow_nan=False, indent=1) + "\n"


def _dataset(data: DatasetSummary) -> dict[str, Any]:
    record = {"classes" if key == "counts" else key: value for key, value in _plain(data).items()}
    classes = [_named("images", count) for count in data.counts]
    left_out = [{"why": why, "images": count} for why, count in data.left_out]
    return {**record, "classes": classes, "left_out": left_out}


def _cell(cell: CellResult) -> dict[str, Any]:
    record = {
        key: value
        for key, value in _plain(cell).items()
        if key not in MEASURES and not (key in OPTIONAL and value == OPTIONAL[key])
    }
    parts = [_named("seconds", part) for part in record["parts"]]
    computed_on = [_named("value", fact) for fact in cell.computed_on]
    return {"id": cell.id, **record, "parts": parts, "computed_on": computed_on}


def _metrics(run: Run) -> list[dict[str, Any]]:
    """Return the record of the metrics of each cell that was tested."""
    found = (
        (cell.id, estimate_metrics((cell.quality,), run.dataset))
        for cell in run.cells
        if cell.quality is not None
    )
    return [{"cell": cell, **_plain(metrics)} for cell, metrics in found if metrics is not None]


def _named(what: str, pair: Sequence[Any]) -> dict[str, Any]:
    name, value = pair
    return {"name": name, what: value}


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return {item.name: _plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, float):
        return float(value)  # numpy's is a subclass
    return [_plain(entry) for entry in value] if isinstance(value, tuple) else value


@contextlib.contextmanager
def _invalid_values() -> Iterator[None]:
    try:
        yield
    except Mismatch as mismatch:
        raise ValueError(f"record does not fit its schema: {mismatch}") from None
