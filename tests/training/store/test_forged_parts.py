"""Every stored part, whatever it holds, is sound or damaged, even where its digests are right."""

import dataclasses
import json

import numpy as np
import pytest
from forged_parts import ARRAYS, changed, packed, reseal
from hypothesis import given
from hypothesis import strategies as st

from fer_bench.protocol.cell import Cell
from fer_bench.protocol.settings import Protocol
from fer_bench.results import KEY, measure_record, read_run, run_record
from fer_bench.results.quality import History, Predictions, Quality
from fer_bench.results.records import CellResult, DatasetSummary, Parameters, Run
from fer_bench.training.store.checkpoints import Checkpoints, Expected, Seconds, TrainingState
from fer_bench.training.store.features import FeatureStore
from fer_bench.training.store.results import ResultStore
from fer_bench.training.store.shard_files import FeatureSpec

FINGERPRINT = "f" * 64
EPOCHS = 3
SUMMARY = DatasetSummary("tiny", "d" * 64, (("a", 3), ("b", 2)), "paper", 3, 1, 1)
LOGITS = np.array([[3.0, 1.0]], np.float32)
WEIGHTS = [np.arange(6, dtype=np.float32).reshape(2, 3), np.ones(3, np.float32)]
CELL = Cell("mini", "random", "tiny", 3)


def history(epochs=EPOCHS, last=0.25):
    figures = tuple(1 / (2 + epoch) for epoch in range(epochs)), tuple([last] * (epochs + 1))
    return History(figures[0], figures[0], *([figures[1]] * 4))


RESULT = CellResult(
    backbone="mini",
    title="mini",
    init="random",
    dataset="tiny",
    seed=3,
    status="ok",
    fingerprint=FINGERPRINT,
    source="trained",
    weights="random, seed 3",
    parameters=Parameters(10, 5, 2),
    quality=Quality(history(), 1.0, 0.25, (1.0, None), ((1, 0), (0, 0)), Predictions.of(LOGITS)),
    parts=(("training", 1.5),),
)


def run_of(cells, epochs=EPOCHS):
    return Run(tuple(Protocol(epochs=epochs, window=1).settings()), SUMMARY, (), cells)


def document(cell=RESULT, epochs=EPOCHS):
    record = {KEY: measure_record(cell.id, cell.quality)}
    return {KEY: run_record(run_of((cell,), epochs)), "benchmarks": [{"extra_info": record}]}


def find(store):
    return ResultStore(store).find(FINGERPRINT, CELL, run_of)


@pytest.fixture
def result(tmp_path):
    ResultStore(tmp_path).save(run_of((RESULT,)), LOGITS, WEIGHTS, {"cell": RESULT.id})
    return tmp_path / "results" / FINGERPRINT


STATES = [np.arange(6, dtype=np.float32).reshape(2, 3), np.array(3, np.int64)]
EXPECTED = Expected(EPOCHS, tuple((one.shape, one.dtype) for one in STATES), False)
PROGRESS = {
    "history": {
        **{name: [0.5, 0.5] for name in ("running_accuracy", "running_loss")},
        **{
            f"{part}_{figure}": [0.5, 0.5, 0.5]
            for part in ("train", "validation")
            for figure in ("accuracy", "loss")
        },
        **{f"batch_validation_{figure}": [] for figure in ("accuracy", "loss")},
    },
    "seconds": {"training": 1.5, "evaluation": 0.5},
}


@pytest.fixture
def checkpoints(tmp_path):
    made = Checkpoints(tmp_path, FINGERPRINT, {})
    made.keep(TrainingState(history(2, 0.5), Seconds(1.5, 0.5), STATES))
    return made


@pytest.fixture
def epoch(tmp_path, checkpoints):
    (directory,) = (tmp_path / "checkpoints" / FINGERPRINT).iterdir()
    return directory


def test_what_is_forged_is_alike(result, epoch, checkpoints):
    """Apart from what the tests here change, their parts are sound."""
    reseal(result, "result.json", json.dumps(document()).encode())
    reseal(result, "logits.npz", packed([LOGITS]))
    assert find(result.parents[1]).result == RESULT
    reseal(epoch, "progress.json", json.dumps(PROGRESS).encode())
    reseal(epoch, "variables.npz", packed(STATES))
    assert checkpoints.latest(EXPECTED).history.epochs == 2


