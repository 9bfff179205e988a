"""What became of training and inference speed."""

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
from fer_bench.analysis.comparison.noise import LEAST_RUNS, between_runs, of_rounds
from fer_bench.analysis.comparison.outcome import Change
from fer_bench.analysis.comparison.verdicts import LEVEL, allowed, verdict
from fer_bench.metrics import Interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fer_bench.analysis.comparison.compared_metrics import Figure
    from fer_bench.analysis.comparison.environment_differences import Surroundings
    from fer_bench.analysis.comparison.noise import Shift
    from fer_bench.analysis.comparison.thresholds import Rules
    from fer_bench.results.records import CellResult, InferenceSpeed, Reference


RUN_NOISE = 0.05
"""Standard deviation of a speed from run to run, as a logarithm, where few runs tell it.

Measured on a virtual machine of two cores: 0.04 to 0.06 (docs/comparison.md).
"""

PACE_NOISE = 0.07
"""The same of the reference workload."""

SLOWER = 0.25
"""A reference workload that differs by more, as a logarithm, was on a slower or faster machine.

On one machine two runs differ by as much in about one of a hundred cases.
"""


@dataclass(frozen=True)
class Timing:
    """One figure of one run.

    Attributes:
        seconds: of each round, of one image or one call.
        figure: what the rounds come to, in the same unit: their median, or a percentile.
        pace: logarithms of the times of the two parts of the reference workload, taken around the
            rounds, each of its fastest round; None where it was not.
    """

    seconds: tuple[float, ...]
    figure: float
    pace: tuple[float, float] | None


class Timed(NamedTuple):
    """A figure of a cell on one side: one timing for each run that measured it."""

    figure: Figure
    of: str
    timings: tuple[Timing, ...]

    @property
    def value(self) -> float:
        """The figure for a reader: the median of the runs, as it was measured."""
        value = statistics.median(timing.figure for timing in self.timings)
        return 1 / value if self.figure.higher_is_better else value


def timed(cells: Iterable[CellResult]) -> dict[tuple[Figure, str], Timed]:
    """The speeds of the same backbone and init in the runs of one side."""
    found: dict[tuple[Figure, str], list[Timing]] = {}
    for cell in cells:
        if cell.training is not None:
            training = cell.training
            seconds = tuple(each / training.images for each in training.seconds)
            timing = Timing(seconds, statistics.median(seconds), _pace(training.reference))
            found.setdefault((TRAINING_SPEED, ""), []).append(timing)
        for speed in cell.inference:
            for figure, value in _of_calls(speed):
                timing = Timing(speed.seconds, value, _pace(speed.reference))
                found.setdefault((figure, str(speed.batch_size)), []).append(timing)
    return {key: Timed(*key, tuple(timings)) for key, timings in found.items()}


def speed_change(cell: str, base: Timed, head: Timed, around: Surroundings, rules: Rules) -> Change:
    """Compares one speed of one cell.

    Several runs are compared by how far they vary from run to run. Where both sides together have
    fewer than ``LEAST_RUNS``, single rounds are, and their interval is widened by what runs are
    assumed to vary by, ``RUN_NOISE``, which more runs make less.

    On another machine, and on one whose reference workload differs by more than ``SLOWER``, times
    are divided by those of the reference workload, its two parts together by their geometric mean:
    a machine that is slower as a whole is no regression. As far as the two parts disagree, one
    factor cannot tell: half of the disagreement widens the interval. Otherwise times are compared
    as they are, for the reference workload varies more than they do; and where the software that it
    runs on, or the threads, changed on the same machine, as the change would be divided away.

    Args:
        cell: backbone and init.
        base: the base's timings, one or more.
        head: the head's, of the same figure.
        around: what the sides were measured in.
        rules: how much slower it may get.
    """
    figure, of = base.figure, base.of
    threshold = rules.of(cell, figure.name, figure.named(of))
    row = Change(cell, figure, of, "not comparable", base.value, head.value, threshold=threshold)
    known = _is_paced(base.timings, head.timings)
    if not around.same_device:
        return replace(row, why="computed on different devices or backends")
    if not around.same_timer:
        return replace(row, why="timed in different units, such as CPU and wall-clock seconds")
    if not around.same_machine and not known:
        return replace(
            row,
            why="measured on different machines, and no reference workload tells how fast they are",
        )
    divided = is_divided(base.timings, head.timings, around)
    shift = _shift(figure, base.timings, head.timings, divided)
    if shift is None:
        return replace(row, why=_too_little(figure))
    change, interval = _as_share(figure, shift)
    share = allowed(threshold, base.value) / base.value
    found, why = verdict(figure, change, interval, share)
    if divided:
        why += f"; reference workload {_pace_text(base.timings, head.timings)}, divided out"
    return replace(
        row,
        verdict=found,
        change=change,
        interval=interval,
        regression=found == "worse" and threshold is not None,
        why=f"{why}; {shift.method}",
    )


