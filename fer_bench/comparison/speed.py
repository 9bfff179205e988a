"""What became of training and inference speed."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from fer_bench.comparison.figures import INFERENCE_MEDIAN, INFERENCE_P99, TRAINING_SPEED
from fer_bench.comparison.noise import LEAST_RUNS, between_runs, of_rounds
from fer_bench.comparison.outcome import Change
from fer_bench.comparison.verdicts import LEVEL, allowed, verdict
from fer_bench.evaluation import Interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fer_bench.comparison.figures import Figure
    from fer_bench.comparison.noise import Shift
    from fer_bench.comparison.rules import Rules
    from fer_bench.comparison.surroundings import Surroundings
    from fer_bench.results import CellResult, InferenceSpeed, Reference


@dataclass(frozen=True)
class Timing:
    """One figure of one run.

    Attributes:
        seconds: of each round, of one image or one call.
        figure: what the rounds come to, in the same unit: their median, or a percentile.
        pace: logarithms of the times of the two parts of the reference workload, taken around the
            rounds; None where it was not.
        drift: how far the reference workload after the rounds lies from that before them, as a
            logarithm.
    """

    seconds: tuple[float, ...]
    figure: float
    pace: tuple[float, float] | None
    drift: float


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
            timing = Timing(seconds, statistics.median(seconds), *_pace(training.reference))
            found.setdefault((TRAINING_SPEED, ""), []).append(timing)
        for speed in cell.inference:
            for figure, value in _of_calls(speed):
                timing = Timing(speed.seconds, value, *_pace(speed.reference))
                found.setdefault((figure, str(speed.batch_size)), []).append(timing)
    return {key: Timed(*key, tuple(timings)) for key, timings in found.items()}


def speed_change(cell: str, base: Timed, head: Timed, around: Surroundings, rules: Rules) -> Change:
    """Compares one speed of one cell.

    Several runs are compared by how far they vary from run to run; where both sides together have
    fewer than ``LEAST_RUNS``, by how far single rounds vary.

    Each run's times are divided by those of the reference workload around them, its two parts
    together by their geometric mean, so that a machine that is slower as a whole is no
    regression. As far as the two parts disagree, the machine changed in a way that one factor
    cannot tell: half of the disagreement widens the interval. Where single rounds are compared,
    half of what the reference workload moved by around them does too. Times are compared as they
    are where the software that the reference workload runs on changed on the same machine, for the
    change would be divided away, and where the machine is the same and no reference is known.

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
    known = all(timing.pace for side in (base, head) for timing in side.timings)
    if not around.same_device:
        return replace(row, why="computed on different devices or backends")
    if not around.same_machine and not known:
        return replace(
            row,
            why="measured on different machines, and no reference workload tells how fast they are",
        )
    divided = known and (around.same_software or not around.same_machine)
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


def _pace(reference: Reference | None) -> tuple[tuple[float, float] | None, float]:
    """Pace and drift of a timing."""
    if reference is None:
        return None, 0.0
    parts = (reference.matrix_product, reference.convolution)
    product, convolution = (math.log(statistics.median(part)) for part in parts)
    drifts = [_drift(part) for part in parts if len(part) > 1]
    return (product, convolution), abs(statistics.fmean(drifts)) if drifts else 0.0


def _drift(seconds: Sequence[float]) -> float:
    """From the first half of the rounds to the second."""
    half = len(seconds) // 2
    before, after = statistics.median(seconds[:half]), statistics.median(seconds[half:])
    return math.log(after / before)


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
        if shift is not None and divided:
            # Between runs, what the reference workload varies by is part of their noise.
            drifts = (statistics.fmean(one.drift for one in side) for side in (base, head))
            shift = shift.widened(sum(drifts) / 2)
    if shift is None or not divided:
        return shift
    product, convolution = _paces(base, head)
    return shift.widened(abs(product - convolution) / 2)


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
