"""Trials of a sweep: their records, and those that Optuna draws."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from fer_bench import metrics
from fer_bench.protocol.fitted_heads import head_kind
from fer_bench.protocol.sweep import AXES, read_value, value_text
from fer_bench.protocol.trials import candidate
from fer_bench.results.trials import Trial, TrialSetting
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fer_bench.protocol.settings import Protocol
    from fer_bench.protocol.sweep import Settings, Value
    from fer_bench.protocol.trials import Candidate
    from fer_bench.results.records import CellResult
    from fer_bench.training.fitted_head import FittedCandidate, FittedHead, Labelled

DIVERGED = "training diverged: an output of the network is not finite"
"""Reason of a trial without metrics."""

_DIGITS = 3
"""Significant digits of a drawn rate."""


def trial_settings(one: Candidate) -> tuple[TrialSetting, ...]:
    """Return the settings of a candidate as a trial records them."""
    return tuple(TrialSetting(name, value_text(value)) for name, value in one.settings)


def candidate_of(protocol: Protocol, head: str, trial: Trial) -> Candidate:
    """Return the candidate of a trial by epochs that was recorded for a swept cell."""
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
    """Return the trials of a fitted head's grid, with the labels of the test features."""
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


def check_optuna() -> None:
    """Check that Optuna is installed, without importing it.

    Raises:
        FerBenchError: it is not.
    """
    if find_spec("optuna") is None:
        raise FerBenchError(
            "a sweep with trials=N needs Optuna, which is not installed",
            hint="pip install optuna, or omit trials=N to train the complete grid",
        )


def draw_trials(
    axes: tuple[tuple[str, tuple[Value, ...]], ...],
    count: int,
    seed: int,
    measure: Callable[[Settings, int, int], Trial],
) -> list[Trial]:
    """Measure trials drawn by Optuna's TPE sampler, which maximises validation accuracy.

    A rate is drawn log-uniformly between the smallest and the largest value of its axis, unless
    that has a 0; other settings, and such rates, are drawn from the values. A combination that is
    drawn again is not measured again. ``measure`` gets the settings, the number of the draw and
    ``count``.
    """
    check_optuna()
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    found: dict[Settings, Trial] = {}
    for number in range(1, count + 1):
        asked = study.ask()
        settings = tuple((name, _drawn(asked, name, values)) for name, values in axes)
        if settings not in found:
            found[settings] = measure(settings, number, count)
        accuracy = found[settings].validation_accuracy
        if accuracy is None:
            study.tell(asked, state=optuna.trial.TrialState.FAIL)
        else:
            study.tell(asked, accuracy)
    return list(found.values())


def _drawn(asked: Any, name: str, values: tuple[Value, ...]) -> Value:
    rates = [value for value in values if not isinstance(value, str) and value > 0]
    if AXES[name].is_rate and len(rates) == len(values) > 1:
        drawn = asked.suggest_float(name, min(rates), max(rates), log=True)
        return float(f"{drawn:.{_DIGITS}g}")
    # As texts, since a choice may be a number of layers or "all".
    texts = {value_text(value): value for value in values}
    return texts[asked.suggest_categorical(name, list(texts))]
