"""What a test session has found out about its cells so far."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from fer_bench.examples import choose
from fer_bench.results import CellResult, Example
from fer_bench.runtime import environment
from fer_bench.shards import OTHER_SHARD

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fer_bench.backbones import Backbone
    from fer_bench.cells import Init
    from fer_bench.experiment import Experiment
    from fer_bench.results import Run, Status
    from fer_bench.shards import Shard


class Record:
    """One row for each cell asked for, whatever becomes of it.

    Args:
        experiment: what the cells share.
        cells: the backbones, inits and seeds asked for.
        elsewhere: of the cells that other shards run, by their ids, the shard.
    """

    def __init__(
        self,
        experiment: Experiment,
        cells: Iterable[tuple[Backbone, Init, int]],
        elsewhere: Mapping[str, Shard],
    ) -> None:
        self._experiment = experiment
        self._cells: dict[str, CellResult] = {}
        for entry, init, seed in cells:
            cell = experiment.cell(entry, init, seed)
            reason = "not run: it was left out, or the run ended before it was trained"
            if cell.id in elsewhere:
                reason = f"{OTHER_SHARD}{elsewhere[cell.id]}"
            self._cells[cell.id] = CellResult(
                backbone=cell.backbone,
                title=entry.title,
                init=cell.init,
                dataset=cell.dataset,
                seed=cell.seed,
                status="skipped",
                reason=reason,
            )

    def trained(self, result: CellResult) -> None:
        """A cell was trained, or its result found."""
        self._cells[result.id] = result

    def ended(self, cell: str, status: Status, reason: str) -> None:
        """A cell was skipped, or something in it failed. The first failure counts."""
        if self._cells[cell].status != "failed":
            self._cells[cell] = dataclasses.replace(
                self._cells[cell], status=status, reason=" ".join(reason.split())
            )

    @property
    def is_empty(self) -> bool:
        """Whether no cell has a result."""
        return all(cell.quality is None for cell in self._cells.values())

    def run(self, facts: tuple[tuple[str, str], ...] = ()) -> Run:
        """The run, without the figures that its benchmarks carry.

        Args:
            facts: what else is known of machine and software, by name.
        """
        cells = tuple(self._cells.values())
        known = (*environment(), *facts)
        return self._experiment.record(cells, known, self._examples(cells))

    def _examples(self, cells: Iterable[CellResult]) -> tuple[Example, ...]:
        dataset, rows = self._experiment.dataset, self._experiment.split.test
        predictions = [
            cell.quality.predictions for cell in cells if cell.quality and cell.quality.predictions
        ]
        height, width = dataset.images.shape[1:]
        return tuple(
            Example(position, why, height, width, dataset.images[rows[position]].tobytes())
            for position, why in choose(dataset.labels[rows], dataset.classes, predictions)
        )
