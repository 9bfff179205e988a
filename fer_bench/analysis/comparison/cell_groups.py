"""Cells of all runs of base or head, grouped by backbone, init and head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_bench.results.fact_names import NOT_TIMED, SPEED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fer_bench.analysis.comparison.run_set import RunSet
    from fer_bench.results.quality import Quality
    from fer_bench.results.records import CellResult, DatasetSummary


@dataclass(frozen=True)
class CellGroup:
    """Cells of one backbone, init and head in all runs of base or head, by seed.

    Attributes:
        cells: for each seed at least one cell, each with the name of its run.
        dataset: data set of these runs.
        without_timing: True if all of these runs were requested not to measure speeds.
    """

    cells: Mapping[int, Sequence[tuple[str, CellResult]]]
    dataset: DatasetSummary
    without_timing: bool = False

    @property
    def qualities(self) -> dict[int, Quality]:
        """The first known quality of each seed."""
        return {
            seed: found[0]
            for seed, cells in self.cells.items()
            if (found := [cell.quality for _, cell in cells if cell.quality is not None])
        }

    @property
    def every(self) -> list[CellResult]:
        """All cells of all runs."""
        return [cell for cells in self.cells.values() for _, cell in cells]

    @property
    def is_timed(self) -> bool:
        """True if any run measured a speed."""
        return any(cell.training or cell.inference for cell in self.every)

    @property
    def is_untimed_by_request(self) -> bool:
        """True if its speeds are missing only because they were not requested."""
        failed = any(cell.status == "failed" for cell in self.every)
        return self.without_timing and not failed and not self.is_timed

    def is_measured(self, seed: int) -> bool:
        """Return True if any run measured quality or speed of this seed's cell."""
        return any(
            cell.quality or cell.training or cell.inference for _, cell in self.cells.get(seed, ())
        )

    def reason(self, seed: int) -> str:
        """Return why a cell was not measured."""
        if seed not in self.cells:
            return "not requested"
        _, cell = self.cells[seed][0]
        return f"{cell.status}: {cell.reason}" if cell.reason else "not measured"


def group_cells(run_set: RunSet) -> dict[str, CellGroup]:
    """Group the cells of base or head of a comparison by ``CellResult.group_id``, in run order."""
    found: dict[str, dict[int, list[tuple[str, CellResult]]]] = {}
    for name, run in run_set.runs:
        for cell in run.cells:
            seeds = found.setdefault(cell.group_id, {})
            seeds.setdefault(cell.seed, []).append((name, cell))
    dataset = run_set.runs[0][1].dataset
    untimed = {
        name
        for name, run in run_set.runs
        if NOT_TIMED in dict(run.environment).get(SPEED, "").split("; ")
    }
    return {
        name: CellGroup(
            seeds,
            dataset,
            without_timing=all(run in untimed for cells in seeds.values() for run, _ in cells),
        )
        for name, seeds in found.items()
    }
