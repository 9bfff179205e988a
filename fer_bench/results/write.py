"""Conversion of results to JSON records, and writing of results files."""

from __future__ import annotations

import base64
import dataclasses
import json
from typing import TYPE_CHECKING, Any, cast

from fer_bench.results.records import (
    SCHEMA,
    CellResult,
    InferenceSpeed,
    Quality,
    Run,
    TrainingSpeed,
)
from fer_bench.results.schema import InferenceRecord, QualityRecord, RunRecord, TrainingRecord
from fer_bench.results.type_checks import Mismatch, checked
from fer_bench.runtime.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path


def run_record(run: Run, measured: Collection[str] | None = None) -> RunRecord:
    """Return the record of a run, without the measurements stored in its benchmarks.

    Args:
        run: the run.
        measured: ids of the cells whose quality is stored in a benchmark; None for all of them.

    Raises:
        ValueError: a value does not have the type given in the schema.
    """
    dataset = _plain(run.dataset)
    dataset["classes"] = [_named("images", count) for count in dataset["counts"]]
    dataset["left_out"] = [{"why": why, "images": count} for why, count in dataset["left_out"]]
    record = {
        "schema": SCHEMA,
        "protocol": _plain(run.protocol),
        "dataset": dataset,
        "environment": [_named("value", fact) for fact in run.environment],
        "cells": [_cell(cell) for cell in run.cells],
        "examples": _plain(run.examples),
        "quality": [
            quality_record(cell.id, cell.quality)
            for cell in run.cells
            if cell.quality is not None and measured is not None and cell.id not in measured
        ],
    }
    return cast("RunRecord", _fitting(record, RunRecord))


def quality_record(cell: str, quality: Quality) -> QualityRecord:
    """Return the record of the quality of the cell with the id ``cell``.

    Raises:
        ValueError: a number is not finite, or not a Python number.
    """
    return cast("QualityRecord", _measure("quality", cell, quality, QualityRecord))


def training_record(cell: str, training: TrainingSpeed) -> TrainingRecord:
    """Return the record of the training speed of the cell with the id ``cell``.

    Raises:
        ValueError: a number is not finite, or not a Python number.
    """
    return cast("TrainingRecord", _measure("training", cell, training, TrainingRecord))


def inference_record(cell: str, inference: InferenceSpeed) -> InferenceRecord:
    """Return the record of the inference speed, at one batch size, of the cell with id ``cell``.

    Raises:
        ValueError: a number is not finite, or not a Python number.
    """
    return cast("InferenceRecord", _measure("inference", cell, inference, InferenceRecord))


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


def _measure(kind: str, cell: str, measured: Any, record: type) -> Any:
    return _fitting({"schema": SCHEMA, "kind": kind, "cell": cell, **_plain(measured)}, record)


def _cell(cell: CellResult) -> dict[str, Any]:
    parts = [_named("seconds", part) for part in cell.parts]
    computed_on = [_named("value", fact) for fact in cell.computed_on]
    return {**_plain(cell), "id": cell.id, "parts": parts, "computed_on": computed_on}


def _named(what: str, pair: tuple[str, Any]) -> dict[str, Any]:
    """Return a pair as an object for a list, as some JSON writers sort the keys of an object."""
    name, value = pair
    return {"name": name, what: value}


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return {item.name: _plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return [_plain(entry) for entry in value] if isinstance(value, tuple) else value


def _fitting(record: dict[str, Any], kind: type) -> Any:
    try:
        return checked(record, kind)
    except Mismatch as mismatch:
        raise ValueError(f"record does not fit its schema: {mismatch}") from None
