"""Runs on one data set in several layouts, and on parts of it that a protocol chooses."""

from __future__ import annotations

import json
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
import pytest
from layout_writers import write_csv, write_folders, write_npz
from made_images import mirrored, patterns
from made_votes import unanimous, write_votes

import fer_bench
from fer_bench.data import EMOTIONS, Dataset
from fer_bench.data.prepare import load_data
from fer_bench.protocol.data_spec import DataSpec
from fer_bench.protocol.settings import Protocol
from fer_bench.results import read_run
from fer_bench.training.run_context import RunContext

if TYPE_CHECKING:
    from pathlib import Path

needs_keras = pytest.mark.skipif(find_spec("keras") is None, reason="Keras is not installed")

N = 168
"""Images; the last 28 are copies of the first ones, half of them mirrored."""


@pytest.fixture(scope="module")
def made() -> Dataset:
    images = patterns(N, seed=8, side=48)
    images[140:154] = images[:14]
    images[154:] = mirrored(images[14:28])
    labels = (np.arange(N) % 7).astype(np.uint8)
    usage = np.where(np.arange(N) >= 140, 2, np.arange(N) % 5 % 3).astype(np.uint8)
    return Dataset(images, labels, EMOTIONS, "made", usage)


@pytest.fixture
def run(bench, small, undrawn, pytester):
    """One trained cell and what is recorded of its data."""

    def trained(path: Path, *arguments: str):
        result = bench(
            f"--dataset={path}",
            "--epochs=2",
            "--batch-size=16",
            "--init=random",
            small,
            "--no-timing",
            *arguments,
        )
        result.assert_outcomes(passed=1, deselected=4)
        return read_run(json.loads((pytester.path / "report" / "results.json").read_text()))

    return trained


@needs_keras
@pytest.mark.network
@pytest.mark.parametrize("split", ["paper", pytest.param("kaggle", marks=pytest.mark.soak)])
def test_the_same_data_in_every_layout_gives_the_same_results(run, made, tmp_path, split) -> None:
    """To the last bit: figures, predictions, fingerprints and the images that are shown."""
    places = {
        "npz": write_npz(tmp_path / "made.npz", made),
        "csv": write_csv(tmp_path / "made.csv", made),
        "folders": write_folders(tmp_path / "made", made),
    }
    found = {
        layout: run(path, f"--split={split}", f"--store={tmp_path / layout}")
        for layout, path in places.items()
    }
    first = found["npz"]
    assert first.cells[0].source == "trained"
    for layout, other in found.items():
        assert other.cells[0].source == "trained"
        assert other.cells[0].quality == first.cells[0].quality, layout
        assert other.cells[0].fingerprint == first.cells[0].fingerprint, layout
        assert other.dataset == first.dataset, layout
        assert other.examples == first.examples, layout


@needs_keras
@pytest.mark.network
def test_variations_are_recorded_and_shown(run, made, tmp_path) -> None:
    path = write_npz(tmp_path / "made.npz", made)
    votes = write_votes(tmp_path / "votes.csv", unanimous_but(made, 20))
    paper = run(path, f"--votes={votes}")
    varied = run(path, "--split=kaggle", "--dedupe=all", "--labels=ferplus", f"--votes={votes}")
    recorded = {setting.name: (setting.value, setting.origin) for setting in varied.protocol}
    assert recorded["split"] == ("kaggle", "changed")
    assert recorded["dedupe"] == ("all", "changed")
    assert recorded["labels"] == ("ferplus", "changed")
    assert varied.cells[0].source == "trained"
    assert varied.cells[0].fingerprint != paper.cells[0].fingerprint
    assert set(varied.dataset.test_twins) == {0}
    # The first 20 images have no label then, so that their copies stay.
    assert dict(varied.dataset.left_out) == {"votes tied": 20, "copies of other images": 8}
    assert any(paper.dataset.test_twins)
    assert len(paper.dataset.test_votes) == paper.dataset.test


@needs_keras
@pytest.mark.network
@pytest.mark.parametrize(
    ("settings", "limit"),
    [
        ({}, None),
        ({"split": "80-20", "row_order": "given"}, None),
        ({"split": "grouped", "dedupe": "train"}, 154),
    ],
)
def test_python_and_pytest_give_the_same_result(run, made, tmp_path, settings, limit) -> None:
    """The file's order is not that of the draw."""
    path = write_csv(tmp_path / "made.csv", made)
    options = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
    options += [] if limit is None else [f"--limit={limit}"]
    recorded = run(path, *options, f"--store={tmp_path / 'one'}")
    cell = fer_bench.run(
        "small",
        "random",
        path,
        **settings,
        epochs=2,
        batch_size=16,
        limit=limit,
        store=tmp_path / "other",
    )
    found = cell.result
    data = load_data(DataSpec(str(path), **settings, limit=limit))
    context = RunContext(data, Protocol(epochs=2, batch_size=16), tmp_path)
    assert context.dataset.row_digest != made.row_digest
    assert (found.source, recorded.cells[0].source) == ("trained", "trained")
    assert found.quality == recorded.cells[0].quality
    assert found.fingerprint == recorded.cells[0].fingerprint
    assert context.record((found,)).dataset == recorded.dataset
    assert context.record((found,)).protocol == recorded.protocol


def unanimous_but(dataset: Dataset, tied: int):
    votes = unanimous(dataset.labels)
    votes.usage[:] = dataset.usage
    votes.counts[:tied] = 0
    votes.counts[:tied, :2] = 5
    return votes


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--split=mixed",), ["split 'mixed' ", "accepted: paper, 80-20, "]),
        (("--dedupe=test",), ["dedupe 'test' ", "accepted: none, train, all"]),
        (("--labels=affectnet",), ["labels 'affectnet' ", "accepted: fer2013, ferplus"]),
        (("--labels=ferplus",), ["labels 'ferplus' ", "accepted: --votes=FILE"]),
        (("--votes=nowhere.csv",), ["nowhere.csv': ", "No such file or directory"]),
    ],
)
def test_a_mistake_ends_the_run_in_one_line(bench, made, tmp_path, arguments, said) -> None:
    path = write_npz(tmp_path / "made.npz", made)
    result = bench(f"--dataset={path}", "--no-timing", *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    lines = [line for line in result.stderr.lines if line]
    assert len(lines) == 1
    for fact in said:
        assert fact in lines[0]
    assert not (tmp_path / "report").exists()
