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


def listed(*arguments):
    """Return the cells of each row by the row's name; columns are two spaces apart."""
    done = CliRunner().invoke(main, ["backbones", *map(str, arguments)])
    assert done.exit_code == 0, done.output
    cells = [
        [cell.strip() for cell in line.split("  ") if cell] for line in done.output.splitlines()
    ]
    return {row[0]: row[1:] for row in cells[2:]}


def test_all_registered_backbones_and_keras_applications_are_listed():
    rows = listed()
    papers = {"keras:MobileNet", "keras:ResNet50"}
    assert rows.keys() == {*models.names(), *models.adapted_names()} - papers
    assert rows["mini"] == ["218,544", "48", "here", "fer_bench", "MIT (fer_bench)"]
    assert rows["keras:Xception"][1:3] == ["71", "not here"]


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
