"""Tables 2 to 5 of the paper: measured convergence and overfitting rates next to its own.

The measured rates next to the paper's are those by its convention, ``consecutive``; those by
``untrained`` follow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from fer_bench.analysis.paper_forensics import DIFFERENCES, TRAIN, VALIDATION
from fer_bench.metrics.convergence import (
    window_convergence_rates,
    window_overfitting_rates,
    windows,
)
from fer_bench.protocol import published
from fer_bench.protocol.data_spec import RATES_SPLIT
from fer_bench.protocol.head import LINEAR, is_fitted
from fer_bench.report.cell_rows import cell_row
from fer_bench.report.table import Column, Table
from fer_bench.runtime.invocation import benchmark_program

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.results.quality import History
    from fer_bench.results.records import CellResult, Run

    Window = tuple[int, int]
    Key = tuple[Window, str]
    """A window, and ``"consecutive"``, ``"paper"`` or ``"untrained"``."""

EN_DASH = "\N{EN DASH}"


class _Kind(NamedTuple):
    number: published.RateTable
    rate: Literal["MCR", "MOFR"]
    metric: Literal["accuracy", "loss"]


_KINDS = (
    _Kind(2, "MCR", "accuracy"),
    _Kind(3, "MCR", "loss"),
    _Kind(4, "MOFR", "accuracy"),
    _Kind(5, "MOFR", "loss"),
)

_NAMES = {"MCR": "Mean convergence rate", "MOFR": "Mean overfitting rate"}
_MEANINGS = {
    "MCR": "Mean change of training {metric} per epoch",
    "MOFR": "Mean change per epoch of training {metric} minus validation {metric}",
}
_UNITS = {"accuracy": "as a share (0 to 1)", "loss": "in nats"}
_SOURCES = {
    4: "The source of the published values has only MobileNet's rows of this table.",
    5: "The source of the published values does not include this table.",
}


def setting(run: Run, name: str) -> str:
    """Return the value of a setting of the run's protocol, as text.

    Raises:
        ValueError: the protocol has no such setting.
    """
    for entry in run.protocol:
        if entry.name == name:
            return entry.value
    raise ValueError(f"the run's protocol has no setting {name!r}")


def can_stop_early(run: Run) -> bool:
    """Return True if the run's protocol has early stopping."""
    return any(one.name == "early_stopping" and one.value != "none" for one in run.protocol)


def rate_tables(analysis: Analysis) -> list[Table]:
    """Return the paper's Tables 2 to 5 with a row for the mean of each group of seeds.

    There are none if all heads are fitted in one step, without epochs.

    Raises:
        ValueError: the length of a history differs from the protocol's number of epochs.
    """
    if analysis.groups and all(is_fitted(group.mean.head) for group in analysis.groups):
        return []
    return [_rate_table(analysis, kind) for kind in _KINDS]


def _rate_table(analysis: Analysis, kind: _Kind) -> Table:
    run = analysis.run
    cut = windows(int(setting(run, "epochs")), int(setting(run, "window")))
    means = [group.mean for group in analysis.of_papers_head]
    found = [_published(analysis, cell, kind, cut) for cell in means]
    has_paper = any(found)
    columns = _columns(analysis, cut, has_paper=has_paper)
    rows = []
    for cell, rates in zip(means, found, strict=True):
        has_epochs = cell.quality is not None and not is_fitted(cell.head)
        if cell.quality is not None and has_epochs:
            can_stop = can_stop_early(run)
            rates |= _rates(cell, cell.quality.history, kind, cut, can_stop=can_stop)
        rows.append(cell_row(cell, [*map(rates.get, columns)], measured=has_epochs))
    name = f"{_NAMES[kind.rate]} ({kind.rate}) of {kind.metric}, by epoch window"
    return Table(
        f"table-{kind.number}",
        f"Table {kind.number}. {name}",
        "Model",
        [*columns.values()],
        rows,
        _notes(analysis, kind, cut, has_paper=has_paper),
    )


def _columns(analysis: Analysis, cut: Sequence[Window], *, has_paper: bool) -> dict[Key, Column]:
    """Return the columns by window and content: with the paper's, window by window."""
    names = {window: f"{window[0]}{EN_DASH}{window[1]}" for window in cut}
    columns: dict[Key, Column] = {}
    comparable = analysis.on_rates_split and not analysis.rate_deviations
    for window, name in names.items():
        keys = (name, "consecutive")
        if has_paper:
            compared = comparable and _has_papers_differences(window, cut)
            columns[window, "consecutive"] = Column(
                "this run", name, decimals=5, compared=compared, keys=keys
            )
            columns[window, "paper"] = Column("paper", name, decimals=6, published=True)
        else:
            columns[window, "consecutive"] = Column(name, "consecutive", decimals=4, keys=keys)
    decimals = 5 if has_paper else 4
    for window, name in names.items():
        keys = (name, "untrained")
        columns[window, "untrained"] = Column(name, "untrained", decimals=decimals, keys=keys)
    return columns


def _has_papers_differences(window: Window, cut: Sequence[Window]) -> bool:
    """Check if a window holds as many consecutive differences as that of the paper's tables."""
    if window not in published.WINDOWS:
        return False
    differences = min(window[1] + 1, cut[-1][1]) - window[0]
    return differences == DIFFERENCES[published.WINDOWS.index(window)]


