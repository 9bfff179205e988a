"""Inputs that change a fingerprint, and those that do not."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from fer_bench.data import Dataset, Split
from fer_bench.models import Located, get, keras_backend, numerical_environment
from fer_bench.models.builders import structure_files
from fer_bench.protocol import augmentation
from fer_bench.protocol.cell import Cell
from fer_bench.protocol.few_shot import Shots
from fer_bench.protocol.head import Heads
from fer_bench.protocol.settings import Protocol
from fer_bench.protocol.trainable_layers import TrainableLayers
from fer_bench.training import cell_network, fingerprint
from fer_bench.training.run_context import RunContext

RANDOM = np.random.default_rng(0)
DATA = Dataset(
    RANDOM.integers(0, 256, (6, 4, 4), dtype=np.uint8),
    np.array([0, 1, 0, 1, 0, 1], np.uint8),
    ("a", "b"),
    "tiny",
)
SPLIT = Split("paper", np.array([0, 1, 2]), np.array([3]), np.array([4, 5]))


@pytest.fixture(autouse=True)
def backend(monkeypatch):
    monkeypatch.setattr(keras_backend, "backend_version", lambda: "tensorflow 1.2.3")


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Two files, one of them twice."""
    directory = tmp_path_factory.mktemp("weights")
    for name, content in (("a", b"1"), ("b", b"2"), ("copy of a", b"1")):
        (directory / name).write_bytes(content)
    return {path.name: Located(path, f"from {path.name}") for path in directory.iterdir()}


def result(
    name="mini", cell=None, located=None, protocol=None, dataset=DATA, split=SPLIT, entry=None
):
    entry = entry or get(name)
    cell = cell or Cell(entry.name, "random", "tiny", 1)
    weights = fingerprint.weights_facts(entry, cell, located)
    protocol = protocol or Protocol()
    return fingerprint.result_fingerprint(entry, cell, weights, protocol, dataset, split)


FURTHER = (
    {"weight_decay": 0.01},
    {"schedule": "cosine"},
    {"class_weight": "balanced"},
    {"label_smoothing": 0.1},
    {"early_stopping": 3},
    {"augment": "flip"},
    {"augment": "shift"},
    {"augment": "flip,rotate"},
)


@pytest.mark.parametrize(
    "change",
    [
        {"epochs": 21},
        {"batch_size": 64},
        {"learning_rate": 2e-4},
        {"trainable_layers": TrainableLayers(4, "all")},
        {"batch_normalization": "frozen"},
        {"optimizer": "sgd"},
        {"pooling": "average"},
        *FURTHER,
    ],
)
def test_every_setting_that_training_depends_on_counts(change):
    assert result(protocol=Protocol(**change)) != result()


@pytest.mark.parametrize("change", [{"input_size": 96}, {"preprocessing": "unit"}])
def test_settings_that_adapt_the_backbone_count_for_results_and_features(change):
    entry = get("resnet50")
    adapted = entry.adapted(Protocol(**change))
    assert result(entry=adapted) != result(entry=entry)
    assert features(entry=adapted) != features(entry=entry)


def test_the_fingerprint_of_a_run_covers_all_of_its_settings(tmp_path):
    data = SimpleNamespace(dataset=DATA, split=SPLIT, split_error=None)
    changes = [
        {},
        {"input_size": 64},
        {"input_size": 96},
        {"preprocessing": "unit"},
        {"optimizer": "sgd"},
        {"pooling": "average"},
        {"learning_rate": 2e-4},
        *FURTHER,
    ]
    entry, found = get("resnet50"), set()
    for change in changes:
        context = RunContext(data, Protocol(**change), tmp_path)
        found.add(context.fingerprint(entry, context.cell(entry, "random"), None))
    assert len(found) == len(changes)


def test_settings_that_leave_the_backbone_as_it_is_do_not_count():
    assert get("mini").adapted(Protocol(input_size=48)) == get("mini")
    assert get("openface").adapted(Protocol(preprocessing="unit")) == get("openface")


def test_the_digest_of_the_default_settings_is_that_of_earlier_versions(monkeypatch):
    monkeypatch.setattr(keras_backend, "version", lambda *names: "1.2.3")
    monkeypatch.setattr(keras_backend, "numeric_settings", dict)
    monkeypatch.setattr(
        keras_backend,
        "keras_settings",
        lambda: keras_backend.KerasSettings("tensorflow", "float32"),
    )
    assert result() == "9995df1a8fb26c64f14a4641014bd75248434166fed762cd31d349ae0f5e30e4"
    assert features() == "d8cd2637eb36f4e9c20dfbfd60a7f0572df32d0b347af073eaff66dffa316935"


def test_settings_of_the_report_and_names_of_recipes_do_not_count():
    assert result(protocol=Protocol(window=4)) == result()
    strong = Protocol.of("strong")
    assert result(protocol=dataclasses.replace(strong, recipe="paper")) == result(protocol=strong)


