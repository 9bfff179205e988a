"""The pytest plugin: parses options, parametrises tests by cell, records and reports results."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from fer_bench.plugin.benchmark_records import EPOCHS, SPEED, check_timing
from fer_bench.plugin.fixtures import cell, dataset, experiment, measured, protocol, split, trained
from fer_bench.plugin.log_collector import Notes
from fer_bench.plugin.options import add_options
from fer_bench.plugin.settings import read_settings
from fer_bench.plugin.short_names import declared_at_once, expect_values, lengthen
from fer_bench.plugin.stash_keys import (
    BASE,
    CELLS,
    EXPERIMENT,
    NOTES,
    PROBLEMS,
    RECORD,
    REPORT,
    REPORTING,
    SETTINGS,
    TIME,
    UNCOMPARED,
)
from fer_bench.plugin.terminal_progress import CellCount, showing_progress
from fer_bench.protocol.head import is_fitted
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.sealed_directories import StoreError
from fer_bench.runtime.terminal import echo, report_line

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from fer_bench.results.records import Status

log = logging.getLogger("fer_bench.plugin")

__all__ = ["cell", "dataset", "experiment", "measured", "protocol", "split", "trained"]


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Register the options."""
    add_options(parser, declared_at_once(parser, pluginmanager))


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> Generator[None, None, None]:
    """Expand short option names that no other plugin and no conftest.py defines."""
    expect_values(early_config, parser, args)
    yield
    lengthen(parser, args)


def pytest_configure(config: pytest.Config) -> None:
    """Read the settings, so that input errors end the run at once."""
    config.addinivalue_line(
        "markers", f"{SPEED}: measures training or inference speed; deselected by --no-timing"
    )
    config.addinivalue_line(
        "markers", f"{EPOCHS}: trains by epochs; deselected for heads that are fitted in one step"
    )
    try:
        config.stash[SETTINGS] = read_settings(config)
    except FerBenchError as error:
        raise pytest.UsageError(str(error)) from None
    config.stash[NOTES], config.stash[PROBLEMS] = Notes(), []
    logger = logging.getLogger("fer_bench")
    logger.setLevel(min(logger.level or logging.INFO, logging.INFO))
    logger.addHandler(config.stash[NOTES])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the log handler, and end the division of batches."""
    if NOTES not in config.stash:
        return
    logging.getLogger("fer_bench").removeHandler(config.stash[NOTES])
    if config.stash[SETTINGS].data_parallel and "keras" in sys.modules:
        from fer_bench.models.data_parallel import stop_dividing

        stop_dividing()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrise tests that use the plugin's ``cell`` with every backbone, init, head and seed.

    Speed does not depend on the seed: it is measured with the first one.
    """
    if _takes(metafunc._arg2fixturedefs, cell):
        settings = metafunc.config.stash[SETTINGS]
        once = metafunc.definition.get_closest_marker(SPEED) is not None
        # pytest 8.2 reuses a fixture if its parameter is the same object: hence the interned ids.
        cells = [
            sys.intern(one.id)
            for _, one in settings.cells()
            if not once or one.seed == settings.protocol.seed
        ]
        metafunc.parametrize("cell", cells, indirect=True, scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect benchmarks under ``--no-timing``, without epochs, and the cells of other shards."""
    settings = config.stash[SETTINGS]
    elsewhere = settings.elsewhere()
    fitted = {one.id for _, one in settings.cells() if is_fitted(one.head)}
    left_out = {
        item
        for item in items
        if (not settings.timing and item.get_closest_marker(SPEED))
        or (item.get_closest_marker(EPOCHS) and _cell_of(item) in fitted)
        or _cell_of(item) in elsewhere
    }
    if left_out:
        config.hook.pytest_deselected(items=[item for item in items if item in left_out])
        items[:] = [item for item in items if item not in left_out]


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Prepare the data and weights of the collected benchmarks before the first one runs."""
    config = session.config
    stops = session.testsfailed and not config.option.continue_on_collection_errors
    is_worker = hasattr(config, "workerinput")
    items = [
        item
        for item in session.items
        if isinstance(item, pytest.Function) and _takes(_fixturedefs(item), experiment)
    ]
    is_dry = config.option.collectonly or config.getoption("setupplan", False)
    # A base from an ini file does not fail a run that has nothing to compare.
    if config.option.fer_compare and not is_dry and not is_worker:
        config.stash[UNCOMPARED] = (
            "--fer-compare: nothing was compared, as no benchmark of fer_bench ran; check -k, -m "
            "and the paths, or omit --fer-compare"
        )
    if is_dry or stops or is_worker or not items:
        return
    from fer_bench.analysis.comparison import load_run_set
    from fer_bench.plugin.preparation import prepare
    from fer_bench.plugin.session_record import Record

    # TensorFlow logs its CPU instruction sets to standard error from C++.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    settings = config.stash[SETTINGS]
    benchmarks = [item for item in items if _takes(_fixturedefs(item), measured)]
    reporting = bool(benchmarks) or settings.must_report
    # With --setup-only, benchmarks measure nothing.
    reporting = reporting and not config.getoption("setuponly", False)
    try:
        if reporting:
            check_timing(config, benchmarks)
        if settings.base:
            # Loaded now, as the report of this run may overwrite the base's files.
            config.stash[BASE] = load_run_set(settings.base, "--fer-compare")
        cells = {_cell_of(item) for item in items}
        config.stash[CELLS] = CellCount(len(cells - {""}))
        with showing_progress(config, "set-up") as progress:
            config.stash[EXPERIMENT] = prepare(settings, cells, progress, reporting=reporting)
    except FerBenchError as error:
        raise pytest.UsageError(str(error)) from None
    config.stash[REPORTING] = reporting
    config.stash[RECORD] = Record(config.stash[EXPERIMENT], settings.cells(), settings.elsewhere())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Record skips and failures of cells with reasons; show fer_bench errors as one line."""
    report = yield
    error = call.excinfo.value if call.excinfo is not None else None
    if isinstance(error, FerBenchError) and report.failed:
        report.longrepr = str(error)
    if isinstance(error, StoreError):
        # No other cell could be saved either.
        item.config.stash[PROBLEMS].append(str(error))
        item.session.shouldfail = "the store cannot be used"
    record = item.config.stash.get(RECORD, None)
    cell_id = _cell_of(item)
    if record is not None and cell_id:
        if call.when == "setup":
            record.begun(cell_id, item.nodeid)
        if call.excinfo is not None and not report.passed:
            status: Status = "failed" if report.failed else "skipped"
            record.ended(cell_id, item.nodeid, status, _reason(call.excinfo.value))
    return report


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_json(config: pytest.Config, output_json: dict[str, Any]) -> None:
    """Add the run's record to every file that pytest-benchmark writes."""
    record = config.stash.get(RECORD, None)
    if record is not None:
        from fer_bench.plugin.session_report import facts_of
        from fer_bench.results import KEY, fact_names, run_record, without_repeats

        facts = facts_of(output_json)
        output_json["benchmarks"], repeats = without_repeats(output_json["benchmarks"])
        for repeat in repeats:
            log.warning("%s", repeat)
        if repeats:
            facts = (*facts, (fact_names.REPEATED, "; ".join(repeats)))
        if not config.stash[SETTINGS].timing:
            facts = (*facts, (fact_names.SPEED, fact_names.NOT_TIMED))
        records = [one["extra_info"].get(KEY, {}) for one in output_json["benchmarks"]]
        found = {one["cell"] for one in records if one.get("kind") == "quality"}
        output_json[KEY] = run_record(record.run(facts), found, with_metrics=True)
        # All files of one run get the same time, by which it is identified.
        output_json["datetime"] = config.stash.setdefault(TIME, output_json["datetime"])


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None]:
    """Write the report before other plugins' hooks, which may raise; close it afterwards."""
    config = session.config
    try:
        if RECORD in config.stash and config.stash.get(REPORTING, True):
            from fer_bench.plugin.benchmark_tables import hide_tables
            from fer_bench.plugin.session_report import SessionReport

            report = SessionReport(session, config.stash[SETTINGS])
            report.write()
            config.stash[REPORT] = report
            hide_tables(config)
        _judge_comparison(session)
    finally:
        try:
            yield
        finally:
            if REPORT in config.stash:
                config.stash[REPORT].close(config.pluginmanager.getplugin("terminalreporter"))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: pytest.ExitCode
) -> None:
    """Show the report, or if there is none, the number of cells used."""
    config = terminalreporter.config
    if REPORT in config.stash:
        config.stash[REPORT].show(terminalreporter)
    elif RECORD in config.stash and config.stash[RECORD].found:
        found = config.stash[RECORD].found
        for note in dict.fromkeys(config.stash[NOTES].lines):
            report_line(terminalreporter, f"NOTE: {note}", yellow=True)
        report_line(
            terminalreporter,
            f"fer_bench: {found} trained cell{'s' if found > 1 else ''} used; no report was "
            "written (--report-dir=DIR writes one)",
        )
    if UNCOMPARED in config.stash:
        report_line(terminalreporter, f"ERROR: {config.stash[UNCOMPARED]}", red=True)
    if RECORD in config.stash and exitstatus == pytest.ExitCode.INTERRUPTED:
        report_line(
            terminalreporter,
            "interrupted; the same command continues from the store",
            yellow=True,
        )