def is_divided(base: Sequence[Timing], head: Sequence[Timing], around: Surroundings) -> bool:
    """Whether times are compared after division by those of the reference workload."""
    if not _is_paced(base, head):
        return False
    if not around.same_machine:
        return True
    return around.same_software and abs(statistics.fmean(_paces(base, head))) > SLOWER


def _is_paced(base: Sequence[Timing], head: Sequence[Timing]) -> bool:
    return all(timing.pace for side in (base, head) for timing in side)


def _pace(reference: Reference | None) -> tuple[float, float] | None:
    if reference is None:
        return None
    # What disturbs so short a computation only makes it longer: its fastest round varies least.
    return math.log(min(reference.matrix_product)), math.log(min(reference.convolution))


def _of_calls(speed: InferenceSpeed) -> Iterable[tuple[Figure, float]]:
    yield INFERENCE_MEDIAN, speed.median
    if speed.p99 is not None:
        yield INFERENCE_P99, speed.p99


def _shift(
    figure: Figure, base: Sequence[Timing], head: Sequence[Timing], divided: bool
) -> Shift | None:
    ours, theirs = (
        [math.log(timing.figure) - _offset(timing, divided) for timing in side]
        for side in (base, head)
    )
    shift = between_runs(ours, theirs, LEVEL)
    if shift is None and figure is not INFERENCE_P99:
        ours, theirs = (
            [
                math.log(seconds) - _offset(timing, divided)
                for timing in side
                for seconds in timing.seconds
            ]
            for side in (base, head)
        )
        shift = of_rounds(ours, theirs, LEVEL)
        if shift is not None:
            shift = shift.widened(_assumed(len(base), len(head), divided))
    if shift is None or not divided:
        return shift
    product, convolution = _paces(base, head)
    return shift.widened(abs(product - convolution) / 2)


def _assumed(base: int, head: int, divided: bool) -> float:
    """By how much so many runs of each side may differ, as it is assumed where few tell it."""
    noise = math.hypot(RUN_NOISE, PACE_NOISE) if divided else RUN_NOISE
    return NormalDist().inv_cdf((1 + LEVEL) / 2) * noise * math.sqrt(1 / base + 1 / head)


def _too_little(figure: Figure) -> str:
    if figure is INFERENCE_P99:
        return (
            "the calls of one run bound no 99th percentile; needed: "
            f"{LEAST_RUNS} runs or more, both sides together"
        )
    return f"too few rounds; needed: 3, or {LEAST_RUNS} runs, or more, both sides together"


def _offset(timing: Timing, divided: bool) -> float:
    return statistics.fmean(timing.pace) if divided and timing.pace else 0.0


def _paces(base: Sequence[Timing], head: Sequence[Timing]) -> tuple[float, float]:
    """By how much each part of the reference workload took longer, as logarithms."""
    ours, theirs = (
        [
            statistics.fmean(part)
            for part in zip(*(timing.pace for timing in side if timing.pace), strict=True)
        ]
        for side in (base, head)
    )
    return theirs[0] - ours[0], theirs[1] - ours[1]


def _pace_text(base: Sequence[Timing], head: Sequence[Timing]) -> str:
    slower = math.expm1(statistics.fmean(_paces(base, head)))
    return f"{abs(slower):.1%} {'slower' if slower > 0 else 'faster'}"


def _as_share(figure: Figure, shift: Shift) -> tuple[float, Interval]:
    """A shift of times as a share of the base's time, or of its speed."""
    sign = -1 if figure.higher_is_better else 1
    ends = sorted(math.expm1(sign * end) for end in (shift.low, shift.high))
    return math.expm1(sign * shift.estimate), Interval(*ends)
