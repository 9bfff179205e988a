"""The pytest plugin: options into settings, cells into parameters, results into a report."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from fer_bench.errors import FerBenchError
from fer_bench.plugin.fixtures import (
    cell,
    dataset,
    experiment,
    measured,
    protocol,
    split,
    trained,
)
from fer_bench.plugin.options import add_options, read_settings
from fer_bench.plugin.state import EXPERIMENT, RECORD, RUN, SETTINGS

if TYPE_CHECKING:
    from collections.abc import Generator

    from fer_bench.results import Status

__all__ = ["cell", "dataset", "experiment", "measured", "protocol", "split", "trained"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declares the options."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Reads the settings, so that a mistake in them ends the run at once."""
    try:
        config.stash[SETTINGS] = read_settings(config)
    except FerBenchError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Runs what takes ``cell`` once for each backbone and init."""
    if "cell" in metafunc.fixturenames:
        settings = metafunc.config.stash[SETTINGS]
        cells = [f"{entry.name}-{init}" for entry in settings.backbones for init in settings.inits]
        metafunc.parametrize("cell", cells, indirect=True, scope="session")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Prepares what the collected benchmarks share, before the first of them runs."""
    config = session.config
    if config.option.collectonly or session.testsfailed:
        return
    if not any("experiment" in getattr(item, "fixturenames", ()) for item in session.items):
        return
    if hasattr(config, "workerinput"):
        raise pytest.UsageError(
            "benchmarks share one store and one report and are timed: they run in one process; "
            "leave -n out"
        )
    from fer_bench.plugin.preparation import prepare
    from fer_bench.plugin.record import Record

    # TensorFlow tells on standard error, outside Python, which instructions it was built for.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    settings = config.stash[SETTINGS]
    try:
        config.stash[EXPERIMENT] = prepare(settings)
    except FerBenchError as error:
        raise pytest.UsageError(str(error)) from None
    config.stash[RECORD] = Record(
        config.stash[EXPERIMENT],
        [(entry, init) for entry in settings.backbones for init in settings.inits],
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Notes which cell was skipped or failed, and why."""
    report = yield
    record = item.config.stash.get(RECORD, None)
    callspec = getattr(item, "callspec", None)
    cell = callspec.params.get("cell") if callspec is not None else None
    if record is not None and cell is not None and call.excinfo is not None and not report.passed:
        status: Status = "failed" if report.failed else "skipped"
        record.ended(cell, status, _reason(call.excinfo.value))
    return report


def pytest_benchmark_update_json(config: pytest.Config, output_json: dict[str, Any]) -> None:
    """Adds the run's record to every file that pytest-benchmark writes."""
    record = config.stash.get(RECORD, None)
    if record is not None:
        from fer_bench.results_json import KEY, run_record

        output_json[KEY] = run_record(record.run())


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Writes the report."""
    config = session.config
    if RECORD not in config.stash:
        return
    from fer_bench.plugin.report import write

    try:
        config.stash[RUN] = write(config, config.stash[SETTINGS].report_dir)
    except FerBenchError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the tables."""
    config = terminalreporter.config
    if RUN in config.stash:
        from fer_bench.plugin.report import show

        show(config.stash[RUN], config.stash[SETTINGS].report_dir, terminalreporter)


def _reason(error: BaseException) -> str:
    if isinstance(error, FerBenchError | pytest.skip.Exception | pytest.fail.Exception):
        return str(error)
    return f"{type(error).__name__}: {error}"
