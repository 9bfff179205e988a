"""A run's report as text and as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.errors import FerBenchError
from fer_bench.files import cause_of, write_atomically
from fer_bench.headline import headline
from fer_bench.pairs import pairs
from fer_bench.reporting.latex import latex
from fer_bench.reporting.render import clean, escaped, markdown, terminal, tidy_csv, wrapped
from fer_bench.reporting.tables import tables

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from fer_bench.pairs import Pair
    from fer_bench.results import Run

PAGE = "index.html"
FIGURES = "figures"
"""Folder of the figures' files, beside the page."""


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
    """Writes the whole report: tables, page and figures.

    Args:
        folder: where to.
        run: the results.
        compared: as in ``report_files``.

    Returns:
        The files written.

    Raises:
        ValueError: as ``report_files``.
        FerBenchError: a file cannot be written.
    """
    compared = pairs(run) if compared is None else compared
    return [*write_tables(folder, run, compared), *write_page(folder, run, compared)]


def write_tables(folder: Path, run: Run, compared: tuple[Pair, ...]) -> list[Path]:
    """Writes the tables, each file atomically, once all of them are made.

    Args:
        folder: where to.
        run: the results.
        compared: what ``fer_bench.pairs.pairs`` returns for it.

    Returns:
        The files written.

    Raises:
        ValueError: as ``report_files``; nothing is written.
        FerBenchError: a file cannot be written.
    """
    return _written(folder, report_files(run, compared))


def write_page(folder: Path, run: Run, compared: tuple[Pair, ...]) -> list[Path]:
    """Writes the page and the figures, each file atomically, once the page is made.

    Figures that an earlier report left and this one has not are removed.

    Args:
        folder: where to.
        run: the results.
        compared: what ``fer_bench.pairs.pairs`` returns for it.

    Returns:
        The page, then the figures' files.

    Raises:
        ValueError: as ``report_files``; nothing is written.
        FerBenchError: a file cannot be written.
    """
    from fer_bench.reporting.figures import figures
    from fer_bench.reporting.page import Content, page

    drawn = figures(run)
    made = page(
        Content(
            run=run,
            tables=tables(run, compared),
            figures=drawn,
            headline=headline(run, compared),
            notes=(),
            name=f"fer_bench on {run.dataset.name}",
        )
    )
    files: dict[str, str | bytes] = {PAGE: made}
    for figure in drawn:
        files[f"{FIGURES}/{figure.key}.svg"] = figure.svg
        files[f"{FIGURES}/{figure.key}.png"] = figure.png
    written = _written(folder, files)
    _remove_older(folder / FIGURES, {path.name for path in written})
    return written


def _written(folder: Path, files: Mapping[str, str | bytes]) -> list[Path]:
    for name, content in files.items():
        write_atomically(folder / name, content)
    return [folder / name for name in files]


def _remove_older(folder: Path, kept: Collection[str]) -> None:
    """Removes drawings of ours that are no longer part of the report, and nothing else."""
    from fer_bench.reporting.figures import is_ours

    for path in sorted(folder.glob("*")):
        if path.name not in kept and is_ours(path):
            try:
                path.unlink()
            except OSError as error:
                raise FerBenchError(
                    f"{path} belongs to an earlier report and cannot be removed: "
                    f"{cause_of(error)}; remove it, or name another folder with --report-dir"
                ) from error
