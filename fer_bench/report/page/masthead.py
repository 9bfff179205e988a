"""Top of the page: subject of the comparison and headline metrics."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_bench.analysis.summary import accuracy_text, additional_accuracies
from fer_bench.report.convergence_tables import setting
from fer_bench.report.subset_tables import left_out, mapped
from fer_bench.results.records import NO_TEST
from fer_bench.results.timers import speed_unit
from fer_bench.runtime.escapes import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.analysis.seed_groups import Group
    from fer_bench.results.records import CellResult


@dataclass(frozen=True)
class Fact:
    """One headline metric.

    Attributes:
        name: name of the metric.
        value: formatted value.
        remark: additional information in a few words.
        whose: name of the cell it belongs to, empty if it is not a cell's.
    """

    name: str
    value: str
    remark: str
    whose: str = ""


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
        f"{_listed(titles)}, {each}{_listed(inits)}, trained for {setting(run, 'epochs')} epochs"
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


def facts(analysis: Analysis) -> list[Fact]:
    """Return the headline metrics that were measured."""
    run = analysis.run
    states = Counter(cell.status for cell in run.cells)
    parts = [f"{states[name]} {name}" for name in ("skipped", "failed") if states[name]]
    cells = Fact("Cells", f"{states['ok']} of {len(run.cells)} ok", ", ".join(parts))
    if not analysis.standings:
        return [cells]
    best = analysis.standings[0]
    metric = "test" if analysis.dataset.has_test else "validation"
    return [
        Fact(
            f"Highest {metric} accuracy",
            accuracy_text(best),
            _remark(best.group),
            clean(best.group.label),
        ),
        *([] if speed_unit(run) else _speed(best.group.mean)),
        cells,
    ]


def _remark(best: Group) -> str:
    """Return the number of seeds, and the accuracy on deduplicated images and by FER+."""
    seeds = [f"mean of {len(best.trained)} seeds"] if len(best.trained) > 1 else []
    return "; ".join([*seeds, *additional_accuracies(best)])


def _speed(cell: CellResult) -> list[Fact]:
    if not cell.inference:
        return []
    fastest = max(cell.inference, key=lambda speed: speed.images_per_second)
    remark = f"inference in batches of {fastest.batch_size}"
    if cell.training is not None:
        remark += f"; {cell.training.images_per_second:,.0f} images/s in training"
    return [Fact("Speed of that network", f"{fastest.images_per_second:,.0f} images/s", remark)]


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
