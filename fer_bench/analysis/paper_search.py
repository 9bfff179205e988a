"""Search for the settings that made the paper's tables: grid, distances and ranking.

A trial is one combination of settings, trained with one seed or more. Its rates by the paper's
convention (differences between consecutive epochs, in the paper's windows) are compared with the
published ones of Tables 2 to 4.

Trials are ranked by a distance in the same unit for all: the root mean square of the published
rates of each table, so that a network that does not learn is at about 1. A trial is excluded by its
own spread over seeds. The paper's run would be one more seed of the same settings, so that a
difference has the standard error s * sqrt(1 + 1 / n), with s the standard deviation over n seeds.
Each rate is judged by its own s with n - 1 degrees of freedom: the spread of rates differs between
windows, so that it cannot be pooled.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from fer_bench.analysis.paper_forensics import DECIMALS, DIFFERENCES
from fer_bench.protocol import published
from fer_bench.protocol.trainable_layers import TrainableLayers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fer_bench.protocol.cell import Init
    from fer_bench.protocol.settings import Protocol
    from fer_bench.results.quality import History

    Key = tuple[published.RateTable, int]
    """Number of a table, and index of a window."""

Verdict = Literal["remains", "excluded", "undecided", "failed"]

TABLES: tuple[published.RateTable, ...] = (2, 3, 4)
"""Tables that are compared: Table 5 is not in the source of the published numbers."""

ALPHA = 0.01
"""Largest probability of excluding a setting that made the published rates."""

AXES: Mapping[str, tuple[Any, ...]] = {
    "trainable_layers": (TrainableLayers(), TrainableLayers("all", "all"), TrainableLayers(0, 0)),
    "optimizer": ("adam", "sgd", "rmsprop"),
    "batch_size": (32, 16, 128),
    "input_size": ("own", 96),
    "preprocessing": ("own", "unit"),
    "batch_normalization": ("paper", "frozen"),
    "pooling": ("flatten", "average"),
}
"""Settings that the paper leaves open, or that it may not have kept to, with values to try."""

_ROUNDING = 0.5 * 10.0**-DECIMALS
"""Largest rounding error of a printed rate: no standard deviation counts as smaller."""


@dataclass(frozen=True)
class Trial:
    """One combination of settings of a cell, and what was measured.

    Attributes:
        protocol: the settings.
        histories: one for each seed that was trained; all of the same number of epochs.
        seconds: time spent on training and evaluation by the runs that trained it, all seeds.
        failure: reason why it could not be trained, one line; empty if it was.
    """

    protocol: Protocol
    histories: tuple[History, ...] = ()
    seconds: float = 0.0
    failure: str = ""

    @property
    def settings(self) -> str:
        """Settings that differ from the paper's or the defaults, as text."""
        changed = self.protocol.changed("learning_rate", *AXES)
        words = [f"{name.replace('_', ' ')} {value}" for name, value in changed.items()]
        return ", ".join(words) or "defaults"

    @property
    def epochs(self) -> int:
        """Number of epochs measured, 0 if it failed."""
        return self.histories[0].epochs if self.histories else 0


@dataclass(frozen=True)
class RankedTrial:
    """Trial with its distance from the published rates.

    Attributes:
        trial: the trial.
        rates: its mean rates over seeds that are compared, by table and window.
        distance: root mean square of the differences, each divided by the root mean square of the
            published rates of its table; None if it failed or has no rates.
        shared: the same over the rates that all trials have, those of a coarse pass.
        largest: largest difference in standard errors; None for one seed.
        limit: largest difference that another seed of the same settings explains; None for one
            seed.
        verdict: ``"excluded"`` if ``largest`` is above ``limit``, ``"remains"`` if not,
            ``"undecided"`` for one seed or if the ranking is not like for like.
    """

    trial: Trial
    rates: Mapping[Key, float]
    distance: float | None
    shared: float | None = None
    largest: float | None = None
    limit: float | None = None
    verdict: Verdict = "undecided"


@dataclass(frozen=True)
class Ranking:
    """All trials of a published row: those with the most rates first, of these the nearest.

    Attributes:
        backbone: name of the backbone.
        init: its init.
        published: the published rates, by table and window.
        trials: the trials.
        like_for_like: True if they were trained and validated on as many of the paper's images.
    """

    backbone: str
    init: Init
    published: Mapping[Key, float]
    trials: tuple[RankedTrial, ...]
    like_for_like: bool

    @property
    def nearest(self) -> tuple[RankedTrial, ...]:
        """Trials that did not fail, nearest first by the shared rates; those without come last."""
        measured = (one for one in self.trials if not one.trial.failure)
        return tuple(
            sorted(measured, key=lambda one: math.inf if one.shared is None else one.shared)
        )


