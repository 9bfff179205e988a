"""State of a cell's training: everything needed to resume as if never interrupted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from fer_bench.results.quality import History
    from fer_bench.training.store.arrays import Layout


@dataclass(frozen=True)
class Seconds:
    """Time that training took so far.

    Attributes:
        training: time of the epochs themselves.
        evaluation: time of the evaluations before the first and after each epoch.
        after_best: with early stopping, time of the epochs after the best one, not in
            ``training``.
    """

    training: float = 0.0
    evaluation: float = 0.0
    after_best: float = 0.0


@dataclass(frozen=True)
class TrainingState:
    """State after an epoch.

    Attributes:
        history: history of the epochs so far, 1 or more.
        seconds: time spent on them.
        variables: values of everything training changes, in a fixed order: the suffix's weights
            and random states, then the optimiser's, and with early stopping the weights and random
            states after the best epoch. Can be iterated once.
    """

    history: History
    seconds: Seconds
    variables: Iterable[NDArray[Any]]


@dataclass(frozen=True)
class Expected:
    """Form of each state of one cell's training.

    Attributes:
        epochs: total number of epochs.
        variables: layouts of ``TrainingState.variables``.
        has_batch_statistics: True if a trained batch normalisation is also evaluated with batch
            statistics.
    """

    epochs: int
    variables: tuple[Layout, ...]
    has_batch_statistics: bool
