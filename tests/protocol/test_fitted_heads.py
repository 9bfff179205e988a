"""Heads that projects and other packages register."""

import dataclasses

import pytest

from fer_bench.protocol import fitted_heads
from fer_bench.protocol.fitted_heads import (
    FITTED,
    HeadKind,
    fitted_names,
    head_kind,
    head_origin,
    register_head,
)
from fer_bench.protocol.head import Head, Heads, is_fitted
from fer_bench.protocol.settings import Protocol
from fer_bench.runtime.errors import FerBenchError


def build(value, seed):
    return value, seed


OWN = HeadKind("own_1", "leaf of size", (2.0, 1.0), "a tree", "tree 1", build)


@pytest.fixture(autouse=True)
def _registry(monkeypatch):
    monkeypatch.setattr(fitted_heads, "_registered", {})


def test_a_registered_head_is_a_head_like_others():
    register_head(OWN)
    register_head(dataclasses.replace(OWN))
    assert fitted_names() == (*FITTED, "own_1")
    assert (head_kind("own_1"), head_origin("own_1")) == (OWN, "registered")
    assert Heads.parse("linear,own_1,mlp:8").names == ("linear", "own_1", "mlp:8")
    assert Head.parse("own_1").is_fitted
    rows = {row.name: row for row in Protocol(head=Heads(("own_1",))).settings()}
    assert rows["head_own_1"].value == "leaf of size of 2, 1, the best on the validation images"
    assert "a tree" in rows["head_own_1"].why


def test_names_tell_if_a_head_is_fitted():
    assert all(map(is_fitted, (*FITTED, "of_no_package")))
    assert not any(map(is_fitted, ("linear", "mlp", "mlp:8", "mlp:256x128d0.5")))
    assert not Head.parse("mlp:8").is_fitted


def test_a_misspelt_name_gets_the_registered_one_suggested():
    register_head(OWN)
    with pytest.raises(FerBenchError) as caught:
        Head.parse("own1")
    assert (caught.value.hint, "own_1" in caught.value.accepted) == ("did you mean 'own_1'?", True)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"name": "Own"}, "name is invalid"),
        ({"name": "own-1"}, "name is invalid"),
        ({"name": 3}, "name is invalid"),
        ({"values": ()}, "values are ()"),
        ({"values": (float("nan"),)}, "values are (nan,)"),
        ({"values": [1.0]}, "values are [1.0]"),
        ({"builder": None}, "builder is None"),
        ({"structure": ""}, "structure is ''"),
        ({"parameter": None}, "parameter is None"),
        ({"parameter": "weight-decay"}, "parameter is 'weight-decay'"),
        ({"name": "knn"}, "already registered as 'knn'"),
        ({"name": "layers"}, "already registered as 'layers'"),
        ({"structure": "tree 2"}, "already registered as 'own_1'"),
        ({"builder": lambda value, seed: seed}, "already registered as 'own_1'"),
    ],
)
def test_invalid_heads_are_refused(changes, problem):
    register_head(OWN)
    with pytest.raises(FerBenchError) as caught:
        register_head(dataclasses.replace(OWN, **changes))
    assert problem in caught.value.problem
    assert head_kind("own_1") == OWN


def test_anything_else_is_not_a_head():
    with pytest.raises(FerBenchError, match="is not a head"):
        register_head(build)
