"""Reading and validation of results files."""

from __future__ import annotations

import dataclasses
import json
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from fer_bench.protocol.head import is_fitted
from fer_bench.results.consistency import check_bytes, check_run
from fer_bench.results.metric_estimates import check_metrics_record
from fer_bench.results.quality import Quality
from fer_bench.results.records import SCHEMA, TWIN_CODES, CellResult, DatasetSummary, Example, Run
from fer_bench.results.schema import (
    KEY,
    MEASURES,
    MeasureRecord,
    RunRecord,
    read_cell,
    read_dataset,
)
from fer_bench.results.speed_units import TIMER
from fer_bench.results.speeds import InferenceSpeed
from fer_bench.results.type_checks import Mismatch, convert
from fer_bench.results.upgrade import (
    upgraded_cell,
    upgraded_dataset,
    upgraded_measure,
    upgraded_run,
)
from fer_bench.runtime.errors import FerBenchError, listed, shown
from fer_bench.runtime.files import cause_of, read_regular

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fer_bench.protocol.declared_settings import Setting


LARGEST = 1 << 26
"""Largest accepted results file in bytes; all cells of the paper take a few hundred thousand."""

TIME = "datetime"
"""Key of the time of writing in pytest-benchmark's files."""


class _Sizes(NamedTuple):
    """Sizes that all parts of a run must agree on: numbers of epochs, classes and test images.

    With early stopping, a history may have fewer epochs.
    """

    epochs: int
    stops_early: bool
    classes: int
    test: int


def load_run(path: Path | str) -> Run:
    """Read a results file.

    Raises:
        FerBenchError: as ``load_document`` and ``read_run``.
    """
    return read_run(load_document(path), path)


def load_document(path: Path | str) -> Any:
    """Read a JSON file, for ``read_run``.

    Raises:
        FerBenchError: it cannot be read, or is not valid JSON.
    """
    path = Path(path)
    try:
        return json.loads(read_regular(path, LARGEST))
    except OSError as error:
        raise FerBenchError(cause_of(error), "a results.json of fer_bench", path=path) from error
    except (ValueError, RecursionError) as error:
        is_text = not isinstance(error, UnicodeDecodeError)
        raise FerBenchError(
            f"not valid JSON: {cause_of(error)}" if is_text else "not valid JSON: not UTF-8 text",
            "a results.json of fer_bench, complete and unchanged",
            path=path,
        ) from error


def read_run(document: object, path: Path | str | None = None) -> Run:
    """Assemble a run from its record and the measurements in its benchmarks.

    Keys that are not in the schema are ignored, and so are benchmarks without a fer_bench record.

    Args:
        document: parsed JSON of a pytest-benchmark file.
        path: path or name of the document, for errors.

    Raises:
        FerBenchError: the document has no fer_bench record, has a newer schema, lacks a key,
            contains a value of another type or a number that is not finite or out of range, or its
            parts contradict each other.
    """
    try:
        return _run(document)
    except Mismatch as mismatch:
        raise mismatch.revised(
            hint=mismatch.hint
            or "use a results file that this or an older version of fer_bench wrote",
            path=None if path is None else Path(path),
        ) from None


def written_at(document: object) -> datetime | None:
    """Return when a document was written, in UTC; None if it has no valid time."""
    text: Any = document.get(TIME) if isinstance(document, dict) else None
    try:
        time = datetime.fromisoformat(text)
        # pytest-benchmark before version 5 wrote UTC without an offset.
        time = time.replace(tzinfo=timezone.utc) if time.tzinfo is None else time
        return time.astimezone(timezone.utc)
    except (TypeError, ValueError, OverflowError):
        return None


def timers(document: dict[str, Any]) -> str:
    """Return the timers of the speed benchmarks, as pytest-benchmark recorded them.

    Args:
        document: a pytest-benchmark document with fer_bench records.

    Returns:
        Names of the timer functions, separated by ``; ``; empty if there are none.
    """
    options = (
        benchmark.get("options")
        for benchmark in document["benchmarks"]
        if benchmark["extra_info"].get(KEY, {}).get("kind") in ("training", "inference")
    )
    names = (one.get("timer") for one in options if isinstance(one, dict))
    return "; ".join(sorted({name.rpartition(".")[2] for name in names if isinstance(name, str)}))


