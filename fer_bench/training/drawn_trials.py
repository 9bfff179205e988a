"""Trials of a sweep that Optuna draws, for heads whose training is not cheap."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from fer_bench.protocol.sweep import AXES, value_text
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Callable

    from fer_bench.protocol.sweep import Settings, Value
    from fer_bench.results.trials import Trial

_DIGITS = 3
"""Significant digits of a drawn rate."""


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
    drawn again is not measured again.

    Args:
        axes: axes of the grid.
        count: number of draws.
        seed: seed of the sampler.
        measure: returns the trial of these settings; the numbers are those of the draw and
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
