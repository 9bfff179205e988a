"""Checkpoints of training."""

import logging
import os

import numpy as np
import pytest

from fer_bench.results.quality import History
from fer_bench.runtime.sealed_directories import StoreError
from fer_bench.training.store.checkpoints import Checkpoints, Expected, Seconds, TrainingState

VARIABLES = [np.arange(6, dtype=np.float32).reshape(2, 3) / 7, np.array(3, np.int64), np.zeros(0)]
EXPECTED = Expected(20, tuple((one.shape, one.dtype) for one in VARIABLES), True)


def state(epochs):
    figures = tuple(1 / (3 + epoch) for epoch in range(epochs + 1))
    history = History(figures[1:], figures[1:], *([figures] * 6))
    return TrainingState(
        history, Seconds(1.5 * epochs, 0.1), (one + one.dtype.type(epochs) for one in VARIABLES)
    )


def same(found, epochs):
    expected = state(epochs)
    assert (found.history, found.seconds) == (expected.history, expected.seconds)
    for value, kept in zip(found.variables, expected.variables, strict=True):
        assert value.dtype == kept.dtype
        np.testing.assert_array_equal(value, kept)


@pytest.fixture
def checkpoints(tmp_path):
    return Checkpoints(tmp_path, "f" * 64, {"cell": "mini-random"})


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "checkpoints" / ("f" * 64)


def test_the_last_state_is_found_bit_by_bit(checkpoints, directory):
    assert checkpoints.latest(EXPECTED) is None
    for epochs in (1, 2, 9, 10, 11):
        checkpoints.keep(state(epochs))
        same(checkpoints.latest(EXPECTED), epochs)
        assert len(list(directory.iterdir())) == 1


@pytest.mark.parametrize("name", ["variables.npz", "progress.json", "index.json"])
def test_a_damaged_one_is_reported_and_the_one_before_is_taken(
    checkpoints, directory, name, caplog
):
    checkpoints.keep(state(4))
    before = directory / "epoch-0004"
    before.rename(directory / "kept")
    checkpoints.keep(state(5))
    (directory / "kept").rename(before)  # as where a process is killed before it removes the older
    data = bytearray((directory / "epoch-0005" / name).read_bytes())
    data[len(data) // 2] ^= 1
    (directory / "epoch-0005" / name).write_bytes(data)
    with caplog.at_level(logging.WARNING, "fer_bench"):
        same(checkpoints.latest(EXPECTED), 4)
    assert "epoch-0005 is damaged" in caplog.text
    assert not (directory / "epoch-0005").exists()


TWO_CORES, FOUR_CORES = ((("cpu cores available", count),) for count in "24")


@pytest.mark.parametrize("epochs", [0, 4])
def test_what_other_conditions_began_is_reported_and_not_gone_on_from(
    checkpoints, directory, caplog, epochs
):
    """Before the first epoch is kept, too: features may have been computed."""
    assert checkpoints.begin(TWO_CORES) is False
    if epochs:
        checkpoints.keep(state(epochs))
    assert checkpoints.begin(TWO_CORES) is False
    assert (checkpoints.latest(EXPECTED) is None) == (not epochs)
    with caplog.at_level(logging.WARNING, "fer_bench"):
        assert checkpoints.begin(FOUR_CORES) is True
    assert f"{directory} was begun" in caplog.text
    assert "cpu cores available 2 (now 4)" in caplog.text
    assert checkpoints.latest(EXPECTED) is None
    assert checkpoints.begin(FOUR_CORES) is False
    checkpoints.keep(state(1))
    assert checkpoints.begin(FOUR_CORES) is False
    same(checkpoints.latest(EXPECTED), 1)


@pytest.mark.parametrize("epochs", [0, 4])
def test_epochs_on_features_of_other_conditions_are_reported_and_not_gone_on_from(
    checkpoints, directory, caplog, epochs
):
    """As those of complete features, which are removed before the cell is gone on with."""
    assert checkpoints.begin(FOUR_CORES) is False
    assert checkpoints.begin(FOUR_CORES, TWO_CORES) is False
    if epochs:
        checkpoints.keep(state(epochs))
    for features in (None, TWO_CORES):
        assert checkpoints.begin(FOUR_CORES, features) is False
        assert (checkpoints.latest(EXPECTED) is None) == (not epochs)
    with caplog.at_level(logging.WARNING, "fer_bench"):
        assert checkpoints.begin(FOUR_CORES, FOUR_CORES) is bool(epochs)
    for fact in (f"{directory} was begun", "the frozen features 2 (now 4)", "is trained again"):
        assert (fact in caplog.text) == bool(epochs)
    assert checkpoints.latest(EXPECTED) is None
    checkpoints.keep(state(1))
    assert checkpoints.begin(FOUR_CORES) is checkpoints.begin(FOUR_CORES, FOUR_CORES) is False
    same(checkpoints.latest(EXPECTED), 1)


NOTES = (
    '{"conditions": [["threads"]], "features": null}',
    '{"conditions": [["cpu cores available", "4"]]}',
    '{"conditions": [["cpu cores available", "4"]], "features": [["threads"]]}',
)


@pytest.mark.parametrize("damage", ["", "[1]", "null", *NOTES])
def test_epochs_that_do_not_record_their_conditions_are_not_gone_on_from(
    checkpoints, directory, caplog, damage
):
    """As those of older versions."""
    checkpoints.keep(state(4))
    (directory / "begun.json").write_text(damage)
    with caplog.at_level(logging.WARNING, "fer_bench"):
        assert checkpoints.begin(FOUR_CORES) is True
    assert "unknown conditions" in caplog.text
    assert checkpoints.latest(EXPECTED) is None


@pytest.mark.parametrize("name", ["begun.json", ".begun.json.part"])
def test_a_pipe_in_place_of_the_note_is_not_waited_for(checkpoints, directory, name):
    directory.mkdir(parents=True)
    os.mkfifo(directory / name)
    assert checkpoints.begin(FOUR_CORES) is False
    assert checkpoints.begin(FOUR_CORES) is False
    checkpoints.discard()
    assert not directory.exists()


def test_the_note_is_no_checkpoint(checkpoints, directory):
    checkpoints.begin(FOUR_CORES)
    assert (checkpoints.size, checkpoints.latest(EXPECTED)) == (0, None)
    checkpoints.discard()
    assert not directory.exists()


def test_one_that_was_not_finished_is_not_seen(checkpoints, directory):
    checkpoints.keep(state(4))
    (directory / ".epoch-0005.abc").mkdir()
    same(checkpoints.latest(EXPECTED), 4)


def test_discarded_ones_are_gone(checkpoints):
    checkpoints.keep(state(4))
    checkpoints.discard()
    assert checkpoints.latest(EXPECTED) is None


def test_a_directory_that_cannot_be_written_is_reported(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"cannot be used: .*--store"):
        Checkpoints(tmp_path / "file", "f", {}).keep(state(1))
