"""Reading and validation of results files."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from fer_bench.protocol.settings import Setting
from fer_bench.results.consistency import check_run
from fer_bench.results.records import (
    SCHEMA,
    TWIN_CODES,
    CellResult,
    DatasetSummary,
    Example,
    History,
    InferenceSpeed,
    Parameters,
    Predictions,
    Quality,
    Reference,
    Run,
    TrainingSpeed,
)
from fer_bench.results.schema import (
    KEY,
    CellRecord,
    DatasetRecord,
    ExampleRecord,
    InferenceRecord,
    PredictionsRecord,
    QualityRecord,
    ReferenceRecord,
    RunRecord,
    TrainingRecord,
)
from fer_bench.results.timers import TIMER
from fer_bench.results.type_checks import Mismatch, checked
from fer_bench.results.upgrade import upgraded_measure, upgraded_run
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import cause_of, read_regular

if TYPE_CHECKING:
    from collections.abc import Iterator


LARGEST = 1 << 26
"""Largest accepted results file in bytes; all cells of the paper take a few hundred thousand."""


class _Sizes(NamedTuple):
    """Sizes that all parts of a run must agree on: numbers of epochs, classes and test images."""

    epochs: int
    classes: int
    test: int


_MEASURES = {"quality": QualityRecord, "training": TrainingRecord, "inference": InferenceRecord}


def load_run(path: Path | str) -> Run:
    """Read a results file.

    Raises:
        FerBenchError: as ``load_document`` and ``read_run``.
    """
    return read_run(load_document(path), str(path))


def load_document(path: Path | str) -> Any:
    """Read a JSON file, for ``read_run``.

    Raises:
        FerBenchError: it cannot be read, or is not valid JSON.
    """
    try:
        return json.loads(read_regular(Path(path), LARGEST))
    except OSError as error:
        raise FerBenchError(
            f"{path}: {cause_of(error)}; needed is a results.json of fer_bench"
        ) from error
    except (ValueError, RecursionError) as error:
        raise FerBenchError(
            f"{path}: no whole JSON ({cause_of(error)}); needed is a results.json of fer_bench as "
            "it was written"
        ) from error


def read_run(document: object, name: str = "results") -> Run:
    """Assemble a run from its record and the measurements in its benchmarks.

    Keys that are not in the schema are ignored, and so are benchmarks without a fer_bench record.

    Args:
        document: parsed JSON of a pytest-benchmark file.
        name: name of the document in errors, for example its path.

    Raises:
        FerBenchError: the document has no fer_bench record, has a newer schema, lacks a key,
            contains a value of another type or a number that is not finite or out of range, or its
            parts contradict each other.
    """
    try:
        return _run(document)
    except Mismatch as mismatch:
        raise FerBenchError(
            f"{name}: {mismatch}; needed is a file that this fer_bench or an older one wrote"
        ) from None


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
        raise Mismatch(f"no {KEY!r} at top level; accepted: a results.json of fer_bench")
    _check_schema(document[KEY], f".{KEY}")
    record: RunRecord = checked(upgraded_run(document[KEY]), RunRecord, f".{KEY}")
    data = record["dataset"]
    sizes = _Sizes(_epochs(record), len(data["classes"]), data["test"])
    dataset = _dataset(data, f".{KEY}.dataset", sizes)
    cells: dict[str, CellResult] = {}
    for entry in record["cells"]:
        if entry["id"] in cells:
            raise Mismatch(f".{KEY}.cells has {entry['id']!r} twice; accepted: each cell once")
        cells[entry["id"]] = _cell(entry)
    for where, measure in _measures(document, record):
        cell = cells.get(measure["cell"])
        if cell is None:
            raise Mismatch(f"{where}.cell is {measure['cell']!r}; accepted: {', '.join(cells)}")
        cells[cell.id] = _with_measure(cell, measure, where, sizes)
    run = Run(
        protocol=tuple(Setting(**setting) for setting in record["protocol"]),
        dataset=dataset,
        environment=_environment(document, record),
        cells=tuple(cells.values()),
        examples=tuple(
            _example(example, f".{KEY}.examples[{index}]", sizes)
            for index, example in enumerate(record["examples"])
        ),
    )
    check_run(run)
    return run


def _environment(document: dict[str, Any], record: RunRecord) -> tuple[tuple[str, str], ...]:
    """Return the environment facts; older files have the timer only in pytest-benchmark's data."""
    facts = tuple((fact["name"], fact["value"]) for fact in record["environment"])
    timer = "" if TIMER in dict(facts) else timers(document)
    return (*facts, (TIMER, timer)) if timer else facts


