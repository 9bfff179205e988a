from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_bench.analysis.comparison.compared_metrics import METRICS
from fer_bench.analysis.comparison.thresholds import (
    DETERMINISM,
    GONE,
    Thresholds,
    default_thresholds,
    parse,
)
from fer_bench.runtime.errors import FerBenchError


def amount(text, cell="mini-random", *names):
    found = parse([text], "--fail-on").of(cell, *names)
    return None if found is None else (found.amount, found.relative)


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("accuracy: 0.5pp", "accuracy", (0.005, False)),
        ("accuracy: 2%", "accuracy", (0.02, True)),
        ("accuracy: 0.01", "accuracy", (0.01, False)),
        ("inference.p99: 10%", "inference.p99", (0.1, True)),
        ("inference.median: 2ms", "inference.median", (0.002, False)),
        ("inference.median: 1.5 s", "inference.median", (1.5, False)),
        ("loss: 0.05", "loss", (0.05, False)),
        ("mofr: 0.1pp", "mofr", (0.001, False)),
        ("recall.Happy: 3pp", "recall.Happy", (0.03, False)),
        ("inference.p99@32: 10%", "inference.p99@32", (0.1, True)),
        ("inference.*: 10%", "inference.p99", (0.1, True)),
        ("accuracy: off", "accuracy", None),
        (f"{GONE}: off", GONE, None),
        (f"{DETERMINISM}: on", DETERMINISM, (0.0, False)),
    ],
)
def test_rules_are_read_as_they_are_written(text, name, expected):
    got = amount(text, "mini-random", name)
    assert got == (None if expected is None else (pytest.approx(expected[0]), expected[1]))


def test_a_rule_without_a_batch_size_holds_for_all_and_one_with_it_for_that():
    thresholds = parse(["inference.median: 5%, inference.median@1: 20%"], "--fail-on")
    assert thresholds.of("a-random", "inference.median", "inference.median@32").text == "5%"
    assert thresholds.of("a-random", "inference.median", "inference.median@1").text == "20%"


def test_of_the_rules_that_apply_the_last_counts_and_patterns_choose_cells():
    thresholds = default_thresholds() + parse(
        ["training.speed: 10%\nvggface*: training.speed: 20%", "*-random: accuracy: off"], "toml"
    )
    assert thresholds.of("vggface-random", "training.speed").text == "20%"
    assert thresholds.of("mini-random", "training.speed").text == "10%"
    assert thresholds.of("mini-random", "accuracy") is None
    assert thresholds.of("mini-pretrained", "accuracy").text == "0.5pp"
    assert thresholds.of("mini-random", "loss") is None


def test_a_relative_threshold_is_of_the_base():
    found = parse(["training.speed: 20%"], "x").of("a", "training.speed")
    assert found.distance(50.0) == pytest.approx(10.0)
    assert parse(["accuracy: 1pp"], "x").of("a", "accuracy").distance(0.3) == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("acuracy: 1%", ["'acuracy'", "did you mean 'accuracy'?"]),
        ("inference.p98: 1%", ["did you mean 'inference.p99'?"]),
        ("mini*: trainingspeed: 1%", ["did you mean 'training.speed'?"]),
        ("recallHappy: 1%", ["unknown metric", "recall"]),
        ("accuracy.Happy: 1%", ["unknown metric"]),
        ("accuracy: 1ms", ["accuracy", "ms", "share"]),
        ("training.speed: 1pp", ["training.speed", "images/s"]),
        ("inference.*: 1pp", ["inference.median", "pp"]),
        ("accuracy: -1%", ["'-1%'", "a number from 0"]),
        ("accuracy: nan", ["'nan'"]),
        ("accuracy: 1e3", ["'1e3'"]),
        ("accuracy: \N{ARABIC-INDIC DIGIT ONE}%", ["a number from 0"]),
        ("accuracy:", ["is not a threshold"]),
        ("accuracy", ["is not a threshold", "CELLS: METRIC: AMOUNT"]),
        (": accuracy: 1%", ["is not a threshold"]),
        ("a: b: c: d", ["is not a threshold"]),
        ("gone: 3%", ["'3%'", "on, off"]),
    ],
)
def test_what_is_no_rule_is_told_in_one_line(text, words):
    with pytest.raises(FerBenchError) as caught:
        parse([text], "--fail-on")
    told = str(caught.value)
    assert told.startswith("--fail-on: ")
    assert "\n" not in told
    for word in words:
        assert word in told


def test_no_rules_are_no_rules():
    assert parse(["", " , \n"], "x") == Thresholds(())


NAMES = [metric.name for metric in METRICS]


@given(
    st.lists(
        st.tuples(st.sampled_from(["*", "mini*", "*-random"]), st.sampled_from(NAMES)), max_size=6
    ),
    st.sampled_from(["mini-random", "vggface-pretrained"]),
    st.sampled_from(NAMES),
)
def test_adding_rules_is_parsing_them_together(written, cell, name):
    texts = [f"{cells}: {metric}: {place}%" for place, (cells, metric) in enumerate(written)]
    together = parse([", ".join(texts)], "x")
    apart = Thresholds(())
    for text in texts:
        apart += parse([text], "x")
    assert together == apart
    matching = [
        place
        for place, (cells, metric) in enumerate(written)
        if metric == name and (cells == "*" or cells.strip("*") in cell)
    ]
    found = together.of(cell, name)
    assert (found is None) == (not matching)
    if matching:
        assert found.amount == pytest.approx(matching[-1] / 100)
