"""``fer-bench backbones``: the networks that can be run."""

from __future__ import annotations

import dataclasses

import pytest
from click.testing import CliRunner

from fer_bench import models
from fer_bench.cli import main
from fer_bench.models import registry


@pytest.fixture(autouse=True)
def _no_weights_from_this_machine(tmp_path, monkeypatch):
    monkeypatch.delenv("FER_BENCH_WEIGHTS", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("DEEPFACE_HOME", str(tmp_path / "deepface"))


def shown(*arguments):
    done = CliRunner().invoke(main, ["backbones", *map(str, arguments)])
    assert done.exit_code == 0, done.output
    return done.output


def listed(*arguments):
    """Return the cells of each row by the row's name; columns are two spaces apart."""
    table = shown(*arguments).partition("\n\n")[0]
    cells = [[cell.strip() for cell in line.split("  ") if cell] for line in table.splitlines()]
    return {row[0]: row[1:] for row in cells[3:-1]}


def test_all_registered_backbones_and_those_of_libraries_are_listed():
    rows = listed()
    papers = {"keras:MobileNet", "keras:ResNet50", "deepface:VGG-Face", "deepface:OpenFace"}
    assert rows.keys() == {*models.names(), *models.adapted_names()} - papers
    assert rows["deepface:Facenet512"][:2] == ["23,497,424", "160"]
    assert rows["dlib:resnet"][3:] == ["dlib", "CC0-1.0"]
    assert rows["mini"] == ["218,544", "48", "here", "fer_bench", "MIT"]
    assert rows["keras:Xception"][1:3] == ["71", "not here"]


def test_the_list_fits_a_narrow_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    done = CliRunner().invoke(main, ["backbones"])
    assert max(map(len, done.output.splitlines())) <= 80


def test_weights_are_found_where_a_run_finds_them(tmp_path):
    entry = models.get("keras:EfficientNetV2B0")
    (tmp_path / entry.weights.file).touch()
    rows = listed("keras:EfficientNetV2B*", "--weights-dir", tmp_path)
    assert [row[2] for row in rows.values()] == ["here", "not here", "not here", "not here"]
    assert rows["keras:EfficientNetV2B0"][4] == "not stated upstream"


def test_a_backbone_without_weights_or_parameters_is_listed(monkeypatch):
    own = dataclasses.replace(models.get("mini"), name="own", weights=None, parameters=None)
    monkeypatch.setattr(registry, "_registered", {"own": own})
    assert listed("own") == {"own": ["48", "none", "registered"]}


def test_networks_that_cannot_be_built_are_listed_with_the_reason():
    lines = shown().partition("\n\n")[2].splitlines()
    assert "deepface:DeepFace cannot be built: Keras 3 does not have its layer" in lines[0]
    assert "cannot be built" not in shown("mini")
