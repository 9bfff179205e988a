"""Breakdown of a cell's time."""

import numpy as np
import pytest
from click.testing import CliRunner

keras = pytest.importorskip("keras")

from fer_bench import cli  # noqa: E402
from fer_bench.cli.cell_profile import profile  # noqa: E402
from fer_bench.models import Backbone, get  # noqa: E402
from fer_bench.protocol.data_spec import DataSpec  # noqa: E402
from fer_bench.protocol.settings import Protocol  # noqa: E402
from fer_bench.protocol.trainable_layers import TrainableLayers  # noqa: E402

pytestmark = pytest.mark.network

HEAD_ONLY = "--trainable-layers=0"
"""Makes the suffix one dense layer, which takes little time to compile."""


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("FER_BENCH_CACHE", str(tmp_path / "cache"))
    labels = np.repeat(np.arange(7, dtype=np.uint8), 20)
    images = np.random.default_rng(0).integers(0, 255, (140, 48, 48), dtype=np.uint8)
    np.savez(tmp_path / "tiny.npz", images=images, labels=labels)
    return DataSpec(str(tmp_path / "tiny.npz"))


def test_parts_fill_the_whole_time_and_the_floor_comes_next_to_it(data):
    found = profile(get("mini"), "pretrained", data, Protocol(epochs=2))
    *names, rest, last = (name for name, _ in found.parts)
    assert names == [
        "start-up",
        "data",
        "verifying the weights",
        "building the network",
        "frozen features",
        "compiling",
        "training",
        "evaluation",
    ]
    assert rest.endswith("remainder")
    assert last == "report"
    assert all(seconds >= 0 for _, seconds in found.parts)
    assert (found.images, found.epochs) == (140, 2)
    parts = dict(found.parts)
    assert found.floor.epochs > 0
    assert 0 < found.floor.prefix < parts["frozen features"]
    assert found.memory > 10**8


def small():
    """Return a network of one convolution, which takes little time to compile."""
    image = keras.Input((48, 48, 3))
    return keras.Model(image, keras.layers.Conv2D(4, 5, strides=8, activation="relu")(image))


def test_without_frozen_layers_the_floor_has_no_pass(data):
    entry = Backbone("small", "Small", 48, 1 / 255, (0.0, 0.0, 0.0), small, "small 1")
    protocol = Protocol(epochs=1, trainable_layers=TrainableLayers("all", "all"))
    found = profile(entry, "random", data, protocol)
    assert found.floor.prefix == 0
    assert dict(found.parts)["frozen features"] == 0


def test_the_command_prints_parts_and_floor(data):
    arguments = ["profile", "--init=random", HEAD_ONLY, f"--dataset={data.dataset}", "--epochs=1"]
    output = CliRunner().invoke(cli.main, arguments).output
    for words in (
        "mini random, seed 42, 140 images, epochs: 1",
        "frozen features",
        "lower bound: ",
        "times the lower bound",
    ):
        assert words in output


def test_the_command_takes_what_says_which_data_a_run_has(data, tmp_path):
    images = np.random.default_rng(0).integers(0, 255, (160, 48, 48), dtype=np.uint8)
    images[10:20] = images[:10]
    labels = np.arange(160, dtype=np.uint8) // 20  # of which FER2013 has no 7
    np.savez(tmp_path / "eight.npz", images=images, labels=labels)
    arguments = ["profile", "--init=random", HEAD_ONLY, "--epochs=1"]
    arguments += [f"--dataset={tmp_path / 'eight.npz'}"]
    failed = CliRunner().invoke(cli.main, arguments)
    assert "has 7 for image 140; accepted: " in failed.stderr
    assert "from 0 to 6" in failed.stderr
    asked = ["--class-map=ckextended", "--limit=150", "--dedupe=all", "--split=grouped"]
    done = CliRunner().invoke(cli.main, [*arguments, *asked])
    assert "mini random, seed 42, 150 images, epochs: 1" in done.output


def test_labels_by_votes_that_are_not_there(data):
    result = CliRunner().invoke(
        cli.main, ["profile", f"--dataset={data.dataset}", "--labels=ferplus"]
    )
    assert result.stderr.startswith("Error: labels 'ferplus' need ")
    assert "; accepted: --votes" in result.stderr
    asked = ["--labels=ferplus", "--votes=nowhere.csv"]
    result = CliRunner().invoke(cli.main, ["profile", f"--dataset={data.dataset}", *asked])
    assert result.stderr.startswith("Error: 'nowhere.csv': ")
    assert "No such file" in result.stderr


def test_a_mistake_is_one_line(data):
    result = CliRunner().invoke(cli.main, ["profile", "--backbone=mobilnet"])
    assert result.exit_code == 1
    assert "did you mean 'mobilenet'?" in result.stderr
