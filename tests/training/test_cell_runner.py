"""A cell that is used again after its network was released, or its stored weights were damaged."""

import dataclasses
import gc
import os
from pathlib import Path

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from fer_bench import metrics  # noqa: E402
from fer_bench.data.prepare import load_data  # noqa: E402
from fer_bench.models import get  # noqa: E402
from fer_bench.protocol.data_spec import DataSpec  # noqa: E402
from fer_bench.protocol.few_shot import Shots  # noqa: E402
from fer_bench.protocol.fitted_heads import FITTED  # noqa: E402
from fer_bench.protocol.head import Heads  # noqa: E402
from fer_bench.protocol.settings import Protocol  # noqa: E402
from fer_bench.runtime.errors import FerBenchError  # noqa: E402
from fer_bench.training import fitted_head  # noqa: E402
from fer_bench.training.cell_network import CellNetwork  # noqa: E402
from fer_bench.training.cell_runner import run_cell  # noqa: E402
from fer_bench.training.run_context import RunContext  # noqa: E402
from fer_bench.training.store.checkpoints import Checkpoints  # noqa: E402

pytestmark = [pytest.mark.network, pytest.mark.nightly_on_jax]


@pytest.fixture
def context(tmp_path) -> RunContext:
    return RunContext(load_data(DataSpec(limit=300)), Protocol(epochs=2), tmp_path)


def open_files(directory: Path) -> list[str]:
    fds = Path("/proc/self/fd")
    names = [os.readlink(fd) for fd in fds.iterdir() if fd.is_symlink()]  # noqa: PTH115
    return [name for name in names if name.startswith(str(directory))]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are read from /proc")
def test_a_closed_cell_keeps_no_file_open(context):
    # At this input size, its features have a single position.
    context = dataclasses.replace(context, protocol=Protocol(epochs=1, input_size=32))
    with run_cell(context, get("mini"), "random") as cell:
        assert open_files(context.store / "features")
    gc.collect()
    assert open_files(context.store / "features") == []
    assert cell.result.quality is not None
    assert cell.result.parameters.head == 7 * (256 + 1)


def test_a_head_with_hidden_layers_is_trained_like_the_papers(context):
    protocol = Protocol(epochs=2, head=Heads.parse("mlp:16,8", 0.25), pooling="average")
    context = dataclasses.replace(context, protocol=protocol)
    with run_cell(context, get("mini"), "random") as cell:
        result = cell.result
        history = cell.result.quality.history
        probabilities = cell.predict(context.dataset.images[context.split.test])
    stored = run_cell(context, get("mini"), "random")
    assert (stored.result.source, stored.result.quality.history) == ("store", history)
    np.testing.assert_allclose(probabilities, metrics.softmax(stored.logits), atol=1e-5)
    linear = run_cell(context, get("mini"), "random", head="linear")
    assert linear.result.source == "trained"
    features = linear.result.parameters.head // 7 - 1
    linear.close()
    assert result.id == "mini-random-mlp16x8d0.25-42"
    assert result.parameters.head == features * 16 + 16 + 16 * 8 + 8 + 8 * 7 + 7


@pytest.mark.parametrize("kind", ["logreg", "knn"])
def test_a_head_is_fitted_on_the_frozen_network(context, kind, caplog):
    protocol = Protocol(head=Heads((kind,)), shots=Shots((1, 2)), draws=2)
    context = dataclasses.replace(context, protocol=protocol)
    images = context.dataset.images[context.split.test]
    with run_cell(context, get("mini"), "pretrained") as cell:
        result, probabilities = cell.result, cell.predict(images)
    assert result.parameters.trainable == 0
    assert result.head_value in FITTED[kind].values
    history = result.quality.history
    assert (history.epochs, len(history.validation_accuracy)) == (0, 1)
    assert result.quality.test_accuracy > 0.35
    # The network was closed, so that the head is fitted again.
    np.testing.assert_allclose(cell.predict(images), probabilities, atol=1e-6)
    stored = run_cell(context, get("mini"), "pretrained")
    assert (stored.result.source, stored.result.quality) == ("store", result.quality)
    assert [one.shots for one in result.few_shot] == [1, 2]
    assert stored.result.few_shot == result.few_shot
    np.testing.assert_allclose(stored.predict(images), probabilities, atol=1e-6)
    np.testing.assert_allclose(metrics.softmax(stored.logits), probabilities, atol=1e-5)
    stored.close()
    # All heads share one feature pass.
    (features,) = (context.store / "features").iterdir()
    other = run_cell(context, get("mini"), "pretrained", head="prototype")
    other.close()
    seconds = dict(result.parts)["frozen features"]
    assert dict(other.result.parts)["frozen features"] == seconds > 0
    assert [*(context.store / "features").iterdir()] == [features]


def test_a_head_that_is_not_reproduced_is_chosen_again(context, monkeypatch, caplog):
    context = dataclasses.replace(context, protocol=Protocol(head=Heads(("prototype",))))
    run_cell(context, get("mini"), "random").close()
    stored = run_cell(context, get("mini"), "random")
    fit = fitted_head.fit_head
    monkeypatch.setattr(
        fitted_head, "fit_head", lambda kind, value, *rest: fit(kind, 100 * value, *rest)
    )
    assert stored.network is not None
    assert "is not reproduced" in caplog.text
    assert stored.result.source == "trained"
    stored.close()


def test_many_images_are_classified_in_batches(context, monkeypatch):
    images = context.dataset.images[:9]
    with run_cell(context, get("mini"), "random") as cell:
        at_once = cell.predict(images)
        assert (at_once.shape, at_once.dtype) == ((9, len(context.dataset.classes)), np.float32)
        monkeypatch.setattr(CellNetwork, "images_per_pass", 4)
        np.testing.assert_allclose(cell.predict(images), at_once, atol=1e-6)
        assert len(cell.predict(images[:0])) == 0
        for other in (images / 255, images[:, 1:], images[0]):
            with pytest.raises(FerBenchError) as caught:
                cell.predict(other)
            assert str(other.shape) in caught.value.problem


def test_retraining_that_fails_leaves_nothing_behind(context, monkeypatch):
    trained = run_cell(context, get("mini"), "random")
    expected = trained.result.quality
    trained.close()
    stored = run_cell(context, get("mini"), "random")
    assert stored.result.source == "store"
    for file in (context.store / "results").rglob("suffix*"):
        file.write_bytes(b"damaged")

    def stop(*_):
        raise KeyboardInterrupt

    images = context.dataset.images[:9]
    with monkeypatch.context() as patch:
        patch.setattr(Checkpoints, "keep", stop)
        with pytest.raises(KeyboardInterrupt):
            stored.predict(images)
    stored.predict(images)
    assert stored.result.source == "trained"
    assert stored.result.quality == expected
