"""The real FER2013 in every layout in which people have it."""

from __future__ import annotations

import hashlib
import itertools
from typing import TYPE_CHECKING

import numpy as np
import pytest
from layout_writers import ICML, KAGGLE, write_csv, write_folders

from fer_bench.data import EMOTIONS, Dataset, fer2013, load_dataset, make_split
from fer_bench.data.formats import detection
from fer_bench.data.formats.fer2013_csv import load_csv
from fer_bench.protocol import published

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real_data


def md5_of(path: Path) -> str:
    md5 = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            md5.update(block)
    return md5.hexdigest()


@pytest.fixture(scope="module")
def csv(real_data: Dataset, tmp_path_factory: pytest.TempPathFactory):
    path = write_csv(tmp_path_factory.mktemp("csv") / "fer2013.csv", real_data)
    yield path
    path.unlink(missing_ok=True)  # 301 MB


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory):
    """Return the data set read from the csv, shared by all tests."""
    directory = tmp_path_factory.mktemp("cache")
    yield directory
    for path in directory.rglob("*.npz"):
        path.unlink()


@pytest.fixture(scope="module")
def parsed(csv: Path, cache: Path) -> Dataset:
    return load_dataset(csv, cache_dir=cache)


def test_table_1(real_data: Dataset) -> None:
    assert real_data.images.shape == (published.TOTAL, 48, 48)
    assert real_data.counts == published.COUNTS
    assert tuple(real_data.counts) == EMOTIONS
    assert np.bincount(real_data.usage).tolist() == [28709, 3589, 3589]


def test_the_papers_split(real_data: Dataset) -> None:
    split = make_split(real_data, "paper", 42)
    for part, size in published.SPLIT.items():
        assert len(getattr(split, part)) == size


def test_kaggles_split(real_data: Dataset) -> None:
    split = make_split(real_data, "kaggle")
    assert [len(split.train), len(split.validation), len(split.test)] == [28709, 3589, 3589]


def test_kaggles_csv(
    csv: Path, cache: Path, parsed: Dataset, real_data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert md5_of(csv) == fer2013.CSV_MD5
    monkeypatch.setattr(detection, "load_csv", None)
    for found in (parsed, load_dataset(csv, cache_dir=cache)):
        assert found.name == "fer2013"
        assert found.row_digest == real_data.row_digest
        np.testing.assert_array_equal(found.usage, real_data.usage)


@pytest.mark.usefixtures("parsed")
def test_by_its_name(csv: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FER_BENCH_DATA", str(csv.parent))
    assert load_dataset("fer2013", cache_dir=cache).counts == published.COUNTS


def test_downloaded(
    csv: Path,
    parsed: Dataset,
    real_data: Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import kagglehub

    monkeypatch.delenv("FER_BENCH_DATA", raising=False)
    monkeypatch.setattr(kagglehub, "dataset_download", lambda handle: str(csv.parent))
    monkeypatch.setattr(fer2013, "load_csv", {csv: parsed.renamed("csv")}.__getitem__)
    found = load_dataset("fer2013", cache_dir=tmp_path)
    assert (found.name, found.row_digest) == ("fer2013", real_data.row_digest)
    (tmp_path / "datasets" / "fer2013.npz").unlink()


def test_icml_face_data(csv: Path, real_data: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "icml_face_data.csv"
    with csv.open() as lines, path.open("w") as file:
        assert next(lines).strip() == KAGGLE
        print(ICML, file=file)
        for line in itertools.islice(lines, 0, None, 5):
            emotion, pixels, usage = line.rstrip().split(",")
            print(emotion, usage, pixels, sep=", ", file=file)
    found = load_csv(path)
    path.unlink()
    sample = real_data.take(np.arange(0, len(real_data), 5))
    assert found.row_digest == sample.row_digest
    np.testing.assert_array_equal(found.usage, sample.usage)


def test_image_folders(real_data: Dataset, tmp_path: Path) -> None:
    sample = real_data.take(np.arange(0, len(real_data), 20))
    found = load_dataset(write_folders(tmp_path / "faces", sample), cache_dir=tmp_path / "cache")
    assert found.digest == sample.digest
    assert np.bincount(found.usage).tolist() == np.bincount(sample.usage).tolist()