def grid(
    base: Protocol, axes: Mapping[str, Sequence[Any]], most_changes: int | None = None
) -> list[Protocol]:
    """Return all combinations of settings, those with the fewest changes first.

    Args:
        base: the settings that are not varied.
        axes: values by name of a setting; a value of ``base`` is no change.
        most_changes: largest number of settings that differ from ``base``; None for no limit.
    """
    found = dict.fromkeys(
        dataclasses.replace(base, **dict(zip(axes, values, strict=True)))
        for values in itertools.product(*axes.values())
    )

    def changes(protocol: Protocol) -> list[int]:
        names = enumerate(axes)
        return [place for place, name in names if getattr(protocol, name) != getattr(base, name)]

    return sorted(
        (one for one in found if most_changes is None or len(changes(one)) <= most_changes),
        key=lambda one: (len(changes(one)), changes(one)),
    )


def published_rates(backbone: str, init: Init) -> dict[Key, float]:
    """Return the published rates of a row by table and window; empty if there are none."""
    return {
        (number, window): rate
        for number in TABLES
        for window, rate in enumerate(published.table(number).get((backbone, init)) or ())
    }


def window_rates(history: History) -> dict[Key, float]:
    """Return a history's rates by table and window, as the paper's tables were made.

    Training metrics are those during an epoch. Windows that need later epochs are left out.
    """
    accuracy, loss, validation = map(
        np.diff,
        (history.running_accuracy, history.running_loss, history.validation_accuracy[1:]),
    )
    differences = dict(zip(TABLES, (accuracy, loss, accuracy - validation), strict=True))
    ends = list(itertools.accumulate(DIFFERENCES))
    return {
        (number, window): float(found[end - count : end].mean())
        for number, found in differences.items()
        for window, (end, count) in enumerate(zip(ends, DIFFERENCES, strict=True))
        if end <= len(found)
    }


def rank(
    backbone: str,
    init: Init,
    target: Mapping[Key, float],
    trials: Iterable[Trial],
    *,
    like_for_like: bool = True,
) -> Ranking:
    """Rank trials by their distance from a target, the published rates.

    If they are not like for like, nothing is excluded: on other or fewer images the same settings
    converge at another pace.
    """
    ranked = [_compared(trial, target, like_for_like=like_for_like) for trial in trials]
    measured = [one.rates for one in ranked if one.rates]
    shared = [key for key in target if all(key in rates for rates in measured)]
    ranked = [
        dataclasses.replace(one, shared=_distance(one.rates, target, shared)) if one.rates else one
        for one in ranked
    ]
    ranked.sort(key=lambda one: (-len(one.rates), one.distance or 0.0, one.verdict == "failed"))
    return Ranking(backbone, init, dict(target), tuple(ranked), like_for_like)


def _compared(trial: Trial, target: Mapping[Key, float], *, like_for_like: bool) -> RankedTrial:
    if trial.failure:
        return RankedTrial(trial, {}, None, verdict="failed")
    seeds = [window_rates(history) for history in trial.histories]
    keys = [key for key in target if all(key in rates for rates in seeds)]
    values = {key: [rates[key] for rates in seeds] for key in keys}
    means = {key: float(np.mean(found)) for key, found in values.items()}
    found = RankedTrial(trial, means, _distance(means, target, keys))
    if not keys or len(seeds) < 2:
        return found
    errors = {
        key: max(float(np.std(one, ddof=1)), _ROUNDING) * math.sqrt(1 + 1 / len(seeds))
        for key, one in values.items()
    }
    largest = max(abs(means[key] - target[key]) / errors[key] for key in keys)
    most = limit(len(keys), len(seeds) - 1)
    verdict: Verdict = "undecided"
    if like_for_like:
        verdict = "excluded" if largest > most else "remains"
    return dataclasses.replace(found, largest=largest, limit=most, verdict=verdict)


def _distance(
    rates: Mapping[Key, float], target: Mapping[Key, float], keys: Sequence[Key]
) -> float | None:
    """Return the distance of rates as of ``RankedTrial``; None without any."""
    scales = {
        number: _root_mean_square([rate for (table, _), rate in target.items() if table == number])
        for number, _ in keys
    }
    differences = [(rates[key] - target[key]) / scales[key[0]] for key in keys]
    return _root_mean_square(differences) if differences else None


def _root_mean_square(values: Sequence[float]) -> float:
    return math.sqrt(math.fsum(value**2 for value in values) / len(values))


def limit(rates: int, freedom: int) -> float:
    """Return the largest difference in standard errors that another seed explains.

    It is the quantile of Student's t, with the degrees of freedom of the standard errors, that the
    largest of ``rates`` differences exceeds with a probability of ``ALPHA`` at most (Bonferroni).
    """
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 1 - ALPHA / (2 * rates)))
