"""What a test session has found out about its cells so far."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from fer_bench.analysis.example_images import choose
from fer_bench.models.keras_backend import environment
from fer_bench.protocol.shards import OTHER_SHARD
from fer_bench.results.records import CellResult, Example

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fer_bench.models import Backbone
    from fer_bench.protocol.cells import Init
    from fer_bench.protocol.shards import Shard
    from fer_bench.results.records import Run, Status
    from fer_bench.training.experiment import Experiment


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
        # Of each cell, the tests that did not pass: status and reason.
        self._ended: dict[str, dict[str, tuple[Status, str]]] = {}
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
        """A cell was trained, or its result found: perhaps the one that this session kept."""
        known = self._cells[result.id]
        if known.fingerprint != result.fingerprint or result.source == "trained":
            self._cells[result.id] = result

    def begun(self, cell: str, test: str) -> None:
        """A test of a cell begins, perhaps once more: how it ended before does not count."""
        self._ended.get(cell, {}).pop(test, None)

    def ended(self, cell: str, test: str, status: Status, reason: str) -> None:
        """A test of a cell was skipped, or failed. Of its phases the first one counts."""
        text = " ".join(reason.split())
        self._ended.setdefault(cell, {}).setdefault(test, (status, text))

    @property
    def found(self) -> int:
        """Number of cells that were trained, or whose result was found."""
        return sum(cell.quality is not None for cell in self._cells.values())

    @property
    def has_ended(self) -> bool:
        """True if a test of some cell was skipped, or failed."""
        return any(self._ended.values())

    def reasons(self) -> list[str]:
        """A line for each cell of which a test was skipped or failed: how it ended, and why."""
        rows = [self._row(cell) for cell in self._cells.values() if self._ended.get(cell.id)]
        return [f"{row.id} {row.status}: {row.reason}" for row in rows]

    def run(self, facts: tuple[tuple[str, str], ...] = ()) -> Run:
        """The run, without the figures that its benchmarks carry.

        Args:
            facts: what else is known of machine and software, by name.
        """
        cells = tuple(self._row(cell) for cell in self._cells.values())
        known = (*environment(), *facts)
        return self._experiment.record(cells, known, self._examples(cells))

    def _row(self, cell: CellResult) -> CellResult:
        """A cell, with the first test of it that failed; without a result, the last one skipped."""
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
