"""Cells that differ in nothing but their seed, and their means."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.results.records import History, Quality

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fer_bench.protocol.cells import Init
    from fer_bench.results.records import CellResult, Run, Status


@dataclass(frozen=True)
class Group:
    """The cells of one backbone and init, one for each seed.

    Attributes:
        cells: all that were asked for, one or more, in the order of the run.
    """

    cells: tuple[CellResult, ...]

    @property
    def backbone(self) -> str:
        """Name in the registry."""
        return self.cells[0].backbone

    @property
    def init(self) -> Init:
        """``"pretrained"`` or ``"random"``."""
        return self.cells[0].init

    @property
    def label(self) -> str:
        """Name in the paper's tables: ``MobileNet_random``."""
        return self.cells[0].label

    @property
    def trained(self) -> tuple[CellResult, ...]:
        """Those whose quality is known."""
        return tuple(cell for cell in self.cells if cell.quality is not None)

    @property
    def qualities(self) -> tuple[Quality, ...]:
        """Of the trained cells, in their order."""
        return tuple(cell.quality for cell in self.cells if cell.quality is not None)

    @property
    def seeds(self) -> tuple[int, ...]:
        """Of the trained cells, in their order."""
        return tuple(cell.seed for cell in self.trained)

    @property
    def test_accuracy(self) -> float | None:
        """Mean over the trained cells, None where there is none."""
        return _mean([one.test_accuracy for one in self.qualities]) if self.qualities else None

    def correct(self, labels: NDArray[np.uint8]) -> NDArray[np.bool_] | None:
        """Which test images each trained cell recognises.

        Args:
            labels: uint8, shape (n,): of the test images.

        Returns:
            Shape (trained cells, n); None where no cell is trained, or predictions or labels are
            not known, as in files of schema 1.
        """
        return correct(self.qualities, labels)

    def mean(self) -> CellResult:
        """One cell with the mean figures of the trained ones.

        What is no mean is the first cell's: names, weights, speed. Counts of the confusion are
        added up. Cells that did not end well give the status and its reason, each its own.
        """
        first = self.trained[0] if self.trained else self.cells[0]
        status, reason = self._ended()
        timed = next((cell for cell in self.cells if cell.training or cell.inference), first)
        return dataclasses.replace(
            first,
            status=status,
            reason=reason,
            quality=_mean_quality(self.qualities) if self.qualities else None,
            training=timed.training,
            inference=timed.inference,
        )

    def _ended(self) -> tuple[Status, str]:
        """What became of the cells that did not end well, and why, seed by seed."""
        ended: dict[tuple[Status, str], list[str]] = {}
        for cell in self.cells:
            if cell.status != "ok":
                ended.setdefault((cell.status, cell.reason), []).append(str(cell.seed))
        if not ended:
            return "ok", ""
        # A failure weighs more than a cell that was left out.
        status = min(kind for kind, _ in ended)
        if len(ended) == 1 and sum(map(len, ended.values())) == len(self.cells):
            return status, next(reason for _, reason in ended)
        told: list[str] = []
        for (kind, reason), seeds in ended.items():
            of_all = "" if told else f" of {len(self.cells)} seeds"
            what = reason if kind == status else f"{kind}: {reason}"
            told.append(f"seed {', '.join(seeds)}{of_all}: {what}")
        return status, "; ".join(told)


def correct(qualities: Sequence[Quality], labels: NDArray[np.uint8]) -> NDArray[np.bool_] | None:
    """Which test images each of several trained networks recognises.

    Args:
        qualities: of the networks.
        labels: uint8, shape (n,): of the test images.

    Returns:
        Shape (networks, n); None where there is none, or predictions or labels are not known, as
        in files of schema 1.
    """
    known = [one.predictions for one in qualities if one.predictions is not None]
    if not known or len(known) < len(qualities) or not len(labels):
        return None
    return np.stack([one.predicted == labels for one in known])


def told_apart(run: Run) -> Run:
    """The run with the registry's name in brackets behind a title that several backbones have."""
    owners: dict[str, set[str]] = {}
    for cell in run.cells:
        owners.setdefault(cell.title, set()).add(cell.backbone)
    return dataclasses.replace(
        run,
        cells=tuple(
            dataclasses.replace(cell, title=f"{cell.title} ({cell.backbone})")
            if len(owners[cell.title]) > 1
            else cell
            for cell in run.cells
        ),
    )


def groups(run: Run) -> tuple[Group, ...]:
    """The run's cells by backbone and init, in the order of the run."""
    found: dict[tuple[str, str], list[CellResult]] = {}
    for cell in run.cells:
        found.setdefault((cell.backbone, cell.init), []).append(cell)
    return tuple(Group(tuple(cells)) for cells in found.values())


def averaged(run: Run) -> Run:
    """The run with one cell for each backbone and init: the mean over its seeds."""
    return dataclasses.replace(run, cells=tuple(group.mean() for group in groups(run)))


def _mean_quality(qualities: Sequence[Quality]) -> Quality:
    if len(qualities) == 1:
        return qualities[0]
    recalls = zip(*(one.recall for one in qualities), strict=True)
    counts = np.sum([one.confusion for one in qualities], axis=0)
    return Quality(
        history=_mean_history([one.history for one in qualities]),
        test_accuracy=_mean([one.test_accuracy for one in qualities]),
        test_loss=_mean([one.test_loss for one in qualities]),
        recall=tuple(
            None if any(share is None for share in shares) else _mean(shares) for shares in recalls
        ),
        confusion=tuple(tuple(int(count) for count in row) for row in counts),
    )


def _mean_history(histories: Sequence[History]) -> History:
    means = {}
    for item in dataclasses.fields(History):
        series = [getattr(one, item.name) for one in histories]
        # Files of schema 1 lack what newer ones have.
        known = all(series)
        means[item.name] = tuple(np.mean(series, axis=0).tolist()) if known else ()
    return History(**means)


def _mean(values: Sequence[float | None]) -> float:
    return float(np.mean(np.array(values, np.float64)))
