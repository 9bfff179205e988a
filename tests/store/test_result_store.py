"""The store of finished cells."""

import dataclasses

import numpy as np
import pytest

from fer_bench.errors import FerBenchError
from fer_bench.protocol import Protocol
from fer_bench.result_store import ResultStore
from fer_bench.results import CellResult, DatasetSummary, History, Parameters, Quality, Run

PROTOCOL = tuple(Protocol(epochs=1).settings())
SUMMARY = DatasetSummary("tiny", "d" * 64, (("a", 3), ("b", 2)), "paper", 3, 1, 1)
WEIGHTS = [np.arange(6, dtype=np.float32).reshape(2, 3), np.ones(3, np.float32)]


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


def test_what_is_saved_is_found(tmp_path, cell):
    store = ResultStore(tmp_path / "new")
    assert store.find(cell.fingerprint) is None
    store.save(run_of(cell), WEIGHTS)
    assert store.find(cell.fingerprint) == cell
    for found, saved in zip(store.suffix_weights(cell.fingerprint), WEIGHTS, strict=True):
        np.testing.assert_array_equal(found, saved)


def test_a_newer_result_takes_the_place_of_an_older_one(tmp_path, cell):
    store = ResultStore(tmp_path)
    store.save(run_of(cell), WEIGHTS)
    newer = dataclasses.replace(cell, parts=(("training", 9.0),))
    store.save(run_of(newer), WEIGHTS)
    assert store.find(cell.fingerprint) == newer
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("name", ["result.json", "suffix.npz"])
@pytest.mark.parametrize("keep", [0, 0.5])
def test_a_damaged_result_counts_as_absent(tmp_path, cell, name, keep):
    store = ResultStore(tmp_path)
    store.save(run_of(cell), WEIGHTS)
    path = tmp_path / cell.fingerprint / name
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    assert store.find(cell.fingerprint) is None


def test_a_result_under_another_name_counts_as_absent(tmp_path, cell):
    store = ResultStore(tmp_path)
    store.save(run_of(cell), WEIGHTS)
    (tmp_path / cell.fingerprint).rename(tmp_path / ("e" * 64))
    assert store.find("e" * 64) is None


def test_missing_weights_are_told(tmp_path):
    with pytest.raises(FerBenchError, match=r"stored weights .* cannot be read.*--fresh"):
        ResultStore(tmp_path).suffix_weights("f" * 64)


def test_a_folder_that_cannot_be_written_is_told(tmp_path, cell):
    (tmp_path / "file").write_text("")
    with pytest.raises(FerBenchError, match=r"cannot write a result .*--store"):
        ResultStore(tmp_path / "file").save(run_of(cell), WEIGHTS)


def test_a_cell_without_result_is_refused(tmp_path, cell):
    with pytest.raises(ValueError, match="was not trained"):
        ResultStore(tmp_path).save(run_of(dataclasses.replace(cell, quality=None)), WEIGHTS)
    assert list(tmp_path.iterdir()) == []
