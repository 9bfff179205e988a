"""Report of a finished session: files and terminal output."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from fer_bench.analysis.comparison import RunSet, compare
from fer_bench.plugin.stash_keys import BASE, EXPERIMENT, NOTES, PROBLEMS, RECORD, RESULTS_ONLY
from fer_bench.report import Report, highlighted, terminal_text, write_page, write_tables
from fer_bench.report.comparison import coloured, conclusion, remove_comparison, write_comparison
from fer_bench.report.comparison import terminal_text as comparison_text
from fer_bench.report.output import PAGE
from fer_bench.report.output_files import write_files
from fer_bench.results import KEY, json_text, read_run, timers, with_plain_values, written_at
from fer_bench.results.speed_units import TIMER
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import cause_of
from fer_bench.runtime.terminal import echo, report_line, report_lines, terminal_width

if TYPE_CHECKING:
    from collections.abc import Callable

    from fer_bench.analysis.comparison import ComparisonResult
    from fer_bench.plugin.settings import Settings

log = logging.getLogger("fer_bench.plugin")

RESULTS = "results.json"
T = TypeVar("T")


class SessionReport:
    """Report of a finished session: its files and its terminal output.

    ``write`` writes the files. Only the page, the slowest to draw, is written by ``close``: after
    the tables are shown, or at the end of the session.

    Args:
        session: the session; it fails if the report cannot be made or written, or if a requested
            comparison does not pass.
        settings: settings of the run.
    """

    def __init__(self, session: pytest.Session, settings: Settings) -> None:
        self._session = session
        self._settings = settings
        self._directory = settings.report_dir
        self._problems: list[str] = []
        self._closed = False
        self._report: Report | None = None
        self._outcome: ComparisonResult | None = None
        self._left: str = ""

    def write(self) -> None:
        """Write all files but the page, results first, since those took hours to compute."""
        document = self._tried(lambda: _plain_document(self._session.config))
        if document is None:
            return
        if not _has_measured(document):
            self._left = self._without_measures()
        if self._left:
            return
        self._tried(lambda: write_files(self._directory, {RESULTS: _text(document)}))
        if RESULTS_ONLY in self._session.config.stash:
            return
        # A comparison of an earlier run could be mistaken for this run's.
        self._tried(lambda: remove_comparison(self._directory))
        found = self._report = self._tried(
            lambda: Report.of(read_run(document), times=tuple(filter(None, [written_at(document)])))
        )
        if found is not None:
            self._tried(lambda: write_tables(self._directory, found))
        outcome = self._outcome = self._tried(self._compared)
        if outcome is not None:
            self._tried(lambda: write_comparison(self._directory, outcome))
            if outcome.exit_status:
                word, why = conclusion(outcome)
                self._fail(f"--fer-compare: {word}: {why}")

    def show(self, terminal: pytest.TerminalReporter) -> None:
        """Print the tables and the comparison, and close the report."""
        width = terminal_width()
        terminal.section("fer_bench", sep="=")
        if self._left:
            report_lines(terminal, self._left, yellow=True)
        if self._report is not None:
            text = terminal_text(self._report, width, terminal.verbosity)
            report_lines(terminal, text, highlighted)
        if self._outcome is not None:
            text = comparison_text(self._outcome, width)
            terminal.section("compared with --fer-compare", sep="-")
            report_lines(terminal, text, coloured)
        self.close(terminal)

    def close(self, terminal: pytest.TerminalReporter | None) -> None:
        """Draw the page and print notes and problems, once for each report.

        Args:
            terminal: reporter to print to; without one, problems go to standard error.
        """
        if self._closed:
            return
        self._closed = True
        config, found = self._session.config, self._report
        notes = config.stash[NOTES].lines
        shown = len(notes)
        if terminal is not None:
            for note in dict.fromkeys(notes):
                report_line(terminal, f"NOTE: {note}", yellow=True)
            # Show the output before the page is drawn, which takes a while.
            terminal.flush()
        drawn = found and self._tried(
            lambda: write_page(self._directory, found, config.stash[EXPERIMENT].data)
        )
        if terminal is not None:
            for note in dict.fromkeys(notes[shown:]):
                report_line(terminal, f"NOTE: {note}", yellow=True)
            if drawn is not None:
                report_line(
                    terminal, f"report: {self._directory / PAGE}{_more(terminal.verbosity)}"
                )
        for problem in dict.fromkeys([*config.stash[PROBLEMS], *self._problems]):
            if terminal is None:
                echo(f"ERROR: {problem}", err=True)
            else:
                report_line(terminal, f"ERROR: {problem}", red=True)

    def _without_measures(self) -> str:
        """Return why a session that measured nothing gets no report; empty if it gets one.

        Rows of skipped or failed cells are worth a report, but not overwriting an earlier one.
        """
        earlier = any((self._directory / name).exists() for name in (RESULTS, PAGE))
        record = self._session.config.stash[RECORD]
        if record.has_ended and not earlier:
            return ""
        if BASE in self._session.config.stash:
            self._fail("--fer-compare: nothing was measured, so nothing was compared")
        stays = f"; the earlier one in {str(self._directory)!r} is kept" if earlier else ""
        return "\n".join(
            [*record.reasons(), f"nothing was measured, so no report is written{stays}"]
        )

    def _tried(self, make: Callable[[], T]) -> T | None:
        """Return a part of the report; None if it fails, which is recorded as a problem."""
        try:
            return make()
        except FerBenchError as error:
            self._fail(str(error))
            return None

    def _fail(self, problem: str) -> None:
        # A session that ended early keeps its own exit status.
        if self._session.exitstatus == pytest.ExitCode.OK:
            self._session.exitstatus = pytest.ExitCode.TESTS_FAILED
        self._problems.append(problem)

    def _compared(self) -> ComparisonResult | None:
        """Return the run compared with its base; None without a base or a readable run."""
        base = self._session.config.stash.get(BASE, None)
        if base is None or self._report is None:
            return None
        head = RunSet(((str(self._directory / RESULTS), self._report.analysis.run),))
        return compare(base, head, self._settings.thresholds)


def _more(verbosity: int) -> str:
    """Name the option that shows more than this verbosity does."""
    return {0: " (-v shows more here, -vv all tables)", 1: " (-vv shows all tables here)"}.get(
        verbosity, ""
    )


def _has_measured(document: dict[str, Any]) -> bool:
    """Return True if a session's document has metrics of fer_bench."""
    measured = any(KEY in benchmark["extra_info"] for benchmark in document["benchmarks"])
    return measured or bool(document[KEY]["quality"])


