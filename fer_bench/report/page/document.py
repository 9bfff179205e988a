"""Report page as one HTML document."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from typing import TYPE_CHECKING, NamedTuple

from fer_bench.protocol.published import BACKBONES, DATASET
from fer_bench.report.audit_command import recorded_command
from fer_bench.report.confusion_matrices import heat_maps
from fer_bench.report.example_predictions import example_images
from fer_bench.report.page.chart_data import chart_data
from fer_bench.report.page.digits_section import digits_section
from fer_bench.report.page.masthead import subject
from fer_bench.report.page.scripts import chart_library, page_script, policy
from fer_bench.report.page.table_view import Grid, grid, short_title
from fer_bench.report.page.templates import filled
from fer_bench.report.summary_table import summary_table
from fer_bench.runtime.escapes import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fer_bench.report.page.audit_section import AuditSection
    from fer_bench.report.page.page_input import Content
    from fer_bench.report.plots import Figure
    from fer_bench.results.records import Run

_PAPER = ("table-1", "table-2", "table-3", "table-4", "table-5", "initial", "final")
_METRICS = ("metrics",)
_LACKING = (
    "clean",
    "votes",
    "recall",
    "classes",
    "calibration",
    "uncertainty",
    "pairs",
    "curve",
    "learning-speed",
    "speed",
    "parts",
)
_LEADING = ("tradeoffs",)
"""Figures in front of the confusion matrices."""
_TREND = ("trend",)
_SETUP = ("protocol", "environment", "weights", "cells")
_PAPER_FIGURES = tuple(f"figure-{number}-" for number in range(5, 11))
_OTHER_CURVES = "curves-"
"""Learning curves of backbones that the paper does not have."""
_EXAMPLES = (*(f"figure-{number}-" for number in range(11, 18)), "examples-", "mistakes-")
"""Figures that the page only links to as files, since it shows their images in HTML."""
_CONFUSION = ("confusion-",)
"""Likewise for confusion matrices, which the page shows as HTML heat maps."""


class Plot(NamedTuple):
    """One figure on the page.

    Attributes:
        id: the figure's anchor.
        key: stem of the figure's file names.
        title: one line.
        short: the title for a list of links.
        caption: text below the title.
        alt: alternative text.
        svg: the drawing as SVG markup, inserted into the HTML unescaped.
    """

    id: str
    key: str
    title: str
    short: str
    caption: str
    alt: str
    svg: str


class Ended(NamedTuple):
    """Cells that were not measured, for the same reason.

    Attributes:
        status: ``"skipped"`` or ``"failed"``.
        reason: one line.
        cells: names of the cells, each with its seeds in words if the run has several.
    """

    status: str
    reason: str
    cells: Sequence[tuple[str, str]]


def page(content: Content) -> str:
    """Return the report as one HTML document.

    The page loads nothing: styles, scripts, drawings and images are embedded, and its content
    security policy forbids anything else. It links to the figures' files in ``figures/`` next to
    it. All content is readable without scripts, which add interactive charts, sort and copy tables,
    filter by cells and classes, and switch the theme.

    Raises:
        ValueError: the run is inconsistent, see ``fer_bench.report.tables.tables``.
    """
    from markupsafe import Markup

    charts = chart_data([content.analysis])
    scripts = [*([chart_library()] if charts else []), page_script()]
    run = content.analysis.run
    tables = {table.key: grid(table) for table in content.tables}
    in_html = (*_EXAMPLES, *_CONFUSION)
    plots = [_plot(figure) for figure in content.figures if not _is(figure.key, in_html)]
    other_backbones = not any(cell.backbone in BACKBONES for cell in run.cells)
    paper_figures = (*_PAPER_FIGURES, _OTHER_CURVES) if other_backbones else _PAPER_FIGURES
    in_paper = [plot for plot in plots if _is(plot.key, paper_figures)]
    claims = tables.pop("claims", None)
    metrics = _pop_tables(tables, _METRICS)
    paper = _pop_tables(tables, _PAPER)
    setup = _pop_tables(tables, _SETUP)
    trend: list[Plot | Grid] = [plot for plot in plots if _is(plot.key, _TREND)]
    leading = [plot for plot in plots if _is(plot.key, _LEADING)]
    rest = [plot for plot in plots if plot not in (*in_paper, *trend, *leading)]
    trend += _pop_tables(tables, _TREND)
    return filled(
        "page/index.html.j2",
        # Trusted: files of this package.
        scripts=[Markup(script) for script in scripts],  # noqa: S704
        policy=policy(scripts),
        charts=charts,
        name=clean(content.name),
        summary={
            part.name: [clean(sentence) for sentence in getattr(content.summary, part.name)]
            for part in fields(content.summary)
        },
        ranking=grid(summary_table(content.analysis)),
        subject=subject(content.analysis),
        trained=bool(content.analysis.trained),
        has_test=content.analysis.dataset.has_test,
        claims=claims,
        digits=digits_section() if run.dataset.name == DATASET else None,
        paper=paper,
        figures=in_paper,
        other_backbones=other_backbones,
        examples=example_images(content.analysis),
        example_files=_files(content.figures, _EXAMPLES),
        heat_maps=heat_maps(content.analysis, content.analysis.groups),
        heat_map_files=_files(content.figures, _CONFUSION),
        leading=leading,
        metrics=metrics,
        more=_in_order(rest, tables),
        audit=None if content.audit is None else _data(content.audit),
        command=recorded_command(run),
        trend=trend,
        setup=setup,
        ended=ended(run),
    )


def ended(run: Run) -> list[Ended]:
    """Return the skipped and failed cells, grouped by reason, in the order of the run."""
    asked = Counter(cell.label for cell in run.cells)
    found: dict[tuple[str, str], dict[str, list[int]]] = {}
    for cell in run.cells:
        if cell.status != "ok":
            labels = found.setdefault((cell.status, clean(cell.reason)), {})
            labels.setdefault(cell.label, []).append(cell.seed)
    return [
        Ended(
            status,
            reason,
            [
                (clean(label), _seeds(seeds) if asked[label] > 1 else "")
                for label, seeds in labels.items()
            ],
        )
        for (status, reason), labels in found.items()
    ]


def _seeds(seeds: Sequence[int]) -> str:
    return f"(seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))})"


def _plot(figure: Figure) -> Plot:
    from markupsafe import Markup

    return Plot(
        id=f"plot-of-{figure.key}",
        key=figure.key,
        title=clean(figure.title),
        short=short_title(figure.title),
        caption=clean(figure.caption),
        alt=clean(figure.alt),
        # Trusted: drawn by this package, names are escaped.
        svg=Markup(figure.themed_svg),  # noqa: S704
    )


def _files(figures: Iterable[Figure], stems: Sequence[str]) -> list[tuple[str, str]]:
    """Return short titles and keys of the figures that the page links to instead of drawing."""
    return [(short_title(one.title), one.key) for one in figures if _is(one.key, stems)]


def _is(key: str, stems: Iterable[str]) -> bool:
    """Return True if the key, with a hyphen appended, begins with one of the stems."""
    return f"{key}-".startswith(tuple(stems))


def _pop_tables(tables: dict[str, Grid], keys: Iterable[str]) -> list[Grid]:
    """Remove the tables with these keys from ``tables`` and return them."""
    return [tables.pop(key) for key in keys if key in tables]


def _in_order(plots: Sequence[Plot], tables: dict[str, Grid]) -> list[Plot | Grid]:
    """Return figures and tables beyond the paper by topic, figures first, unknown keys last."""
    found: list[Plot | Grid] = []
    for stem in _LACKING:
        found += [plot for plot in plots if _is(plot.key, (f"{stem}-", f"{stem}s-"))]
        found += [table for key, table in tables.items() if _is(key, (f"{stem}-", f"{stem}s-"))]
    everything: list[Plot | Grid] = [*plots, *tables.values()]
    return found + [one for one in everything if one not in found]


def _data(audit: AuditSection) -> dict[str, object]:
    return {**vars(audit), "tables": [grid(table) for table in audit.tables]}
