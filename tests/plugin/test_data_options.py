"""Options that select data and settings of a run."""

from pathlib import Path

import pytest

from fer_bench.plugin.settings import read_settings
from fer_bench.protocol.data_spec import DataSpec
from fer_bench.protocol.settings import Protocol
from fer_bench.protocol.trainable_layers import TrainableLayers


@pytest.mark.parametrize(
    "spec",
    [
        DataSpec(),
        DataSpec("/a b.csv", "rafdb", "grouped", dedupe="train", limit=10),
        DataSpec("/b.npz", split="80-20-ordered", row_order="given"),
        DataSpec("/faces", split="kaggle", labels="ferplus", votes=Path("/v.csv"), dedupe="all"),
    ],
)
def test_the_options_of_a_specification_give_it_again(spec, pytester):
    config = pytester.parseconfig(f"--dataset={spec.dataset}", *spec.options())
    assert read_settings(config).data == spec


@pytest.mark.parametrize(
    "protocol",
    [
        Protocol(),
        Protocol(epochs=3, batch_size=8, seed=1, seeds=2, learning_rate=0.5, optimizer="sgd"),
        Protocol(input_size=96, preprocessing="unit", pooling="average"),
        Protocol(weight_decay=0.1, class_weight="balanced", augment="flip,rotate"),
        Protocol.of("strong", early_stopping=3, augment="none", label_smoothing=0.0),
        Protocol(trainable_layers=TrainableLayers(0, "all"), batch_normalization="frozen"),
    ],
)
def test_the_options_of_a_protocol_give_it_again(protocol, pytester):
    config = pytester.parseconfig(*protocol.options())
    assert read_settings(config).protocol == protocol
    assert read_settings(pytester.parseconfig("--input-size=own")).protocol == Protocol()
