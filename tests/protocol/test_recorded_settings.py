"""Protocols read back from the settings that a results file lists."""

import dataclasses

import pytest

from fer_bench.protocol.few_shot import Shots
from fer_bench.protocol.head import Heads
from fer_bench.protocol.settings import Protocol
from fer_bench.protocol.sweep import Sweep
from fer_bench.protocol.trainable_layers import TrainableLayers
from fer_bench.runtime.errors import FerBenchError

CHANGED = {
    "trainable_layers": TrainableLayers(2, "all"),
    "learning_rate": 3e-4,
    "epochs": 7,
    "weight_decay": 0.01,
    "augment": "flip,shift",
    "early_stopping": 3,
    "input_size": 64,
    "head": Heads.parse("mlp:16,8d0.3,mlp:8,knn"),
    "label_smoothing": 0.1,
    "seeds": 2,
    "sweep": Sweep.parse("learning-rate=1e-4,3e-3,trainable-layers=0,all,dropout,trials=4"),
    "shots": Shots.parse("1,16"),
    "draws": 3,
    "mixed_precision": "bfloat16",
}


@pytest.mark.parametrize(
    "protocol",
    [
        Protocol(),
        Protocol(**CHANGED),
        Protocol.of("mieb"),
        Protocol.of("recommended"),
        Protocol.of("strong", epochs=3),
    ],
)
def test_a_protocol_comes_back_from_its_settings(protocol):
    assert Protocol.recorded(protocol.settings()) == protocol


def test_every_setting_with_an_option_is_read_back():
    assert CHANGED.keys() | {"recipe"} >= {
        item.name
        for item in dataclasses.fields(Protocol)
        if item.init and not isinstance(item.default, str | int | float)
    }


def test_a_missing_setting_has_its_default():
    settings = [one for one in Protocol().settings() if one.name != "schedule"]
    assert Protocol.recorded(settings) == Protocol()


def test_an_invalid_value_is_one_error():
    (epochs,) = (one for one in Protocol().settings() if one.name == "epochs")
    with pytest.raises(FerBenchError, match="recorded setting 'epochs' is 'many'"):
        Protocol.recorded([dataclasses.replace(epochs, value="many")])
