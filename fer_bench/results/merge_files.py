"""Several results files as one results file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

from fer_bench.results.merge import joined, speeds_elsewhere
from fer_bench.results.read import read_run
from fer_bench.results.records import SCHEMA
from fer_bench.results.schema import KEY
from fer_bench.results.upgrade import upgraded_measure
from fer_bench.results.write import run_record
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fer_bench.results.records import Run


class Merged(NamedTuple):
    """Several results files as one.

    Attributes:
        document: a pytest-benchmark file with our records, as ``read_run`` takes it.
        run: what it holds.
        files: of each cell that was measured, names of the files that hold figures of it.
    """

    document: dict[str, Any]
    run: Run
    files: dict[str, list[str]]


class _Measure(NamedTuple):
    """What a benchmark is of: two of the same count once.

    Attributes:
        cell: id of the cell, empty where the benchmark is none of ours.
        kind: ``"quality"``, ``"training"`` or ``"inference"``; else the full name of the test.
        batch_size: of ``"inference"``, else None.
    """

    cell: str
    kind: str
    batch_size: int | None = None

    @property
    def of_speed(self) -> bool:
        return bool(self.cell) and self.kind != "quality"


def merged(documents: Sequence[tuple[str, Any]]) -> Merged:
    """One results file with the cells of all, as ``results.merge.joined`` joins their runs.

    What pytest-benchmark says of machine, commit and time comes from the first file. The
    benchmarks are in the order of the joined run's cells, those of a cell in the order of the
    files, and those of no cell at the end. Each measure of a cell counts once, and so does each
    test of no cell, which every shard runs: from the first file that has it. Speeds that ``joined``
    leaves out lose their benchmarks too, as they would come back when the file is read.

    Args:
        documents: what ``json.loads`` gave for one or more results files, each with a name for
            errors and notes, for example its path. They stay as they are.

    Raises:
        FerBenchError: as ``read_run`` and ``joined``, or the files were measured at different
            commits of a repository.
    """
    runs = [(name, read_run(document, name)) for name, document in documents]
    _check_commits(runs)
    whole = joined(runs)
    elsewhere, _ = speeds_elsewhere(runs)
    benchmarks: dict[_Measure, Any] = {}
    files: dict[str, list[str]] = {cell.id: [] for cell in whole.cells}
    for (name, document), (_, run) in zip(documents, runs, strict=True):
        for measure, benchmark in _measures(document, run):
            if not (measure.of_speed and name in elsewhere):
                benchmarks.setdefault(measure, benchmark)
        for cell in run.cells:
            if cell.quality or cell.training or cell.inference:
                files[cell.id].append(name)
    places = {cell.id: place for place, cell in enumerate(whole.cells)}
    order = sorted(benchmarks, key=lambda measure: places.get(measure.cell, len(places)))
    document = {
        **documents[0][1],
        "benchmarks": [benchmarks[measure] for measure in order],
        KEY: run_record(whole, {one.cell for one in order if one.kind == "quality"}),
    }
    return Merged(document, whole, {cell: names for cell, names in files.items() if names})


def _measures(document: dict[str, Any], run: Run) -> Iterator[tuple[_Measure, dict[str, Any]]]:
    """Each benchmark of a document that was read, its record as the newest schema has it."""
    record = cast("dict[str, Any]", run_record(run))
    for benchmark in document["benchmarks"]:
        extra = benchmark["extra_info"]
        if KEY not in extra:
            yield _Measure("", str(benchmark.get("fullname"))), benchmark
            continue
        found = {**upgraded_measure(extra[KEY], record), "schema": SCHEMA}
        measure = _Measure(found["cell"], found["kind"], found.get("batch_size"))
        yield measure, {**benchmark, "extra_info": {**extra, KEY: found}}


def _check_commits(runs: Sequence[tuple[str, Run]]) -> None:
    (first_name, first), *others = (
        (name, dict(run.environment).get("commit", "unknown")) for name, run in runs
    )
    for name, commit in others:
        if commit != first:
            raise FerBenchError(
                f"{first_name} was measured at commit {first!r} and {name} at {commit!r}; "
                "accepted: files of one commit"
            )