@pytest.mark.parametrize(("name", "value"), [("DRAWS", 5), ("SHIFT", 0.2), ("DEGREES", 10.0)])
def test_number_and_limits_of_views_count(name, value, monkeypatch):
    protocol = Protocol(augment="shift,rotate")
    before = result(protocol=protocol)
    monkeypatch.setattr(augmentation, name, value)
    assert result(protocol=protocol) != before


def test_each_view_has_features_of_its_own():
    keys = [features(view=view) for view in augmentation.views("flip,shift,rotate")]
    assert len({*keys}) == len(keys) == 8
    assert keys[0] == features()
    assert keys[1] == features(view=augmentation.views("flip")[1])


def test_names_of_the_data_do_not_count():
    renamed = dataclasses.replace(DATA, name="other")
    assert result(dataset=renamed, cell=Cell("mini", "random", "other", 1)) == result()


def test_trainable_layers_of_the_other_init_do_not_count():
    other = Protocol(trainable_layers=TrainableLayers(pretrained=9, random=4))
    assert result(protocol=other) == result()


def test_of_a_fitted_head_only_the_settings_count_that_it_depends_on():
    cell = Cell("mini", "random", "tiny", 1, "knn")
    changed = Protocol(epochs=3, trainable_layers=TrainableLayers("all", "all"), optimizer="sgd")
    assert result(cell=cell, protocol=changed) == result(cell=cell)
    others = [
        result(cell=cell, protocol=Protocol(pooling="average")),
        result(cell=dataclasses.replace(cell, head="svm")),
        result(cell=dataclasses.replace(cell, seed=2)),
    ]
    assert len({result(), result(cell=cell), *others}) == 5


def test_few_shot_evaluation_counts_for_the_heads_that_it_is_of():
    heads = Heads(("linear", "knn", "logreg"))
    found = []
    for shots, draws, usage in (
        ("none", 5, 0), ("16", 5, 0), ("16", 3, 0), ("mieb", 5, 0), ("mieb", 5, 1), ("16", 5, 1)
    ):  # fmt: skip
        protocol = Protocol(head=heads, shots=Shots.parse(shots), draws=draws)
        data = dataclasses.replace(DATA, usage=np.full(6, usage, np.uint8))
        cells = (Cell("mini", "random", "tiny", 1, head) for head in heads.names)
        found.append([result(cell=cell, protocol=protocol, dataset=data) for cell in cells])
    linear, knn, logreg = zip(*found, strict=True)
    assert len({*linear}) == 1
    assert [knn.index(one) for one in knn] == [0, 1, 2, 0, 0, 1]
    assert [logreg.index(one) for one in logreg] == [0, 1, 2, 3, 4, 1]


@pytest.mark.parametrize(
    "change",
    [
        {"dataset": dataclasses.replace(DATA, images=DATA.images ^ 1)},
        {"dataset": DATA.take(np.array([1, 0, 2, 3, 4, 5]))},
        {"split": Split("paper", np.array([1, 0, 2]), SPLIT.validation, SPLIT.test)},
        {"split": Split("other", SPLIT.train, SPLIT.validation, SPLIT.test)},
        {"cell": Cell("mini", "random", "tiny", 2)},
        {"cell": Cell("mini", "pretrained", "tiny", 1)},
        {"cell": Cell("mini", "random", "tiny", 1, "mlp:256")},
        {"name": "mobilenet"},
        {"entry": dataclasses.replace(get("mini"), structure="mini 2")},
        {"entry": dataclasses.replace(get("mini"), input_size=96)},
        {"entry": dataclasses.replace(get("mini"), scale=1.0)},
        {"entry": dataclasses.replace(get("mini"), offset=(0.0, 0.0, 1.0))},
    ],
)
def test_cell_data_split_weights_and_structure_count(change):
    assert result(**change) != result()


def test_the_content_of_a_weight_file_counts_and_its_place_does_not(weights):
    assert result(located=weights["a"]) == result(located=weights["copy of a"])
    assert len({result(), result(located=weights["a"]), result(located=weights["b"])}) == 3


def test_the_seed_of_a_pretrained_cell_counts(weights):
    """It decides the order of the images, and not the weights."""
    cells = [Cell("mini", "pretrained", "tiny", seed) for seed in range(3)]
    assert len({result(cell=cell, located=weights["a"]) for cell in cells}) == 3


def test_an_exported_structure_counts(monkeypatch):
    found = {}
    for digest in (None, "a", "b"):
        monkeypatch.setattr(structure_files, "digest", lambda name, digest=digest: digest)
        found[digest] = result("openface"), result("mini")
    assert len({openface for openface, _ in found.values()}) == 3
    assert len({mini for _, mini in found.values()}) == 1


@pytest.mark.parametrize("package", ["keras", "deepface", "numpy"])
def test_library_versions_count(package, monkeypatch):
    before, version = result(), keras_backend.version
    monkeypatch.setattr(
        keras_backend, "version", lambda *names: "9.9" if package in names else version(*names)
    )
    assert result() != before


