"""Outcomes of comparisons, made by hand and by chance."""

from __future__ import annotations

import dataclasses
from typing import get_args

from hypothesis import strategies as st

from fer_bench.analysis.comparison import FIGURES, Change, Difference, Outcome, Threshold, Verdict
from fer_bench.analysis.comparison.compared_metrics import (
    ACCURACY,
    INFERENCE_P99,
    LOSS,
    MOFR,
    RECALL,
    TRAINING_SPEED,
)
from fer_bench.metrics import Interval

HALF_A_POINT = Threshold(0.005, False, "0.5pp")
FIVE_PERCENT = Threshold(0.05, True, "5%")
ON = Threshold(0.0, False, "on")

WORSE = Change(
    "mini-pretrained",
    ACCURACY,
    "",
    "worse",
    0.5123,
    0.4987,
    -0.0136,
    Interval(-0.0203, -0.0071),
    HALF_A_POINT,
    True,
    "beyond noise and rule; McNemar's exact test, 1,346 images, 30 lost and 12 won",
)
SAME = dataclasses.replace(
    WORSE,
    verdict="same",
    head=0.5119,
    change=-0.0004,
    interval=Interval(-0.003, 0.0021),
    regression=False,
    why="within noise; McNemar's exact test, 1,346 images, 4 lost and 3 won",
)
FASTER = Change(
    "mini-pretrained",
    TRAINING_SPEED,
    "",
    "better",
    12345.6,
    14000.4,
    0.134,
    Interval(0.121, 0.1482),
    FIVE_PERCENT,
    why="beyond noise and rule; reference workload 2.1% slower, divided out; Student's t",
)
SLOWER_P99 = Change(
    "mini-pretrained",
    INFERENCE_P99,
    "32",
    "worse",
    0.0123456,
    0.0156,
    0.2636,
    Interval(0.2, 0.33),
    why="beyond noise; Student's t over 5 and 5 runs",
)
SAME_RECALL = dataclasses.replace(SAME, figure=RECALL, of="Happy", threshold=None)
UNKNOWN_LOSS = Change(
    "mini-pretrained",
    LOSS,
    "",
    "not comparable",
    1.2345678,
    1.25,
    0.0154,
    why="of one seed, which does not tell its noise; needed: --seeds=3 or more on both sides",
)
UNKNOWN_MOFR = dataclasses.replace(UNKNOWN_LOSS, figure=MOFR, base=-0.01, head=0.0, change=0.01)
GONE = Change(
    "mini-random", None, "", "gone", threshold=ON, regression=True, why="the head does not have it"
)
NEW = Change("resnet50-random", None, "", "new", why="the base does not have it")
UNDECIDED = Change(
    "mini-random",
    ACCURACY,
    "",
    "not comparable",
    0.25,
    0.26,
    threshold=HALF_A_POINT,
    why="trained and tested on other images of the data set",
)
PROCESSOR = Difference(
    "processor", "AMD EPYC 7763", "Intel Xeon 8370C", "another machine: speeds are divided"
)


def made_outcome(*changes, differences=(), notes=()):
    return Outcome(
        base="base/results.json (commit ab12)",
        head="head/results.json and 4 more (commit cd34)",
        differences=differences,
        notes=notes,
        changes=changes,
        level=0.99,
    )


EVERYTHING = made_outcome(
    GONE,
    NEW,
    WORSE,
    UNKNOWN_LOSS,
    SAME_RECALL,
    UNKNOWN_MOFR,
    FASTER,
    SLOWER_P99,
    UNDECIDED,
    differences=(PROCESSOR,),
    notes=("base: a.json and b.json have different results of mini-random-42",),
)

# -- by chance

HOSTILE = st.text(
    st.sampled_from([*"ab_*|\\`<>[]()#&;!~$-+=:%,.\"' \n\r\t{}@/", "\x1b", "\u202e", "\ud800"])
    | st.characters(),
    max_size=14,
)
"""Names and words as nobody would choose them."""

PLAIN = st.text(st.sampled_from("abc XYZ-_/.:,;()"), max_size=14)

_shares = st.floats(-1, 1)
_of_speeds = {"images/s": st.floats(1e-3, 1e6), "s": st.floats(1e-7, 99.0)}
_thresholds = st.builds(
    Threshold,
    st.floats(0, 1),
    st.booleans(),
    st.sampled_from(["0.5pp", "12.5%", "on", "0.0005", "100ms"]),
)


@st.composite
def changes(draw, words=HOSTILE):
    figure = draw(st.none() | st.sampled_from(FIGURES))
    verdict = draw(st.sampled_from(get_args(Verdict)))
    interval = draw(st.none() | st.tuples(_shares, _shares).map(sorted))
    values = st.none() | (_shares if figure is None else _of_speeds.get(figure.unit, _shares))
    batch_sizes = st.integers(1, 9999).map(str)
    return Change(
        cell=draw(words),
        figure=figure,
        of=""
        if figure is None
        else draw({"": st.just(""), "@": batch_sizes}.get(figure.mark, words)),
        verdict=verdict,
        base=draw(values),
        head=draw(values),
        change=draw(st.none() | _shares),
        interval=None if interval is None else Interval(*interval),
        threshold=draw(st.none() | _thresholds),
        regression=draw(st.booleans()),
        why=draw(words),
    )


def outcomes(words=HOSTILE):
    return st.builds(
        Outcome,
        base=words,
        head=words,
        differences=st.lists(st.builds(Difference, words, words, words, words), max_size=3).map(
            tuple
        ),
        notes=st.lists(words, max_size=2).map(tuple),
        changes=st.lists(changes(words), max_size=6).map(tuple),
        level=st.sampled_from([0.95, 0.99]),
    )