def _plain_document(config: pytest.Config) -> dict[str, Any]:
    """Return the session's document, with values of other plugins converted to plain JSON values.

    Raises:
        FerBenchError: a hook of another plugin raised, or a record is invalid.
    """
    try:
        document, notes = with_plain_values(_document(config))
    except Exception as error:
        raise FerBenchError(
            f"no report can be written: {type(error).__name__}: {cause_of(error)}",
            hint="fix its cause in a conftest.py or benchmark and run again; trained cells are "
            "in the store",
        ) from error
    for line in notes:
        log.warning("%s", line)
    return document


def _text(document: dict[str, Any]) -> str:
    try:
        return json_text(document)
    except (TypeError, ValueError) as error:
        raise FerBenchError(
            f"{RESULTS}: a record under {KEY!r} is not valid JSON: {cause_of(error)}",
            "records of the fixture 'measured'",
        ) from error


def _document(config: pytest.Config) -> dict[str, Any]:
    """Return the session as pytest-benchmark's JSON document, even if none is saved."""
    hook = config.hook
    benchmarks = config._benchmarksession.benchmarks  # type: ignore[attr-defined]
    machine_info = hook.pytest_benchmark_generate_machine_info(config=config)
    hook.pytest_benchmark_update_machine_info(config=config, machine_info=machine_info)
    commit_info = hook.pytest_benchmark_generate_commit_info(config=config)
    hook.pytest_benchmark_update_commit_info(config=config, commit_info=commit_info)
    document: dict[str, Any] = hook.pytest_benchmark_generate_json(
        config=config,
        benchmarks=benchmarks,
        include_data=True,
        machine_info=machine_info,
        commit_info=commit_info,
    )
    hook.pytest_benchmark_update_json(config=config, benchmarks=benchmarks, output_json=document)
    return document


def facts_of(document: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return pytest-benchmark's facts about the environment: processor, commit and timer."""
    # A conftest.py may have replaced these values through pytest-benchmark's hooks.
    cpu, commit = document["machine_info"].get("cpu"), document["commit_info"]
    processor = cpu.get("brand_raw") if isinstance(cpu, dict) else cpu
    name = str(commit.get("id", "unversioned"))
    if name == "unversioned":
        name = "none: not run in a repository"
    elif "error" in commit:
        # For example, git refuses repositories owned by another user, as is usual in containers.
        name = "not known: git cannot be asked"
    elif commit.get("dirty"):
        name += ", with changes that are not committed"
    timer = timers(document)
    return (
        ("processor", str(processor or "not known")),
        ("commit", name),
        *([(TIMER, timer)] if timer else []),
    )
