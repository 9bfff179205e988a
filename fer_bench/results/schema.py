"""Layout of the fer_bench records in a results file.

The location of the records is described in ``fer_bench.results.records``; it and the modules
``quality`` and ``speeds`` describe most of their keys: a record has one key for each field of the
class that it is read into. Tuples are lists, bytes are base64 strings, and pairs are objects
(``NameAndValue`` and the other classes of two fields), as some JSON writers sort the keys of an
object. Apart from that,

* the run's record is a ``RunRecord``;
* its ``dataset`` is a ``DatasetSummary`` with the key ``classes`` for the field ``counts``;
* each of its ``cells`` is a ``CellResult`` without ``quality``, ``training`` and ``inference``, and
  with an ``id``, ``backbone-init-seed`` or ``backbone-init-head-seed``, by which measurements
  refer to it;
* each of its ``metrics`` is a ``fer_bench.results.metric_estimates.MetricEstimates`` with the
  ``id`` of its ``cell``; readers can ignore them, as they follow from the predictions;
* a measurement is a ``Quality``, ``TrainingSpeed`` or ``InferenceSpeed`` with the keys of
  ``MeasureRecord``. It is in the ``extra_info`` of a benchmark, or in the run's ``quality``.

Schema 1 had no seed in the ids of cells, and lacked ``split_digest``, ``test_labels``,
``predictions``, ``batch_validation_accuracy``, ``batch_validation_loss`` and ``examples``.

``reference`` was added within schema 2: older files of that schema and those of schema 1 lack it,
and it is read as null from them. The version was not incremented, because older readers ignore
unknown keys, and because it is part of the fingerprints of stored results, which would no longer be
found. ``test_twins``, ``test_votes``, ``left_out``, ``class_map``, ``computed_on``, the run's
``quality`` and ``metrics``, ``second_classes`` of ``predictions``, and a cell's
``network_training``, which is absent if it was not measured, ``head``, which is absent if it is
``linear``, ``head_value`` and ``cross_test``, absent if they are null, and ``trials`` and
``few_shot``, absent if they are empty, were added in the same way: older files are read without
them. So were splits without a test part, in whose files ``test`` is 0 and ``test_accuracy``,
``test_loss`` and ``predictions`` are null, and cells with a head that is fitted, whose history has
no epochs: older readers refuse both.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

from fer_bench.protocol.declared_settings import Setting  # noqa: TC001 - msgspec needs it at run time
from fer_bench.protocol.head import LINEAR, Head, is_fitted
from fer_bench.results.quality import Quality
from fer_bench.results.records import CellResult, DatasetSummary, Example
from fer_bench.results.speeds import InferenceSpeed, TrainingSpeed
from fer_bench.results.type_checks import Mismatch, convert
from fer_bench.runtime.errors import FerBenchError, shown

KEY = "fer_bench"
"""Key of the records, at top level and in each benchmark's ``extra_info``."""

Kind = Literal["quality", "training", "inference"]

MEASURES: dict[Kind, type[Any]] = {
    "quality": Quality,
    "training": TrainingSpeed,
    "inference": InferenceSpeed,
}
"""Type of the values of each kind of measurement."""

OPTIONAL: dict[str, Any] = {
    "network_training": [],
    "head": LINEAR,
    "head_value": None,
    "trials": [],
    "few_shot": [],
    "cross_test": None,
}
"""Keys of a cell's record that are absent if they have this value."""


@dataclass(frozen=True)
class NameAndValue:
    """A fact about the machine or its software."""

    name: str
    value: str


@dataclass(frozen=True)
class NameAndImages:
    """A class of the data set and the number of its images in the run, all parts together."""

    name: str
    images: int


@dataclass(frozen=True)
class WhyAndImages:
    """A reason why images of the source are not in the data set or its parts, and their number."""

    why: str
    images: int


@dataclass(frozen=True)
class NameAndSeconds:
    """A part of the work on a cell and the time that it took in the run that trained the cell."""

    name: str
    seconds: float


@dataclass(frozen=True)
class RunRecord:
    """Record of the run, at the top level of the file.

    Attributes:
        schema: version of all records in the file, see ``fer_bench.results.records.SCHEMA``.
        protocol: every setting, in the order of the report.
        dataset: the data set that was measured on, for ``read_dataset``.
        environment: facts about machine and software.
        cells: every requested cell, including skipped and failed ones, for ``read_cell``.
        examples: test images to show.
        quality: quality of the trained cells for which no benchmark measured it.
        metrics: classification metrics of the tested cells, for ``check_metrics_record``.
    """

    schema: int
    protocol: tuple[Setting, ...]
    dataset: dict[str, Any]
    environment: tuple[NameAndValue, ...]
    cells: tuple[dict[str, Any], ...]
    examples: tuple[Example, ...]
    quality: tuple[dict[str, Any], ...]
    metrics: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class MeasureRecord:
    """Keys of every measurement, next to its values.

    Attributes:
        schema: version of the record.
        kind: what is measured.
        cell: ``id`` of the cell.
    """

    schema: int
    kind: Kind
    cell: str


def read_dataset(record: dict[str, Any], where: str) -> DatasetSummary:
    """Convert a data set's record of the newest schema.

    Raises:
        Mismatch: a key is missing, or a value has another type.
    """
    paired = _with_pairs(record, where, classes=NameAndImages, left_out=WhyAndImages)
    return convert({**paired, "counts": paired["classes"]}, DatasetSummary, where)


def read_cell(record: dict[str, Any], where: str) -> CellResult:
    """Convert a cell's record of the newest schema; its measurements are elsewhere.

    Raises:
        Mismatch: a key is missing, a value has another type, or the id is another cell's.
    """
    paired = _with_pairs(record, where, parts=NameAndSeconds, computed_on=NameAndValue)
    unmeasured: dict[str, Any] = {"quality": None, "training": None, "inference": []}
    cell = convert({**OPTIONAL, **paired, **unmeasured}, CellResult, where)
    # Heads of other packages, which are fitted, need not be installed.
    if not (is_fitted(cell.head) and (cell.head_value is not None or cell.status != "ok")):
        try:
            known = str(Head.parse(cell.head))
        except FerBenchError as error:
            raise Mismatch(f"{where}: {error.problem}", error.accepted, error.hint) from None
        if cell.head != known:
            raise Mismatch(f"{where}.head is {shown(cell.head)}", repr(known))
    if record.get("id") != cell.id:
        raise Mismatch(f"{where}.id is {shown(record.get('id'))}", repr(cell.id))
    return cell


def _with_pairs(record: dict[str, Any], where: str, **kinds: type[Any]) -> dict[str, Any]:
    """Replace the objects in the lists under these keys, which must be there, by pairs."""
    found = dict(record)
    for key, kind in kinds.items():
        if key not in record:
            raise Mismatch(f"{where}.{key} is missing")
        entries = convert(record[key], tuple[kind, ...], f"{where}.{key}")  # type: ignore[valid-type]
        found[key] = tuple(map(dataclasses.astuple, entries))
    return found
