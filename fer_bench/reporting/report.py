"""A run's report as text and as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.files import write_atomically
from fer_bench.headline import headline
from fer_bench.pairs import pairs
from fer_bench.reporting.latex import latex
from fer_bench.reporting.render import clean, escaped, markdown, terminal, tidy_csv, wrapped
from fer_bench.reporting.tables import tables

if TYPE_CHECKING:
    from pathlib import Path

    from fer_bench.pairs import Pair
    from fer_bench.results import Run


def report_files(run: Run, compared: tuple[Pair, ...] | None = None) -> dict[str, str]:
    """The text of each file of the report, by its name.

    Args:
        run: the results.
        compared: what ``fer_bench.pairs.pairs`` returns for it; None to work it out.

    Returns:
        ``tables.md``, ``tables.tex`` and ``tables.csv``.

    Raises:
        ValueError: the run contradicts itself, see ``fer_bench.reporting.tables.tables``.
    """
    compared = pairs(run) if compared is None else compared
    made = tables(run, compared)
    told = [escaped(clean(sentence)) + "\n" for sentence in headline(run, compared)]
    return {
        "tables.md": "\n".join(["# Tables\n", *told, *map(markdown, made)]),
        "tables.tex": latex(made),
        "tables.csv": tidy_csv(made),
    }


def terminal_text(run: Run, width: int = 120, compared: tuple[Pair, ...] | None = None) -> str:
    """All tables of a run for a terminal of ``width`` columns, then the headline.

    A terminal shows its last lines: verdicts and headline stand there.

    Args:
        run: the results.
        width: in columns.
        compared: as in ``report_files``.

    Raises:
        ValueError: the run contradicts itself, see ``fer_bench.reporting.tables.tables``.
    """
    compared = pairs(run) if compared is None else compared
    told = (wrapped(clean(sentence), width) for sentence in headline(run, compared))
    lines = [line for sentence in told for line in sentence]
    return "\n".join([terminal(tables(run, compared), width), *lines, ""])


def write_report(folder: Path, run: Run, compared: tuple[Pair, ...] | None = None) -> list[Path]:
    """Writes the report, each file atomically, once all of them are made.

    Args:
        folder: where to.
        run: the results.
        compared: as in ``report_files``.

    Returns:
        The files written.

    Raises:
        ValueError: as ``report_files``; nothing is written.
        FerBenchError: a file cannot be written.
    """
    written = []
    for name, text in report_files(run, compared).items():
        write_atomically(folder / name, text)
        written.append(folder / name)
    return written
