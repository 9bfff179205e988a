"""Names of heads and the ids of cells that have one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_bench.protocol.cell import Cell, display_name
from fer_bench.protocol.fitted_heads import FITTED
from fer_bench.protocol.head import Head, Heads
from fer_bench.protocol.settings import Protocol
from fer_bench.runtime.errors import FerBenchError

FITTED_HEADS = st.sampled_from([*FITTED]).map(Head)
MLPS = st.builds(
    Head,
    st.just("mlp"),
    st.lists(st.integers(1, 99_999), min_size=1, max_size=4).map(tuple),
    st.integers(0, 999_999).map(lambda millionths: millionths / 1e6),
)


@given(st.one_of(st.just(Head()), FITTED_HEADS, MLPS))
def test_a_head_is_parsed_from_its_name(head):
    assert Head.parse(str(head)) == head
    assert set(Cell("a-b", "random", "d", 42, str(head)).id) <= set(
        "abcdefghijklmnopqrstuvwxyz0123456789-."
    )


@pytest.mark.parametrize(
    ("text", "dropout", "names"),
    [
        ("linear", None, ("linear",)),
        ("mlp:256,128", None, ("mlp:256x128",)),
        (" mlp:256, 128, linear,mlp:8 ", None, ("mlp:256x128", "linear", "mlp:8")),
        ("linear,mlp:256x128", 0.25, ("linear", "mlp:256x128d0.25")),
        ("mlp:8d0.5,mlp:8", 0.3, ("mlp:8d0.5", "mlp:8d0.3")),
        ("mlp:8", 0, ("mlp:8",)),
        ("mlp:8", 1e-7, ("mlp:8",)),
        ("linear,logreg,knn", None, ("linear", "logreg", "knn")),
    ],
)
def test_lists_of_heads(text, dropout, names):
    heads = Heads.parse(text, dropout)
    assert heads.names == names
    assert Heads.parse(",".join(heads.names)) == heads


@pytest.mark.parametrize(
    ("text", "dropout", "problem"),
    [
        ("", None, "head '' is unknown"),
        ("linaer", None, "head 'linaer' is unknown"),
        ("mlp", None, "head 'mlp' is unknown"),
        ("mlp:0", None, "head 'mlp:0' is unknown"),
        ("linear,,mlp:8", None, "head '' is unknown"),
        ("mlp:8,mlp:8", None, "head 'mlp:8' is named twice"),
        ("mlp:8", 1.0, "dropout 1.0 is out of range"),
        ("mlp:8", float("nan"), "dropout nan is out of range"),
        ("mlp:8", 0.99999999, "dropout 1.0 is out of range"),
        ("linear", 0.3, "dropout 0.3 has no layer to follow"),
    ],
)
def test_heads_that_are_refused(text, dropout, problem):
    with pytest.raises(FerBenchError) as raised:
        Heads.parse(text, dropout)
    assert raised.value.problem == problem
    assert raised.value.accepted


def test_a_misspelt_head_is_recognised():
    with pytest.raises(FerBenchError) as raised:
        Heads.parse("linaer")
    assert raised.value.hint == "did you mean 'linear'?"


def test_the_papers_head_is_left_out_of_names():
    assert Cell("mini", "random", "sketch", 42).id == "mini-random-42"
    assert Cell("mini", "random", "sketch", 42, "mlp:256x128d0.3").id == (
        "mini-random-mlp256x128d0.3-42"
    )
    assert display_name("mini", "random", 42) == "mini random, seed 42"
    assert display_name("mini", "random", head="mlp:8") == "mini random + mlp:8"


def test_the_protocol_states_the_heads():
    def row(protocol):
        return next(row for row in protocol.settings() if row.name == "head")

    assert (row(Protocol()).value, row(Protocol()).origin) == ("one softmax layer", "chosen")
    changed = Protocol(head=Heads.parse("linear,mlp:8"))
    assert (row(changed).value, row(changed).origin) == ("linear,mlp:8", "changed")
    assert changed.options() == ["--head=linear,mlp:8"]


def test_the_protocol_states_how_heads_are_fitted():
    names = [row.name for row in Protocol().settings()]
    rows = {row.name: row for row in Protocol(head=Heads(("knn", "linear", "svm"))).settings()}
    assert [name for name in rows if name not in names] == ["head_layers", "head_knn", "head_svm"]
    assert rows["head_knn"].value.startswith("neighbours of 100, 30, 10, 3, 1,")
    assert all(rows[name].origin == "chosen" for name in ("head_layers", "head_knn"))
