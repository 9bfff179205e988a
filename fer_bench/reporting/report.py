"""A run's report as text and as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.files import write_atomically
from fer_bench.reporting.latex import latex
from fer_bench.reporting.render import markdown, terminal, tidy_csv
from fer_bench.reporting.tables import tables

if TYPE_CHECKING:
    from pathlib import Path

    from fer_bench.results import Run


def report_files(run: Run) -> dict[str, str]:
    """The text of each file of the report, by its name.

    Returns:
        ``tables.md``, ``tables.tex`` and ``tables.csv``.

    Raises:
        ValueError: the run contradicts itself, see ``fer_bench.reporting.tables.tables``.
    """
    made = tables(run)
    return {
        "tables.md": "\n".join(["# Tables\n", *map(markdown, made)]),
        "tables.tex": latex(made),
        "tables.csv": tidy_csv(made),
    }


def terminal_text(run: Run, width: int = 120) -> str:
    """All tables of a run for a terminal of ``width`` columns.

    Raises:
        ValueError: the run contradicts itself, see ``fer_bench.reporting.tables.tables``.
    """
    return terminal(tables(run), width)


def write_report(folder: Path, run: Run) -> list[Path]:
    """Writes the report, each file atomically, once all of them are made.

    Returns:
        The files written.

    Raises:
        ValueError: as ``report_files``; nothing is written.
        FerBenchError: a file cannot be written.
    """
    written = []
    for name, text in report_files(run).items():
        write_atomically(folder / name, text)
        written.append(folder / name)
    return written
