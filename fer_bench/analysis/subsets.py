"""How accurate networks are on parts of the test images, and by other labels.

A test image whose picture also stands in the training part, its twin, can be known by heart: what
a network recognises of pictures that it never saw, it tells on the others. Such parts, looked at
by themselves, are called slices.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fer_bench.data.audit import LIKENESSES
from fer_bench.metrics import Interval, sampling_interval
from fer_bench.results.records import NO_VOTE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fer_bench.analysis.seed_groups import Group
    from fer_bench.results.records import DatasetSummary

_IDENTICAL = len(LIKENESSES)


class Parts(NamedTuple):
    """Which test images are in which part, each bool, shape (test,).

    Attributes:
        whole: all of them.
        distinct: those without an identical twin in training.
        clean: those without any twin, be it identical, mirrored, nearly the same, or linked by
            images that are.
        twinned: those with one.
    """

    whole: NDArray[np.bool_]
    distinct: NDArray[np.bool_]
    clean: NDArray[np.bool_]
    twinned: NDArray[np.bool_]


@dataclass(frozen=True)
class Score:
    """A share of some test images.

    Attributes:
        images: number of them, 1 or more.
        accuracy: share recognised, the mean over seeds.
        interval: 95 %, over the images; the networks are held fixed.
    """

    images: int
    accuracy: float
    interval: Interval


@dataclass(frozen=True)
class Excess:
    """By how much the accuracy on all test images is above that on the clean ones.

    Attributes:
        difference: a share, -1 to 1.
        interval: 95 %, over the images; the networks and the number of twins are held fixed.
    """

    difference: float
    interval: Interval


@dataclass(frozen=True)
class Leakage:
    """Accuracy on the parts of the test images, None on one that has no image.

    Attributes:
        whole: as ``Parts`` has it.
        distinct: likewise.
        clean: likewise.
        twinned: likewise.
        excess: of ``whole`` over ``clean``; None where no image has a twin, or each has.
    """

    whole: Score
    distinct: Score | None
    clean: Score | None
    twinned: Score | None
    excess: Excess | None


@dataclass(frozen=True)
class Baseline:
    """What naming the largest class of the test images reaches, whatever the image.

    The classes are not in the same proportion on all parts, so that it tells what a difference
    between them may owe to that.

    Attributes:
        name: of the class.
        leakage: its accuracy on the parts.
    """

    name: str
    leakage: Leakage


@dataclass(frozen=True)
class Voted:
    """Accuracy by the class with the most of FER+'s votes, where one class has them.

    Attributes:
        votes: share of these test images that the network takes for that class.
        labels: share of the same images that it takes for their label.
    """

    votes: Score
    labels: Score


@dataclass(frozen=True)
class VotedBaseline:
    """What naming the class that has the most votes most often reaches, whatever the image.

    It need not be the largest class of the labels.

    Attributes:
        name: of the class.
        voted: its accuracy.
    """

    name: str
    voted: Voted


def parts(data: DatasetSummary) -> Parts | None:
    """The parts of the test images by their twins in training; None where these are not known."""
    twins = data.twins
    if not len(twins):
        return None
    return Parts(twins >= 0, twins < _IDENTICAL, twins == 0, twins > 0)


def leakage(group: Group, data: DatasetSummary) -> Leakage | None:
    """How accurate a network is with and without test images that have a twin in training.

    Args:
        group: the network, with all its seeds.
        data: what it was tested on.

    Returns:
        None where no cell is trained, or predictions, labels or twins are not known.
    """
    correct, found = group.correct(data.labels), parts(data)
    return None if correct is None or found is None else _leakage(correct, found)


def baseline(data: DatasetSummary) -> Baseline | None:
    """What a network is to be held against on each part; None where labels or twins are unknown."""
    found = parts(data)
    if found is None or not len(data.labels):
        return None
    largest = np.bincount(data.labels).argmax()
    return Baseline(data.counts[largest][0], _leakage((data.labels == largest)[None], found))


def voted(group: Group, data: DatasetSummary) -> Voted | None:
    """How accurate a network is by FER+.

    Returns:
        None where no cell is trained, predictions, labels or votes are not known, or the taggers
        name no class of any image.
    """
    named = data.votes != NO_VOTE
    by_votes, by_labels = group.correct(data.votes), group.correct(data.labels)
    if by_votes is None or by_labels is None or not named.any():
        return None
    return Voted(_score(by_votes[:, named]), _score(by_labels[:, named]))


def label_agreement(data: DatasetSummary) -> Score | None:
    """How accurate the labels themselves are by FER+: what a network is to be held against.

    Returns:
        None where labels or votes are not known, or the taggers name no class of any image.
    """
    named = data.votes != NO_VOTE
    if not len(data.labels) or not named.any():
        return None
    return _score((data.labels == data.votes)[None, named])


def voted_baseline(data: DatasetSummary) -> VotedBaseline | None:
    """What a network is to be held against by FER+; None as of ``label_agreement``."""
    named = data.votes != NO_VOTE
    if not len(data.labels) or not named.any():
        return None
    votes, labels = data.votes[named], data.labels[named]
    largest = np.bincount(votes).argmax()
    return VotedBaseline(
        data.counts[largest][0],
        Voted(_score((votes == largest)[None]), _score((labels == largest)[None])),
    )


def _leakage(correct: NDArray[np.bool_], found: Parts) -> Leakage:
    clean, twinned = _part(correct, found.clean), _part(correct, found.twinned)
    return Leakage(
        whole=_score(correct),
        distinct=_part(correct, found.distinct),
        clean=clean,
        twinned=twinned,
        excess=None if clean is None or twinned is None else _excess(clean, twinned),
    )


def _part(correct: NDArray[np.bool_], chosen: NDArray[np.bool_]) -> Score | None:
    return _score(correct[:, chosen]) if chosen.any() else None


def _score(correct: NDArray[np.bool_]) -> Score:
    return Score(correct.shape[1], float(correct.mean()), sampling_interval(correct))


def _excess(clean: Score, twinned: Score) -> Excess:
    """Whole less clean, out of the two parts that have no image in common.

    Of n images t have a twin, so that whole less clean is t / n (T - C), with T and C the
    accuracies with and without. The interval of T - C comes from those of T and C, whatever
    their kind, by the method of variance estimates recovery (MOVER; Zou and Donner, *Construction
    of Confidence Limits About Effect Measures: A General Approach*, 2008): it reaches as far
    below as the root of the squared distances from T to its lower and from C to its upper end,
    and the other way round. Of Wilson's intervals that is Newcombe's method 10 (*Interval
    Estimation for the Difference Between Independent Proportions*, 1998).
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
