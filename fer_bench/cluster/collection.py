"""Collection of the results of a run's jobs into one results file."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from fer_bench.protocol.cell import OTHER_SHARD
from fer_bench.results import KEY, load_document, merge_documents, read_run, run_record
from fer_bench.results.fact_names import SPEED
from fer_bench.results.records import CellResult
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from fer_bench.cluster.plan import Job, Plan, PlannedCell
    from fer_bench.cluster.run_directory import RunDirectory
    from fer_bench.results import Merged


def collect(run: RunDirectory) -> Merged:
    """Merge the results of all jobs, with a row for every cell of the plan, in its order.

    The cells of a job without results are rows with its state and the last lines of its log.

    Raises:
        FerBenchError: no job has results, or they cannot be merged.
    """
    plan = run.plan()
    found = [
        (job.id, load_document(str(run.results(job))))
        for job in plan.jobs
        if run.results(job).exists()
    ]
    if not found:
        raise FerBenchError(
            "no job has results yet", hint="'fer-bench status' shows the jobs", path=run.path
        )
    return merge_documents([("plan", _rows(run, plan, found[0][1])), *found])


def _rows(run: RunDirectory, plan: Plan, document: dict[str, Any]) -> dict[str, Any]:
    """Return the document of one job with, instead, a row without results for each cell."""
    known = read_run(document)
    reasons = {name: _reason(run, job) for job in plan.ordinary for name in job.cells}
    cells = tuple(_row(one, reasons[one.cell.id], known.dataset.name) for one in plan.listed.cells)
    facts = dict(known.environment) | ({SPEED: _SHARED} if plan.shares_machine else {})
    rows = dataclasses.replace(known, cells=cells, examples=(), environment=tuple(facts.items()))
    return {**document, "benchmarks": [], KEY: run_record(rows, set(), with_metrics=True)}


def _row(one: PlannedCell, reason: str, dataset: str) -> CellResult:
    cell = one.cell
    return CellResult(
        backbone=cell.backbone,
        title=one.title,
        init=cell.init,
        dataset=dataset,
        seed=cell.seed,
        head=cell.head,
        status="skipped" if reason.startswith((OTHER_SHARD, _NOT_RUN)) else "failed",
        reason=reason,
    )


_NOT_RUN = "not run: "

_SHARED = "training times are of jobs that shared their machine"


def _reason(run: RunDirectory, job: Job) -> str:
    """Return the reason why the cells of a job have no result, if they have none."""
    state = run.state(job)
    if state.status == "failed":
        log = " | ".join(run.last_lines(job))
        return f"job {job.id} failed: {state.reason}; end of its log: {log}"
    if state.status == "done":
        # The results of the job have the row that counts.
        return f"{OTHER_SHARD}{job.id}"
    return f"{_NOT_RUN}job {job.id} is {state.status}"
