"""A non-regular file is damage: it is neither waited for nor followed, and nothing is lost."""

import os
import signal
import socket

import numpy as np
import pytest
from test_forged_parts import (
    EVERY,
    EXPECTED,
    FINGERPRINT,
    LOGITS,
    RESULT,
    STATES,
    WANTED,
    WEIGHTS,
    features,
    find,
    history,
    run_of,
)

from fer_bench.training.store.checkpoints import Checkpoints, Seconds, TrainingState
from fer_bench.training.store.features import FeatureStore
from fer_bench.training.store.inventory import entries, foreign_paths
from fer_bench.training.store.results import ResultStore

pytestmark = pytest.mark.skipif(os.name != "posix", reason="pipes and links as POSIX has them")


@pytest.fixture(autouse=True)
def _no_hang():
    def give_up(*_):
        raise AssertionError("it hangs")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def put_socket(path):
    with socket.socket(socket.AF_UNIX) as one:
        before = os.open(".", os.O_RDONLY)
        os.chdir(path.parent)  # the path of a socket has a hundred characters at most
        try:
            one.bind(path.name)
        finally:
            os.fchdir(before)
            os.close(before)


def put_directory(path):
    path.mkdir()
    (path / "thesis.txt").write_text("precious")


ODD = {
    "pipe": os.mkfifo,
    "socket": put_socket,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "loop": lambda path: path.symlink_to(path),
    "link": lambda path: path.symlink_to(path.parents[2] / "mine.txt"),
    "dangling": lambda path: path.symlink_to(path.parents[2] / "nowhere"),
    "directory": put_directory,
}


@pytest.fixture(params=ODD)
def odd(request, tmp_path):
    """Put something else in a file's place, and check afterwards that nothing was lost."""
    mine = tmp_path / "mine.txt"
    mine.write_text("precious")

    def put(path):
        path.unlink()
        ODD[request.param](path)

    yield put
    assert mine.read_text() == "precious"
    assert not (tmp_path / "nowhere").exists()
    kept = {path.read_text() for path in tmp_path.rglob("thesis.txt")}
    assert kept == ({"precious"} if request.param == "directory" else set())


@pytest.mark.parametrize("name", ["index.json", "result.json", "logits.npz", "suffix.npz"])
def test_in_a_result(tmp_path, odd, name, caplog):
    store = tmp_path / "store"
    ResultStore(store).save(run_of((RESULT,)), LOGITS, WEIGHTS, {})
    odd(store / "results" / FINGERPRINT / name)
    assert not ResultStore(store).holds(FINGERPRINT)
    assert find(store) is None
    assert f"{name} is not a regular file" in caplog.text
    ResultStore(store).save(run_of((RESULT,)), LOGITS, WEIGHTS, {})
    assert find(store).result == RESULT


@pytest.mark.parametrize("name", ["index.json", "progress.json", "variables.npz"])
def test_in_a_checkpoint(tmp_path, odd, name, caplog):
    made = Checkpoints(tmp_path / "store", FINGERPRINT, {})
    state = TrainingState(history(2, 0.5), Seconds(), STATES)
    made.keep(state)
    odd(made._directory / "epoch-0002" / name)
    assert made.size >= 0
    assert made.latest(EXPECTED) is None
    assert f"{name} is not a regular file" in caplog.text
    made.keep(state)
    assert made.latest(EXPECTED).history == state.history


@pytest.mark.parametrize("name", ["facts.json", "shards.jsonl", "0.npy", ".facts.json.part"])
def test_in_features(tmp_path, odd, name, caplog):
    store = FeatureStore(tmp_path / "store")
    store.extract(FINGERPRINT, WANTED, features)
    (store.directory(FINGERPRINT) / name).touch()
    odd(store.directory(FINGERPRINT) / name)
    found = store.extract(FINGERPRINT, WANTED, features)
    assert found.computed == 40
    np.testing.assert_array_equal(found.tensors[0][EVERY], features(slice(0, 40))[0])
    assert f"{name} is not a regular file" in caplog.text
    assert store.extract(FINGERPRINT, WANTED, features).computed == 0


@pytest.mark.parametrize("kind", ["results", "checkpoints", "features"])
def test_in_the_place_of_a_part(tmp_path, odd, kind):
    store = tmp_path / "store"
    place = store / kind / FINGERPRINT
    place.parent.mkdir(parents=True)
    place.touch()
    odd(place)
    assert entries(store) == []
    assert foreign_paths(store) == [place]
    if kind == "results":
        assert find(store) is None
        ResultStore(store).save(run_of((RESULT,)), LOGITS, WEIGHTS, {})
        assert find(store).result == RESULT
    elif kind == "checkpoints":
        made = Checkpoints(store, FINGERPRINT, {})
        state = TrainingState(history(2, 0.5), Seconds(), STATES)
        assert made.latest(EXPECTED) is None
        made.keep(state)
        assert made.latest(EXPECTED).history == state.history
    else:
        made = FeatureStore(store)
        assert made.extract(FINGERPRINT, WANTED, features).computed == 40
        assert made.extract(FINGERPRINT, WANTED, features).computed == 0


def test_in_the_place_of_a_result_that_is_saved(tmp_path, odd, caplog):
    """As where somebody puts it there while the cell is trained."""
    store = tmp_path / "store"
    place = store / "results" / FINGERPRINT
    place.parent.mkdir(parents=True)
    place.touch()
    odd(place)
    ResultStore(store).save(run_of((RESULT,)), LOGITS, WEIGHTS, {})
    assert find(store).result == RESULT
    assert "were kept: " in caplog.text
    assert f"{FINGERPRINT}.kept-1" in caplog.text
    assert os.path.lexists(store / "results" / f"{FINGERPRINT}.kept-1")
