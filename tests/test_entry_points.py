"""Another package, installed next to fer_bench, that offers a backbone, a data set and a head."""

from __future__ import annotations

import dataclasses
import re
import sys

import pytest
from click.testing import CliRunner

import fer_bench
from fer_bench import models
from fer_bench.cli import main
from fer_bench.data import catalogue, load_dataset
from fer_bench.data.prepare import load_data
from fer_bench.models import registry
from fer_bench.protocol import fitted_heads
from fer_bench.protocol.data_spec import DataSpec
from fer_bench.protocol.head import Heads
from fer_bench.protocol.settings import Protocol
from fer_bench.runtime.errors import FerBenchError
from fer_bench.training.run_context import RunContext

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
    labels = np.arange(60, dtype=np.uint8) % 2
    images = np.random.default_rng(0).integers(0, 90, (60, 48, 48), dtype=np.uint8)
    return Dataset(images + 90 * labels[:, None, None], labels, ("Angry", "Happy"), "dots")
"""
HEAD = """
from fer_bench import HeadKind

def build(value, seed):
    from sklearn.naive_bayes import GaussianNB
    return GaussianNB(var_smoothing=value)

bayes = HeadKind(
    name="bayes", parameter="smoothing", values=(1.0, 0.1, 0.01), builder=build,
    estimator="Gaussian naive Bayes", structure="bayes 1",
)
"""
MODULES = {"other_faces": BACKBONE, "other_dots": DATASET, "other_heads": HEAD}


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Return a function that installs a package ``other-faces`` with these entry points."""
    monkeypatch.setattr(registry, "_registered", dict(registry._registered))
    monkeypatch.setattr(catalogue, "_LOADERS", dict(catalogue._LOADERS))
    monkeypatch.setattr(fitted_heads, "_registered", {})
    for module in MODULES:
        monkeypatch.delitem(sys.modules, module, raising=False)

    def installed(backbones="", datasets="", heads=""):
        info = tmp_path / "other_faces-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other-faces\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(
            f"[fer_bench.backbones]\n{backbones}\n[fer_bench.datasets]\n{datasets}\n"
            f"[fer_bench.heads]\n{heads}\n"
        )
        for module, code in MODULES.items():
            (tmp_path / f"{module}.py").write_text(code)
        monkeypatch.syspath_prepend(tmp_path)

    yield installed
    for module in MODULES:
        sys.modules.pop(module, None)


@pytest.mark.parametrize("code", MODULES.values())
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


def test_a_head_is_imported_when_it_is_first_used(install):
    install(heads="bayes = other_heads:bayes")
    assert fer_bench.heads()[-1] == "bayes"
    assert "other_heads" not in sys.modules
    assert Heads.parse("knn,bayes").names == ("knn", "bayes")
    rows = CliRunner().invoke(main, ["heads"]).output.splitlines()
    (row,) = [line for line in rows if line.startswith("bayes ")]
    assert re.split(" {2,}", row)[1:3] == ["smoothing of 1, 0.1, 0.01", "other-faces"]
    with pytest.raises(FerBenchError) as caught:
        Heads.parse("bayess")
    assert caught.value.hint == "did you mean 'bayes'?"


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("bayes = nowhere:bayes", "No module named 'nowhere'"),
        ("bayes = other_heads:build", "is <function build"),
        ("other = other_heads:bayes", "is named 'bayes'"),
    ],
)
def test_a_broken_head_is_one_line_that_names_its_package(install, target, problem):
    install(heads=target)
    with pytest.raises(FerBenchError) as caught:
        Heads.parse(target.partition(" ")[0])
    assert problem in caught.value.problem
    assert "'other-faces'" in caught.value.problem


def test_the_structure_of_a_head_is_part_of_the_fingerprint(install, monkeypatch, tmp_path):
    install("tiny = other_faces:tiny", "dots = other_dots:load", "bayes = other_heads:bayes")
    context = RunContext(
        load_data(DataSpec("dots")), Protocol(head=Heads.parse("bayes")), tmp_path / "store"
    )
    cell = context.cell(models.get("tiny"), "random")
    found = [context.fingerprint(models.get("tiny"), cell, None)]
    for change in ({"structure": "bayes 2"}, {"values": (1.0,)}):
        changed = dataclasses.replace(fitted_heads.head_kind("bayes"), **change)
        monkeypatch.setitem(fitted_heads._registered, "bayes", changed)
        found.append(context.fingerprint(models.get("tiny"), cell, None))
    assert len(set(found)) == 3


@pytest.mark.network
def test_a_cell_of_a_packages_backbone_data_set_and_head(install, tmp_path):
    pytest.importorskip("keras")
    install("tiny = other_faces:tiny", "dots = other_dots:load", "bayes = other_heads:bayes")
    store = tmp_path / "store"
    with fer_bench.run("tiny", "random", "dots", head="bayes", store=store) as cell:
        assert cell.result.id == "tiny-random-bayes-42"
        assert cell.result.head_value in (1.0, 0.1, 0.01)
        assert cell.result.quality.test_accuracy == 1.0
        images = cell.predict(load_dataset("dots").images[:2])
    assert images.argmax(axis=1).tolist() == [0, 1]
    again = fer_bench.run("tiny", "random", "dots", head="bayes", store=store)
    assert again.result.source == "store"
