"""Sweeps: their text, their grid, and the protocol and head of each trial."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_bench.protocol.cell import Cell
from fer_bench.protocol.head import Heads
from fer_bench.protocol.settings import Protocol
from fer_bench.protocol.sweep import AXES, DEFAULT, Sweep, grid, read_value, value_text
from fer_bench.protocol.trainable_layers import TrainableLayers
from fer_bench.protocol.trials import candidates
from fer_bench.runtime.errors import FerBenchError

RATES = AXES["learning-rate"].values
DECAYS = AXES["weight-decay"].values


@pytest.mark.parametrize(
    ("text", "axes", "trials"),
    [
        ("none", (), None),
        ("default", (("learning-rate", RATES), ("weight-decay", DECAYS)), None),
        ("trials=9", (("learning-rate", RATES), ("weight-decay", DECAYS)), 9),
        (
            "weight-decay, learning-rate=1e-4,3e-4",
            (("weight-decay", DECAYS), ("learning-rate", (1e-4, 3e-4))),
            None,
        ),
        ("trainable-layers=0,2,all,trials=3", (("trainable-layers", (0, 2, "all")),), 3),
        ("dropout=0.12345678,0", (("dropout", (0.123457, 0)),), None),
        (
            "default,dropout=0.5",
            (("learning-rate", RATES), ("weight-decay", DECAYS), ("dropout", (0.5,))),
            None,
        ),
    ],
)
def test_a_text_names_axes_and_values(text, axes, trials):
    found = Sweep.parse(text)
    assert found == Sweep(axes, trials)
    assert Sweep.parse(str(found)) == found
    assert bool(found) == bool(axes)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "'' is no axis"),
        ("learning-rat", "'learning-rat' is no axis"),
        ("dropout,dropout=0", "'dropout' is named twice"),
        ("dropout=0,0.0", "dropout has 0 twice"),
        ("dropout=1", "dropout '1' is out of range"),
        ("learning-rate=0", "learning-rate '0' is out of range"),
        ("learning-rate=nan", "learning-rate 'nan' is out of range"),
        ("learning-rate=all", "learning-rate 'all' is out of range"),
        ("weight-decay=-1", "weight-decay '-1' is out of range"),
        ("weight-decay=inf", "weight-decay 'inf' is out of range"),
        ("trainable-layers=-2", "trainable-layers '-2' is out of range"),
        ("trainable-layers=1.5", "trainable-layers '1.5' is out of range"),
        ("trainable-layers=x", "trainable-layers 'x' is out of range"),
        ("trials=0", "trials '0' is invalid"),
        ("dropout,0.1", "'0.1' is no axis"),
        ("0.1", "'0.1' is no axis"),
        ("none,dropout", "'none' is no axis"),
    ],
)  # fmt: skip
def test_texts_that_are_not_accepted(text, problem):
    with pytest.raises(FerBenchError) as raised:
        Sweep.parse(text)
    assert raised.value.problem == f"sweep {text!r}: {problem}"
    assert raised.value.accepted


def test_a_near_name_is_suggested():
    with pytest.raises(FerBenchError) as raised:
        Sweep.parse("weight_decay")
    assert raised.value.hint == "did you mean 'weight-decay'?"


@given(st.floats(0, exclude_min=True, allow_infinity=False))
def test_a_rate_is_read_from_its_text(value):
    assert read_value("learning-rate", value_text(value)) == value


def test_values_are_short():
    assert [value_text(one) for one in (1e-5, 0.0001, 4.0, "all", 0.1 + 0.2)] == [
        "1e-05",
        "0.0001",
        "4",
        "all",
        "0.30000000000000004",
    ]


def test_the_grid_has_every_combination():
    made = grid((("learning-rate", (1.0, 2.0)), ("trainable-layers", (0.0, "all"))))
    assert [tuple(value for _, value in settings) for settings in made] == [
        (1.0, 0.0),
        (1.0, "all"),
        (2.0, 0.0),
        (2.0, "all"),
    ]
    assert grid(()) == [()]


def protocol_of(text, *heads, **changes):
    return Protocol(sweep=Sweep.parse(text), head=Heads(heads or ("linear",)), **changes)


def test_candidates_have_the_settings_of_their_trial():
    protocol = protocol_of("learning-rate=1,dropout=0,0.3,trainable-layers=2,all", "mlp:8")
    made = candidates(protocol, Cell("mini", "random", "tiny", 1, "mlp:8"), is_frozen=False)
    assert [one.head for one in made] == ["mlp:8", "mlp:8", "mlp:8d0.3", "mlp:8d0.3"]
    assert {one.protocol.learning_rate for one in made} == {1.0}
    assert [one.protocol.trainable_layers for one in made[:2]] == [
        TrainableLayers(2, 2),
        TrainableLayers("all", "all"),
    ]
    assert not any(one.protocol.sweep for one in made)


def test_axes_that_change_nothing_for_a_cell_are_left_out():
    protocol = protocol_of("dropout,trainable-layers", "linear", "mlp:8", "mlp:8d0.1")

    def names(head, is_frozen):
        (first, *_) = candidates(
            protocol, Cell("mini", "random", "tiny", 1, head), is_frozen=is_frozen
        )
        return [name for name, _ in first.settings]

    assert names("mlp:8", False) == ["dropout", "trainable-layers"]
    assert names("mlp:8d0.1", False) == names("linear", False) == ["trainable-layers"]
    assert names("linear", True) == []


def test_only_a_softmax_layer_on_the_frozen_network_is_a_linear_map():
    def found(head, layers, is_frozen=False):
        protocol = protocol_of("learning-rate", head, trainable_layers=TrainableLayers(layers, 4))
        cell = Cell("mini", "pretrained", "tiny", 1, head)
        made = candidates(protocol, cell, is_frozen=is_frozen)
        return {one.is_linear_map(cell, is_frozen=is_frozen) for one in made}

    assert found("linear", 0) == found("linear", 4, is_frozen=True) == {True}
    assert found("linear", 4) == found("mlp:8", 0) == {False}


@pytest.mark.parametrize("heads", [("linear",), ("linear", "knn"), ("mlp:8d0.2",)])
def test_a_swept_dropout_needs_a_layer_to_follow(heads):
    with pytest.raises(FerBenchError, match="dropout has no layer to follow") as raised:
        protocol_of("dropout", *heads)
    assert "--head=mlp:256" in raised.value.hint


def test_the_protocol_records_the_complete_grid():
    (row,) = (row for row in protocol_of(DEFAULT).settings() if row.name == "sweep")
    assert row.origin == "changed"
    assert Sweep.parse(row.value) == Sweep.parse(DEFAULT)
    assert f"--sweep={row.value}" in protocol_of(DEFAULT).options()