def _run(document: object) -> Run:
    if not isinstance(document, dict) or KEY not in document:
        raise Mismatch(f"no {KEY!r} at top level")
    place = f".{KEY}"
    schema = _schema(document[KEY], place)
    record = convert(upgraded_run(document[KEY]), RunRecord, place)
    dataset = read_dataset(upgraded_dataset(record.dataset, schema), f"{place}.dataset")
    stopping = {one.value for one in record.protocol if one.name == "early_stopping"}
    sizes = _Sizes(
        _epochs(record.protocol), bool(stopping - {"none"}), len(dataset.counts), dataset.test
    )
    _check_dataset(dataset, f"{place}.dataset", sizes)
    for index, example in enumerate(record.examples):
        _check_example(example, f"{place}.examples[{index}]", sizes)
    cells: dict[str, CellResult] = {}
    for index, entry in enumerate(record.cells):
        where = f"{place}.cells[{index}]"
        cell = read_cell(upgraded_cell(entry, schema), where)
        if cell.id in cells:
            raise Mismatch(f"{where}: {cell.id!r} is listed twice", "each cell once")
        cells[cell.id] = cell
    for where, name, value in _measures(document, record, cells):
        if name not in cells:
            raise Mismatch(f"{where}.cell is {shown(name)}", listed([*cells], 20) or "no cell")
        if isinstance(value, Quality):
            fitted = is_fitted(cells[name].head)
            _check_quality(value, where, sizes._replace(epochs=0) if fitted else sizes)
        cells[name] = _with_measure(cells[name], value, where)
    run = Run(
        protocol=record.protocol,
        dataset=dataset,
        environment=_environment(document, record),
        cells=tuple(cells.values()),
        examples=record.examples,
    )
    check_run(run)
    for index, entry in enumerate(record.metrics):
        where, owner = f"{place}.metrics[{index}]", entry.get("cell")
        if not isinstance(owner, str) or owner not in cells:
            raise Mismatch(f"{where}.cell is {shown(owner)}", listed([*cells], 20) or "no cell")
        check_metrics_record(entry, cells[owner], dataset, where)
    return run


def _environment(document: dict[str, Any], record: RunRecord) -> tuple[tuple[str, str], ...]:
    """Return the environment facts; older files have the timer only in pytest-benchmark's data."""
    facts = tuple((fact.name, fact.value) for fact in record.environment)
    timer = "" if TIMER in dict(facts) else timers(document)
    return (*facts, (TIMER, timer)) if timer else facts


def _schema(record: Any, where: str) -> int:
    """Return the version of a record, which need not be an object."""
    version = record.get("schema") if isinstance(record, dict) else None
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise Mismatch(f"{where}.schema is {shown(version)}", f"1 to {SCHEMA}")
    if version > SCHEMA:
        raise Mismatch(f"{where}.schema is {shown(version)}", f"1 to {SCHEMA}", "update fer_bench")
    return version


def _epochs(protocol: tuple[Setting, ...]) -> int:
    """Return the number of epochs in the protocol; also check the window, which tables need."""
    values = {setting.name: setting.value for setting in protocol}
    for name in ("epochs", "window"):
        text = values.get(name)
        if text is None or not re.fullmatch(r"[1-9][0-9]{0,6}", text):
            raise Mismatch(f".{KEY}.protocol: {name!r} is {shown(text)}", "an integer from 1")
    return int(values["epochs"])


