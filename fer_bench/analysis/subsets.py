"""Test accuracy on subsets of the test images, and accuracy against FER+ votes.

A network may have memorised a test image that has a duplicate in the training part; only the
remaining images measure generalisation to unseen ones. Such subsets, evaluated separately, are also
called slices.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

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
        whole: all test images.
        distinct: images without an identical duplicate in training.
        clean: images without any duplicate in training: none that is identical, mirrored, a
            near-duplicate, or linked through such images.
        twinned: images with a duplicate in training.
    """

    whole: NDArray[np.bool_]
    distinct: NDArray[np.bool_]
    clean: NDArray[np.bool_]
    twinned: NDArray[np.bool_]


@dataclass(frozen=True)
class Score:
    """Accuracy on a subset of the test images.

    Attributes:
        images: number of images, at least 1.
        accuracy: share recognised, averaged over the seeds.
        interval: 95 % CI over the images; the networks are held fixed.
    """

    images: int
    accuracy: float
    interval: Interval


@dataclass(frozen=True)
class Excess:
    """Accuracy on all test images minus accuracy on the deduplicated ones.

    Attributes:
        difference: difference of the two shares, -1 to 1.
        interval: 95 % CI over the images; the networks and the number of duplicates are held fixed.
    """

    difference: float
    interval: Interval


@dataclass(frozen=True)
class Leakage:
    """Accuracy on each subset of the test images, None for an empty subset.

    Attributes:
        whole: on all images, see ``Subsets``.
        distinct: without identical duplicates.
        clean: on the deduplicated images.
        twinned: on the images with duplicates.
        excess: ``whole`` minus ``clean``; None if no image or every image has a duplicate.
    """

    whole: Score
    distinct: Score | None
    clean: Score | None
    twinned: Score | None
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
class Voted:
    """Accuracy against the FER+ majority vote, on images of which one class has the most votes.

    Attributes:
        votes: share of these images for which the prediction is the majority vote.
        labels: share of the same images for which the prediction is the label.
    """

    votes: Score
    labels: Score


@dataclass(frozen=True)
class VotedBaseline:
    """Majority-class baseline by FER+ votes.

    Its class may differ from the majority class of the labels.

    Attributes:
        name: name of the class that is most often the majority vote.
        voted: accuracy of the baseline.
    """

    name: str
    voted: Voted


def subsets_by_duplicates(data: DatasetSummary) -> Subsets | None:
    """Return the subsets by duplicates in training, or None if the duplicates are unknown."""
    twins = data.twins
    if not len(twins):
        return None
    return Subsets(twins >= 0, twins < _IDENTICAL, twins == 0, twins > 0)


def majority_class_baseline(data: DatasetSummary) -> Baseline | None:
    """Return the majority-class baseline per subset; None if labels or duplicates are unknown."""
    found = subsets_by_duplicates(data)
    if found is None or not len(data.labels):
        return None
    largest = np.bincount(data.labels).argmax()
    return Baseline(data.counts[largest][0], score_subsets((data.labels == largest)[None], found))


def score_by_votes(
    by_votes: NDArray[np.bool_], by_labels: NDArray[np.bool_], data: DatasetSummary
) -> Voted | None:
    """Return an accuracy against the FER+ majority vote, or None if no image has one.

    Args:
        by_votes: mask of the test images whose prediction is the majority vote, shape (seeds, n).
        by_labels: mask of those whose prediction is the label, shape (seeds, n).
        data: data set with n test images.
    """
    named = data.votes != NO_VOTE
    if not named.any():
        return None
    return Voted(score(by_votes[:, named]), score(by_labels[:, named]))


def label_agreement(data: DatasetSummary) -> Score | None:
    """Return the accuracy of the labels themselves against the FER+ majority vote.

    Returns:
        None if labels or votes are unknown, or if no image has a majority vote.
    """
    named = data.votes != NO_VOTE
    if not len(data.labels) or not named.any():
        return None
    return score((data.labels == data.votes)[None, named])


def majority_vote_baseline(data: DatasetSummary) -> VotedBaseline | None:
    """Return the majority-class baseline by FER+ votes; None as for ``label_agreement``."""
    named = data.votes != NO_VOTE
    if not len(data.labels) or not named.any():
        return None
    votes, labels = data.votes[named], data.labels[named]
    largest = np.bincount(votes).argmax()
    return VotedBaseline(
        data.counts[largest][0],
        Voted(score((votes == largest)[None]), score((labels == largest)[None])),
    )


def score_subsets(correct: NDArray[np.bool_], found: Subsets) -> Leakage:
    """Return an accuracy with and without test images that have a duplicate in training.

    Args:
        correct: mask of the test images that each seed recognises, shape (seeds, n).
        found: masks of the subsets.
    """
    clean, twinned = _part(correct, found.clean), _part(correct, found.twinned)
    return Leakage(
        whole=score(correct),
        distinct=_part(correct, found.distinct),
        clean=clean,
        twinned=twinned,
        excess=None if clean is None or twinned is None else _excess(clean, twinned),
    )


def _part(correct: NDArray[np.bool_], chosen: NDArray[np.bool_]) -> Score | None:
    return score(correct[:, chosen]) if chosen.any() else None


def score(correct: NDArray[np.bool_]) -> Score:
    """Return the accuracy of the mask of recognised images, shape (seeds, n), with its interval."""
    return Score(correct.shape[1], float(correct.mean()), sampling_interval(correct))


def _excess(clean: Score, twinned: Score) -> Excess:
    """Compute the excess from the two disjoint subsets, with and without duplicates.

    If t of n images have a duplicate, accuracy on all images minus accuracy on the deduplicated
    ones is t / n (T - C), with T and C the accuracies with and without duplicates. The interval of
    T - C is derived from those of T and C, whatever their kind, by the method of variance estimates
    recovery (MOVER; Zou and Donner, *Construction of Confidence Limits About Effect Measures: A
    General Approach*, 2008): its lower limit is T - C minus the root of the summed squared
    distances from T to its lower limit and from C to its upper limit, and its upper limit the other
    way round. Applied to Wilson intervals this is Newcombe's method 10 (*Interval Estimation for
    the Difference Between Independent Proportions*, 1998).
    """
    share = twinned.images / (twinned.images + clean.images)
    difference = twinned.accuracy - clean.accuracy
    below = math.hypot(
        twinned.accuracy - twinned.interval.low, clean.interval.high - clean.accuracy
    )
    above = math.hypot(
        twinned.interval.high - twinned.accuracy, clean.accuracy - clean.interval.low
    )
    return Excess(
        share * difference, Interval(share * (difference - below), share * (difference + above))
    )
