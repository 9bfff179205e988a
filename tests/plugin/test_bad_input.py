"""A user's mistake ends in one line, a non-zero exit, and nothing written."""

from importlib.util import find_spec

import numpy as np
import pytest

# Looked for, not imported: TensorFlow cannot be loaded twice in one process.
needs_keras = pytest.mark.skipif(find_spec("keras") is None, reason="Keras is not installed")


def one_line(result, *words):
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    text = f"{result.stdout}\n{result.stderr}"
    (line,) = (line for line in text.splitlines() if line.startswith("ERROR: "))
    for word in words:
        assert word in line
    assert "Traceback" not in text


def nothing_written(pytester, tmp_path):
    assert not (pytester.path / "report").exists()
    assert not (pytester.path / "fer-bench.lock").exists()
    assert not (tmp_path / "cache" / "store").exists()
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--epochs=0"], ["epochs 0", "accepted: 1 or more"]),
        (["--epochs="], ["--epochs is empty"]),
        (["--dataset="], ["--dataset is empty"]),
        (["--test-on="], ["--test-on is empty"]),
        (["--test-on-class-map=rafdb"], ["--test-on-class-map 'rafdb'", "add --test-on=PATH"]),
        (["--weights-lock="], ["--weights-lock is empty"]),
        (["--epochs=many"], ["--epochs 'many'", "accepted"]),
        (["--batch-size=-3"], ["batch size -3"]),
        (["--seed=-1"], ["seed -1"]),
        (["--init=best"], ["--init 'best'", "pretrained, random or both"]),
        (["--backbone=mobilnet"], ["'mobilnet'", "did you mean 'mobilenet'?"]),
        (["--backbone=mini,mini"], ["'mini' is named twice"]),
        (["--split=halves"], ["'halves'", "80-20-ordered, kaggle"]),
        (["--batchnorm=off"], ["'off'", "--batchnorm", "paper, frozen"]),
        (["--recipe=best"], ["'best'", "--recipe", "paper, recommended, strong"]),
        (["--recipe=recomended"], ["'recomended'", "did you mean 'recommended'?"]),
        (["--early-stopping=soon"], ["'soon'", "--early-stopping"]),
        (["--shots=16"], ["16", "--head=logreg"]),
        (["--head=logreg", "--shots=few"], ["'few'", "1,4,16"]),
        (["--optimizer=lion"], ["'lion'", "adam, sgd, rmsprop"]),
        (["--learning-rate=fast"], ["--learning-rate 'fast'", "--learning-rate=0.001"]),
        (["--input-size=big"], ["--input-size 'big'"]),
        (["--trainable-layers=some"], ["'some'", "pretrained:4,random:all"]),
        (["--shard="], ["--shard is empty"]),
        (["--shard=2of4"], ["--shard '2of4' is not of the form K/N", "--shard=1/4"]),
        (["--shard=-1/4"], ["--shard '-1/4' is not of the form K/N"]),
        (["--shard=1/0"], ["--shard '1/0'", "no shards", "N of 1 or more"]),
        (["--shard=0/2"], ["--shard '0/2'", "K from 1 to 2"]),
        (["--shard=3/2"], ["--shard '3/2'", "K from 1 to 2"]),
        (["--shard=3/4"], ["--shard=3/4: the run has 2 cells", "accepted: at most 2 shards"]),
        (
            ["--shard=1/2", "--init=random"],
            ["--shard=1/2: the run has 1 cell", "accepted: at most 1 shard"],
        ),
    ],
)
def test_options_that_are_not_accepted(bench, pytester, tmp_path, arguments, words):
    one_line(bench(*arguments), *words)
    nothing_written(pytester, tmp_path)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--benchmark-disable"], ["pytest-benchmark", "disabled"]),
        (["-p", "no:benchmark"], ["pytest-benchmark", "disabled"]),
        (["--dataset=/nowhere/fer2013.csv"], ["/nowhere/fer2013.csv"]),
        (["--dataset=sketsh"], ["'sketsh'", "sketch"]),
        (["--limit=0"], ["0", "accepted"]),
        (["--test-on=sketsh"], ["'sketsh'", "did you mean 'sketch'?"]),
        (["--test-on=sketch", "--test-on-class-map=rafdb"], ["'sketch' takes no class map"]),
        (["--weights-dir=/nowhere", "--init=pretrained"], ["--weights-dir", "/nowhere"]),
    ],
)
def test_runs_that_cannot_begin(bench, pytester, tmp_path, tiny_data, arguments, words):
    one_line(bench(f"--dataset={tiny_data}", *arguments), *words)
    nothing_written(pytester, tmp_path)


