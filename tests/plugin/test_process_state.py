"""Process-wide state never gives one run the numbers of another."""

import dataclasses
import json
import shutil

import pytest

from fer_bench.models import keras_backend, numerical_environment
from fer_bench.results import load_run

RUN = ("--init=random", "--epochs=2", "--no-timing")


def cells(pytester):
    return load_run(pytester.path / "report" / "results.json").cells


@pytest.mark.network
@pytest.mark.parametrize("backend", ["torch", "theano"])
def test_another_backend_ends_the_run_before_the_data_and_keeps_the_report(
    bench, small, pytester, tmp_path, monkeypatch, backend
):
    pytest.importorskip("keras")
    settings = keras_backend.keras_settings()
    monkeypatch.setattr(keras_backend, "keras_settings", lambda: settings._replace(backend=backend))
    report = pytester.path / "report" / "results.json"
    report.parent.mkdir()
    report.write_text("of an earlier run")
    done = bench(small, *RUN, "--dataset=/nowhere/fer2013.csv")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    lines = f"{done.stdout}\n{done.stderr}".splitlines()
    (line,) = (line for line in lines if line.startswith("ERROR: "))
    assert f"backend {backend!r}" in line
    assert "accepted: tensorflow, jax" in line
    assert report.read_text() == "of an earlier run"
    assert not (tmp_path / "cache").exists()


@pytest.mark.network
def test_batches_that_cannot_be_divided_end_the_run_before_the_data(bench, small, tmp_path):
    """JAX has one device in tests, TensorFlow divides no batches."""
    pytest.importorskip("keras")
    done = bench(small, *RUN, "--data-parallel", "--dataset=/nowhere/fer2013.csv")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    lines = f"{done.stdout}\n{done.stderr}".splitlines()
    (line,) = (line for line in lines if line.startswith("ERROR: "))
    assert "--data-parallel: " in line
    assert not (tmp_path / "cache").exists()


@pytest.mark.network
def test_a_dtype_policy_has_results_of_its_own_for_every_cell(
    bench, small, undrawn, pytester, tiny_data, tmp_path
):
    """The policy outlasts the first cell, after which Keras is cleared."""
    keras = pytest.importorskip("keras")
    runs = {}
    arguments = (*RUN, f"--dataset={tiny_data}", f"--store={tmp_path / 'store'}", "--seeds=2")
    for policy in ("mixed_float16", "float32", "mixed_float16"):
        keras.config.set_dtype_policy(policy)
        try:
            assert bench(small, *arguments).ret == 0
        finally:
            keras.config.set_dtype_policy("float32")
        run = load_run(pytester.path / "report" / "results.json")
        recorded = "default" if policy == "float32" else f"dtype policy={policy}"
        assert dict(run.environment)["numeric settings"] == recorded
        runs.setdefault(policy, []).append(run.cells)
    (mixed, again), (plain,) = runs["mixed_float16"], runs["float32"]
    assert [cell.source for cell in (*mixed, *plain, *again)] == ["trained"] * 4 + ["store"] * 2
    for ours, theirs, found in zip(mixed, plain, again, strict=True):
        assert ours.fingerprint != theirs.fingerprint
        assert ours.quality.test_loss != theirs.quality.test_loss
        assert found.quality == ours.quality


@pytest.mark.network
@pytest.mark.parametrize(
    "policy", [pytest.param("float64", marks=pytest.mark.soak), "float16", "mixed_bfloat16"]
)
def test_under_any_policy_training_goes_on_and_its_result_and_weights_are_found(
    bench, small, undrawn, pytester, tiny_data, tmp_path, monkeypatch, policy
):
    keras = pytest.importorskip("keras")
    from fer_bench.training.store.results import ResultStore

    arguments = (small, *RUN, f"--dataset={tiny_data}", f"--store={tmp_path / 'store'}")
    # For that, it sets the weights that are stored.
    pytester.makepyfile("def test_predicted(trained): trained.network")
    keras.config.set_dtype_policy(policy)
    try:
        with monkeypatch.context() as patched:
            patched.setattr(ResultStore, "save", _killed)
            assert bench(*arguments).ret == pytest.ExitCode.INTERRUPTED
        done = bench(*arguments)
        assert done.ret == 0
        done.stdout.fnmatch_lines(["NOTE: *training resumed after epoch 2"])
        (cell,) = cells(pytester)
        done = bench(*arguments, str(pytester.path))
        assert done.ret == 0
    finally:
        keras.config.set_dtype_policy("float32")
    assert cells(pytester) == (dataclasses.replace(cell, source="store"),)
    assert "damaged" not in str(done.stdout)