PICKLED = np.array([{}, None], object)
FORGED_ARRAYS = {
    "none": packed([]),
    "one too many": packed([*STATES, STATES[0]]),
    "one too few": packed(STATES[:1]),
    "pickled": packed([*STATES[:1], PICKLED]),
    "other names": packed(STATES, "weights_{}".format),
    "another order": packed(STATES[::-1]),
    "another shape": packed([STATES[0].T, STATES[1]]),
    "another type": packed([STATES[0].astype(np.float64), STATES[1]]),
    "no npz": b"precious",
    "nothing": b"",
}


@pytest.mark.parametrize("content", FORGED_ARRAYS.values(), ids=FORGED_ARRAYS)
def test_variables_of_another_structure_are_damage(checkpoints, epoch, content, caplog):
    reseal(epoch, "variables.npz", content)
    assert checkpoints.latest(EXPECTED) is None
    assert "epoch-0002 is damaged: " in caplog.text
    assert "damaged: variables.npz" in caplog.text
    assert not epoch.exists()


def without(name):
    return {key: value for key, value in PROGRESS.items() if key != name}


def series(**changes):
    return {**PROGRESS, "history": {**PROGRESS["history"], **changes}}


FORGED_PROGRESS = {
    "no history": without("history"),
    "no seconds": without("seconds"),
    "a list": [PROGRESS],
    "no series": {**PROGRESS, "history": {}},
    "a longer series": series(train_loss=[0.5] * 4),
    "no epoch": series(**{name: [] for name in PROGRESS["history"]}),
    "texts": series(train_loss=["0.5"] * 3),
    "not finite": series(train_loss=[0.5, float("nan"), 0.5]),
    "out of range": series(train_accuracy=[0.5, 1.5, 0.5]),
    "batch statistics": series(
        batch_validation_accuracy=[0.5] * 3, batch_validation_loss=[0.5] * 3
    ),
    "negative time": {**PROGRESS, "seconds": {"training": -1.0, "evaluation": 0.5}},
}


@pytest.mark.parametrize("progress", FORGED_PROGRESS.values(), ids=FORGED_PROGRESS)
def test_progress_of_another_structure_is_damage(checkpoints, epoch, progress, caplog):
    reseal(epoch, "progress.json", json.dumps(progress).encode())
    assert checkpoints.latest(EXPECTED) is None
    assert "epoch-0002 is damaged: " in caplog.text
    assert "damaged: progress.json" in caplog.text


@pytest.mark.parametrize(("epochs", "name"), [(4, "epoch-0004"), (3, "epoch-0002")])
def test_other_numbers_of_epochs_are_damage(tmp_path, checkpoints, epoch, epochs, name):
    checkpoints.keep(TrainingState(history(epochs, 0.5), Seconds(), STATES))
    epoch.with_name(f"epoch-{epochs:04}").rename(epoch.with_name(name))
    assert checkpoints.latest(EXPECTED) is None


FORGED_RESULTS = {
    "deep": b"[" * 100_000,
    "an older fingerprint": document(dataclasses.replace(RESULT, fingerprint="e" * 64)),
    "another seed": document(dataclasses.replace(RESULT, seed=4)),
    "another backbone": document(dataclasses.replace(RESULT, backbone="vggface")),
    "failed": document(dataclasses.replace(RESULT, status="failed")),
    "other epochs": document(
        dataclasses.replace(
            RESULT, quality=dataclasses.replace(RESULT.quality, history=history(2))
        ),
        2,
    ),
}


@pytest.mark.parametrize("content", FORGED_RESULTS.values(), ids=FORGED_RESULTS)
def test_a_result_of_another_cell_is_damage(tmp_path, result, content, caplog):
    content = content if isinstance(content, bytes) else json.dumps(content).encode()
    reseal(result, "result.json", content)
    assert find(tmp_path) is None
    assert "is damaged: result.json" in caplog.text


