"""Commands that know what the conftest.py of the current directory registers."""

import sys

import pytest
from click.testing import CliRunner

from fer_bench.cli import main
from fer_bench.data import catalogue
from fer_bench.models import registry
from fer_bench.protocol import fitted_heads

CONFTEST = """
import numpy as np
from dots import CLASSES
from fer_bench import Backbone, Dataset, HeadKind
from fer_bench import register_backbone, register_dataset, register_head

def build():
    import keras
    image = keras.Input((48, 48, 3))
    return keras.Model(image, keras.layers.Conv2D(2, 3, strides=16)(image))

def load(cache_dir):
    images = np.random.default_rng(0).integers(0, 256, (60, 48, 48), dtype=np.uint8)
    return Dataset(images, np.arange(60, dtype=np.uint8) % 2, CLASSES, "dots")

def tree(value, seed):
    from sklearn.tree import DecisionTreeClassifier
    return DecisionTreeClassifier(min_samples_leaf=int(value), random_state=seed)

register_backbone(Backbone("own-net", "Own", 48, 1 / 255, (0.0, 0.0, 0.0), build, "own 1"))
register_dataset("dots", load)
register_head(HeadKind("tree", "leaf", (4.0, 1.0), "one tree", "tree 1", tree))
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Enter a directory whose conftest.py registers one of each, and return it."""
    monkeypatch.setattr(registry, "_registered", dict(registry._registered))
    monkeypatch.setattr(catalogue, "_LOADERS", dict(catalogue._LOADERS))
    monkeypatch.setattr(fitted_heads, "_registered", {})
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("FER_BENCH_CACHE", str(tmp_path / "cache"))
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "dots.py").write_text('CLASSES = ("Angry", "Happy")\n')
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for module in ("dots", "fer_bench_project_conftest"):
        sys.modules.pop(module, None)


@pytest.mark.parametrize(
    ("arguments", "row"),
    [
        (["backbones", "own-net"], ["own-net", "48", "none", "registered"]),
        (["heads"], ["tree", "leaf of 4, 1", "registered", "one tree"]),
        (["data", "list"], ["dots", "registered"]),
        (["data", "info", "dots"], ["images", "60 of 48x48 pixels"]),
        (["data", "audit", "dots"], []),
        (["weights", "list", "own-net"], []),
        (["weights", "where", "own-net"], []),
    ],
)
def test_a_command_knows_what_is_registered(project, arguments, row):
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    rows = [
        [cell.strip() for cell in line.split("  ") if cell] for line in done.output.splitlines()
    ]
    assert not row or row in [cells for cells in rows if cells[:1] == row[:1]]


@pytest.mark.usefixtures("project")
def test_weights_of_what_is_registered_are_looked_for():
    done = CliRunner().invoke(main, ["weights", "verify", "own-net"])
    assert (done.exit_code, "not verified: no pretrained weights" in done.output) == (1, True)


@pytest.mark.network
def test_a_profile_and_an_export_of_what_is_registered(project):
    pytest.importorskip("keras")
    arguments = [
        "--backbone=own-net",
        "--init=random",
        "--dataset=dots",
        "--epochs=1",
        "--trainable-layers=1",
    ]
    done = CliRunner().invoke(main, ["profile", *arguments])
    assert (done.exit_code, "Own random, seed 42" in done.output) == (0, True), done.output
    done = CliRunner().invoke(main, ["export-backbone", "own-net", "--output=out"])
    assert (done.exit_code, "56 parameters" in done.output) == (0, True), done.output


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("import nowhere", "cannot be imported: No module named 'nowhere'"),
        ("raise KeyError", "cannot be imported: KeyError"),
        ("def", "cannot be imported: "),
        ("import fer_bench; fer_bench.register_head(3)", "3 is not a head"),
    ],
)
def test_a_broken_conftest_is_one_line(project, code, cause):
    (project / "conftest.py").write_text(code)
    done = CliRunner().invoke(main, ["heads"])
    assert done.exit_code == 1
    (line,) = done.output.splitlines()
    assert line.startswith(f"Error: {str(project / 'conftest.py')!r}: {cause}")


def test_no_other_command_runs_it(project):
    (project / "conftest.py").write_text("raise KeyError")
    for arguments in (["cache", "list"], ["heads", "--help"], ["paper"]):
        assert CliRunner().invoke(main, arguments).exit_code == 0
