"""Output of a report as text and as files."""

from __future__ import annotations

import gc
import re
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from fer_bench.report.audit.data_card import data_card
from fer_bench.report.audit.files import OF_BENCHMARK, write_attachments
from fer_bench.report.audit.page import audit_section
from fer_bench.report.latex import DIRECTORY as TABLES
from fer_bench.report.output_files import remove_files, write_files
from fer_bench.report.summary_table import BEST, summary_table
from fer_bench.report.table_rendering import DASH, terminal, wrapped
from fer_bench.runtime.escapes import clean

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fer_bench.data.prepare import PreparedData
    from fer_bench.report.report import Report

PAGE = "index.html"
FIGURES = "figures"
"""Directory of the figure files, next to the page."""
EMBEDDED = ("summary.csv", "tables.csv", "tables.md")
"""Files of tables that the page contains; it copies single tables as LaTeX."""


DETAILS = (
    *("cross", "sweep", "recall", "few-shot", "pairs"),
    *("table-2", "table-3", "table-4", "table-5"),
)
"""Keys of the tables that a verbose terminal shows in addition to the summary."""


def terminal_text(report: Report, width: int = 120, verbosity: int = 0) -> str:
    """Return what a terminal of ``width`` columns shows of a report.

    Args:
        report: content of the report.
        width: number of columns.
        verbosity: below 0 for two sentences of the answer, one a line; 0 for the summary table,
            answer and cautions; 1 to add the tables of ``DETAILS`` and details, 2 for all tables.
    """
    summary, blocks = report.summary, []
    if verbosity < 0:
        # Unwrapped, for scripts.
        return "".join(f"{clean(sentence)}\n" for sentence in summary.answer[:2])
    sentences = [*summary.answer, *(f"NOTE: {caution}" for caution in summary.cautions)]
    if verbosity > 0:
        shown = [one for one in report.tables if verbosity > 1 or one.key in DETAILS]
        blocks.append(terminal(shown, width))
        sentences += summary.details
    ranked = [analysis for analysis in report.analyses if analysis.groups]
    blocks += [terminal([summary_table(analysis, width)], width) for analysis in ranked]
    lines = [line for text in sentences for line in wrapped(clean(text), width)]
    return "\n".join([*blocks, *lines, ""])


def highlighted(text: str) -> str:
    """Return terminal text with ANSI styles: best networks bold, gaps dim, notes yellow."""
    import click

    def style(line: str) -> str:
        if re.search(rf"  {re.escape(BEST)}\d", line):
            return click.style(line, bold=True)
        if line.startswith("NOTE: "):
            return click.style("NOTE:", fg="yellow") + line.removeprefix("NOTE:")
        if line and set(line) <= {"-", " "}:
            return click.style(line, dim=True)
        return re.sub(rf"(?<= ){DASH}(?= |$)", lambda found: click.style(found[0], dim=True), line)

    return "\n".join(map(style, text.split("\n")))


def write_report(directory: Path, report: Report, data: PreparedData | None = None) -> list[Path]:
    """Write tables, page, figures and the audit of the data.

    Arguments, result and errors are as for ``write_page``.
    """
    return [*write_tables(directory, report), *write_page(directory, report, data)]


def write_tables(directory: Path, report: Report) -> list[Path]:
    """Write the tables, each file atomically, after all of them have been rendered.

    LaTeX files of an earlier report that this one does not contain are removed.

    Raises:
        FerBenchError: a file cannot be written or removed.
    """
    written = write_files(directory, report.files)
    remove_files(directory, lambda name: name.startswith(f"{TABLES}/"), written)
    return written


@contextmanager
def _uncollected() -> Iterator[None]:
    """Pause the garbage collector, which takes a tenth of the time: drawings are full of cycles."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@_uncollected()
def write_page(directory: Path, report: Report, data: PreparedData | None = None) -> list[Path]:
    """Write page, figures, data card and contact sheets, each file atomically; return their paths.

    Those of an earlier report that this one does not contain are removed. Without ``data``, the
    data of the run, which are audited, the page states that they were not available.

    Raises:
        FerBenchError: a file cannot be written or removed.
    """
    from fer_bench.report.page import page
    from fer_bench.report.plots import figures, trend_figures

    drawn = []
    sets = zip(report.analyses, report.set_names, strict=True)
    for number, (analysis, name) in enumerate(sets, start=1):
        for figure in figures(analysis):
            key, title = f"{figure.key}-set-{number}", f"{figure.title} ({name})"
            drawn.append(replace(figure, key=key, title=title) if name else figure)
    if report.trend is not None:
        drawn += trend_figures(report.trend)
    files, audit = {name: report.files[name] for name in EMBEDDED}, None
    if data is not None:
        files[OF_BENCHMARK.card] = data_card(data)
        audit = audit_section(data, OF_BENCHMARK)
    made = page(report, drawn, files, audit)
    shown = {f"{FIGURES}/{figure.key}.svg": figure.svg for figure in drawn}
    written = write_files(directory, {PAGE: made, **shown})
    # PNGs follow after the page: it does not show them, and drawing takes a quarter of the time.
    written += write_files(
        directory, {f"{FIGURES}/{figure.key}.png": figure.png for figure in drawn}
    )
    remove_files(directory, lambda name: name.startswith(f"{FIGURES}/"), written)
    if data is None:
        remove_files(directory, OF_BENCHMARK.holds)
    else:
        written += write_attachments(directory, data, OF_BENCHMARK)
    return written
