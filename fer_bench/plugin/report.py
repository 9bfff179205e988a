"""From a finished session to files and the terminal."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from fer_bench.errors import FerBenchError
from fer_bench.pairs import pairs
from fer_bench.reporting import terminal_text, write_page, write_tables
from fer_bench.results_json import read_run, write_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RESULTS = "results.json"


class Report:
    """What is told of a finished session.

    Args:
        session: the session; a report that cannot be written makes it fail.
        folder: of the report's files.
    """

    def __init__(self, session: pytest.Session, folder: Path) -> None:
        self._session = session
        self._folder = folder
        self._document = document_of(session.config)
        self._run = read_run(self._document)
        self._compared = pairs(self._run)

    def give(
        self, terminal: pytest.TerminalReporter, notes: list[str], problems: list[str]
    ) -> None:
        """Writes results and tables, prints the tables, and then draws the page.

        Args:
            terminal: where to print.
            notes: what the package said meanwhile, a line each.
            problems: what went wrong, a line each.
        """
        problems = [*problems, *self._tried(self._write_tables)]
        terminal.section("fer_bench", sep="=")
        width = shutil.get_terminal_size((120, 24)).columns
        terminal.write_line(terminal_text(self._run, width, self._compared))
        for note in notes:
            terminal.write_line(f"NOTE: {note}", yellow=True)
        # Drawing takes longer than all else here: nobody waits for it with nothing to read.
        terminal.flush()
        drawing = self._tried(self._write_page)
        if not drawing:
            terminal.write_line(f"report: {self._folder / 'index.html'}")
        for problem in dict.fromkeys([*problems, *drawing]):
            terminal.write_line(f"ERROR: {problem}", red=True)

    def _write_tables(self) -> None:
        write_json(self._folder / RESULTS, self._document)
        write_tables(self._folder, self._run, self._compared)

    def _write_page(self) -> None:
        write_page(self._folder, self._run, self._compared)

    def _tried(self, write: Callable[[], None]) -> list[str]:
        """Why a part of the report could not be written; empty where it was."""
        try:
            write()
        except FerBenchError as error:
            self._session.exitstatus = pytest.ExitCode.TESTS_FAILED
            return [str(error)]
        return []


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
