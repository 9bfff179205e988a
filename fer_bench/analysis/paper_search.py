"""Search for the settings that made the paper's tables: grid, distances and ranking.

A trial is one combination of settings, trained with one seed or more. Its rates by the paper's
convention (differences between consecutive epochs, in the paper's windows) are compared with the
published ones of Tables 2 to 4. The unit of a difference is its standard error if both are draws of
the same setting: s * sqrt(1 + 1 / n), with s the standard deviation over seeds and n seeds.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from fer_bench.analysis.paper_forensics import DECIMALS, DIFFERENCES
from fer_bench.protocol import published
from fer_bench.protocol.settings import TrainableLayers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fer_bench.protocol.cell import Init
    from fer_bench.protocol.settings import Protocol
    from fer_bench.results.records import History

    Key = tuple[published.RateTable, int]
    """Number of a table, and index of a window."""

Verdict = Literal["remains", "excluded", "undecided", "failed"]
_ORDER: tuple[Verdict, ...] = get_args(Verdict)

TABLES: tuple[published.RateTable, ...] = (2, 3, 4)
"""Tables that are compared: Table 5 is not in the source of the published numbers."""

ALPHA = 0.01
"""Probability of excluding a setting that made the published rates."""

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
        return ", ".join(words) or "as stated"

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
        distance: root mean square of the differences, in their units; None if it failed.
        largest: largest difference, in its unit.
        verdict: ``"excluded"`` if ``largest`` is above the limit of another seed's difference,
            ``"remains"`` if not, ``"undecided"`` without a spread over seeds.
    """

    trial: Trial
    rates: Mapping[Key, float]
    distance: float | None
    largest: float | None
    verdict: Verdict


@dataclass(frozen=True)
class Ranking:
    """All trials of a published row, the nearest first, failed ones last.

    Attributes:
        backbone: name of the backbone.
        init: its init.
        published: the published rates, by table and window.
        trials: the trials.
        freedom: degrees of freedom of the spread over seeds, 0 if no setting has two seeds.
    """

    backbone: str
    init: Init
    published: Mapping[Key, float]
    trials: tuple[RankedTrial, ...]
    freedom: int


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
    accuracy, loss, validation = (
        np.diff(series)
        for series in (
            history.running_accuracy,
            history.running_loss,
            history.validation_accuracy[1:],
        )
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
    backbone: str, init: Init, target: Mapping[Key, float], trials: Iterable[Trial]
) -> Ranking:
    """Rank trials by their distance from the published rates.

    The unit of a rate is taken from the larger of two standard deviations: that of the trial over
    its seeds, and the pooled one of all trials. If no trial has two seeds, it is the root mean
    square of the published rates of its table, and nothing is excluded.

    Args:
        backbone: name of the backbone.
        init: its init.
        target: published rates by table and window.
        trials: the trials.
    """
    tried = list(trials)
    by_seed = [[window_rates(history) for history in trial.histories] for trial in tried]
    pooled, freedom = _pooled_deviations(by_seed)
    ranked = []
    for trial, seeds in zip(tried, by_seed, strict=True):
        if trial.failure:
            ranked.append(RankedTrial(trial, {}, None, None, "failed"))
            continue
        keys = [key for key in target if seeds and all(key in rates for rates in seeds)]
        means = {key: float(np.mean([rates[key] for rates in seeds])) for key in keys}
        sizes = [
            abs(means[key] - target[key])
            / _unit(key, [rates[key] for rates in seeds], pooled, target)
            for key in keys
        ]
        if not sizes:
            ranked.append(RankedTrial(trial, means, None, None, "undecided"))
            continue
        largest = max(sizes)
        verdict: Verdict = "undecided"
        if freedom:
            verdict = "excluded" if largest > limit(len(sizes), freedom) else "remains"
        distance = math.sqrt(math.fsum(size**2 for size in sizes) / len(sizes))
        ranked.append(RankedTrial(trial, means, distance, largest, verdict))
    ranked.sort(key=lambda one: (one.distance is None, one.distance or 0.0))
    return Ranking(backbone, init, dict(target), tuple(ranked), freedom)


def limit(rates: int, freedom: int) -> float:
    """Return the largest difference, in its unit, that another seed explains.

    It is the quantile of Student's t that all ``rates`` differences together exceed with a
    probability of ``ALPHA`` at most (Bonferroni).
    """
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 1 - ALPHA / (2 * rates)))


def _pooled_deviations(
    by_seed: Sequence[Sequence[Mapping[Key, float]]],
) -> tuple[dict[Key, float], int]:
    """Return the pooled standard deviation over seeds of each rate, and degrees of freedom."""
    squares: dict[Key, float] = defaultdict(float)
    freedom: dict[Key, int] = defaultdict(int)
    for seeds in by_seed:
        if len(seeds) < 2:
            continue
        for key in seeds[0]:
            squares[key] += len(seeds) * float(np.var([rates[key] for rates in seeds]))
            freedom[key] += len(seeds) - 1
    pooled = {key: math.sqrt(squares[key] / freedom[key]) for key in squares}
    # Later windows may have fewer trials.
    return pooled, min(freedom.values(), default=0)


def _unit(
    key: Key, values: Sequence[float], pooled: Mapping[Key, float], target: Mapping[Key, float]
) -> float:
    if not pooled:
        table = [rate for (number, _), rate in target.items() if number == key[0]]
        return max(math.sqrt(math.fsum(rate**2 for rate in table) / len(table)), _ROUNDING)
    own = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    deviation = max(own, pooled.get(key, 0.0), _ROUNDING)
    return deviation * math.sqrt(1 + 1 / len(values))


_ROUNDING = 0.5 * 10.0**-DECIMALS
"""Largest rounding error of a printed rate: no unit is smaller."""