def _published(
    analysis: Analysis, cell: CellResult, kind: _Kind, cut: Sequence[Window]
) -> dict[Key, float]:
    """Return the paper's rates for this cell and data set, as far as it has any."""
    rates = published.table(kind.number).get((cell.backbone, cell.init))
    if rates is None or cell.head != LINEAR or analysis.dataset.name != published.DATASET:
        return {}
    known = zip(published.WINDOWS, rates, strict=True)
    return {(window, "paper"): rate for window, rate in known if window in cut and rate is not None}


def _rates(
    cell: CellResult, history: History, kind: _Kind, cut: Sequence[Window], *, can_stop: bool
) -> dict[Key, float]:
    """Return the rates by both conventions; a window without a difference has none."""
    most, window = cut[-1][1], cut[0][1]
    epochs = history.epochs
    if epochs > most or (epochs < most and not can_stop):
        raise ValueError(f"the history of {cell.name} has {epochs} epochs and the protocol {most}")
    running, train, validation = (
        getattr(history, f"{part}_{kind.metric}") for part in ("running", "train", "validation")
    )
    rates: Callable[..., list[float]] = window_convergence_rates
    series, untrained = [running], train[0]
    if kind.rate == "MOFR":
        rates = window_overfitting_rates
        series, untrained = [running, validation[1:]], (train[0], validation[0])
    found = {"untrained": rates(*series, window, untrained=untrained)}
    if epochs > 1:
        found["consecutive"] = rates(*series, window)
    # Early stopping leaves windows without differences, and the last may have no consecutive one.
    return {
        (one, convention): rate
        for convention, by_window in found.items()
        for one, rate in zip(cut, by_window)  # noqa: B905
    }


def _notes(analysis: Analysis, kind: _Kind, cut: Sequence[Window], *, has_paper: bool) -> list[str]:
    meaning = _MEANINGS[kind.rate].format(metric=kind.metric)
    evaluated = f"Training {kind.metric} is the mean over the batches of an epoch"
    if kind.rate == "MOFR":
        evaluated += f", validation {kind.metric} is evaluated after it"
    last = cut[-1][1]
    between = [(first, min(end + 1, last)) for first, end in cut if first < last]
    ours = "this run (consecutive)" if has_paper else "consecutive"
    others = len(analysis.groups) - len(analysis.of_papers_head)
    differences = "; ".join(analysis.rate_deviations)
    return [
        f"{meaning}, {_UNITS[kind.metric]}. {evaluated}.",
        f"{ours}: differences between consecutive epochs from epoch 1 on, in groups of "
        f"{cut[0][1]}: {_listed(between) or 'none'}. untrained: from the untrained network on: "
        f"{_listed([(first - 1, end) for first, end in cut])}.",
        *([_papers_note(cut), split_note(analysis)] if has_paper else []),
        _stopped(analysis, last),
        _SOURCES.get(kind.number, "") if analysis.dataset.name == published.DATASET else "",
        f"Networks with the paper's head, one softmax layer; {others} have another."
        if others
        else "",
        f"Not directly comparable with the paper: {differences}." if differences else "",
    ]


def _stopped(analysis: Analysis, last: int) -> str:
    """Name the networks whose history ends before the last epoch; empty if there are none."""
    best = {
        group.mean.label: sorted({one.history.epochs for one in group.qualities})
        for group in analysis.groups
        if not is_fitted(group.mean.head)
    }
    early = [
        f"{label} {', '.join(map(str, epochs))}"
        for label, epochs in best.items()
        if epochs and epochs[0] < last
    ]
    if not early:
        return ""
    note = (
        f"Early stopping: rates end with the best epoch ({'; '.join(early)} of {last}); its window "
        "has fewer differences, later ones are empty"
    )
    if any(len(epochs) > 1 for epochs in best.values()):
        note += ". Seeds that ended earlier count with their last values"
    return f"{note}."


def _listed(ranges: Sequence[Window]) -> str:
    return ", ".join(f"{start}{EN_DASH}{end}" for start, end in ranges)


def _papers_note(cut: Sequence[Window]) -> str:
    papers = ", ".join(map(str, DIFFERENCES))
    note = f"By its printed digits, the paper's rates are consecutive, of {papers} differences"
    window = published.WINDOWS[-1]
    if window in cut and not _has_papers_differences(window, cut):
        note += f"; the last window of this run has {min(window[1] + 1, cut[-1][1]) - window[0]}"
    return f"{note}."


def split_note(analysis: Analysis) -> str:
    """Say which split the published rates are of, with the command for it if it is another one."""
    if analysis.on_rates_split:
        return (
            f"Like those of this run, the paper's rates were made on {TRAIN:,} training and "
            f"{VALIDATION:,} validation images, by their printed digits."
        )
    data, cells = analysis.dataset, analysis.run.cells
    backbones = ",".join(dict.fromkeys(cell.backbone for cell in cells))
    program = " ".join(benchmark_program())
    seeds = len({cell.seed for cell in cells})
    options = f" --seeds={seeds}" if seeds > 1 else ""
    options += "" if any(cell.is_timed for cell in cells) else " --no-timing"
    return (
        "Not like for like: by their printed digits, the paper's rates were made on "
        f"{TRAIN:,} training and {VALIDATION:,} validation images (80/20), those of this run on "
        f"{data.train:,} and {data.validation:,} (split {data.split!r}). For the paper's split: "
        f"{program} --backbone={backbones} --dataset=PATH --split={RATES_SPLIT}{options}"
    )