@pytest.mark.parametrize("values", [("tensorflow", "float16"), ("torch", "float32")])
def test_the_settings_of_keras_count(values, monkeypatch):
    monkeypatch.undo()
    before = result()
    monkeypatch.setattr(
        keras_backend, "keras_settings", lambda: keras_backend.KerasSettings(*values)
    )
    assert result() != before


def test_the_schema_of_results_counts_for_results_only(monkeypatch):
    before, features = result(), fingerprint.features_versions()
    monkeypatch.setattr(fingerprint, "SCHEMA", fingerprint.SCHEMA + 1)
    assert result() != before
    assert fingerprint.features_versions() == features


def test_the_machine_and_the_batches_of_the_prefix_do_not_count(monkeypatch):
    before = result()
    monkeypatch.setattr(keras_backend, "environment", lambda: (("cpu cores available", "99"),))
    monkeypatch.setattr(keras_backend, "runs_on_cpu", lambda: False)
    monkeypatch.setattr(cell_network, "SHARD_PIXELS", 1)
    assert cell_network.shard_images(48) == 8
    assert result() == before


def test_the_backend_and_the_way_of_computing_count(monkeypatch):
    before = result()
    monkeypatch.setattr(keras_backend, "backend_version", lambda: "jax 1.2.3")
    other = result()
    monkeypatch.setattr(fingerprint, "COMPUTATION", fingerprint.COMPUTATION + 1)
    assert len({before, other, result()}) == 3


@pytest.mark.parametrize("compute", [result, lambda: features()], ids=["result", "features"])
def test_settings_that_change_numbers_count(compute, monkeypatch):
    monkeypatch.setattr(keras_backend, "numeric_settings", dict)
    found = [compute()]
    for setting in ({"dtype policy": "mixed_float16"}, {"TF_ENABLE_ONEDNN_OPTS": "0"}):
        monkeypatch.setattr(keras_backend, "numeric_settings", lambda setting=setting: setting)
        found.append(compute())
    assert len(set(found)) == 3


@pytest.mark.parametrize("compute", [result, lambda: features()], ids=["result", "features"])
def test_conditions_do_not_count(compute, monkeypatch):
    before = compute()
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr(numerical_environment, "cores", lambda: 77)
    assert compute() == before


def test_features_are_shared_by_splits_and_seeds_of_pretrained_cells(weights):
    entry = get("mini")
    keys = {
        fingerprint.features_key(
            entry,
            fingerprint.weights_facts(entry, Cell("mini", "pretrained", "tiny", seed), located),
            DATA,
            (84,),
        )
        for seed in range(3)
        for located in (weights["a"], weights["copy of a"])
    }
    assert len(keys) == 1


def test_features_of_random_weights_depend_on_the_seed_and_the_boundary():
    entry = get("mini")
    keys = {
        fingerprint.features_key(
            entry,
            fingerprint.weights_facts(entry, Cell("mini", "random", "tiny", seed), None),
            DATA,
            boundary,
        )
        for seed in range(2)
        for boundary in ((84,), (81,), (81, 84))
    }
    assert len(keys) == 6


RENAMED = dataclasses.replace(DATA, name="other")


MINI = get("mini")


def features(entry=MINI, seed=1, dataset=DATA, boundary=(84,), **view):
    weights = fingerprint.weights_facts(entry, Cell(entry.name, "random", "tiny", seed), None)
    return fingerprint.features_key(entry, weights, dataset, boundary, **view)


@pytest.mark.parametrize(
    "change",
    [
        {"dataset": dataclasses.replace(DATA, images=DATA.images ^ 1)},
        {"dataset": DATA.take(np.array([1, 0, 2, 3, 4, 5]))},
        {"entry": dataclasses.replace(get("mini"), structure="mini 2")},
        {"entry": dataclasses.replace(get("mini"), input_size=96)},
        {"entry": dataclasses.replace(get("mini"), scale=1.0)},
        {"entry": dataclasses.replace(get("mini"), offset=(0.0, 0.0, 1.0))},
        {"seed": 2},
        {"boundary": (81,)},
    ],
)
def test_everything_that_features_depend_on_counts(change):
    assert features(**change) != features()


@pytest.mark.parametrize("package", ["keras", "deepface"])
def test_library_versions_count_for_features(package, monkeypatch):
    before, version = features(), keras_backend.version
    monkeypatch.setattr(
        keras_backend, "version", lambda *names: "9.9" if package in names else version(*names)
    )
    assert features() != before


def test_the_way_of_computing_counts_for_features(monkeypatch):
    before = features()
    monkeypatch.setattr(fingerprint, "COMPUTATION", fingerprint.COMPUTATION + 1)
    assert features() != before


def test_names_do_not_make_other_features():
    assert features(dataset=RENAMED) == features()
