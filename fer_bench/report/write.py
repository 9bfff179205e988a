"""A report as text and as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.report.audit.files import remove_beside, write_beside
from fer_bench.report.audit.paths import OF_BENCHMARK
from fer_bench.report.latex import latex
from fer_bench.report.output_files import remove_files, write_files
from fer_bench.report.render import markdown, terminal, tidy_csv, wrapped
from fer_bench.runtime.escapes import clean, in_markdown

if TYPE_CHECKING:
    from pathlib import Path

    from fer_bench.report.audit import AuditedData
    from fer_bench.report.findings import Findings

PAGE = "index.html"
FIGURES = "figures"
"""Folder of the figures' files, beside the page."""


def report_files(findings: Findings) -> dict[str, str]:
    """The text of each file of the report, by its name.

    Returns:
        ``tables.md``, ``tables.tex`` and ``tables.csv``.
    """
    made = findings.tables
    told = [in_markdown(sentence) + "\n" for sentence in findings.headline]
    return {
        "tables.md": "\n".join(["# Tables\n", *told, *map(markdown, made)]),
        "tables.tex": latex(made),
        "tables.csv": tidy_csv(made),
    }


def terminal_text(findings: Findings, width: int = 120) -> str:
    """All tables of a run for a terminal of ``width`` columns, then the headline.

    A terminal shows its last lines: verdicts and headline stand there.
    """
    told = (wrapped(clean(sentence), width) for sentence in findings.headline)
    lines = [line for sentence in told for line in sentence]
    return "\n".join([terminal(findings.tables, width), *lines, ""])


def write_report(
    folder: Path, findings: Findings, audited: AuditedData | None = None
) -> list[Path]:
    """Writes the whole report: tables, page, figures and what was found in the data.

    Args:
        folder: where to.
        findings: what to tell.
        audited: as for ``write_page``.

    Returns:
        The files written.

    Raises:
        FerBenchError: a file cannot be written.
    """
    return [*write_tables(folder, findings), *write_page(folder, findings, audited)]


def write_tables(folder: Path, findings: Findings) -> list[Path]:
    """Writes the tables, each file atomically, once all of them are made.

    Args:
        folder: where to.
        findings: what to tell.

    Returns:
        The files written.

    Raises:
        FerBenchError: a file cannot be written.
    """
    return write_files(folder, report_files(findings))


def write_page(folder: Path, findings: Findings, audited: AuditedData | None = None) -> list[Path]:
    """Writes the page, the figures, and the data's card and contact sheets, each file atomically.

    Figures, sheets and a card that an earlier report left and this one has not are removed.

    Args:
        folder: where to.
        findings: what to tell.
        audited: the data with what was found in it; None where it is not at hand, which the page
            says then.

    Returns:
        The page, then the other files.

    Raises:
        FerBenchError: a file cannot be written or removed.
    """
    from fer_bench.report.page import Content, page
    from fer_bench.report.plots import figures, trend_figures

    run = findings.run
    drawn = figures(run)
    if findings.trend is not None:
        drawn += trend_figures(findings.trend)
    made = page(
        Content(
            run=run,
            tables=findings.tables,
            figures=drawn,
            headline=findings.headline,
            notes=(),
            name=f"fer_bench on {run.dataset.name}",
            audit=None if audited is None else audited.section(OF_BENCHMARK),
        )
    )
    shown = {f"{FIGURES}/{figure.key}.svg": figure.svg for figure in drawn}
    written = write_files(folder, {PAGE: made, **shown})
    # The page waits for no PNG: it shows none, and their drawing takes a quarter of all the time.
    written += write_files(folder, {f"{FIGURES}/{figure.key}.png": figure.png for figure in drawn})
    remove_files(folder, lambda name: name.startswith(f"{FIGURES}/"), written)
    if audited is None:
        remove_beside(folder, OF_BENCHMARK)
    else:
        written += write_beside(folder, audited, OF_BENCHMARK)
    return written
