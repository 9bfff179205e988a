"""Changes in training and inference speed between base and head."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

from fer_bench.analysis.comparison.compared_metrics import (
    INFERENCE_MEDIAN,
    INFERENCE_P99,
    TRAINING_SPEED,
)
from fer_bench.analysis.comparison.comparison_result import LEVEL
from fer_bench.analysis.comparison.noise import LEAST_RUNS, between_runs, of_rounds
from fer_bench.metrics import Interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fer_bench.analysis.comparison.compared_metrics import Metric
    from fer_bench.analysis.comparison.comparison_result import Change
    from fer_bench.analysis.comparison.environment_differences import EnvironmentComparison
    from fer_bench.analysis.comparison.noise import Shift
    from fer_bench.results.records import CellResult
    from fer_bench.results.speeds import Reference

RUN_NOISE = 0.05
"""Assumed standard deviation of a log speed from run to run, if there are too few runs.

Measured on a virtual machine with two cores: 0.04 to 0.06 (docs/comparison.md).
"""

PACE_NOISE = 0.07
"""The same for the reference workload."""

SLOWER = 0.25
"""Log ratio of reference-workload times above which the machine counts as slower or faster.

On one machine, two runs differ by as much in about one of a hundred cases.
"""


@dataclass(frozen=True)
class Timing:
    """One speed metric of one run.

    Attributes:
        seconds: time of each round, per image or per call.
        value: summary of the rounds in the same unit: their median, or a percentile.
        pace: logarithms of the times of the two parts of the reference workload, measured around
            the rounds, the fastest round of each; None if it was not measured.
    """

    seconds: tuple[float, ...]
    value: float
    pace: tuple[float, float] | None


class Timed(NamedTuple):
    """Speed metric of a cell in base or head, with one timing for each run that measured it."""

    metric: Metric
    of: str
    timings: tuple[Timing, ...]

    @property
    def value(self) -> float:
        """Value to display: the median over the runs, as measured."""
        value = statistics.median(timing.value for timing in self.timings)
        return 1 / value if self.metric.higher_is_better else value


def timed(cells: Iterable[CellResult]) -> dict[tuple[Metric, str], Timed]:
    """Return the speeds of one backbone and init in the runs of base or head."""
    found: dict[tuple[Metric, str], list[Timing]] = {}
    for cell in cells:
        if cell.training is not None:
            training = cell.training
            seconds = tuple(each / training.images for each in training.seconds)
            timing = Timing(seconds, statistics.median(seconds), _pace(training.reference))
            found.setdefault((TRAINING_SPEED, ""), []).append(timing)
        for speed in cell.inference:
            for metric, value in ((INFERENCE_MEDIAN, speed.median), (INFERENCE_P99, speed.p99)):
                if value is not None:
                    timing = Timing(speed.seconds, value, _pace(speed.reference))
                    found.setdefault((metric, str(speed.batch_size)), []).append(timing)
    return {key: Timed(*key, tuple(timings)) for key, timings in found.items()}


def speed_change(
    row: Change, base: Timed, head: Timed, environments: EnvironmentComparison
) -> Change:
    """Compare one speed of one cell.

    Several runs are compared by their variation from run to run. If base and head together have
    fewer than ``LEAST_RUNS``, single rounds are compared, and their interval is widened by the
    assumed variation between runs, ``RUN_NOISE``, which shrinks with the number of runs.

    On different machines, or if the reference workload differs by more than ``SLOWER``, times are
    divided by those of the reference workload (the geometric mean of its two parts): a machine that
    is slower as a whole is not a regression. If the two parts disagree, no single factor is right,
    so half of their disagreement widens the interval. Otherwise times are compared as measured,
    because the reference workload varies more than they do. They are also compared as measured if
    its software or the threads changed on the same machine, because division would hide the effect
    of that change.

    ``row`` is the row without a verdict.
    """
    if not environments.same_device:
        return replace(row, why="computed on different devices or backends")
    if not environments.same_timer:
        return replace(row, why="timed in different units, such as CPU and wall-clock seconds")
    if not environments.same_machine and not _is_paced(base.timings, head.timings):
        return replace(
            row,
            why="measured on different machines, without a reference workload in base and head",
        )
    divided = is_divided(base.timings, head.timings, environments)
    shift = _shift(base.metric, base.timings, head.timings, divided)
    if shift is None:
        return replace(row, why=_too_little(base.metric))
    # A share of the base's time, or of its speed.
    sign = -1 if base.metric.higher_is_better else 1
    interval = Interval(*sorted(math.expm1(sign * end) for end in (shift.low, shift.high)))
    how = shift.method
    if divided:
        slower = math.expm1(statistics.fmean(_paces(base.timings, head.timings)))
        pace = f"{abs(slower):.1%} {'slower' if slower > 0 else 'faster'}"
        how = f"reference workload {pace}, divided out; {how}"
    return row.judged(math.expm1(sign * shift.estimate), interval, how)


def is_divided(
    base: Sequence[Timing], head: Sequence[Timing], environments: EnvironmentComparison
) -> bool:
    """Return True if times are compared after division by those of the reference workload."""
    if not _is_paced(base, head):
        return False
    if not environments.same_machine:
        return True
    return environments.same_software and abs(statistics.fmean(_paces(base, head))) > SLOWER


def _is_paced(base: Sequence[Timing], head: Sequence[Timing]) -> bool:
    return all(timing.pace for timing in (*base, *head))


def _pace(reference: Reference | None) -> tuple[float, float] | None:
    if reference is None:
        return None
    # Disturbances only make so short a computation longer: its fastest round varies least.
    return math.log(min(reference.matrix_product)), math.log(min(reference.convolution))


def _shift(
    metric: Metric, base: Sequence[Timing], head: Sequence[Timing], divided: bool
) -> Shift | None:
    base_times, head_times = (
        [math.log(timing.value) - _offset(timing, divided) for timing in timings]
        for timings in (base, head)
    )
    shift = between_runs(base_times, head_times, LEVEL)
    if shift is None and metric is not INFERENCE_P99:
        base_times, head_times = (
            [
                math.log(seconds) - _offset(timing, divided)
                for timing in timings
                for seconds in timing.seconds
            ]
            for timings in (base, head)
        )
        shift = of_rounds(base_times, head_times, LEVEL)
        if shift is not None:
            # Half of the interval of a difference between so few runs, by the assumed noise.
            noise = math.hypot(RUN_NOISE, PACE_NOISE) if divided else RUN_NOISE
            quantile = NormalDist().inv_cdf((1 + LEVEL) / 2)
            shift = shift.widened(quantile * noise * math.sqrt(1 / len(base) + 1 / len(head)))
    if shift is None or not divided:
        return shift
    product, convolution = _paces(base, head)
    return shift.widened(abs(product - convolution) / 2)


def _too_little(metric: Metric) -> str:
    if metric is INFERENCE_P99:
        return (
            "the calls of one run do not bound a 99th percentile: "
            f"at least {LEAST_RUNS} runs of base and head together are needed"
        )
    return f"too few rounds: at least 3, or {LEAST_RUNS} runs, of base and head together are needed"


def _offset(timing: Timing, divided: bool) -> float:
    return statistics.fmean(timing.pace) if divided and timing.pace else 0.0


def _paces(base: Sequence[Timing], head: Sequence[Timing]) -> tuple[float, float]:
    """Return the log ratio, head to base, of the times of each part of the reference workload."""
    base_paces, head_paces = (
        [
            statistics.fmean(part)
            for part in zip(*(timing.pace for timing in timings if timing.pace), strict=True)
        ]
        for timings in (base, head)
    )
    return head_paces[0] - base_paces[0], head_paces[1] - base_paces[1]
