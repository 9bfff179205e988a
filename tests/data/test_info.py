from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from layout_writers import write_csv, write_folders, write_npz

from fer_bench.data import Dataset, catalogue, register_dataset, source_of
from fer_bench.data.info import load_info
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "_LOADERS", dict(catalogue._LOADERS))


def many(few: Dataset) -> Dataset:
    """Fourteen images of each class, enough for both splits."""
    images = np.repeat(few.images, 14, axis=0)
    labels = (np.arange(98) // 14).astype(np.uint8)
    return Dataset(images, labels, few.classes, "many", (np.arange(98) % 3).astype(np.uint8))


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (write_csv, "a.csv"),
        (write_npz, "a.npz"),
        (write_folders, "a"),
    ],
)
def test_layouts(write, name: str, few: Dataset, tmp_path: Path, snapshot) -> None:
    dataset = many(few)
    info = load_info(write(tmp_path / name, dataset), cache_dir=tmp_path / "cache")
    assert (info.source, info.usage) == (str(tmp_path / name), True)
    assert info.layout == snapshot
    assert (info.images, info.height, info.width) == (98, 48, 48)
    assert info.counts == tuple(dataset.counts.items())
    assert info.digest == dataset.digest
    assert info.memory == 98 * (48 * 48 + 1 + 1)


def test_without_usage(few: Dataset, tmp_path: Path, snapshot) -> None:
    path = write_npz(tmp_path / "a.npz", many(few), usage=None)
    info = load_info(path, cache_dir=tmp_path / "cache")
    assert info.usage is False
    assert info.layout == snapshot
    parts = {(part.split, part.part): part for part in info.parts}
    assert [sum(part.counts) for part in info.parts] == [68, 10, 20, 0, 0, 0]
    assert parts["paper", "test"].why == ""
    assert parts["kaggle", "test"].why.startswith("split 'kaggle': 'a' ")
    assert "array usage" in parts["kaggle", "test"].why


def test_parts(few: Dataset, tmp_path: Path) -> None:
    dataset = many(few)
    info = load_info(write_npz(tmp_path / "a.npz", dataset), cache_dir=tmp_path / "cache")
    kaggle = [part for part in info.parts if part.split == "kaggle"]
    for code, part in enumerate(kaggle):
        counts = np.bincount(dataset.labels[dataset.usage == code], minlength=7)
        assert part.counts == tuple(counts)


def test_sources(few: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    register_dataset("mine", lambda cache_dir: few)
    monkeypatch.delenv("FER_BENCH_DATA", raising=False)
    cache = tmp_path / "cache"
    assert source_of("mine", cache_dir=cache) is None
    assert source_of("sketch", cache_dir=cache) is None
    assert source_of("fer2013", cache_dir=cache) is None
    assert source_of(tmp_path / "a.npz", cache_dir=cache) == tmp_path / "a.npz"
    (cache / "datasets").mkdir(parents=True)
    (cache / "datasets" / "fer2013.npz").touch()
    assert source_of("fer2013", cache_dir=cache) == cache / "datasets" / "fer2013.npz"
    (tmp_path / "fer2013.csv").touch()
    monkeypatch.setenv("FER_BENCH_DATA", str(tmp_path))
    assert source_of("fer2013", cache_dir=cache) == tmp_path / "fer2013.csv"
    monkeypatch.setenv("FER_BENCH_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(FerBenchError, match="FER_BENCH_DATA="):
        source_of("fer2013", cache_dir=cache)


def test_a_name_that_is_no_path(few: Dataset, tmp_path: Path, snapshot) -> None:
    register_dataset("mine", lambda cache_dir: few)
    info = load_info("mine", cache_dir=tmp_path)
    assert (info.name, info.source) == ("random", "mine")
    assert info.layout == snapshot
