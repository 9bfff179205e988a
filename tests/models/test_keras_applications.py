"""Keras applications by name, without building them."""

from __future__ import annotations

import dataclasses
import re

import pytest

from fer_bench import models
from fer_bench.models import keras_applications, registry
from fer_bench.models.keras_applications import BACKBONES
from fer_bench.protocol.cell import Cell, display_name
from fer_bench.runtime.errors import FerBenchError


def test_a_name_gives_the_backbone_and_its_weights():
    entry = models.get("keras:EfficientNetV2B0")
    assert entry is models.get("keras-efficientnetv2b0")
    assert (entry.title, entry.input_size) == ("EfficientNetV2B0", 48)
    assert entry.weights.file == "efficientnetv2-b0_notop.h5"
    assert entry.weights.digest == "md5:893217f2bb855e2983157299931e43ff"
    assert display_name(entry.title, "random") == "EfficientNetV2B0 random"


def test_the_papers_networks_are_the_papers_backbones():
    assert models.get("keras:ResNet50") is models.get("resnet50")
    assert models.get("keras:MobileNet") is models.get("mobilenet")


def test_ids_are_safe_as_file_names_and_distinct():
    entries = models.select("keras:*")
    ids = [Cell(entry.name, "random", "sketch", 1).id for entry in entries]
    assert len(set(ids)) == len(ids) == len(BACKBONES)
    assert all(re.fullmatch("[a-z][a-z0-9-]*", name) for name in ids)
    assert len({entry.structure for entry in entries}) == len(entries)


def test_the_input_has_48_pixels_unless_the_network_needs_more():
    sizes = {name: entry.input_size for name, entry in BACKBONES.items() if entry.input_size != 48}
    assert sizes == {"InceptionResNetV2": 75, "InceptionV3": 75, "Xception": 71}


def test_a_pattern_selects_in_any_case_and_each_network_once():
    names = [entry.name for entry in models.select("mobilenet,keras:mobilenet*,mini")]
    assert names == [
        "mobilenet",
        "keras-mobilenetv2",
        "keras-mobilenetv3large",
        "keras-mobilenetv3small",
        "mini",
    ]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("keras:EfficentNetV2B0", "did you mean 'keras:EfficientNetV2B0'?"),
        ("keras:xception", "did you mean 'keras:Xception'?"),
        ("keras:qqq*", ""),
        ("keras:", ""),
    ],
)
def test_an_unknown_name_gets_the_nearest_one_suggested(name, hint):
    with pytest.raises(FerBenchError, match=re.escape(repr(name))) as caught:
        models.select(name)
    assert caught.value.hint == hint


def test_they_are_listed_only_on_request():
    assert not set(models.names()) & set(keras_applications.FAMILY.names())


def test_their_names_cannot_be_registered(monkeypatch):
    monkeypatch.setattr(registry, "_registered", dict(registry._registered))
    own = dataclasses.replace(models.get("mini"), name="keras-xception")
    with pytest.raises(FerBenchError, match="registered as 'keras-xception'"):
        models.register(own)
