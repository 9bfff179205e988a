"""Report page as one HTML document."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from fer_bench.analysis.paper_forensics import examine
from fer_bench.analysis.run_analysis import analyse
from fer_bench.protocol.published import BACKBONES, DATASET
from fer_bench.report.claims_table import WITHOUT_EVIDENCE, count_verdicts, split_by_evidence
from fer_bench.report.commands import recorded_command, reproduction
from fer_bench.report.confusion_matrices import heat_maps
from fer_bench.report.example_predictions import example_images
from fer_bench.report.page.assets import (
    archive,
    chart_library,
    example_drawing,
    filled,
    page_script,
    policy,
)
from fer_bench.report.page.chart_data import chart_data
from fer_bench.report.page.table_view import Grid, grid
from fer_bench.report.page.texts import (
    PAPER,
    data_findings,
    effect_of_duplicates,
    links,
    page_name,
    setup_facts,
    subject,
)
from fer_bench.report.paper_tables import forensics_sentences, forensics_tables
from fer_bench.report.recommendation_text import paragraph
from fer_bench.report.reference_points import SOURCES, reference_points
from fer_bench.report.summary_table import summary_table
from fer_bench.runtime.escapes import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.report.page.audit_section import AuditSection
    from fer_bench.report.plots import Figure
    from fer_bench.report.report import Report
    from fer_bench.report.table import Table
    from fer_bench.results.records import Run

T = TypeVar("T")

_PLACES = {
    "compared": ("runs",),
    "claims": ("claims",),
    "paper": ("table-1", "table-2", "table-3", "table-4", "table-5", "initial", "final"),
    "setup": ("protocol", "environment", "weights", "cells"),
    "trend": ("trend",),
    "data_parts": ("clean", "votes"),
    "figures": ("figure-9", "figure-10"),
}
"""Keys of the figures and tables of each place in the template outside the results."""
_EXAMPLES = (*(f"figure-{number}" for number in range(11, 18)), "examples", "mistakes")
"""Figures whose images the page shows in HTML; the drawings are only embedded for download."""
_CONFUSION = ("confusion",)
"""Likewise for confusion matrices, which the page shows as HTML heat maps."""
_CURVES = ("curves", *(f"figure-{number}" for number in range(5, 9)))
_RESULTS = (
    (
        "cost",
        "Accuracy against cost",
        ("tradeoffs", "recommendation", "papers-recommendation", "speed", "runtimes", "parts"),
        "No cell was measured.",
    ),
    (
        "curves",
        "Learning curves",
        (*_CURVES, "learning-speed", "sweep"),
        "No cell was trained.",
    ),
    (
        "recall",
        "Confusion and recall",
        ("metrics", "cross", "recall", "classes", "calibration", "few-shot"),
        "",
    ),
    ("pairs", "Pairwise comparison", ("pairs", "uncertainty"), "No cell was trained."),
)
"""Id, title, and keys of figures and tables of each section of results, and its text without any;
figures and tables of unknown keys follow in ``recall``."""
_FOLDED = (
    *(*_PLACES["data_parts"], *_PLACES["setup"], "calibration", "initial", "final"),
    *("learning-speed", "parts", "sweep", "uncertainty"),
)
"""Tables that show only their title at first."""


def page(
    report: Report,
    figures: Sequence[Figure],
    files: Mapping[str, str],
    audit: AuditSection | None = None,
) -> str:
    """Return the report as one HTML document, which can be sent alone.

    The page loads nothing: styles, scripts, drawings, images and files are embedded, and its
    content security policy forbids anything else. All content is readable without scripts, which
    add interactive charts, sort and copy tables, filter by cells and classes, switch the theme and
    save the embedded files.

    Args:
        report: the report. The page places tables by their keys; those with keys that it does not
            know come last.
        figures: its figures, placed in the same way.
        files: further files that the page contains for download, by name.
        audit: audit of the data; None if it is not available, as results files do not hold it.

    Raises:
        ValueError: the run is inconsistent, see ``fer_bench.report.tables.tables``.
    """
    analyses = report.analyses
    charts = chart_data(analyses, report.set_names)
    scripts = [*([chart_library()] if charts else []), page_script()]
    runs = [experiment.run for experiment in report.experiments]
    each = [analyse(experiment.qualified) for experiment in report.experiments]
    sets = list(zip(analyses, map(clean, report.set_names), strict=True))
    examples = [
        replace(one, why=f"{name}: {one.why}" if name else one.why)
        for analysis, name in sets
        for one in example_images(analysis)
    ]
    example_figures = [one for one in figures if _is(one.key, _EXAMPLES)]
    confusion_figures = [one for one in figures if _is(one.key, _CONFUSION)]
    has_papers = any(cell.backbone in BACKBONES for run in runs for cell in run.cells)
    # Claims on other networks than those of the run are worth a click, not a screen.
    folded = (*_FOLDED, WITHOUT_EVIDENCE if has_papers else "claims")
    parts: list[Figure | Grid] = [
        *(one for one in figures if not _is(one.key, _EXAMPLES + _CONFUSION)),
        *(
            _grid(part, folded)
            for table in report.tables
            for part in (split_by_evidence(table) if has_papers else [table])
        ),
    ]
    placed = {name: _taken(parts, keys) for name, keys in _PLACES.items()}
    results = {name: _taken(parts, keys) for name, _, keys, _ in _RESULTS}
    results["recall"] += parts
    places = {example.image: place for place, example in enumerate(examples)}
    drawn = {f"{one.key}.svg": one.svg for one in confusion_figures}
    drawn |= {f"{one.key}.svg": example_drawing(one, places) for one in example_figures}
    return filled(
        "page/index.html.j2",
        scripts=scripts,
        policy=policy(scripts),
        charts=charts,
        name=page_name(runs),
        summary={
            part.name: [clean(sentence) for sentence in getattr(report.summary, part.name)]
            for part in fields(report.summary)
        },
        rankings=[
            replace(_grid(summary_table(analysis)), id=f"ranking-{number}")
            for number, analysis in enumerate(analyses, start=1)
        ],
        reference_points=reference_points(runs),
        sources=SOURCES,
        subject=_unique(sentence for analysis in each for sentence in subject(analysis)),
        trained=any(analysis.trained for analysis in analyses),
        has_test=any(analysis.dataset.has_test for analysis in analyses),
        results=[(name, title, results[name], missing) for name, title, _, missing in _RESULTS],
        heat_maps=[
            replace(one, label=f"{one.label} ({name})" if name else one.label)
            for analysis, name in sets
            for one in heat_maps(analysis, analysis.groups)
        ],
        confusion_figures=confusion_figures,
        examples=examples,
        example_figures=example_figures,
        audit=audit and {**vars(audit), "tables": list(map(_grid, audit.tables))},
        data_findings=_sentences(sets, data_findings),
        recommendations=_sentences(sets, lambda one: paragraph(one.recommendation)),
        data_effects=_sentences(sets, effect_of_duplicates),
        audit_commands=_unique(map(recorded_command, runs)),
        verdict_counts=_verdict_counts(report.tables, runs),
        digits=_digits() if any(run.dataset.name == DATASET for run in runs) else None,
        paper_address=PAPER,
        deviations=_unique(clean(away) for analysis in each for away in analysis.deviations),
        curve_figures=[one for one in results["curves"] if _is(one.key, _CURVES)],
        other_backbones=not has_papers,
        commands=_unique(map(reproduction, runs)),
        facts=setup_facts(report.experiments),
        links=links(),
        files=list(files),
        archive=archive({**files, **drawn}),
        **placed,
        ended=[one for analysis in analyses for one in _ended(analysis.run)],
    )


def _sentences(sets: Iterable[tuple[Analysis, str]], state: Callable[[Analysis], str]) -> list[str]:
    """Return the sentences on the sets of test images, each with the name of its set, if any."""
    found = ((name, clean(state(analysis))) for analysis, name in sets)
    return [f"{name}: {text}" if name else text for name, text in found if text]


def _verdict_counts(tables: Iterable[Table], runs: Sequence[Run]) -> list[str]:
    claims = [one for one in tables if _is(one.key, ("claims",))]
    if len(claims) == 1:
        return list(filter(None, [count_verdicts(claims[0], runs)]))
    # Which run a table belongs to is only in its title.
    return [f"{clean(one.title)}: {text}" for one in claims if (text := count_verdicts(one))]


def _taken(parts: list[Figure | Grid], keys: Sequence[str]) -> list[Figure | Grid]:
    """Remove the parts with these keys and return them, in the order of the keys."""
    taken = [part for key in keys for part in parts if _is(part.key, (key,))]
    parts[:] = [part for part in parts if part not in taken]
    return taken


def _grid(table: Table, folded: Sequence[str] = _FOLDED) -> Grid:
    return replace(grid(table), folded=_is(table.key, folded), reasons_at="not-measured")


def _unique(values: Iterable[T]) -> list[T]:
    return list(dict.fromkeys(values))


@cache
def _digits() -> tuple[list[str], list[Grid]]:
    """Return the section on the digits of the paper's rates, which is the same for every run."""
    forensics = examine()
    return forensics_sentences(forensics), list(map(grid, forensics_tables(forensics)))


def _ended(run: Run) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Return statuses and reasons of cells that were not measured, in the order of the run.

    To each belong the cells' names, each with its seeds in words if the run has several.
    """
    asked = Counter(cell.label for cell in run.cells)
    found: dict[tuple[str, str], dict[str, list[int]]] = {}
    for cell in run.cells:
        if cell.status != "ok":
            labels = found.setdefault((cell.status, clean(cell.reason)), {})
            labels.setdefault(cell.label, []).append(cell.seed)
    ended = []
    for (status, reason), labels in found.items():
        cells = []
        for label, seeds in labels.items():
            listed = f"(seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))})"
            cells.append((clean(label), listed if asked[label] > 1 else ""))
        ended.append((status, reason, cells))
    return ended


def _is(key: str, stems: Iterable[str]) -> bool:
    """Return True if the key is one of the stems, or one of them continued with a hyphen."""
    return any(key == stem or key.startswith(f"{stem}-") for stem in stems)
