"""How long training takes to reach an accuracy: pure functions on numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def epoch_ends(before: float, training: float, epochs: int) -> tuple[float, ...]:
    """Seconds from the start of a cell to the end of each of its epochs.

    Epochs are taken to last equally long, since only their sum is measured.

    Args:
        before: seconds before the first epoch, spent on frozen features.
        training: seconds of all epochs together.
        epochs: 1 or more.

    Returns:
        epochs + 1 numbers; the first is ``before``, when the network is untrained.

    Raises:
        ValueError: a time is negative, or there is no epoch.
    """
    if before < 0 or training < 0:
        raise ValueError(f"seconds are {before} and {training}; accepted: 0 or more")
    if epochs < 1:
        raise ValueError(f"epochs is {epochs}; accepted: 1 or more")
    return tuple(before + training * epoch / epochs for epoch in range(epochs + 1))


def target_accuracy(chance: float, best: float) -> float:
    """The accuracy half of the way from ``chance`` to ``best``.

    Args:
        chance: share of the largest class, which a network that always names it has.
        best: the best final validation accuracy of those compared.

    Returns:
        ``chance`` + (``best`` - ``chance``) / 2; ``chance`` where no network is better.

    Raises:
        ValueError: an accuracy is outside 0 to 1.
    """
    for accuracy in (chance, best):
        if not 0 <= accuracy <= 1:
            raise ValueError(f"accuracy is {accuracy}; accepted: 0 to 1")
    return chance + max(best - chance, 0.0) / 2


def time_to_accuracy(
    seconds: Sequence[float], accuracies: Sequence[float], target: float
) -> float | None:
    """When an accuracy is first reached.

    Between epochs nothing is evaluated, so the answer is the end of an epoch.

    Args:
        seconds: when each accuracy was known, rising.
        accuracies: as many.
        target: the accuracy asked for.

    Returns:
        The first of ``seconds`` whose accuracy is at least ``target``; None if none is.

    Raises:
        ValueError: there are not as many accuracies as times.
    """
    if len(seconds) != len(accuracies):
        raise ValueError(
            f"{len(accuracies)} accuracies at {len(seconds)} times; accepted: one for each"
        )
    reached = (time for time, one in zip(seconds, accuracies, strict=True) if one >= target)
    return next(reached, None)
