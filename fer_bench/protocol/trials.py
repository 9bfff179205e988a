"""Candidates of a sweep: the protocol and head of each trial of a cell."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from fer_bench.protocol.head import LINEAR, Head
from fer_bench.protocol.sweep import Sweep, grid, sweeps_dropout
from fer_bench.protocol.trainable_layers import TrainableLayers

if TYPE_CHECKING:
    from fer_bench.protocol.cell import Cell
    from fer_bench.protocol.settings import Protocol
    from fer_bench.protocol.sweep import Settings, Value


@dataclass(frozen=True)
class Candidate:
    """One combination of settings of a swept cell, with the protocol and the head of its trial.

    ``settings`` are those that differ between the trials; the protocol sweeps nothing.
    """

    settings: Settings
    protocol: Protocol
    head: str

    def is_linear_map(self, cell: Cell, *, is_frozen: bool) -> bool:
        """Return True if only one softmax layer is trained, on features that never change.

        ``is_frozen`` is True if no layer of the swept cell's backbone can be trained.
        """
        return self.head == LINEAR and (
            is_frozen or self.protocol.trainable_layers.of(cell.init) == 0
        )


def axes_of(
    protocol: Protocol, cell: Cell, *, is_frozen: bool
) -> tuple[tuple[str, tuple[Value, ...]], ...]:
    """Return the axes of the protocol's sweep that change anything for a cell.

    Heads without hidden layers have no dropout, those with a dropout in their name keep it, and
    backbones of which no layer can be trained have no depth of the cut.
    """
    inert = {
        "dropout": not sweeps_dropout(Head.parse(cell.head)),
        "trainable-layers": is_frozen,
    }
    return tuple(axis for axis in protocol.sweep.axes if not inert.get(axis[0]))


def candidates(protocol: Protocol, cell: Cell, *, is_frozen: bool) -> list[Candidate]:
    """Return all candidates of the grid, at least one, of a cell that is trained by epochs."""
    axes = axes_of(protocol, cell, is_frozen=is_frozen)
    return [candidate(protocol, cell.head, settings) for settings in grid(axes)]


def candidate(protocol: Protocol, head: str, settings: Settings) -> Candidate:
    """Return the candidate with these settings in place of those of protocol and head."""
    changed: dict[str, Any] = {"sweep": Sweep()}
    for name, value in settings:
        if name == "dropout":
            head = str(replace(Head.parse(head), dropout=float(value)))
        elif name == "trainable-layers":
            layers: Any = value if isinstance(value, str) else int(value)
            changed["trainable_layers"] = TrainableLayers(layers, layers)
        else:
            changed[name.replace("-", "_")] = value
    return Candidate(settings, replace(protocol, **changed), head)
