"""Numbers of images for few-shot evaluation, as options and in the protocol."""

import pytest

from fer_bench.protocol.few_shot import Shots
from fer_bench.protocol.head import Heads
from fer_bench.protocol.settings import OF_SHOTS, Protocol
from fer_bench.runtime.errors import FerBenchError

FITTED = Heads(("linear", "logreg", "knn"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("none", Shots()),
        ("16", Shots((16,))),
        (" 16, 1 ,4", Shots((1, 4, 16))),
        ("mieb", Shots((), True)),
        ("mieb,4", Shots((4,), True)),
    ],
)
def test_their_text_is_read_and_written(text, expected):
    assert Shots.parse(text) == expected
    assert Shots.parse(str(expected)) == expected
    assert bool(expected) == (text != "none")


@pytest.mark.parametrize("text", ["", "0", "-1", "1,", "1.5", "none,1", "MIEB", "4,4", "mieb,mieb"])
def test_other_texts_are_an_error(text):
    with pytest.raises(FerBenchError) as raised:
        Shots.parse(text)
    assert repr(text) in raised.value.problem
    assert "1,4,16" in raised.value.accepted


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"shots": Shots((16,))}, "none of its heads"),
        ({"shots": Shots((16,), True), "head": Heads(("knn",))}, "none of its heads"),
        ({"draws": 3}, "draws 3 with shots none"),
        ({"draws": 3, "shots": Shots((), True), "head": FITTED}, "draws 3 with shots mieb"),
        ({"draws": 0, "shots": Shots((16,)), "head": FITTED}, "draws 0 is too small"),
    ],
)
def test_shots_need_a_head_and_draws_need_shots(changes, problem):
    with pytest.raises(FerBenchError) as raised:
        Protocol(**changes)
    assert problem in raised.value.problem


def test_they_are_settings_of_runs_that_have_them():
    assert not {row.name for row in Protocol(head=FITTED).settings()} & {*OF_SHOTS}
    protocol = Protocol(head=FITTED, shots=Shots.parse("1,16,mieb"))
    rows = {row.name: (row.value, row.origin) for row in protocol.settings()}
    assert rows["shots"] == ("1,16,mieb", "changed")
    assert rows["draws"] == ("5", "chosen")


def test_miebs_recipe():
    protocol = Protocol.of("mieb")
    assert (protocol.shots, protocol.head.names) == (Shots((), True), ("logreg",))
    assert Protocol.of("mieb", shots=Shots((4,))).shots == Shots((4,))


def test_a_run_without_the_shots_of_its_recipe_records_that():
    protocol = Protocol.of("mieb", shots=Shots())
    (row,) = (one for one in protocol.settings() if one.name == "shots")
    assert (row.value, row.origin) == ("none", "changed")
    assert "--shots=none" in protocol.options()


def test_mieb_is_of_one_head():
    shots = Shots((4,), True)
    assert (shots.of("logreg"), shots.of("knn")) == (shots, Shots((4,)))