def _check_schema(record: Any, where: str) -> None:
    version = record.get("schema") if isinstance(record, dict) else None
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise Mismatch(f"{where}.schema is {version!r}; accepted: 1 to {SCHEMA}")
    if version > SCHEMA:
        raise Mismatch(f"{where}.schema is {version}, newer than {SCHEMA}; update fer_bench")


def _epochs(record: RunRecord) -> int:
    """Return the number of epochs in the protocol; also check the window, which tables need."""
    values = {setting["name"]: setting["value"] for setting in record["protocol"]}
    for name in ("epochs", "window"):
        text = values.get(name)
        if text is None or not re.fullmatch(r"[1-9][0-9]{0,6}", text):
            raise Mismatch(
                f".{KEY}.protocol says {text!r} for {name!r}; accepted: a whole number from 1"
            )
    return int(values["epochs"])


def _dataset(record: DatasetRecord, where: str, sizes: _Sizes) -> DatasetSummary:
    test = sizes.test
    return DatasetSummary(
        name=record["name"],
        digest=record["digest"],
        counts=tuple((entry["name"], entry["images"]) for entry in record["classes"]),
        split=record["split"],
        train=record["train"],
        validation=record["validation"],
        test=test,
        split_digest=record["split_digest"],
        test_labels=_bytes(record["test_labels"], f"{where}.test_labels", test, sizes.classes),
        test_twins=_bytes(record["test_twins"], f"{where}.test_twins", test, TWIN_CODES),
        test_votes=_bytes(record["test_votes"], f"{where}.test_votes", test),
        left_out=tuple((entry["why"], entry["images"]) for entry in record["left_out"]),
        class_map=record["class_map"],
    )


def _cell(record: CellRecord) -> CellResult:
    parameters = record["parameters"]
    cell = CellResult(
        backbone=record["backbone"],
        title=record["title"],
        init=record["init"],
        dataset=record["dataset"],
        seed=record["seed"],
        status=record["status"],
        reason=record["reason"],
        fingerprint=record["fingerprint"],
        source=record["source"],
        weights=record["weights"],
        parameters=None if parameters is None else Parameters(**parameters),
        parts=tuple((part["name"], part["seconds"]) for part in record["parts"]),
        computed_on=tuple((fact["name"], fact["value"]) for fact in record["computed_on"]),
    )
    if cell.id != record["id"]:
        raise Mismatch(f".{KEY}.cells has {record['id']!r} for {cell.id!r}; accepted: its own id")
    return cell


def _measures(document: dict[str, Any], run: RunRecord) -> Iterator[tuple[str, Any]]:
    """Yield location and content of each measurement, in the run's record and in benchmarks."""
    for index, quality in enumerate(run["quality"]):
        yield f".{KEY}.quality[{index}]", quality
    benchmarks = document.get("benchmarks")
    if not isinstance(benchmarks, list):
        raise Mismatch("no list 'benchmarks' at top level; accepted: a pytest-benchmark file")
    for index, benchmark in enumerate(benchmarks):
        extra = benchmark.get("extra_info") if isinstance(benchmark, dict) else None
        if not isinstance(extra, dict):
            raise Mismatch(f".benchmarks[{index}] has no 'extra_info'; accepted: an object")
        if KEY not in extra:
            continue
        where = f".benchmarks[{index}].extra_info.{KEY}"
        _check_schema(extra[KEY], where)
        kind = extra[KEY].get("kind")
        if not isinstance(kind, str) or kind not in _MEASURES:
            raise Mismatch(f"{where}.kind is {kind!r}; accepted: {', '.join(_MEASURES)}")
        upgraded = upgraded_measure(extra[KEY], cast("dict[str, Any]", run))
        yield where, checked(upgraded, _MEASURES[kind], where)


