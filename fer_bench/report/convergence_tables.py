"""Tables 2 to 5 of the paper: measured convergence and overfitting rates next to its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from fer_bench.metrics.convergence import (
    window_convergence_rates,
    window_overfitting_rates,
    windows,
)
from fer_bench.protocol import published
from fer_bench.report.table import Column, Row, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.results.records import CellResult, History, Run

EN_DASH = "\N{EN DASH}"


@dataclass(frozen=True)
class _Kind:
    number: published.RateTable
    rate: Literal["MCR", "MOFR"]
    figure: Literal["accuracy", "loss"]


_KINDS = (
    _Kind(2, "MCR", "accuracy"),
    _Kind(3, "MCR", "loss"),
    _Kind(4, "MOFR", "accuracy"),
    _Kind(5, "MOFR", "loss"),
)

_NAMES = {"MCR": "Mean convergence rate", "MOFR": "Mean overfitting rate"}
_MEANINGS = {
    "MCR": "Mean change of training {figure} per epoch",
    "MOFR": "Mean change per epoch of training {figure} minus validation {figure}",
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


def rate_tables(analysis: Analysis) -> list[Table]:
    """Return the paper's Tables 2 to 5 with a row for the mean of each group of seeds.

    Raises:
        ValueError: the length of a history differs from the protocol's number of epochs.
    """
    return [_rate_table(analysis, kind) for kind in _KINDS]


def _rate_table(analysis: Analysis, kind: _Kind) -> Table:
    run = analysis.run
    cut = windows(int(setting(run, "epochs")), int(setting(run, "window")))
    columns = []
    for first, last in cut:
        group = f"{first}{EN_DASH}{last}"
        if first == 1:
            columns += [Column(name, group, decimals=5) for name in ("first-epoch", "untrained")]
        else:
            columns.append(Column("this run", group, decimals=5, keys=(group, "ours")))
        columns.append(Column("paper", group, decimals=6, published=True))
    return Table(
        key=f"table-{kind.number}",
        title=f"Table {kind.number}. {_NAMES[kind.rate]} ({kind.rate}) of {kind.figure}, "
        "by epoch window",
        head="Model",
        columns=tuple(columns),
        rows=tuple(_row(cell, kind, cut) for cell in analysis.means),
        notes=tuple(_notes(analysis.deviations, kind, cut)),
    )


def _row(cell: CellResult, kind: _Kind, cut: Sequence[tuple[int, int]]) -> Row:
    theirs = _published(cell, kind, cut)
    if cell.quality is None:
        first_epoch: list[float | None] = [None] * len(cut)
        untrained = first_epoch
    else:
        first_epoch, untrained = _rates(cell, cell.quality.history, kind, cut)
    entries = [first_epoch[0], untrained[0], theirs[0]]
    for ours, paper in zip(untrained[1:], theirs[1:], strict=True):
        entries += [ours, paper]
    reason, missing = why_missing(cell, cell.quality is not None)
    return Row(cell.label, tuple(entries), reason, missing)


def why_missing(cell: CellResult, measured: bool) -> tuple[str, str]:
    """Return the reason and the short word shown for missing values of a row.

    The word is empty if the row is fully measured. A cell that was measured but did not end with
    status "ok" still has a reason.
    """
    if cell.status != "ok":
        return f"{cell.status}: {cell.reason}", "" if measured else cell.status
    return ("", "") if measured else ("not measured in this run", "")


def _published(cell: CellResult, kind: _Kind, cut: Sequence[tuple[int, int]]) -> list[float | None]:
    rates = published.table(kind.number).get((cell.backbone, cell.init))
    known = {} if rates is None else dict(zip(published.WINDOWS, rates, strict=True))
    return [known.get(window) for window in cut]


def _rates(
    cell: CellResult, history: History, kind: _Kind, cut: Sequence[tuple[int, int]]
) -> tuple[list[float | None], list[float | None]]:
    """Return the rates by the conventions ``first-epoch`` and ``untrained``, one per window."""
    epochs = cut[-1][1]
    if history.epochs != epochs:
        raise ValueError(
            f"the history of {cell.id} has {history.epochs} epochs and the protocol {epochs}"
        )
    if kind.figure == "accuracy":
        running, train, validation = (
            history.running_accuracy,
            history.train_accuracy,
            history.validation_accuracy,
        )
    else:
        running, train, validation = (
            history.running_loss,
            history.train_loss,
            history.validation_loss,
        )
    window = cut[0][1]
    # A single epoch yields no difference unless the untrained value is added.
    first_epoch: list[float | None] = [None]
    if kind.rate == "MCR":
        if epochs > 1:
            first_epoch = window_convergence_rates(running, window)
        return first_epoch, window_convergence_rates(running, window, untrained=train[0])
    if epochs > 1:
        first_epoch = window_overfitting_rates(running, validation[1:], window)
    return first_epoch, window_overfitting_rates(
        running, validation[1:], window, untrained=(train[0], validation[0])
    )


def _notes(deviations: Sequence[str], kind: _Kind, cut: Sequence[tuple[int, int]]) -> list[str]:
    meaning = _MEANINGS[kind.rate].format(figure=kind.figure)
    figures = f"Training {kind.figure} is the mean over the batches of an epoch"
    if kind.rate == "MOFR":
        figures += f", validation {kind.figure} is evaluated after it"
    notes = [
        f"{meaning}, {_UNITS[kind.figure]}. {figures}.",
        f"The first window starts at epoch 1 (first-epoch; differences: {cut[0][1] - 1}) or at the "
        "untrained network (untrained).",
    ]
    if cut[0] == (1, 1):
        notes.append("With a first window of one epoch, 'first-epoch' has no difference.")
    if kind.number in _SOURCES:
        notes.append(_SOURCES[kind.number])
    if deviations:
        notes.append(f"Not directly comparable with the paper: {'; '.join(deviations)}.")
    return notes
