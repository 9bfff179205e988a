"""Metadata of exported models: JSON and back, bad content, and the temperature."""

import dataclasses
import json

import numpy as np
import pytest
from made_metadata import METADATA

from fer_bench.metrics import softmax
from fer_bench.results.model_metadata import read_metadata
from fer_bench.results.type_checks import Mismatch

RECALL = {"name": "Sad", "images": 1, "recall": 1.0, "low": None, "high": None}
INPUT = json.loads(METADATA.to_json())["input"]


def test_it_comes_back_from_json():
    assert read_metadata(METADATA.to_json()) == METADATA
    assert "\n" not in METADATA.to_json()


def test_unknown_keys_are_ignored():
    document = {**json.loads(METADATA.to_json()), "later": 1}
    assert read_metadata(json.dumps(document)) == METADATA


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"schema": 2}, "schema"),
        ({"schema": True}, "schema"),
        ({"classes": []}, "recalls"),
        ({"classes": ["Sad"], "recalls": [RECALL]}, "classes"),
        ({"classes": ["Sad", "Sad"], "recalls": [RECALL, RECALL]}, "classes"),
        ({"input": {**INPUT, "height": 10**9}}, "input"),
        ({"input": {**INPUT, "width": 0}}, "input"),
        ({"input": {**INPUT, "shape": [None, None, None, 10**9]}}, "input"),
        ({"input": {**INPUT, "shape": [None, None, None, -1]}}, "input"),
        ({"input": {**INPUT, "shape": [None, 48, 48]}}, "input"),
        ({"classes": ["Sad", "Happy"]}, "recalls"),
        ({"input": None}, "input"),
        ({"accuracy": {"value": "high"}}, "accuracy"),
        ({"init": "trained"}, "init"),
    ],
)
def test_bad_content_names_its_place(change, place):
    with pytest.raises(Mismatch) as caught:
        read_metadata(json.dumps({**json.loads(METADATA.to_json()), **change}))
    assert place in caught.value.problem


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000])
def test_other_text_is_an_error(text):
    with pytest.raises(Mismatch):
        read_metadata(text)


@pytest.mark.parametrize("temperature", [0.0, -1.0, 1e-300, 1e300])
def test_a_temperature_is_one_that_is_fitted(temperature):
    calibration = dataclasses.replace(METADATA.calibration, temperature=temperature)
    with pytest.raises(Mismatch, match="temperature"):
        read_metadata(dataclasses.replace(METADATA, calibration=calibration).to_json())


def test_the_temperature_divides_the_logits():
    logits = np.array([[2.0, -1.0], [0.0, 0.0], [80.0, -80.0]])
    probabilities = softmax(logits).astype(np.float32)
    found = METADATA.calibrated(probabilities)
    np.testing.assert_allclose(found[:2], softmax(logits / 2)[:2], atol=1e-6)
    assert found[2, 0] == 1
    assert found.sum(axis=1) == pytest.approx(1)