def _with_measure(cell: CellResult, measure: Any, where: str, sizes: _Sizes) -> CellResult:
    if measure["kind"] == "quality":
        _only_once(cell.quality is not None, where, cell)
        return dataclasses.replace(cell, quality=_quality(measure, where, sizes))
    if measure["kind"] == "training":
        _only_once(cell.training is not None, where, cell)
        return dataclasses.replace(cell, training=_training(measure))
    inference = _inference(measure)
    _only_once(
        any(other.batch_size == inference.batch_size for other in cell.inference), where, cell
    )
    return dataclasses.replace(cell, inference=(*cell.inference, inference))


def _only_once(there: bool, where: str, cell: CellResult) -> None:
    if there:
        raise Mismatch(f"{where} measures {cell.id!r} again; accepted: each measure once")


def _quality(record: QualityRecord, where: str, sizes: _Sizes) -> Quality:
    history = cast("dict[str, list[float]]", record["history"])
    for key, figures in history.items():
        length = sizes.epochs if key.startswith("running") else sizes.epochs + 1
        if len(figures) != length and (figures or not key.startswith("batch")):
            raise Mismatch(
                f"{where}.history.{key} holds {len(figures)} figures; accepted: {length}"
            )
    lengths = [len(record["recall"]), len(record["confusion"]), *map(len, record["confusion"])]
    if set(lengths) != {sizes.classes}:
        raise Mismatch(f"{where}: recall and confusion are not of {sizes.classes} classes")
    return Quality(
        history=History(**{key: tuple(figures) for key, figures in history.items()}),
        test_accuracy=record["test_accuracy"],
        test_loss=record["test_loss"],
        recall=tuple(record["recall"]),
        confusion=tuple(tuple(row) for row in record["confusion"]),
        predictions=_predictions(record["predictions"], f"{where}.predictions", sizes),
    )


def _predictions(record: PredictionsRecord | None, where: str, sizes: _Sizes) -> Predictions | None:
    if record is None:
        return None
    classes = _bytes(record["classes"], f"{where}.classes", sizes.test, sizes.classes)
    if len(classes) != sizes.test:
        raise Mismatch(f"{where}: predictions of 0 of {sizes.test} test images")
    confidences = _bytes(record["confidences"], f"{where}.confidences", 2 * len(classes))
    if len(confidences) != 2 * len(classes):
        raise Mismatch(f"{where}: confidences of 0 of {sizes.test} test images")
    return Predictions(classes, confidences)


def _example(record: ExampleRecord, where: str, sizes: _Sizes) -> Example:
    if not 0 <= record["position"] < sizes.test:
        raise Mismatch(f"{where}.position is {record['position']}; accepted: 0 to {sizes.test - 1}")
    height, width = record["height"], record["width"]
    if min(height, width) < 1:
        raise Mismatch(f"{where} is {height} x {width} pixels; accepted: 1 or more")
    pixels = _bytes(record["pixels"], f"{where}.pixels", height * width)
    if not pixels:
        raise Mismatch(f"{where}.pixels holds 0 bytes; accepted: {height * width:,}")
    return Example(record["position"], record["why"], height, width, pixels)


def _bytes(text: str, where: str, length: int, below: int = 256) -> bytes:
    """Decode base64 to bytes: none or exactly ``length``, each smaller than ``below``."""
    try:
        value = base64.b64decode(text, validate=True)
    except ValueError:
        raise Mismatch(f"{where} is not base64") from None
    if value and len(value) != length:
        raise Mismatch(f"{where} holds {len(value):,} bytes; accepted: {length:,}")
    if max(value, default=0) >= below:
        raise Mismatch(f"{where} holds {max(value)}; accepted: 0 to {below - 1}")
    return value


def _training(record: TrainingRecord) -> TrainingSpeed:
    return TrainingSpeed(
        images=record["images"],
        seconds=tuple(record["seconds"]),
        images_per_second=record["images_per_second"],
        reference=_reference(record["reference"]),
    )


def _inference(record: InferenceRecord) -> InferenceSpeed:
    return InferenceSpeed(
        batch_size=record["batch_size"],
        seconds=tuple(record["seconds"]),
        median=record["median"],
        p99=record["p99"],
        images_per_second=record["images_per_second"],
        reference=_reference(record["reference"]),
    )


def _reference(record: ReferenceRecord | None) -> Reference | None:
    if record is None:
        return None
    return Reference(tuple(record["matrix_product"]), tuple(record["convolution"]))
