"""Fixtures of the benchmarks: data, split, cells and trained networks."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, Any

import pytest

from fer_bench.models import WeightsMissing, get
from fer_bench.models.keras_backend import clear_keras
from fer_bench.plugin.benchmark_records import SPEED, Measured
from fer_bench.plugin.stash_keys import CELLS, EXPERIMENT, MEASURED, RECORD, SETTINGS
from fer_bench.plugin.terminal_progress import showing_progress
from fer_bench.protocol.cell import display_name
from fer_bench.training import reference_workload
from fer_bench.training.cell_runner import run_cell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fer_bench.data import Dataset, Split
    from fer_bench.protocol.cell import Cell
    from fer_bench.protocol.settings import Protocol
    from fer_bench.training.run_context import RunContext
    from fer_bench.training.trained_cell import TrainedCell


@pytest.fixture(scope="session")
def experiment(pytestconfig: pytest.Config) -> RunContext:
    """Return the experiment: data, protocol and store shared by all cells of the run."""
    if hasattr(pytestconfig, "workerinput"):
        pytest.fail(
            "benchmarks are timed and share one store and one report; run them in one process, "
            "without -n",
            pytrace=False,
        )
    if EXPERIMENT not in pytestconfig.stash:
        pytest.fail(
            "nothing was prepared for this test; request the fixture as an argument of the test, "
            "so that the plugin knows of it before the run, and omit -p no:fer_bench",
            pytrace=False,
        )
    return pytestconfig.stash[EXPERIMENT]


@pytest.fixture(scope="session")
def protocol(experiment: RunContext) -> Protocol:
    """Return the settings of the experiment."""
    return experiment.protocol


@pytest.fixture(scope="session")
def dataset(experiment: RunContext) -> Dataset:
    """Return the data set of the run."""
    return experiment.dataset


@pytest.fixture(scope="session")
def split(experiment: RunContext) -> Split:
    """Return the split into training, validation and test images."""
    return experiment.split


@pytest.fixture(scope="session")
def cell(request: pytest.FixtureRequest, experiment: RunContext) -> Cell:
    """Return the current cell; tests that use this fixture run once for each selected cell."""
    cells = (one for _, one in request.config.stash[SETTINGS].cells())
    found = next(one for one in cells if one.id == request.param)
    return dataclasses.replace(found, dataset=experiment.dataset.name)


@pytest.fixture(scope="session")
def trained(
    request: pytest.FixtureRequest, cell: Cell, experiment: RunContext
) -> Iterator[TrainedCell]:
    """Return the trained cell; skip the test if its pretrained weights are missing."""
    record = request.config.stash[RECORD]
    seed = cell.seed if len(experiment.protocol.every_seed) > 1 else None
    name = display_name(get(cell.backbone).title, cell.init, seed, cell.head)
    try:
        subject = request.config.stash[CELLS].begin(cell.id, name, time.monotonic())
        with showing_progress(request.config, subject) as progress:
            result = run_cell(
                experiment, get(cell.backbone), cell.init, progress, cell.seed, cell.head
            )
    except WeightsMissing as missing:
        pytest.skip(str(missing))
    record.trained(result.result)
    yield result
    result.close()
    clear_keras()


@pytest.fixture
def measured(request: pytest.FixtureRequest, benchmark: Any, cell: Cell) -> Measured:
    """Return a recorder for a benchmark's measurements and the speed of the machine around it.

    The speed before the benchmark is only measured for tests marked ``fer_speed``, since only
    these are certain to need it.
    """
    request.config.stash.setdefault(MEASURED, set()).add(request.node.nodeid)
    is_of_speed = request.node.get_closest_marker(SPEED) is not None
    before = reference_workload.timed() if is_of_speed else None
    return Measured(benchmark, cell, before, request.config.stash[RECORD])
