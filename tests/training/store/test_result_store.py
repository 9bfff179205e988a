"""The store of finished cells."""

import dataclasses

import numpy as np
import pytest

from fer_bench.protocol.settings import Protocol
from fer_bench.results.quality import History, Quality
from fer_bench.results.records import CellResult, DatasetSummary, Parameters, Run
from fer_bench.runtime.sealed_directories import StoreError
from fer_bench.training.store.results import ResultStore

PROTOCOL = tuple(Protocol(epochs=1).settings())
SUMMARY = DatasetSummary("tiny", "d" * 64, (("a", 3), ("b", 2)), "paper", 3, 1, 1)
LOGITS = np.array([[3.0, 1.0]], np.float32)
WEIGHTS = [np.arange(6, dtype=np.float32).reshape(2, 3), np.ones(3, np.float32)]
LAYOUT = [(one.shape, one.dtype) for one in WEIGHTS]


def run_of(cell):
    return Run(PROTOCOL, SUMMARY, (), (cell,))


@pytest.fixture
def cell():
    history = History((0.5,), (1.0,), (0.2, 0.6), (1.5, 0.9), (0.3, 0.4), (1.4, 1.1))
    return CellResult(
        backbone="mini",
        title="mini",
        init="random",
        dataset="tiny",
        seed=3,
        status="ok",
        fingerprint="f" * 64,
        source="trained",
        weights="random, seed 3",
        parameters=Parameters(10, 5, 2),
        quality=Quality(history, 1.0, 0.25, (1.0, None), ((1, 0), (0, 0))),
        parts=(("training", 1.5),),
    )


def find(store, cell, fingerprint=None):
    return store.find(fingerprint or cell.fingerprint, cell, lambda cells: run_of(*cells))


def save(store, cell):
    store.save(run_of(cell), LOGITS, WEIGHTS, {"cell": cell.id})


def test_what_is_saved_is_found(tmp_path, cell):
    store = ResultStore(tmp_path / "new")
    assert find(store, cell) is None
    save(store, cell)
    found = find(store, cell)
    assert found.result == cell
    np.testing.assert_array_equal(found.logits, LOGITS)
    for weights, saved in zip(store.suffix_weights("f" * 64, LAYOUT), WEIGHTS, strict=True):
        np.testing.assert_array_equal(weights, saved)


def test_a_newer_result_takes_the_place_of_an_older_one(tmp_path, cell):
    store = ResultStore(tmp_path)
    save(store, cell)
    newer = dataclasses.replace(cell, parts=(("training", 9.0),))
    save(store, newer)
    assert find(store, cell).result == newer
    assert len(list((tmp_path / "results").iterdir())) == 1


def damaged(path, how):
    data = bytearray(path.read_bytes())
    if how == "flip":
        data[len(data) // 2] ^= 1
    else:
        del data[int(len(data) * how) :]
    path.write_bytes(data)


@pytest.mark.parametrize("name", ["result.json", "logits.npz", "suffix.npz", "index.json"])
@pytest.mark.parametrize("how", [0, 0.5, "flip"])
def test_a_damaged_result_is_reported_and_counts_as_absent(tmp_path, cell, name, how, caplog):
    store = ResultStore(tmp_path)
    save(store, cell)
    damaged(store.directory(cell.fingerprint) / name, how)
    assert find(store, cell) is None
    assert not store.directory(cell.fingerprint).exists()
    assert "is damaged" in caplog.text
    assert "trained again" in caplog.text


@pytest.mark.parametrize("how", [0, 0.5, "flip"])
def test_damaged_weights_are_reported_where_they_are_wanted(tmp_path, cell, how, caplog):
    store = ResultStore(tmp_path)
    save(store, cell)
    damaged(store.directory(cell.fingerprint) / "suffix.npz", how)
    assert store.suffix_weights(cell.fingerprint, LAYOUT) is None
    assert "suffix.npz has changed" in caplog.text
    assert not store.directory(cell.fingerprint).exists()


@pytest.mark.parametrize("layout", [LAYOUT[:1], LAYOUT[::-1], [(one[0], int) for one in LAYOUT]])
def test_weights_of_another_suffix_are_damaged(tmp_path, cell, layout, caplog):
    store = ResultStore(tmp_path)
    save(store, cell)
    assert store.suffix_weights(cell.fingerprint, layout) is None
    assert "suffix.npz has arrays" in caplog.text
    assert "other shapes or dtypes" in caplog.text
    assert find(store, cell) is None


def test_to_ask_what_it_holds_changes_nothing(tmp_path, cell, caplog):
    store = ResultStore(tmp_path)
    assert not store.holds(cell.fingerprint)
    save(store, cell)
    assert store.holds(cell.fingerprint)
    damaged(store.directory(cell.fingerprint) / "suffix.npz", "flip")
    assert not store.holds(cell.fingerprint)
    assert store.directory(cell.fingerprint).exists()
    assert not caplog.text


def test_a_result_under_another_name_counts_as_absent(tmp_path, cell):
    store = ResultStore(tmp_path)
    save(store, cell)
    store.directory(cell.fingerprint).rename(store.directory("e" * 64))
    assert find(store, cell, "e" * 64) is None


def test_a_directory_that_cannot_be_written_is_reported(tmp_path, cell):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"cannot be used: .*--store"):
        save(ResultStore(tmp_path / "file"), cell)


def test_a_cell_without_result_is_refused(tmp_path, cell):
    with pytest.raises(ValueError, match="was not trained"):
        save(ResultStore(tmp_path), dataclasses.replace(cell, quality=None))
    assert list(tmp_path.iterdir()) == []
