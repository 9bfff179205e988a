"""State of a test session's cells: results, skips and failures."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from fer_bench.analysis.example_images import choose
from fer_bench.models.keras_backend import environment
from fer_bench.protocol.cell import OTHER_SHARD
from fer_bench.results.records import CellResult, Example

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fer_bench.models import Backbone
    from fer_bench.protocol.cell import Cell, Shard
    from fer_bench.results.records import Run, Status
    from fer_bench.results.speeds import NetworkTrainingSpeed
    from fer_bench.training.run_context import RunContext


class Record:
    """One row for each selected cell, whether it is trained, skipped or fails.

    Args:
        experiment: data, protocol and store that the cells share.
        cells: the selected cells with their backbones.
        elsewhere: the cells of other shards: a mapping of cell id to shard.
    """

    def __init__(
        self,
        experiment: RunContext,
        cells: Iterable[tuple[Backbone, Cell]],
        elsewhere: Mapping[str, Shard],
    ) -> None:
        self._experiment = experiment
        self._cells: dict[str, CellResult] = {}
        self._network_training: dict[str, tuple[NetworkTrainingSpeed, ...]] = {}
        # Status and reason of the tests that did not pass, by cell and test.
        self._ended: dict[str, dict[str, tuple[Status, str]]] = {}
        for entry, cell in cells:
            reason = "not run: deselected, or the run ended first"
            if cell.id in elsewhere:
                reason = f"{OTHER_SHARD}{elsewhere[cell.id]}"
            self._cells[cell.id] = CellResult(
                backbone=cell.backbone,
                title=entry.title,
                init=cell.init,
                dataset=experiment.dataset.name,
                seed=cell.seed,
                head=cell.head,
                status="skipped",
                reason=reason,
            )

    def trained(self, result: CellResult) -> None:
        """Record a cell's result; its stored copy does not replace one trained in this session."""
        known = self._cells[result.id]
        if known.fingerprint != result.fingerprint or result.source == "trained":
            self._cells[result.id] = result

    def timed(self, cell: str, speeds: tuple[NetworkTrainingSpeed, ...]) -> None:
        """Record the training speed of a cell's complete network; the last one counts."""
        self._network_training[cell] = speeds

    def begun(self, cell: str, test: str) -> None:
        """Record that a test of a cell begins; discards the outcome of an earlier try."""
        self._ended.get(cell, {}).pop(test, None)

    def ended(self, cell: str, test: str, status: Status, reason: str) -> None:
        """Record that a test was skipped or failed; the first phase to report counts."""
        text = " ".join(reason.split())
        self._ended.setdefault(cell, {}).setdefault(test, (status, text))

    @property
    def found(self) -> int:
        """Number of cells with a result, trained or from the store."""
        return sum(cell.quality is not None for cell in self._cells.values())

    @property
    def has_ended(self) -> bool:
        """True if any test of a cell was skipped or failed."""
        return any(self._ended.values())

    def reasons(self) -> list[str]:
        """Return a line with status and reason for each cell with a skipped or failed test."""
        rows = [self._row(cell) for cell in self._cells.values() if self._ended.get(cell.id)]
        return [f"{row.name} {row.status}: {row.reason}" for row in rows]

    def run(self, facts: tuple[tuple[str, str], ...] = ()) -> Run:
        """Return the run, without the metrics that its benchmarks carry.

        Args:
            facts: further facts about machine and software, by name.
        """
        cells = tuple(self._row(cell) for cell in self._cells.values())
        known = (*environment(), *facts)
        return self._experiment.record(cells, known, self._examples(cells))

    def _row(self, cell: CellResult) -> CellResult:
        """Return a cell with the status of its first failed test.

        A cell without a result gets the status of its last skipped test if none failed.
        """
        timed = self._network_training.get(cell.id)
        if timed is not None:
            cell = dataclasses.replace(cell, network_training=timed)
        ended = list(self._ended.get(cell.id, {}).values())
        failed = [one for one in ended if one[0] == "failed"]
        skipped = ended[-1:] if cell.quality is None else []
        if not (failed or skipped):
            return cell
        status, reason = (failed or skipped)[0]
        return dataclasses.replace(cell, status=status, reason=reason)

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
