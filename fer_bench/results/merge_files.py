"""Merging of several results files into one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from fer_bench.results.merge import merge_runs, speeds_elsewhere
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
    """Result of merging several results files.

    Attributes:
        document: a pytest-benchmark document with fer_bench records, as accepted by ``read_run``.
        run: the run in the document.
        files: names of the files with measurements of a cell, for each measured cell.
    """

    document: dict[str, Any]
    run: Run
    files: dict[str, list[str]]


_Key = tuple[str, str, int | None]
"""Cell, kind and batch size of a measurement, by which duplicates are found. Of a benchmark that is
not one of fer_bench, the cell is empty and the kind is the full name of the test."""


def merge_documents(documents: Sequence[tuple[str, Any]]) -> Merged:
    """Merge results files into one, with their runs merged as by ``results.merge.merge_runs``.

    pytest-benchmark's data on machine, commit and time come from the first file. Benchmarks are
    in the order of the merged run's cells, within a cell in the order of the files, followed by
    those that belong to no cell. Each measurement of a cell is kept once, from the first file that
    has it, and so is each test that belongs to no cell, as every shard runs it. Benchmarks of
    speeds that ``merge_runs`` drops are removed too, as the speeds would reappear when the file is
    read.

    Args:
        documents: parsed JSON of one or more results files, each with a name for errors and notes,
            for example its path. They are not modified.

    Raises:
        FerBenchError: as ``read_run`` and ``merge_runs``, or the files were measured at different
            commits of a repository.
    """
    runs = [(name, read_run(document, name)) for name, document in documents]
    _check_commits(runs)
    merged = merge_runs(runs)
    elsewhere, _ = speeds_elsewhere(runs)
    benchmarks: dict[_Key, Any] = {}
    files: dict[str, list[str]] = {cell.id: [] for cell in merged.cells}
    for (name, document), (_, run) in zip(documents, runs, strict=True):
        for key, benchmark in _measures(document, run):
            is_of_speed = key[0] and key[1] != "quality"
            if not (is_of_speed and name in elsewhere):
                benchmarks.setdefault(key, benchmark)
        for cell in run.cells:
            if cell.quality or cell.is_timed:
                files[cell.id].append(name)
    places = {cell.id: place for place, cell in enumerate(merged.cells)}
    order = sorted(benchmarks, key=lambda key: places.get(key[0], len(places)))
    document = {
        **documents[0][1],
        "benchmarks": [benchmarks[key] for key in order],
        KEY: run_record(
            merged, {cell for cell, kind, _ in order if kind == "quality"}, with_metrics=True
        ),
    }
    return Merged(document, merged, {cell: names for cell, names in files.items() if names})


def _measures(document: dict[str, Any], run: Run) -> Iterator[tuple[_Key, dict[str, Any]]]:
    """Yield each benchmark of a document, with its record upgraded to the newest schema."""
    for benchmark in document["benchmarks"]:
        extra = benchmark["extra_info"]
        if KEY not in extra:
            yield ("", str(benchmark.get("fullname")), None), benchmark
            continue
        found = {**upgraded_measure(extra[KEY], run.cells), "schema": SCHEMA}
        key = found["cell"], found["kind"], found.get("batch_size")
        yield key, {**benchmark, "extra_info": {**extra, KEY: found}}


def _check_commits(runs: Sequence[tuple[str, Run]]) -> None:
    (first_name, first), *others = (
        (name, dict(run.environment).get("commit", "unknown")) for name, run in runs
    )
    for name, commit in others:
        if commit != first:
            raise FerBenchError(
                f"{first_name} was measured at commit {first!r} and {name} at {commit!r}",
                "files of one commit",
            )
