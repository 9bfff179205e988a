"""From a finished session to files and the terminal."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from fer_bench.reporting import terminal_text, write_report
from fer_bench.results_json import write_json

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pytest

    from fer_bench.pairs import Pair
    from fer_bench.results import Run

RESULTS = "results.json"


def write(document: dict[str, Any], run: Run, compared: tuple[Pair, ...], folder: Path) -> None:
    """Writes ``results.json`` and the tables.

    Args:
        document: the session as JSON.
        run: what the tables are made from.
        compared: its networks, compared with each other.
        folder: where to.

    Raises:
        FerBenchError: a file cannot be written.
    """
    write_json(folder / RESULTS, document)
    write_report(folder, run, compared)


def show(
    run: Run,
    compared: tuple[Pair, ...],
    folder: Path | None,
    notes: Iterable[str],
    problems: list[str],
    terminal: pytest.TerminalReporter,
) -> None:
    """Prints the tables, what was noted, where the files lie, and what went wrong.

    Args:
        run: what the tables are made from.
        compared: its networks, compared with each other.
        folder: of the report, None where it could not be written.
        notes: what the package said meanwhile, a line each.
        problems: what went wrong, a line each.
        terminal: where to.
    """
    terminal.section("fer_bench", sep="=")
    width = shutil.get_terminal_size((120, 24)).columns
    terminal.write_line(terminal_text(run, width, compared))
    for note in notes:
        terminal.write_line(f"NOTE: {note}", yellow=True)
    if folder is not None:
        terminal.write_line(f"report: {folder}")
    for problem in problems:
        terminal.write_line(f"ERROR: {problem}", red=True)


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
