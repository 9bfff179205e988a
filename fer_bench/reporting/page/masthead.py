"""The top of the page: what was compared, and the figures to know first."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_bench.groups import groups
from fer_bench.paper.deviations import deviations
from fer_bench.reporting.rates import setting
from fer_bench.reporting.render import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fer_bench.groups import Group
    from fer_bench.reporting.page.content import Content
    from fer_bench.reporting.table import Table
    from fer_bench.results import CellResult, Run


@dataclass(frozen=True)
class Fact:
    """One of the figures to know first.

    Attributes:
        name: what it is.
        value: the figure, or a name.
        remark: what belongs to it, in a few words.
    """

    name: str
    value: str
    remark: str


def subject(run: Run) -> list[str]:
    """What was compared, on what, and how far that is from the paper: a few sentences."""
    titles = list(dict.fromkeys(clean(cell.title) for cell in run.cells))
    inits = list(dict.fromkeys(cell.init for cell in run.cells))
    data, found = run.dataset, groups(run)
    images = sum(count for _, count in data.counts)
    seeds = max((len(group.cells) for group in found), default=0)
    sentences = [
        f"{_listed(titles)}, each {_listed(inits)}, in {setting(run, 'epochs')} epochs"
        + (f" with up to {seeds} seeds." if seeds > 1 else "."),
        f"On {clean(data.name)}: {images:,} images of {len(data.counts)} classes, "
        f"{data.train:,} to train on, {data.validation:,} to validate and {data.test:,} to test.",
    ]
    if away := deviations(run):
        sentences.append(f"Not like for like with the paper: {clean('; '.join(away))}.")
    return sentences


def facts(content: Content) -> list[Fact]:
    """The figures to know first; those that were not measured are left out."""
    run = content.run
    trained = [group for group in groups(run) if group.trained]
    states = Counter(cell.status for cell in run.cells)
    parts = [f"{states[name]} {name}" for name in ("skipped", "failed") if states[name]]
    cells = Fact("Cells", f"{states['ok']} of {len(run.cells)} ok", ", ".join(parts))
    if not trained:
        return [cells]
    best = max(trained, key=_accuracy)
    seeds = f"mean of {len(best.trained)} seeds" if len(best.trained) > 1 else ""
    span = _interval(content.tables, best.label)
    chance = _largest(best)
    against = "" if chance is None else f"{chance:.3f} by always naming the largest class"
    return [
        Fact("Best cell", clean(best.label), seeds),
        Fact(
            "Its test accuracy", f"{_accuracy(best):.3f}", "; ".join(filter(None, (span, against)))
        ),
        *_speed(best.mean()),
        cells,
    ]


def _accuracy(group: Group) -> float:
    return sum(one.test_accuracy for one in group.qualities) / len(group.qualities)


def _largest(group: Group) -> float | None:
    """The accuracy of always naming the largest class."""
    sizes = [sum(counts) for counts in group.qualities[0].confusion]
    return max(sizes) / sum(sizes) if sum(sizes) else None


def _interval(tables: Iterable[Table], label: str) -> str:
    """The interval of a cell's test accuracy over test images, from the table of them."""
    for table in tables:
        if table.key != "uncertainty":
            continue
        names = [column.name for column in table.columns]
        for row in table.rows:
            low, high = (row.entries[names.index(f"{end} by images")] for end in ("low", "high"))
            if row.label == label and isinstance(low, float) and isinstance(high, float):
                return f"{low:.3f} to {high:.3f} by the choice of test images"
    return ""


def _speed(cell: CellResult) -> list[Fact]:
    if not cell.inference:
        return []
    fastest = max(cell.inference, key=lambda speed: speed.images_per_second)
    remark = f"images/s to recognise, in batches of {fastest.batch_size}"
    if cell.training is not None:
        remark += f"; {cell.training.images_per_second:,.0f} to train on"
    return [Fact("Its speed", f"{fastest.images_per_second:,.0f}", remark)]


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
