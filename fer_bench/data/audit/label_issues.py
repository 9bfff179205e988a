"""Label issues: labels that FER+ votes contradict."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.data.audit.votes import CATEGORY_OF, NO_FACE, UNKNOWN, check_votes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fer_bench.data import Dataset
    from fer_bench.data.audit.votes import Votes

MARGIN = 6
"""Vote lead of another class from which a label is likely wrong.

With ten taggers, at least six of them are then for that class, and at most two for the label.
"""


@dataclass(frozen=True)
class LabelError:
    """A label that is likely wrong.

    Attributes:
        row: row of the image.
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
    """Agreement of labels and votes for one class, in numbers of images.

    Attributes:
        name: name of the class.
        images: number of images.
        unanimous: all votes are for one category.
        tied: several categories share the most votes.
        no_majority: no category has more than half of the votes; includes ties.
        no_face: more than half of the votes are for no face.
        unknown: more than half of the votes are for unknown.
        agreed: the class has more votes than any other category.
        likely_wrong: another class leads by at least ``MARGIN`` votes.
        instead: name of that other class and number of such images, the most frequent first.
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
    """Agreement of a data set's labels and votes.

    Attributes:
        kappa: Cohen's kappa of labels and the categories with the most votes, over the images for
            which that category is one of the classes.
        classes: agreement of each class, in the order of the labels.
        errors: labels that are likely wrong, by row.
    """

    kappa: float
    classes: tuple[ClassAgreement, ...]
    errors: tuple[LabelError, ...]

    @property
    def whole(self) -> ClassAgreement:
        """Sum over all classes, named ``"all"``; ``instead`` counts images of any label."""
        _, *counts, _ = (field.name for field in fields(ClassAgreement))
        totals = {name: sum(getattr(one, name) for one in self.classes) for name in counts}
        return ClassAgreement("all", **totals, instead=_most_frequent(self.errors))


def agreement(dataset: Dataset, votes: Votes) -> Agreement:
    """Compare labels with votes.

    Args:
        dataset: data set with classes of FER2013.
        votes: votes on the same images in the same order.

    Raises:
        FerBenchError: the votes do not belong to the images, see ``check_votes``.
    """
    kappa = check_votes(votes, dataset)
    counts, labels = votes.counts.astype(np.int64), dataset.labels
    total, most = counts.sum(axis=1), counts.max(axis=1)
    winners, no_majority = votes.winners(), votes.without_majority()
    of_class = counts[:, [CATEGORY_OF[name] for name in dataset.classes]]
    own = of_class[np.arange(len(labels)), labels]
    # A class with a lead above 0 differs from the label; one whose lead over the label exceeds half
    # of the votes is the only one.
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
    """Return the voted classes and their counts, most frequent first, ties by name."""
    counted = Counter(error.voted for error in errors)
    return tuple(sorted(counted.items(), key=lambda one: (-one[1], one[0])))
