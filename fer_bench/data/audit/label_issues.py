"""Labels that other people doubt."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.data.audit.votes import CATEGORY_OF, NO_FACE, UNKNOWN, check_votes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fer_bench.data import Dataset
    from fer_bench.data.audit.votes import Votes

MARGIN = 6
"""A label is likely wrong where one other class has so many votes more: with ten taggers, no fewer
than six of them then are for that class, and no more than two for the label."""


@dataclass(frozen=True)
class LabelError:
    """A label that is likely wrong.

    Attributes:
        row: of the image.
        label: name of its class.
        voted: name of the class with the most votes.
        votes_for_label: number of taggers for its class.
        votes_for_voted: number of taggers for the other class.
    """

    row: int
    label: str
    voted: str
    votes_for_label: int
    votes_for_voted: int


@dataclass(frozen=True)
class ClassAgreement:
    """What the taggers say of the images of one class, in numbers of images.

    Attributes:
        name: of the class.
        images: all of them.
        unanimous: all votes are for one category.
        tied: several categories have the most votes.
        no_majority: no category has more than half of the votes; those that are tied too.
        no_face: more than half of the votes are for no face.
        unknown: more than half of the votes are for unknown.
        agreed: the class has more votes than any other category.
        likely_wrong: another class has ``MARGIN`` votes more, or more than that.
        instead: that other class and the number of such images, the most frequent first.
    """

    name: str
    images: int
    unanimous: int
    tied: int
    no_majority: int
    no_face: int
    unknown: int
    agreed: int
    likely_wrong: int
    instead: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Agreement:
    """What the taggers say of a data set.

    Attributes:
        kappa: Cohen's kappa of labels and the categories with the most votes, over the images
            where that is one of the classes.
        classes: in the order of the labels.
        errors: labels that are likely wrong, by row.
    """

    kappa: float
    classes: tuple[ClassAgreement, ...]
    errors: tuple[LabelError, ...]

    @property
    def whole(self) -> ClassAgreement:
        """All classes together, named ``"all"``; ``instead`` counts whatever the label is."""

        def total(name: str) -> int:
            return sum(getattr(one, name) for one in self.classes)

        return ClassAgreement(
            "all",
            images=total("images"),
            unanimous=total("unanimous"),
            tied=total("tied"),
            no_majority=total("no_majority"),
            no_face=total("no_face"),
            unknown=total("unknown"),
            agreed=total("agreed"),
            likely_wrong=total("likely_wrong"),
            instead=_most_frequent(self.errors),
        )


def agreement(dataset: Dataset, votes: Votes) -> Agreement:
    """Compares labels with votes.

    Args:
        dataset: the images' labels, in classes of FER2013.
        votes: on the same images in the same order.

    Raises:
        FerBenchError: the votes do not belong to the images, see ``check_votes``.
    """
    kappa = check_votes(votes, dataset)
    counts, labels = votes.counts.astype(np.int64), dataset.labels
    total, most = counts.sum(axis=1), counts.max(axis=1)
    winners, no_majority = votes.winners(), votes.without_majority()
    of_class = counts[:, [CATEGORY_OF[name] for name in dataset.classes]]
    own = of_class[np.arange(len(labels)), labels]
    # A class that is ahead by a margin above 0 is another one, and if it is ahead of the label by
    # more than half of the taggers, the only one.
    ahead, best = of_class.max(axis=1) - own, of_class.argmax(axis=1)
    errors = tuple(
        LabelError(
            row,
            dataset.classes[labels[row]],
            dataset.classes[best[row]],
            int(own[row]),
            int(of_class[row, best[row]]),
        )
        for row in np.flatnonzero(ahead >= MARGIN).tolist()
    )
    found = []
    for label, name in enumerate(dataset.classes):
        mine = labels == label
        wrong = [error for error in errors if error.label == name]

        def number(where: NDArray[np.bool_], mine: NDArray[np.bool_] = mine) -> int:
            return int((where & mine).sum())

        found.append(
            ClassAgreement(
                name,
                int(mine.sum()),
                unanimous=number(most == total),
                tied=number(winners < 0),
                no_majority=number(no_majority),
                no_face=number(2 * counts[:, NO_FACE] > total),
                unknown=number(2 * counts[:, UNKNOWN] > total),
                agreed=number(winners == CATEGORY_OF[name]),
                likely_wrong=len(wrong),
                instead=_most_frequent(wrong),
            )
        )
    return Agreement(kappa, tuple(found), errors)


def _most_frequent(errors: Sequence[LabelError]) -> tuple[tuple[str, int], ...]:
    """The classes that are seen instead, equally frequent ones by their names."""
    counted = Counter(error.voted for error in errors)
    return tuple(sorted(counted.items(), key=lambda one: (-one[1], one[0])))
