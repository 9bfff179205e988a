"""Test accuracy on subsets of the test images, and accuracy against FER+ votes.

A network may have memorised a test image that has a duplicate in the training part; only the
remaining images measure generalisation to unseen ones. Such subsets, evaluated separately, are also
called slices.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fer_bench.analysis.seed_spread import add_seed_spread
from fer_bench.data.audit import SIMILARITIES
from fer_bench.metrics import Interval, sampling_interval
from fer_bench.results.records import NO_VOTE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fer_bench.results.records import DatasetSummary

_IDENTICAL = len(SIMILARITIES)


class Subsets(NamedTuple):
    """Boolean masks of the subsets of the test images, each of shape (test,).

    Attributes:
        all_images: all test images.
        without_identical: images without an identical duplicate in training.
        deduplicated: images without any duplicate in training: none that is identical, mirrored, a
            near-duplicate, or linked through such images.
        duplicated: images with a duplicate in training.
    """

    all_images: NDArray[np.bool_]
    without_identical: NDArray[np.bool_]
    deduplicated: NDArray[np.bool_]
    duplicated: NDArray[np.bool_]

    @property
    def divided(self) -> bool:
        """True if some images have a duplicate in training, and some have none."""
        return bool(self.duplicated.any() and self.deduplicated.any())


@dataclass(frozen=True)
class Score:
    """Accuracy on a subset of the test images.

    Attributes:
        images: number of images, at least 1.
        accuracy: share recognised, averaged over the seeds.
        interval: 95 % CI over the images; the networks are held fixed.
        spread: 95 % CI over images and seeds; equal to ``interval`` for one seed.
    """

    images: int
    accuracy: float
    interval: Interval
    spread: Interval


@dataclass(frozen=True)
class Excess:
    """Accuracy on all test images minus accuracy on the deduplicated ones.

    Attributes:
        difference: difference of the two shares, -1 to 1.
        interval: 95 % CI over the images; the networks and the number of duplicates are held fixed.
        spread: 95 % CI over images and seeds; equal to ``interval`` for one seed.
    """

    difference: float
    interval: Interval
    spread: Interval


@dataclass(frozen=True)
class Leakage:
    """Accuracy on each subset of the test images, None for an empty subset.

    Attributes:
        all_images: on all images, see ``Subsets``.
        without_identical: without identical duplicates.
        deduplicated: on the deduplicated images.
        duplicated: on the images with duplicates.
        excess: ``all_images`` minus ``deduplicated``; None if no image or every image has a
            duplicate.
    """

    all_images: Score
    without_identical: Score | None
    deduplicated: Score | None
    duplicated: Score | None
    excess: Excess | None


@dataclass(frozen=True)
class Baseline:
    """Majority-class baseline by the labels of the test images.

    The class proportions differ between the subsets; the baseline shows how much of a difference in
    accuracy they can explain.

    Attributes:
        name: name of the majority class.
        leakage: accuracy of the baseline on each subset.
    """

    name: str
    leakage: Leakage


@dataclass(frozen=True)
class VoteScores:
    """Accuracy against the FER+ majority vote, on images of which one class has the most votes.

    Attributes:
        by_votes: share of these images for which the prediction is the majority vote.
        by_labels: share of the same images for which the prediction is the label.
    """

    by_votes: Score
    by_labels: Score


@dataclass(frozen=True)
class VoteBaseline:
    """Majority-class baseline by FER+ votes.

    Its class may differ from the majority class of the labels.

    Attributes:
        name: name of the class that is most often the majority vote.
        scores: accuracy of the baseline.
    """

    name: str
    scores: VoteScores


def subsets_by_duplicates(data: DatasetSummary) -> Subsets | None:
    """Return the subsets by duplicates in training, or None if the duplicates are unknown."""
    codes = data.twins
    if not len(codes):
        return None
    return Subsets(codes >= 0, codes < _IDENTICAL, codes == 0, codes > 0)


def score(correct: NDArray[np.bool_]) -> Score:
    """Return the accuracy of a mask of recognised images, shape (seeds, n), with its interval."""
    interval = sampling_interval(correct)
    spread = add_seed_spread(interval, correct.mean(axis=1))
    return Score(correct.shape[1], float(correct.mean()), interval, spread)


def score_subsets(correct: NDArray[np.bool_], subsets: Subsets) -> Leakage:
    """Return an accuracy with and without test images that have a duplicate in training.

    Args:
        correct: mask of the test images that each seed recognises, shape (seeds, n).
        subsets: masks of the subsets.
    """
    without_identical, deduplicated, duplicated = (
        score(correct[:, subset]) if subset.any() else None for subset in subsets[1:]
    )
    excess = None
    if deduplicated is not None and duplicated is not None:
        excess = _excess(deduplicated, duplicated)
        by_seed = correct.mean(axis=1) - correct[:, subsets.deduplicated].mean(axis=1)
        spread = add_seed_spread(excess.interval, by_seed, least=-1.0)
        excess = replace(excess, spread=spread)
    return Leakage(score(correct), without_identical, deduplicated, duplicated, excess)


def score_by_votes(
    by_votes: NDArray[np.bool_], by_labels: NDArray[np.bool_], data: DatasetSummary
) -> VoteScores | None:
    """Return an accuracy against the FER+ majority vote, or None if no image has one.

    Args:
        by_votes: mask of the test images whose prediction is the majority vote, shape (seeds, n).
        by_labels: mask of those whose prediction is the label, shape (seeds, n).
        data: data set with n test images.
    """
    voted = data.votes != NO_VOTE
    if not voted.any():
        return None
    return VoteScores(score(by_votes[:, voted]), score(by_labels[:, voted]))


def majority_class_baseline(data: DatasetSummary) -> Baseline | None:
    """Return the majority-class baseline per subset; None if labels or duplicates are unknown."""
    subsets = subsets_by_duplicates(data)
    if subsets is None or not len(data.labels):
        return None
    code = np.bincount(data.labels).argmax()
    return Baseline(data.counts[code][0], score_subsets((data.labels == code)[None], subsets))


def majority_vote_baseline(data: DatasetSummary) -> VoteBaseline | None:
    """Return the majority-class baseline by FER+ votes; None if labels or votes are unknown."""
    votes = data.votes[data.votes != NO_VOTE]
    if not len(data.labels) or not len(votes):
        return None
    code = np.bincount(votes).argmax()
    scores = score_by_votes((data.votes == code)[None], (data.labels == code)[None], data)
    return None if scores is None else VoteBaseline(data.counts[code][0], scores)


def label_agreement(data: DatasetSummary) -> Score | None:
    """Return the accuracy of the labels by FER+ majority vote; None if either is unknown."""
    voted = data.votes != NO_VOTE
    if not len(data.labels) or not voted.any():
        return None
    return score((data.labels == data.votes)[None, voted])


def _excess(deduplicated: Score, duplicated: Score) -> Excess:
    """Compute the excess from the two disjoint subsets, with and without duplicates.

    If t of n images have a duplicate, accuracy on all images minus accuracy on the deduplicated
    ones is t / n (T - C), with T and C the accuracies with and without duplicates. The interval of
    T - C is derived from those of T and C, whatever their kind, by the method of variance estimates
    recovery (MOVER; Zou and Donner, *Construction of Confidence Limits About Effect Measures: A
    General Approach*, 2008): its lower limit is T - C minus the root of the summed squared
    distances from T to its lower limit and from C to its upper limit, and its upper limit the other
    way round. Applied to Wilson intervals this is Newcombe's method 10 (*Interval Estimation for
    the Difference Between Independent Proportions*, 1998). It is that of one seed.
    """
    share = duplicated.images / (duplicated.images + deduplicated.images)
    first, second = duplicated.accuracy, deduplicated.accuracy
    ours, theirs = duplicated.interval, deduplicated.interval
    below = math.hypot(first - ours.low, theirs.high - second)
    above = math.hypot(ours.high - first, second - theirs.low)
    difference = first - second
    interval = Interval(share * (difference - below), share * (difference + above))
    return Excess(share * difference, interval, interval)