def _judge_comparison(session: pytest.Session) -> None:
    """Fail a completed session with ``--fer-compare`` in which nothing was compared."""
    status, stash = session.exitstatus, session.config.stash
    ended = pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED
    if UNCOMPARED not in stash:
        return
    if REPORT in stash or status not in ended:
        del stash[UNCOMPARED]
        return
    if status == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    if not session.config.pluginmanager.hasplugin("terminalreporter"):
        echo(f"ERROR: {stash[UNCOMPARED]}", err=True)


def _takes(fixturedefs: Mapping[str, Sequence[Any]], fixture: Any) -> bool:
    """Return True if a test uses this fixture of the plugin, not another of the same name."""
    found = fixturedefs.get(fixture.__name__, ())
    return bool(found) and found[-1].func.__module__ == fixture.__module__


def _fixturedefs(item: pytest.Item) -> Mapping[str, Sequence[Any]]:
    return item._fixtureinfo.name2fixturedefs if isinstance(item, pytest.Function) else {}


def _cell_of(item: pytest.Item) -> str:
    """Return the id of the cell that a test runs, empty if it runs none."""
    callspec = getattr(item, "callspec", None)
    if callspec is None or not _takes(_fixturedefs(item), cell):
        return ""
    return str(callspec.params.get("cell", ""))


def _reason(error: BaseException) -> str:
    if isinstance(error, FerBenchError | pytest.skip.Exception | pytest.fail.Exception):
        return str(error)
    return f"{type(error).__name__}: {error}"
