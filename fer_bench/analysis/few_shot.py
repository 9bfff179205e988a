"""Few-shot accuracies of a group of cells, as means over the draws of their training images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.analysis.seed_spread import add_seed_spread
from fer_bench.metrics import Interval, confusion, sampling_interval
from fer_bench.metrics.classification import classification_metrics, metric_intervals
from fer_bench.results.metric_estimates import Estimate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fer_bench.analysis.seed_groups import Group
    from fer_bench.results.few_shot import FewShot


@dataclass(frozen=True)
class FewShotScore:
    """Few-shot result of a group, for one number of images of each class.

    Estimates are means over the draws, with their 95 % CI over test images and draws.

    Attributes:
        shots: number of training images of each class in a draw.
        mieb: True for the evaluation of MIEB.
        draws: number of draws, those of all seeds together.
        images: number of test images.
        drawn_from: number of training images that were drawn from.
        accuracy: on all test images.
        deduplicated: accuracy on the test images without a duplicate among the images that were
            drawn from; None if there are none, or if duplicates are unknown.
        macro_f1: macro F1 on all test images.
        leaked: number of test images with such a duplicate; None if duplicates are unknown.
        seen: mean number of test images with a duplicate among the images of a draw.
    """

    shots: int
    mieb: bool
    draws: int
    images: int
    drawn_from: int
    accuracy: Estimate
    deduplicated: Estimate | None
    macro_f1: Estimate
    leaked: int | None
    seen: float


def few_shot_scores(group: Group) -> tuple[FewShotScore, ...]:
    """Return the few-shot results of a group, as its first cell that has any lists them.

    The mean is over all draws of all seeds. The interval is that of the test images with the fitted
    heads held fixed, widened by Student's t over independent units as in ``add_seed_spread``. These
    are the draws; for random weights with several seeds, which all draws of a seed share, they are
    the means of the seeds.

    Raises:
        ValueError: labels of the test images are unknown.
    """
    by_seed: dict[tuple[bool, int], list[FewShot]] = {}
    for cell in group.trained:
        for found in cell.few_shot:
            by_seed.setdefault((found.mieb, found.shots), []).append(found)
    return tuple(_score(results, group) for results in by_seed.values())


def _score(results: Sequence[FewShot], group: Group) -> FewShotScore:
    first = results[0]
    labels, codes = first.tested(group.dataset)
    predicted = np.concatenate([one.predicted for one in results])
    owner = np.repeat(np.arange(len(results)), [len(one.predictions) for one in results])
    units = owner if group.init == "random" and len(results) > 1 else np.arange(len(predicted))
    correct, kept = predicted == labels, codes == 0
    classes = len(group.dataset.counts)
    matrices = np.stack([confusion(labels, one, classes) for one in predicted])
    macro_f1 = classification_metrics(matrices).macro_f1
    mean = float(macro_f1.mean())
    over_images = metric_intervals(labels, predicted, classes).overall["macro_f1"]
    return FewShotScore(
        shots=first.shots,
        mieb=first.mieb,
        draws=len(predicted),
        images=len(labels),
        drawn_from=first.drawn_from,
        accuracy=_accuracy(correct, units),
        deduplicated=_accuracy(correct[:, kept], units) if kept.any() else None,
        macro_f1=_estimate(macro_f1, over_images or Interval(mean, mean), units),
        leaked=int(np.count_nonzero(codes)) if len(codes) else None,
        seen=float(np.mean([count for one in results for count in one.seen])),
    )


def _accuracy(correct: NDArray[np.bool_], units: NDArray[np.int64]) -> Estimate:
    return _estimate(correct.mean(axis=1), sampling_interval(correct), units)


def _estimate(
    values: NDArray[np.float64], interval: Interval, units: NDArray[np.int64]
) -> Estimate:
    """Return the mean of the draws' values, with the interval widened by the units' spread."""
    by_unit = [float(values[units == unit].mean()) for unit in np.unique(units)]
    return Estimate.of(float(values.mean()), add_seed_spread(interval, by_unit))
