"""Runs and the lock file of pretrained weights."""

import hashlib
import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from fer_bench.models import registry
from fer_bench.models.weights.lock_file import Lock, read

# Looked for, not imported: TensorFlow cannot be loaded twice in one process.
needs_keras = pytest.mark.skipif(find_spec("keras") is None, reason="Keras is not installed")

MINI = Path(registry.__file__).parent / "data" / "mini.weights.npz"
VALUES = "def240875a4e8a2517f52de7b3e24184ae701c14f1633e58179aad514587f6c8"
LOCK = Lock(VALUES, frozenset({hashlib.sha256(MINI.read_bytes()).hexdigest()}))
OTHER = {"version": 1, "weights": {"mini": {"files": ["b" * 64], "values": "a" * 64}}}


@pytest.fixture
def run(bench, tiny_data, undrawn):
    """Run mini pretrained, two epochs, without timing."""

    def run(*arguments):
        return bench(
            f"--dataset={tiny_data}", "--epochs=2", "--no-timing", "--init=pretrained", *arguments
        )

    return run


@pytest.fixture
def lock(pytester):
    return pytester.path / "fer-bench.lock"


def one_line(result):
    """Return the error line of a run that did not begin."""
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    text = f"{result.stdout}\n{result.stderr}"
    assert "Traceback" not in text
    (line,) = (line for line in text.splitlines() if line.startswith("ERROR: "))
    return line


def nothing_written(pytester, tmp_path):
    assert not (pytester.path / "report").exists()
    assert not (tmp_path / "cache" / "store").exists()


@needs_keras
@pytest.mark.network
def test_the_first_run_locks_and_a_stored_result_of_other_weights_is_refused(run, lock, tmp_path):
    run().assert_outcomes(passed=1, deselected=4)
    assert read(lock) == {"mini": LOCK}
    lock.unlink()
    run().assert_outcomes(passed=1, deselected=4)
    assert read(lock) == {"mini": LOCK}, "the weights of a stored result are locked, too"
    lock.write_text(json.dumps(OTHER))
    assert "locked weights of 'mini'" in one_line(run(f"--report-dir={tmp_path / 'new'}"))
    assert not (tmp_path / "new").exists()


@needs_keras
@pytest.mark.network
def test_other_weights_than_are_locked_end_the_run_before_it_begins(run, lock, pytester, tmp_path):
    lock.write_text(json.dumps(OTHER))
    line = one_line(run())
    for part in (repr(str(MINI)), VALUES, "a" * 64, repr(str(lock)), "--update-lock"):
        assert part in line
    nothing_written(pytester, tmp_path)
    assert json.loads(lock.read_text()) == OTHER


@needs_keras
@pytest.mark.network
def test_the_same_weights_saved_again_are_run(run, shared_store, lock, tmp_path):
    with np.load(MINI) as arrays:
        values = {name: arrays[name].astype(np.float32) for name in arrays.files}
    (tmp_path / "given").mkdir()
    np.savez(tmp_path / "given" / MINI.name, **values)
    again = hashlib.sha256((tmp_path / "given" / MINI.name).read_bytes()).hexdigest()
    lock.write_text(
        json.dumps({"version": 1, "weights": {"mini": {"files": ["b" * 64], "values": VALUES}}})
    )
    result = run(f"--weights-dir={tmp_path / 'given'}", f"--store={shared_store}")
    result.assert_outcomes(passed=1, deselected=4)
    assert read(lock) == {"mini": Lock(VALUES, frozenset({"b" * 64, again}))}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("<<<<<<< HEAD", "is not valid JSON"),
        ('{"version": 1, "weights": {"mini": 3}}', "has 3 for 'mini'"),
        ('{"version": 2, "weights": {}}', "newer fer_bench"),
    ],
)
def test_a_broken_lock_file_ends_the_run_before_it_begins(
    run, lock, pytester, tmp_path, content, reason
):
    lock.write_text(content)
    line = one_line(run())
    assert repr(str(lock)) in line
    assert reason in line
    nothing_written(pytester, tmp_path)


@needs_keras
@pytest.mark.network
def test_a_lock_file_may_stand_in_an_ini_file(run, lock, pytester):
    pytester.makeini("[pytest]\nfer_weights_lock = locks/weights.lock\n")
    config = f"--config-file={pytester.path / 'tox.ini'}"
    run(config).assert_outcomes(passed=1, deselected=4)
    assert read(pytester.path / "locks" / "weights.lock") == {"mini": LOCK}
    assert not lock.exists()


@needs_keras
@pytest.mark.network
def test_a_read_only_checkout_is_run_and_reported(run, pytester, tmp_path, read_only):
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    read_only(checkout)
    result = run(f"--rootdir={checkout}")
    result.assert_outcomes(passed=1, deselected=4)
    (note,) = (line for line in result.outlines if "not locked" in line)
    assert note.startswith("NOTE: weights of mini ")
    assert "cannot write" in note
    assert (pytester.path / "report" / "results.json").exists()


@needs_keras
@pytest.mark.network
def test_a_lock_file_that_was_named_must_be_writable(run, pytester, tmp_path):
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "a.lock"
    assert repr(str(path)) in one_line(run(f"--weights-lock={path}"))
    nothing_written(pytester, tmp_path)


@needs_keras
@pytest.mark.network
def test_random_weights_need_no_lock_file(run, small, shared_store, lock):
    lock.write_text("<<<<<<< HEAD")
    run("--init=random", small, f"--store={shared_store}").assert_outcomes(passed=1, deselected=4)
