"""Top of the page: subject of the comparison and headline metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.report.convergence_tables import can_stop_early, setting
from fer_bench.report.further_tests import left_out, mapped
from fer_bench.results.records import NO_TEST
from fer_bench.runtime.escapes import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.results.records import Run


def page_name(runs: Iterable[Run]) -> str:
    """Return the name of a page on the data sets of these runs."""
    names = (
        f"{name} (drawn by code, not photographs)" if name == "sketch" else clean(name)
        for name in dict.fromkeys(run.dataset.name for run in runs)
    )
    return f"fer_bench on {' and '.join(names)}"


def subject(analysis: Analysis) -> list[str]:
    """Return sentences on the networks, the data and the deviations from the paper."""
    run, data = analysis.run, analysis.dataset
    titles = list(dict.fromkeys(clean(cell.title) for cell in run.cells))
    inits = list(dict.fromkeys(cell.init for cell in run.cells))
    # Not the recorded total: older records also count duplicates that are in none of the parts.
    images = data.train + data.validation + data.test
    seeds = max((len(group.cells) for group in analysis.groups), default=0)
    each = "each " if len(titles) > 1 else ""
    sentences = [
        f"{_listed(titles)}, {each}{_listed(inits)}, trained for "
        f"{'up to ' if can_stop_early(run) else ''}{setting(run, 'epochs')} epochs"
        + (f" with up to {seeds} seeds." if seeds > 1 else "."),
        f"{clean(data.name)}: {images:,} images of {len(data.counts)} classes, "
        f"{data.train:,} for training, {data.validation:,} for validation and "
        + (f"{data.test:,} for testing." if data.has_test else f"{NO_TEST}."),
    ]
    if data.left_out:
        sentences.append(clean(left_out(data)))
    if data.class_map:
        sentences.append(clean(mapped(data)))
    if away := analysis.deviations:
        sentences.append(f"Not directly comparable with the paper: {clean('; '.join(away))}.")
    return sentences


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
