"""Records of the trials of a sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench import metrics
from fer_bench.protocol.fitted_heads import head_kind
from fer_bench.protocol.sweep import read_value, value_text
from fer_bench.protocol.trials import candidate
from fer_bench.results.trials import Trial, TrialSetting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.protocol.settings import Protocol
    from fer_bench.protocol.trials import Candidate
    from fer_bench.results.records import CellResult
    from fer_bench.training.fitted_head import FittedCandidate, FittedHead, Labelled

DIVERGED = "training diverged: an output of the network is not finite"
"""Reason of a trial without metrics."""


def trial_settings(one: Candidate) -> tuple[TrialSetting, ...]:
    """Return the settings of a candidate as a trial records them."""
    return tuple(TrialSetting(name, value_text(value)) for name, value in one.settings)


def candidate_of(protocol: Protocol, head: str, trial: Trial) -> Candidate:
    """Return the candidate of a trial that was recorded for a swept cell.

    Args:
        protocol: protocol of the swept cell.
        head: canonical name of its head.
        trial: a trial of a head that is trained by epochs.
    """
    settings = tuple((one.name, read_value(one.name, one.value)) for one in trial.settings)
    return candidate(protocol, head, settings)


def trial_of(one: Candidate, result: CellResult) -> Trial:
    """Return the trial of a candidate that was trained as a cell.

    Raises:
        ValueError: the cell has no quality.
    """
    if result.quality is None:
        raise ValueError(f"{result.id} was not trained")
    history = result.quality.history
    return Trial(
        trial_settings(one),
        history.validation_accuracy[-1],
        history.validation_loss[-1],
        result.quality.test_accuracy,
        history.epochs,
    )


def fitted_trials(
    every: Sequence[FittedCandidate], chosen: FittedHead, test: Labelled
) -> tuple[Trial, ...]:
    """Return the trials of a fitted head's grid.

    Args:
        every: all candidates.
        chosen: the head of one of them.
        test: features, shape (n, d), and labels, shape (n,), of the test images.
    """
    features, labels = test
    return tuple(
        Trial(
            (TrialSetting(head_kind(one.head.kind).parameter, value_text(one.head.value)),),
            one.accuracy,
            one.loss,
            metrics.accuracy(one.head.logits(features), labels) if len(labels) else None,
            0,
            chosen=one.head is chosen,
        )
        for one in every
    )
