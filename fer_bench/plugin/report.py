"""From a finished session to files and the terminal."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from fer_bench.errors import FerBenchError
from fer_bench.reporting import Findings, terminal_text, write_page, write_tables
from fer_bench.results_json import read_run, write_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RESULTS = "results.json"
T = TypeVar("T")


class Report:
    """What is told of a finished session.

    Its results are on disk before anything is worked out from them: they took hours.

    Args:
        session: the session; a report that cannot be made or written makes it fail.
        folder: of the report's files.
    """

    def __init__(self, session: pytest.Session, folder: Path) -> None:
        self._session = session
        self._folder = folder
        self._problems: list[str] = []
        document = document_of(session.config)
        self._tried(lambda: write_json(folder / RESULTS, document))
        self._findings = self._tried(lambda: Findings.of(read_run(document)))

    def give(
        self, terminal: pytest.TerminalReporter, notes: list[str], problems: list[str]
    ) -> None:
        """Writes and prints the tables, and then draws the page.

        Args:
            terminal: where to print.
            notes: what the package said meanwhile, a line each.
            problems: what went wrong, a line each.
        """
        found = self._findings
        terminal.section("fer_bench", sep="=")
        if found is not None:
            self._tried(lambda: write_tables(self._folder, found))
            width = shutil.get_terminal_size((120, 24)).columns
            terminal.write_line(terminal_text(found, width))
        for note in notes:
            terminal.write_line(f"NOTE: {note}", yellow=True)
        # Drawing takes longer than all else here: nobody waits for it with nothing to read.
        terminal.flush()
        drawn = None if found is None else self._tried(lambda: write_page(self._folder, found))
        if drawn is not None:
            terminal.write_line(f"report: {self._folder / 'index.html'}")
        for problem in dict.fromkeys([*problems, *self._problems]):
            terminal.write_line(f"ERROR: {problem}", red=True)

    def _tried(self, make: Callable[[], T]) -> T | None:
        """What a part of the report gives; None where it could not be made, which is told."""
        try:
            return make()
        except FerBenchError as error:
            self._session.exitstatus = pytest.ExitCode.TESTS_FAILED
            self._problems.append(str(error))
            return None


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
    elif commit.get("dirty"):
        name += ", with changes that are not committed"
    return ("processor", str(processor or "not known")), ("commit", name)
