"""Groups of cells that differ only in their seed: means over the seeds, and test scores."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.analysis.batch_norm_gap import BatchNormGap
from fer_bench.analysis.seed_spread import metrics_with_seed_spread
from fer_bench.analysis.subsets import score, score_by_votes, score_subsets, subsets_by_duplicates
from fer_bench.protocol.cell import display_name
from fer_bench.results.metric_estimates import correct, estimate_metrics
from fer_bench.results.quality import History, Quality

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from fer_bench.analysis.subsets import Leakage, Score, VoteScores
    from fer_bench.protocol.cell import Init
    from fer_bench.results.metric_estimates import MetricEstimates
    from fer_bench.results.quality import Predictions
    from fer_bench.results.records import CellResult, DatasetSummary, Parameters, Run, Status


@dataclass(frozen=True)
class Group:
    """The cells of one backbone, init and head, one for each seed, and what their results mean.

    What takes time is computed when it is first used, and once.

    Attributes:
        cells: all requested cells, at least one, in run order.
        dataset: data set that they were trained and tested on.
    """

    cells: tuple[CellResult, ...]
    dataset: DatasetSummary

    @property
    def backbone(self) -> str:
        """Name in the registry."""
        return self.cells[0].backbone

    @property
    def init(self) -> Init:
        """``"pretrained"`` or ``"random"``."""
        return self.cells[0].init

    @property
    def head(self) -> str:
        """Canonical name of the head."""
        return self.cells[0].head

    @property
    def series(self) -> tuple[str, str]:
        """Backbone and head, whose inits share a figure of curves, and a colour in the others."""
        return self.backbone, self.head

    @property
    def id(self) -> str:
        """Short name, unique within a run: ``mobilenet-random``."""
        return self.cells[0].group_id

    @property
    def label(self) -> str:
        """Display name: ``MobileNet random``."""
        return self.cells[0].label

    @property
    def row_key(self) -> str:
        """Name of the row in ``tables.csv``: ``MobileNet_random``."""
        return self.cells[0].row_key

    @cached_property
    def trained(self) -> tuple[CellResult, ...]:
        """Cells with known quality."""
        return tuple(cell for cell in self.cells if cell.quality is not None)

    @cached_property
    def qualities(self) -> tuple[Quality, ...]:
        """Qualities of the trained cells, in the same order."""
        return tuple(cell.quality for cell in self.cells if cell.quality is not None)

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds of the trained cells, in the same order."""
        return tuple(cell.seed for cell in self.trained)

    @property
    def test_accuracies(self) -> list[float]:
        """Test accuracies of the trained cells, in the same order; empty without a test part."""
        return [one.test_accuracy for one in self.qualities if one.test_accuracy is not None]

    @property
    def accuracies(self) -> list[float]:
        """Test accuracies; without a test part, final validation accuracies."""
        if self.dataset.has_test:
            return self.test_accuracies
        return [one.history.validation_accuracy[-1] for one in self.qualities]

    @cached_property
    def test_accuracy(self) -> float | None:
        """Mean over the trained cells, or None if there are none or there is no test part."""
        return _mean_or_none(self.test_accuracies)

    @cached_property
    def accuracy(self) -> float | None:
        """Mean of ``accuracies``; None if there are none."""
        return _mean_or_none(self.accuracies)

    @cached_property
    def correct(self) -> NDArray[np.bool_] | None:
        """Mask of the test images that each trained cell recognises, shape (trained cells, n).

        None if no cell is trained, or if predictions or labels are unknown, as in files of schema
        1.
        """
        return correct(self.qualities, self.dataset.labels)

    @cached_property
    def score(self) -> Score | None:
        """Accuracy on all test images with its interval; None as for ``correct``."""
        if self.leakage is not None:
            return self.leakage.all_images
        return None if self.correct is None else score(self.correct)

    @cached_property
    def leakage(self) -> Leakage | None:
        """Accuracy with and without test images that have a duplicate in training.

        None as for ``correct``, or if the duplicates are unknown.
        """
        subsets = subsets_by_duplicates(self.dataset)
        if self.correct is None or subsets is None:
            return None
        return score_subsets(self.correct, subsets)

    @cached_property
    def vote_scores(self) -> VoteScores | None:
        """Accuracy against the FER+ majority vote.

        None as for ``correct``, or if votes are unknown or no image has a majority vote.
        """
        by_votes = correct(self.qualities, self.dataset.votes)
        if by_votes is None or self.correct is None:
            return None
        return score_by_votes(by_votes, self.correct, self.dataset)

    @cached_property
    def metrics(self) -> MetricEstimates | None:
        """Classification metrics on the test images; None without trained cells or test part."""
        return estimate_metrics(self.qualities, self.dataset) if self.qualities else None

    @cached_property
    def spread_metrics(self) -> MetricEstimates | None:
        """``metrics`` with intervals over images and seeds."""
        if self.metrics is None:
            return None
        return metrics_with_seed_spread(self.metrics, self.qualities, self.dataset)

    @property
    def calibration_error(self) -> float | None:
        """Mean of the seeds' expected calibration errors; None as for ``correct``."""
        return None if self.metrics is None else self.metrics.ece.value

    @cached_property
    def predictions(self) -> tuple[Predictions, ...]:
        """Predictions of the trained cells for the test images, as far as they are known."""
        return tuple(one.predictions for one in self.qualities if one.predictions is not None)

    @property
    def parameters(self) -> Parameters | None:
        """Parameter counts of the first trained cell that records them."""
        return next((cell.parameters for cell in self.trained if cell.parameters), None)

    @cached_property
    def batch_norm_gaps(self) -> tuple[BatchNormGap, ...]:
        """Batch-norm gaps of the cells in which batch normalisation was trained."""
        gaps = (BatchNormGap.of(one.history) for one in self.qualities)
        return tuple(gap for gap in gaps if gap is not None)

    @property
    def is_distorted(self) -> bool:
        """True if batch normalisation distorts the evaluated accuracy of any trained cell."""
        return any(gap.matters for gap in self.batch_norm_gaps)

    @cached_property
    def mean(self) -> CellResult:
        """One cell with the mean metrics of the trained cells.

        Confusion counts are summed. Names and weights are taken from the first trained cell, speed
        from the first timed one. Status and reason cover all cells that did not end with ``"ok"``.
        """
        first = self.trained[0] if self.trained else self.cells[0]
        status, reason = self._ended()
        timed = next((cell for cell in self.cells if cell.is_timed), first)
        return dataclasses.replace(
            first,
            status=status,
            reason=reason,
            quality=_mean_quality(self.qualities) if self.qualities else None,
            training=timed.training,
            inference=timed.inference,
            network_training=timed.network_training,
        )

    def _ended(self) -> tuple[Status, str]:
        """Return the combined status and the reasons, by seed, of the incomplete cells."""
        ended: dict[tuple[Status, str], list[str]] = {}
        for cell in self.cells:
            if cell.status != "ok":
                ended.setdefault((cell.status, cell.reason), []).append(str(cell.seed))
        if not ended:
            return "ok", ""
        # "failed" sorts before "skipped": a failure outweighs a skipped cell.
        status = min(kind for kind, _ in ended)
        (_, first), *others = ended
        if not others and all(cell.status != "ok" for cell in self.cells):
            return status, first
        reasons: list[str] = []
        for (kind, reason), seeds in ended.items():
            of_all = "" if reasons else f" of {len(self.cells)} seeds"
            what = reason if kind == status else f"{kind}: {reason}"
            reasons.append(f"seed {', '.join(seeds)}{of_all}: {what}")
        return status, "; ".join(reasons)