@pytest.mark.network
def test_training_on_another_number_of_cores_begins_again(
    bench, small, undrawn, pytester, tiny_data, tmp_path, monkeypatch
):
    """So do its features. A complete result is used, and the report shows what computed it."""
    store = tmp_path / "store"
    arguments = (small, *RUN, f"--dataset={tiny_data}", f"--store={store}")
    monkeypatch.setattr(numerical_environment, "cores", lambda: 2)
    interrupted = "def test_none(trained): pass"
    pytester.makepyfile(interrupted)
    from fer_bench.training.store.results import ResultStore

    with monkeypatch.context() as patched:
        patched.setattr(ResultStore, "save", _killed)
        assert bench(*arguments).ret == pytest.ExitCode.INTERRUPTED
    assert list(store.glob("checkpoints/*/epoch-0002"))
    monkeypatch.setattr(numerical_environment, "cores", lambda: 4)
    done = bench(*arguments)
    assert done.ret == 0
    features = [json.loads(path.read_text()) for path in store.glob("features/*/facts.json")]
    assert [dict(one["conditions"])["cpu cores available"] for one in features] == ["4"]
    done.stdout.fnmatch_lines(["NOTE: *was begun with cpu cores available 2 (now 4)*"])
    (cell,) = cells(pytester)
    assert (cell.source, dict(cell.computed_on)["cpu cores available"]) == ("trained", "4")
    assert not any(name.endswith("features") for name, _ in cell.computed_on)
    monkeypatch.setattr(numerical_environment, "cores", lambda: 8)
    done = bench(*arguments)
    (found,) = cells(pytester)
    assert found == dataclasses.replace(cell, source="store")
    tables = (pytester.path / "report" / "tables.md").read_text()
    assert "Computed in another environment (" in tables
    assert "cpu cores available 4" in tables
    # What begins there uses complete features, and records what computed these.
    assert bench(*arguments[:2], "--epochs=1", *arguments[3:]).ret == 0
    (other,) = cells(pytester)
    assert dict(other.computed_on)["cpu cores available"] == "8"
    (recorded,) = (value for name, value in other.computed_on if name.endswith("frozen features"))
    assert recorded == "4"


@pytest.mark.network
def test_epochs_on_features_that_are_computed_again_elsewhere_begin_again(
    bench, small, undrawn, pytester, tiny_data, tmp_path, monkeypatch
):
    """Complete features of another number of cores were trained on, and are gone."""
    from fer_bench.training.store.results import ResultStore

    store = tmp_path / "store"
    arguments = (small, *RUN, f"--dataset={tiny_data}", f"--store={store}")
    monkeypatch.setattr(numerical_environment, "cores", lambda: 8)
    assert bench(*arguments[:2], "--epochs=1", *arguments[3:]).ret == 0
    monkeypatch.setattr(numerical_environment, "cores", lambda: 4)
    with monkeypatch.context() as patched:
        patched.setattr(ResultStore, "save", _killed)
        for _ in range(2):
            assert bench(*arguments).ret == pytest.ExitCode.INTERRUPTED
    shutil.rmtree(store / "features")
    done = bench(*arguments)
    assert done.ret == 0
    recorded = "*was begun with cpu cores available of the frozen features 8 (now 4)*trained again*"
    done.stdout.fnmatch_lines([f"NOTE: {recorded}"])
    assert "went on after epoch" not in str(done.stdout)
    (cell,) = cells(pytester)
    assert not any(name.endswith("features") for name, _ in cell.computed_on)


@pytest.mark.network
@pytest.mark.parametrize("is_damaged", [False, True])
def test_a_process_computes_features_and_compiles_once(
    bench, small, undrawn, pytester, tiny_data, tmp_path, monkeypatch, is_damaged
):
    """Neither a cell that is closed and used again nor damaged weights cost more."""
    pytest.importorskip("keras")
    from fer_bench.training import compiled_suffix
    from fer_bench.training.compiled_suffix import CompiledSuffix
    from fer_bench.training.store.features import FeatureStore

    compiled_suffix.keep(None, None)
    counts = {"discard": 0, "__init__": 0}

    def counted(kind, name):
        original = getattr(kind, name)

        def count(*arguments):
            counts[name] += 1
            return original(*arguments)

        monkeypatch.setattr(kind, name, count)

    counted(FeatureStore, "discard")
    counted(CompiledSuffix, "__init__")
    damage = "next(store.glob('results/*/suffix.npz')).write_bytes(b'')" if is_damaged else ""
    pytester.makepyfile(
        f"""
        from pathlib import Path

        def test_used_again(trained, dataset):
            trained.close()
            store = Path({str(tmp_path / "store")!r})
            {damage}
            trained.train_epoch(3)
            trained.restore()
            images = dataset.images[:9]
            before = trained.predict(images)
            trained.close()
            assert (trained.predict(images) == before).all()
        """
    )
    arguments = (small, *RUN, "--fresh", f"--dataset={tiny_data}")
    done = bench(*arguments, f"--store={tmp_path / 'store'}", str(pytester.path))
    assert done.ret == 0
    assert ("suffix.npz" in str(done.stdout)) == is_damaged
    assert counts == {"discard": 1, "__init__": 1}


@pytest.mark.network
def test_cpu_seconds_are_reported_and_have_no_reference(bench, small, undrawn, pytester, tiny_data):
    """The reference workload is timed by the clock on the wall."""
    done = bench(
        small,
        "--init=random",
        "--epochs=1",
        f"--dataset={tiny_data}",
        "--benchmark-timer=time.process_time",
    )
    assert done.ret == 0
    run = load_run(pytester.path / "report" / "results.json")
    assert dict(run.environment)["timer"] == "process_time"
    (cell,) = run.cells
    assert cell.training.reference is None
    assert [speed.reference for speed in cell.inference] == [None, None]
    tables = (pytester.path / "report" / "tables.md").read_text()
    assert "epoch, CPU s" in tables
    assert "times are CPU seconds" in tables


def _killed(*_):
    raise KeyboardInterrupt