@pytest.mark.parametrize(
    "content",
    [
        *FORGED_ARRAYS.values(),
        packed([LOGITS[:, ::-1]]),
        packed([LOGITS * np.nan]),
        packed([np.repeat(LOGITS, 2, 0)]),
    ],
)
def test_logits_of_another_result_are_damage(tmp_path, result, content, caplog):
    reseal(result, "logits.npz", content)
    assert find(tmp_path) is None
    assert "is damaged: logits.npz" in caplog.text


@pytest.mark.parametrize("content", FORGED_ARRAYS.values(), ids=FORGED_ARRAYS)
def test_weights_of_another_structure_are_damage(tmp_path, result, content, caplog):
    reseal(result, "suffix.npz", content)
    layout = [(one.shape, one.dtype) for one in WEIGHTS]
    assert ResultStore(tmp_path).suffix_weights(FINGERPRINT, layout) is None
    assert "is damaged: suffix.npz" in caplog.text
    assert find(tmp_path) is None


@given(st.data())
def test_any_result_is_sound_or_damaged(tmp_path_factory, data):
    store = tmp_path_factory.mktemp("store")
    ResultStore(store).save(run_of((RESULT,)), LOGITS, WEIGHTS, {})
    directory = store / "results" / FINGERPRINT
    reseal(directory, "result.json", json.dumps(data.draw(changed(document()))).encode())
    found = find(store)
    assert directory.exists() == (found is not None)
    if found is not None:
        assert read_run(json.loads(json.dumps(document(found.result)))).cells == (found.result,)


@given(ARRAYS)
def test_any_logits_are_sound_or_damaged(tmp_path_factory, arrays):
    store = tmp_path_factory.mktemp("store")
    ResultStore(store).save(run_of((RESULT,)), LOGITS, WEIGHTS, {})
    reseal(store / "results" / FINGERPRINT, "logits.npz", packed(arrays))
    found = find(store)
    assert found is None or found.logits.shape == LOGITS.shape


@given(st.data())
def test_any_checkpoint_is_sound_or_damaged(tmp_path_factory, data):
    made = Checkpoints(tmp_path_factory.mktemp("store"), FINGERPRINT, {})
    made.keep(TrainingState(history(2, 0.5), Seconds(1.5, 0.5), STATES))
    (directory,) = made._directory.iterdir()
    reseal(directory, "progress.json", json.dumps(data.draw(changed(PROGRESS))).encode())
    if data.draw(st.booleans()):
        reseal(directory, "variables.npz", packed(data.draw(ARRAYS)))
    found = made.latest(EXPECTED)
    assert directory.exists() == (found is not None)
    if found is not None:
        assert found.history.epochs == 2
        assert [(one.shape, one.dtype) for one in found.variables] == list(EXPECTED.variables)


def features(rows):
    return [np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] / 7]


WANTED = FeatureSpec(40, ((1,),), 16, {})
EVERY = np.arange(40)


@given(st.data())
def test_any_note_of_features_gives_the_same_features(tmp_path_factory, data):
    store = FeatureStore(tmp_path_factory.mktemp("store"))
    store.extract(FINGERPRINT, WANTED, features)
    directory = store.directory(FINGERPRINT)
    facts = json.loads((directory / "facts.json").read_text())
    (directory / "facts.json").write_text(json.dumps(data.draw(changed(facts))))
    lines = [json.loads(line) for line in (directory / "shards.jsonl").read_text().splitlines()]
    made = data.draw(st.lists(st.sampled_from(lines) | st.sampled_from(lines).flatmap(changed)))
    text = "".join(json.dumps(line) + "\n" for line in made)
    (directory / "shards.jsonl").write_text(text)
    (tensor,) = store.extract(FINGERPRINT, WANTED, features).tensors
    np.testing.assert_array_equal(tensor[EVERY], features(slice(0, 40))[0])


@pytest.mark.parametrize("shard", [0, -1, 1.5, True, None, 10**400, 513])
def test_shards_of_another_size_than_any_version_wrote_are_damage(tmp_path, shard, caplog):
    store = FeatureStore(tmp_path)
    store.extract(FINGERPRINT, WANTED, features)
    path = store.directory(FINGERPRINT) / "facts.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "shard": shard}))
    assert store.extract(FINGERPRINT, WANTED, features).computed == 40
    assert "facts.json" in caplog.text
    assert "shard" in caplog.text