def _measures(
    document: dict[str, Any], record: RunRecord, cells: Mapping[str, CellResult]
) -> Iterator[tuple[str, str, Any]]:
    """Yield place, cell and value of each measurement, in the run's record and in benchmarks."""
    for index, entry in enumerate(record.quality):
        where = f".{KEY}.quality[{index}]"
        measure = convert(entry, MeasureRecord, where)
        if measure.kind != "quality":
            raise Mismatch(f"{where}.kind is {measure.kind!r}", "'quality'")
        yield where, measure.cell, convert(upgraded_measure(entry, ()), Quality, where)
    benchmarks = document.get("benchmarks")
    if not isinstance(benchmarks, list):
        raise Mismatch(f".benchmarks is {shown(benchmarks)}", "a list, as pytest-benchmark writes")
    for index, benchmark in enumerate(benchmarks):
        extra = benchmark.get("extra_info") if isinstance(benchmark, dict) else None
        if not isinstance(extra, dict):
            raise Mismatch(f".benchmarks[{index}].extra_info is {shown(extra)}", "an object")
        if KEY not in extra:
            continue
        where = f".benchmarks[{index}].extra_info.{KEY}"
        _schema(extra[KEY], where)
        measure = convert(extra[KEY], MeasureRecord, where)
        upgraded = upgraded_measure(extra[KEY], cells.values())
        yield where, upgraded["cell"], convert(upgraded, MEASURES[measure.kind], where)


def _with_measure(cell: CellResult, value: Any, where: str) -> CellResult:
    """Return a cell with one more measurement, which it must not have yet."""
    if isinstance(value, InferenceSpeed):
        is_known = value.batch_size in [speed.batch_size for speed in cell.inference]
        changed: dict[str, Any] = {"inference": (*cell.inference, value)}
    else:
        name = "quality" if isinstance(value, Quality) else "training"
        is_known = getattr(cell, name) is not None
        changed = {name: value}
    if is_known:
        raise Mismatch(f"{where} measures {cell.id!r} again", "each measurement once")
    return dataclasses.replace(cell, **changed)


def _check_dataset(data: DatasetSummary, where: str, sizes: _Sizes) -> None:
    if not sizes.classes:
        raise Mismatch(f"{where}.classes is []", "at least one class")
    check_bytes(data.test_labels, f"{where}.test_labels", sizes.test, sizes.classes)
    check_bytes(data.test_twins, f"{where}.test_twins", sizes.test, TWIN_CODES)
    check_bytes(data.test_votes, f"{where}.test_votes", sizes.test)


def _check_quality(quality: Quality, where: str, sizes: _Sizes) -> None:
    epochs = sizes.epochs
    if sizes.stops_early and 1 <= quality.history.epochs <= epochs:
        epochs = quality.history.epochs
    for item in dataclasses.fields(quality.history):
        count = len(getattr(quality.history, item.name))
        length = epochs if item.name.startswith("running") else epochs + 1
        if count != length and (count or not item.name.startswith("batch")):
            raise Mismatch(f"{where}.history.{item.name} has {count} values", str(length))
    lengths = {"recall": len(quality.recall), "confusion": len(quality.confusion)}
    lengths |= {f"confusion[{row}]": len(counts) for row, counts in enumerate(quality.confusion)}
    for name, length in lengths.items():
        if length != sizes.classes:
            raise Mismatch(f"{where}.{name} has {length} values", f"{sizes.classes}, one per class")
    for name in ("test_accuracy", "test_loss"):
        value = getattr(quality, name)
        if (value is None) != (sizes.test == 0):
            accepted = "a finite number" if sizes.test else "null, as there are no test images"
            raise Mismatch(f"{where}.{name} is {shown(value)}", accepted)
    if quality.predictions is not None and not sizes.test:
        raise Mismatch(f"{where}.predictions is not null", "null, as there are no test images")
    if quality.predictions is not None:
        place, classes = f"{where}.predictions.classes", quality.predictions.classes
        check_bytes(classes, place, sizes.test, sizes.classes, required=True)
        second, place = quality.predictions.second_classes, f"{where}.predictions.second_classes"
        check_bytes(second, place, sizes.test, sizes.classes)


def _check_example(example: Example, where: str, sizes: _Sizes) -> None:
    if not 0 <= example.position < sizes.test:
        accepted = f"0 to {shown(sizes.test - 1)}"
        raise Mismatch(f"{where}.position is {shown(example.position)}", accepted)
    for name in ("height", "width"):
        pixels = getattr(example, name)
        if not 1 <= pixels <= LARGEST:
            raise Mismatch(f"{where}.{name} is {shown(pixels)}", f"1 to {LARGEST}")
    size = example.height * example.width
    check_bytes(example.pixels, f"{where}.pixels", size, required=True)