def with_unique_titles(run: Run) -> Run:
    """Return the run with the registry name appended to titles shared by several backbones."""
    titles = _unique_titles(run.cells)
    cells = (dataclasses.replace(cell, title=titles[cell.backbone]) for cell in run.cells)
    return dataclasses.replace(run, cells=tuple(cells))


def display_names(runs: Iterable[Run]) -> dict[str, str]:
    """Return the display names of several runs: ``MobileNet random`` by ``mobilenet-random``."""
    cells = [cell for run in runs for cell in run.cells]
    titles = _unique_titles(cells)
    return {
        cell.group_id: display_name(titles[cell.backbone], cell.init, head=cell.head)
        for cell in cells
    }


def _unique_titles(cells: Sequence[CellResult]) -> dict[str, str]:
    """Return the title of each backbone, with its registry name if other backbones share it."""
    titles = {cell.backbone: cell.title for cell in reversed(cells)}
    shared = Counter(titles.values())
    return {
        backbone: f"{title} ({backbone})" if shared[title] > 1 else title
        for backbone, title in titles.items()
    }


def group_cells(run: Run) -> tuple[Group, ...]:
    """Return the run's cells grouped by backbone, init and head, in run order."""
    found: dict[str, list[CellResult]] = {}
    for cell in run.cells:
        found.setdefault(cell.group_id, []).append(cell)
    return tuple(Group(tuple(cells), run.dataset) for cells in found.values())


def _mean_quality(qualities: Sequence[Quality]) -> Quality:
    if len(qualities) == 1:
        return qualities[0]
    recalls = zip(*(one.recall for one in qualities), strict=True)
    counts = np.sum([one.confusion for one in qualities], axis=0)
    return Quality(
        history=_mean_history([one.history for one in qualities]),
        test_accuracy=_mean_or_none([one.test_accuracy for one in qualities]),
        test_loss=_mean_or_none([one.test_loss for one in qualities]),
        recall=tuple(map(_mean_or_none, recalls)),
        confusion=tuple(tuple(int(count) for count in row) for row in counts),
    )


def _mean_history(histories: Sequence[History]) -> History:
    # Files of schema 1 lack some of the series.
    return History(
        *(
            tuple(over_seeds(series).mean(axis=0).tolist()) if all(series) else ()
            for item in dataclasses.fields(History)
            if (series := [getattr(one, item.name) for one in histories])
        )
    )


def over_seeds(series: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    """Return one row for each seed; a seed that stopped earlier keeps its last value.

    Args:
        series: values over the epochs, not empty, one series for each seed.
    """
    longest = max(map(len, series))
    return np.array([[*one, *[one[-1]] * (longest - len(one))] for one in series], np.float64)


def _mean_or_none(values: Sequence[float | None]) -> float | None:
    """Return the mean; None if there are no values or any is None."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known and len(known) == len(values) else None
