from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING

import numpy as np
import pytest
from layout_writers import (
    ICML,
    forbid_entering,
    random_dataset,
    write_csv,
    write_folders,
    write_npz,
)

from fer_bench.data import Dataset, fer2013, load_dataset
from fer_bench.protocol import published
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import file_digest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No data from the machine, no credentials, and no way to Kaggle."""
    monkeypatch.delenv("FER_BENCH_DATA", raising=False)
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "kagglehub"))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "kaggle"))
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy", "KAGGLE_USERNAME", "KAGGLE_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def whole(monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """Return a small data set that passes for the whole FER2013."""
    faces = random_dataset(30, seed=4)
    monkeypatch.setattr(published, "COUNTS", faces.counts)
    monkeypatch.setattr(published, "DIGEST", faces.digest)
    return faces


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def error_of(cache: Path) -> FerBenchError:
    with pytest.raises(FerBenchError) as raised:
        load_dataset("fer2013", cache_dir=cache)
    assert "\n" not in str(raised.value)
    return raised.value


FILES = "fer2013.csv, icml_face_data.csv, fer2013.npz or train/ and test/"
"""The names under which FER2013 is looked for."""


WRITERS = {
    "fer2013.csv": write_csv,
    "icml_face_data.csv": lambda path, faces: write_csv(path, faces, ICML),
    "fer2013.npz": write_npz,
    "train": lambda path, faces: write_folders(path.parent, faces),
}


class TestFound:
    @pytest.mark.parametrize("name", WRITERS)
    def test_in_the_named_directory(
        self, name: str, tmp_path: Path, cache: Path, whole: Dataset, monkeypatch
    ) -> None:
        (tmp_path / "data").mkdir()
        WRITERS[name](tmp_path / "data" / name, whole)
        monkeypatch.setenv("FER_BENCH_DATA", str(tmp_path / "data"))
        found = load_dataset("fer2013", cache_dir=cache)
        assert (found.name, found.digest) == ("fer2013", whole.digest)

    @pytest.mark.parametrize("name", WRITERS)
    def test_in_the_cache(self, name: str, cache: Path, whole: Dataset) -> None:
        (cache / "datasets").mkdir(parents=True)
        WRITERS[name](cache / "datasets" / name, whole)
        for _ in range(2):  # what the first time keeps is not taken for data
            found = load_dataset("fer2013", cache_dir=cache)
            assert (found.name, found.digest) == ("fer2013", whole.digest)

    def test_the_named_file(
        self, tmp_path: Path, cache: Path, whole: Dataset, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FER_BENCH_DATA", str(write_csv(tmp_path / "any name.csv", whole)))
        assert load_dataset("fer2013", cache_dir=cache).row_digest == whole.row_digest
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("USERPROFILE", str(tmp_path))
        monkeypatch.setenv("FER_BENCH_DATA", "~/any name.csv")
        assert load_dataset("fer2013", cache_dir=cache).row_digest == whole.row_digest

    def test_the_named_directory_goes_before_the_cache(
        self, tmp_path: Path, cache: Path, whole: Dataset, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "data").mkdir()
        (cache / "datasets").mkdir(parents=True)
        turned = whole.take(np.arange(len(whole))[::-1])
        write_npz(cache / "datasets" / "fer2013.npz", turned)
        assert load_dataset("fer2013", cache_dir=cache).row_digest == turned.row_digest
        monkeypatch.setenv("FER_BENCH_DATA", str(tmp_path / "data"))
        error = error_of(cache)
        assert error.problem.startswith(f"FER_BENCH_DATA={str(tmp_path / 'data')!r} ")
        assert FILES in error.accepted
        write_npz(tmp_path / "data" / "fer2013.npz", whole)
        assert load_dataset("fer2013", cache_dir=cache).row_digest == whole.row_digest

    def test_other_images_with_as_many_of_each_class(self, cache: Path, whole: Dataset) -> None:
        (cache / "datasets").mkdir(parents=True)
        noise = dataclasses.replace(whole, images=whole.images ^ 1)
        path = write_npz(cache / "datasets" / "fer2013.npz", noise)
        error = error_of(cache)
        assert error.path == path
        assert noise.digest in error.problem
        assert whole.digest in error.accepted

    def test_what_is_not_the_whole(self, cache: Path, few: Dataset) -> None:
        (cache / "datasets").mkdir(parents=True)
        path = write_npz(cache / "datasets" / "fer2013.npz", few)
        error = error_of(cache)
        assert error.path == path
        assert "7 images (Angry " in error.problem
        wanted = "35887 images (Angry 4953, Disgust 547, Fear 5121, Happy 8989, "
        assert error.accepted.startswith(wanted)

    @pytest.mark.parametrize(
        ("name", "cause"),
        [
            ("none", "No such file or directory"),
            ("locked/fer2013.csv", "Permission denied"),
            ("a" * 300, "File name too long"),
            ("~nobody-of-this-name/fer2013.csv", "No such file or directory"),
        ],
    )
    def test_a_variable_that_names_nothing(
        self, tmp_path: Path, cache: Path, name: str, cause: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        forbid_entering(tmp_path / "locked", monkeypatch)
        path = name if name[0] == "~" else str(tmp_path / name)
        monkeypatch.setenv("FER_BENCH_DATA", path)
        error = error_of(cache)
        assert error.problem == f"FER_BENCH_DATA={path!r} cannot be opened: {cause}"
        assert FILES in error.accepted

    def test_a_variable_that_names_a_directory_that_may_not_be_entered(
        self, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        forbid_entering(tmp_path / "locked", monkeypatch)
        monkeypatch.setenv("FER_BENCH_DATA", str(tmp_path / "locked"))
        error = error_of(cache)
        assert str(tmp_path / "locked") in error.problem
        assert FILES in error.accepted


class TestDownload:
    def test_offline(self, cache: Path, capfd: pytest.CaptureFixture[str]) -> None:
        level = logging.getLogger("kagglehub").level
        error, home = error_of(cache), str(cache / "datasets")
        for place in ("FER_BENCH_DATA", repr(home), "deadskull7/fer2013", "(ProxyError: "):
            assert place in error.problem
        for step in ("fer2013.csv", repr(home), "FER_BENCH_DATA", "--dataset"):
            assert step in error.hint
        assert capfd.readouterr() == ("", "")
        assert not cache.exists()
        if level != logging.NOTSET:  # kagglehub was loaded before
            assert logging.getLogger("kagglehub").level == level

    @pytest.fixture
    def kaggle(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Return a directory that stands for what kagglehub has downloaded."""
        import kagglehub

        directory = tmp_path / "downloaded"
        directory.mkdir()

        def download(handle: str) -> str:
            assert handle == fer2013.KAGGLE_HANDLE
            print("Downloading ...")
            return str(directory)

        monkeypatch.setattr(kagglehub, "dataset_download", download)
        return directory

    def test_another_file_than_kaggles(self, kaggle: Path, cache: Path, whole: Dataset) -> None:
        path = write_csv(kaggle / "fer2013.csv", whole)
        error = error_of(cache)
        assert error.path == path
        assert file_digest(path, "md5") in error.problem
        assert "f8428a1edbd21e88f42c73edd2a14f95" in error.accepted
        assert error.hint.startswith("remove it")
        assert not cache.exists()

    def test_too_little_memory(
        self, kaggle: Path, cache: Path, whole: Dataset, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(path: Path) -> None:
            raise MemoryError

        path = write_csv(kaggle / "fer2013.csv", whole)
        monkeypatch.setattr(fer2013, "CSV_MD5", file_digest(path, "md5"))
        monkeypatch.setattr(fer2013, "load_csv", fail)
        assert f"{str(path)!r} needs more memory" in error_of(cache).problem
        assert "(MemoryError)" in error_of(cache).problem

    def test_no_csv(self, kaggle: Path, cache: Path) -> None:
        error = error_of(cache)
        assert "deadskull7/fer2013 from Kaggle has no fer2013.csv" in error.problem
        assert f"fer2013.csv into {str(cache / 'datasets')!r}" in error.hint

    def test_kept_for_the_next_time(
        self,
        kaggle: Path,
        cache: Path,
        whole: Dataset,
        monkeypatch: pytest.MonkeyPatch,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        path = write_csv(kaggle / "fer2013.csv", whole)
        monkeypatch.setattr(fer2013, "CSV_MD5", file_digest(path, "md5"))
        first = load_dataset("fer2013", cache_dir=cache)
        assert first.row_digest == whole.row_digest
        assert [file.name for file in cache.rglob("*.*")] == ["fer2013.npz"]
        path.unlink()
        second = load_dataset("fer2013", cache_dir=cache)
        assert second.row_digest == whole.row_digest
        assert second.usage.tolist() == whole.usage.tolist()
        assert capfd.readouterr() == ("", "")