@pytest.mark.parametrize("option", ["--report-dir", "--store"])
def test_directories_that_cannot_be_made(bench, tmp_path, tiny_data, option):
    result = bench(f"--dataset={tiny_data}", f"{option}={tiny_data}/directory")
    one_line(result, option, repr(str(tiny_data)), "choose another directory")


@pytest.mark.parametrize("option", ["--report-dir", "--store"])
@pytest.mark.parametrize("name", ["loop", "loop/report", "dangling", "a" * 300, f"new/{'a' * 300}"])
def test_directories_of_names_that_cannot_be_made(
    bench, pytester, tmp_path, tiny_data, option, name
):
    (pytester.path / "loop").symlink_to(pytester.path / "loop")
    (pytester.path / "dangling").symlink_to(pytester.path / "nowhere")
    one_line(bench(f"--dataset={tiny_data}", f"{option}={name}"), option, name, "; choose ")
    nothing_written(pytester, tmp_path)
    assert not (pytester.path / "new").exists()


@pytest.mark.parametrize("name", ["dataset", "experiment", "protocol", "split"])
def test_a_fixture_asked_for_while_a_test_runs(run_pytest, pytester, name):
    pytester.makepyfile(f"def test_late(request):\n    request.getfixturevalue({name!r})\n")
    not_prepared(run_pytest())


def test_fixtures_without_the_plugin(run_pytest, pytester):
    pytester.makeconftest("from fer_bench.plugin import cell, experiment, trained")
    pytester.makepyfile("def test_own(trained):\n    pass\n")
    not_prepared(run_pytest("-p", "no:fer_bench"))


def not_prepared(result):
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    text = result.stdout.str()
    assert "request the fixture" in text
    assert "StashKey" not in text
    assert "Traceback" not in text


@pytest.mark.parametrize("limit", [3, 20])
def test_a_sample_too_small_to_split(bench, pytester, tmp_path, tiny_data, limit):
    one_line(bench(f"--dataset={tiny_data}", f"--limit={limit}"), str(limit))
    nothing_written(pytester, tmp_path)


def test_required_weights_that_are_missing(bench, pytester, tmp_path, tiny_data, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    result = bench(f"--dataset={tiny_data}", "--backbone=mobilenet", "--require-weights")
    one_line(result, "MobileNet", "mobilenet_1_0_224_tf_no_top.h5", "Keras' cache", "--weights-dir")
    nothing_written(pytester, tmp_path)
    assert not (tmp_path / "cache" / "twins").exists()  # nobody has waited for the search


@needs_keras
@pytest.mark.network
def test_a_weight_file_that_is_none(bench, pytester, tmp_path, tiny_data):
    (tmp_path / "mobilenet_1_0_224_tf_no_top.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + b"0" * 500)
    result = bench(f"--dataset={tiny_data}", "--backbone=mobilenet", f"--weights-dir={tmp_path}")
    one_line(result, "mobilenet_1_0_224_tf_no_top.h5")
    nothing_written(pytester, tmp_path)


def test_a_data_file_with_pickled_objects(bench, pytester, tmp_path):
    path = tmp_path / "evil.npz"
    np.savez(path, images=np.array([{"a": 1}], dtype=object), labels=np.zeros(1, np.uint8))
    one_line(bench(f"--dataset={path}"), "evil.npz")
    nothing_written(pytester, tmp_path)
