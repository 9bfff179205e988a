"""From a finished session to files and the terminal."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from fer_bench.comparison import Side, compare
from fer_bench.errors import FerBenchError
from fer_bench.plugin.state import BASE, DATA
from fer_bench.reporting import Findings, terminal_text, write_page, write_tables
from fer_bench.reporting.audit import AuditedData
from fer_bench.reporting.comparison import (
    coloured,
    conclusion,
    remove_comparison,
    write_comparison,
)
from fer_bench.reporting.comparison import terminal_text as comparison_text
from fer_bench.reporting.written import write_files
from fer_bench.results_json import json_text, read_run
from fer_bench.terminal import report_line, report_lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from fer_bench.comparison import Outcome
    from fer_bench.plugin.options import Settings

RESULTS = "results.json"
T = TypeVar("T")


class Report:
    """What is told of a finished session.

    Its results are on disk before anything is worked out from them: they took hours.

    Args:
        session: the session; a report that cannot be made or written makes it fail, and so does
            a comparison that was asked for and does not pass.
        settings: what was asked for.
    """

    def __init__(self, session: pytest.Session, settings: Settings) -> None:
        self._session = session
        self._settings = settings
        self._folder = settings.report_dir
        self._problems: list[str] = []
        document = document_of(session.config)
        self._tried(lambda: write_files(self._folder, {RESULTS: json_text(document)}))
        # An earlier run's would be taken for one of this run.
        self._tried(lambda: remove_comparison(self._folder))
        self._findings = self._tried(lambda: Findings.of(read_run(document)))
        self._outcome = self._tried(lambda: self._compared())
        if self._outcome is not None and self._outcome.exit_status:
            word, why = conclusion(self._outcome)
            self._fail(f"--fer-compare: {word}: {why}")

    def give(
        self, terminal: pytest.TerminalReporter, notes: list[str], problems: list[str]
    ) -> None:
        """Writes and prints the tables and the comparison, and then draws the page.

        Args:
            terminal: where to print.
            notes: what the package said meanwhile, a line each.
            problems: what went wrong, a line each.
        """
        found, outcome = self._findings, self._outcome
        width = shutil.get_terminal_size((120, 24)).columns
        terminal.section("fer_bench", sep="=")
        if found is not None:
            self._tried(lambda: write_tables(self._folder, found))
            report_lines(terminal, terminal_text(found, width))
        if outcome is not None:
            self._tried(lambda: write_comparison(self._folder, outcome))
            text = comparison_text(outcome, width)
            terminal.section("compared with --fer-compare", sep="-")
            report_lines(terminal, text, coloured)
        told = len(notes)
        for note in notes[:told]:
            report_line(terminal, f"NOTE: {note}", yellow=True)
        # Drawing takes longer than all else here: nobody waits for it with nothing to read.
        terminal.flush()
        drawn = found and self._tried(lambda: write_page(self._folder, found, self._audited()))
        for note in notes[told:]:
            report_line(terminal, f"NOTE: {note}", yellow=True)
        if drawn is not None:
            report_line(terminal, f"report: {self._folder / 'index.html'}")
        for problem in dict.fromkeys([*problems, *self._problems]):
            report_line(terminal, f"ERROR: {problem}", red=True)

    def _tried(self, make: Callable[[], T]) -> T | None:
        """What a part of the report gives; None where it could not be made, which is told."""
        try:
            return make()
        except FerBenchError as error:
            self._fail(str(error))
            return None

    def _fail(self, problem: str) -> None:
        self._session.exitstatus = pytest.ExitCode.TESTS_FAILED
        self._problems.append(problem)

    def _audited(self) -> AuditedData:
        """What is known of the run's data, and the command that tells it again."""
        settings = self._settings
        return AuditedData.of(
            self._session.config.stash[DATA],
            settings.protocol,
            settings.dataset,
            class_map=settings.class_map,
            votes=settings.votes,
            limit=settings.limit,
        )

    def _compared(self) -> Outcome | None:
        """The run beside its base; None where none was asked for, or the run cannot be read."""
        base = self._session.config.stash.get(BASE, None)
        if base is None or self._findings is None:
            return None
        head = Side(((str(self._folder / RESULTS), self._findings.run),))
        return compare(base, head, self._settings.rules)


def document_of(config: pytest.Config) -> dict[str, Any]:
    """The session as pytest-benchmark's own JSON, also where it was not asked to save any."""
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
    """What pytest-benchmark found out of processor and commit, as facts of the environment."""
    # A conftest.py may say otherwise what they hold.
    cpu, commit = document["machine_info"].get("cpu"), document["commit_info"]
    processor = cpu.get("brand_raw") if isinstance(cpu, dict) else cpu
    name = str(commit.get("id", "unversioned"))
    if name == "unversioned":
        name = "none: not run in a repository"
    elif "error" in commit:
        # As git does where a repository belongs to another user, which is usual in containers.
        name = "not known: git cannot be asked"
    elif commit.get("dirty"):
        name += ", with changes that are not committed"
    return ("processor", str(processor or "not known")), ("commit", name)
