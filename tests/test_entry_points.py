"""Another package, installed next to fer_bench, that offers a backbone and a data set."""

from __future__ import annotations

import re
import sys

import pytest
from click.testing import CliRunner

import fer_bench
from fer_bench import models
from fer_bench.cli import main
from fer_bench.data import catalogue, load_dataset
from fer_bench.models import registry
from fer_bench.runtime.errors import FerBenchError

BACKBONE = """
from fer_bench import Backbone

def build():
    import keras
    image = keras.Input((48, 48, 3))
    return keras.Model(image, keras.layers.Conv2D(8, 3, strides=2)(image))

tiny = Backbone(
    name="tiny", title="Tiny", input_size=48, scale=1 / 255, offset=(0.0, 0.0, 0.0),
    builder=build, structure="tiny 1",
)
"""
DATASET = """
import numpy as np
from fer_bench import Dataset

def load(cache_dir):
    images = np.arange(4 * 48 * 48, dtype=np.uint8).reshape(4, 48, 48)
    return Dataset(images, np.array([0, 1, 0, 1], np.uint8), ("Angry", "Happy"), "dots")
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Return a function that installs a package ``other-faces`` with these entry points."""
    monkeypatch.setattr(registry, "_registered", dict(registry._registered))
    monkeypatch.setattr(catalogue, "_LOADERS", dict(catalogue._LOADERS))
    for module in ("other_faces", "other_dots"):
        monkeypatch.delitem(sys.modules, module, raising=False)

    def installed(backbones="", datasets=""):
        info = tmp_path / "other_faces-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other-faces\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(
            f"[fer_bench.backbones]\n{backbones}\n[fer_bench.datasets]\n{datasets}\n"
        )
        (tmp_path / "other_faces.py").write_text(BACKBONE)
        (tmp_path / "other_dots.py").write_text(DATASET)
        monkeypatch.syspath_prepend(tmp_path)

    yield installed
    for module in ("other_faces", "other_dots"):
        sys.modules.pop(module, None)


@pytest.mark.parametrize("code", [BACKBONE, DATASET])
def test_each_takes_at_most_20_lines(code):
    assert len(code.strip().splitlines()) <= 20


def test_a_backbone_is_imported_when_it_is_first_used(install):
    install("tiny = other_faces:tiny")
    assert fer_bench.backbones()[-1] == "tiny"
    assert "other_faces" not in sys.modules
    assert models.select("mini,tiny")[1].title == "Tiny"
    assert models.get("tiny") is models.get("tiny")
    listed = CliRunner().invoke(main, ["backbones", "mini", "tiny"]).output.splitlines()
    (row,) = [line for line in listed if line.startswith("tiny ")]
    assert re.split(" {2,}", row)[:4] == ["tiny", "48", "none", "other-faces"]


def test_a_data_set_is_imported_when_it_is_first_used(install, tmp_path):
    install(datasets="dots = other_dots:load")
    assert fer_bench.datasets()[-1] == "dots"
    assert "other_dots" not in sys.modules
    assert load_dataset("dots", cache_dir=tmp_path / "cache").classes == ("Angry", "Happy")


def test_a_misspelt_name_gets_the_packages_one_suggested(install):
    install("tiny = other_faces:tiny", "dots = other_dots:load")
    with pytest.raises(FerBenchError) as caught:
        models.get("tinny")
    assert caught.value.hint == "did you mean 'tiny'?"
    with pytest.raises(FerBenchError) as caught:
        load_dataset("dotts")
    assert caught.value.hint == "did you mean 'dots'?"


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("tiny = nowhere:tiny", "No module named 'nowhere'"),
        ("tiny = other_faces:nothing", "nothing"),
        ("tiny = other_faces:build", "is <function build"),
        ("other = other_faces:tiny", "is named 'tiny'"),
    ],
)
def test_a_broken_backbone_is_one_line_that_names_its_package(install, target, problem):
    install(target)
    with pytest.raises(FerBenchError) as caught:
        models.get(target.partition(" ")[0])
    assert problem in caught.value.problem
    assert "'other-faces'" in caught.value.problem
    assert "\n" not in str(caught.value)


def test_a_broken_data_set_is_one_line_that_names_its_package(install):
    install(datasets="dots = other_dots:np")
    with pytest.raises(FerBenchError, match="'other-faces'") as caught:
        load_dataset("dots")
    assert "function of the cache directory" in caught.value.accepted


def test_a_registered_backbone_comes_before_a_packages(install):
    install("mini = other_faces:tiny")
    assert models.get("mini").title == "mini"
    assert models.origin(models.get("mini")) == "fer_bench"
