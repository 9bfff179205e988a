from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from layout_writers import write_csv, write_folders, write_npz

from fer_bench.data import (
    Dataset,
    catalogue,
    dataset_names,
    fer2013,
    load_dataset,
    register_dataset,
    source_of,
)
from fer_bench.data.formats.detection import NOT_FER2013, is_fer2013
from fer_bench.protocol import published
from fer_bench.runtime.errors import FerBenchError


@pytest.fixture(autouse=True)
def own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "_LOADERS", dict(catalogue._LOADERS))


def test_names() -> None:
    assert dataset_names() == ("sketch", "fer2013")


def test_registration(tmp_path: Path, few: Dataset) -> None:
    asked = []

    def load(cache_dir: Path) -> Dataset:
        asked.append(cache_dir)
        return few

    register_dataset("my-faces_2", load)
    assert dataset_names() == ("sketch", "fer2013", "my-faces_2")
    assert load_dataset("my-faces_2", cache_dir=tmp_path) is few
    assert asked == [tmp_path]
    register_dataset("my-faces_2", load)
    assert dataset_names() == ("sketch", "fer2013", "my-faces_2")
    with pytest.raises(FerBenchError, match="'my-faces_2'") as raised:
        register_dataset("my-faces_2", lambda cache_dir: load(cache_dir))
    assert raised.value.accepted.endswith(" sketch, fer2013, my-faces_2")


@pytest.mark.parametrize("loader", [lambda: None, lambda a, b: a, lambda *, cache: cache, "mine"])
def test_loaders_that_cannot_take_the_cache_directory(loader: Any) -> None:
    with pytest.raises(FerBenchError) as raised:
        register_dataset("mine", loader)
    assert "'mine'" in raised.value.problem
    assert "cache directory" in raised.value.accepted
    assert "mine" not in dataset_names()


@pytest.mark.parametrize("loader", [lambda cache, size=3: cache, lambda *places: places, Path])
def test_loaders_that_can_be_called_with_one_argument(loader: Any) -> None:
    register_dataset("mine", loader)
    assert "mine" in dataset_names()


@pytest.mark.parametrize("name", ["", "a.csv", "a/b", "Faces", "-x", "a b", "~", ".."])
def test_names_that_look_like_paths(name: str, few: Dataset) -> None:
    with pytest.raises(FerBenchError) as raised:
        register_dataset(name, lambda cache_dir: few)
    assert repr(name) in raised.value.problem
    assert raised.value.accepted.startswith("lower-case letters, digits")


def test_paths(tmp_path: Path, few: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_csv(tmp_path / "faces.csv", few)
    cache = tmp_path / "cache"
    assert load_dataset(path, cache_dir=cache).row_digest == few.row_digest
    assert load_dataset(str(path), cache_dir=cache).row_digest == few.row_digest
    monkeypatch.chdir(tmp_path)
    assert load_dataset("faces.csv", cache_dir=cache).row_digest == few.row_digest
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert load_dataset("~/faces.csv", cache_dir=cache).row_digest == few.row_digest
    write_folders(tmp_path / "faces", few)  # a bare name, which is looked for
    assert load_dataset("faces", cache_dir=cache).digest == few.digest


def test_the_users_cache_is_the_default(
    tmp_path: Path, few: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FER_BENCH_CACHE", str(tmp_path / "mine"))
    load_dataset(write_csv(tmp_path / "faces.csv", few))
    assert len(list((tmp_path / "mine").rglob("*.npz"))) == 1


def test_a_name_goes_before_a_file_that_is_called_so(
    tmp_path: Path, few: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_folders(tmp_path / "sketch", few)
    monkeypatch.setitem(catalogue._LOADERS, "sketch", lambda cache_dir: few.take(np.arange(1)))
    assert len(load_dataset("sketch", cache_dir=tmp_path)) == 1
    assert len(load_dataset("./sketch", cache_dir=tmp_path)) == len(few)
    assert len(load_dataset(Path("sketch"), cache_dir=tmp_path)) == len(few)


def test_named_fer2013_by_its_images_in_any_order(
    tmp_path: Path, few: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published, "COUNTS", dict(reversed(few.counts.items())))
    monkeypatch.setattr(published, "DIGEST", few.digest)
    paths = [write_csv(tmp_path / "a.csv", few), write_npz(tmp_path / "b.npz", few)]
    for path in [*paths, *paths]:  # the second time from the cache
        assert load_dataset(path, cache_dir=tmp_path / "c").name == "fer2013"
    small = Dataset(few.images[:, :8, :8].copy(), few.labels, few.classes, "small")
    assert is_fer2013(few)
    assert is_fer2013(few.take(np.arange(len(few))[::-1]))
    assert not is_fer2013(small)


@pytest.mark.parametrize(("name", "found"), [("x", "x"), ("fer2013", NOT_FER2013)])
def test_other_images_with_its_counts_are_not_fer2013(
    tmp_path: Path, few: Dataset, monkeypatch: pytest.MonkeyPatch, name: str, found: str
) -> None:
    monkeypatch.setattr(published, "COUNTS", few.counts)
    path = write_npz(tmp_path / f"{name}.npz", few)
    assert load_dataset(path, cache_dir=tmp_path / "c").name == found


@pytest.mark.parametrize("name", ["fer2013", "FER2013", "FER-2013", "fer_2013", "Fer 2013"])
def test_no_way_to_write_its_name_makes_other_images_fer2013(
    tmp_path: Path, few: Dataset, name: str
) -> None:
    path = write_npz(tmp_path / f"{name}.npz", few)
    assert load_dataset(path, cache_dir=tmp_path / "c").name == NOT_FER2013


def test_what_a_loader_gives_is_named_by_its_images_too(
    tmp_path: Path, few: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(catalogue._LOADERS, "mine", lambda cache: few.renamed("fer2013"))
    assert load_dataset("mine", cache_dir=tmp_path).name == NOT_FER2013
    monkeypatch.setitem(catalogue._LOADERS, "mine", lambda cache: few.renamed("mine"))
    assert load_dataset("mine", cache_dir=tmp_path).name == "mine"
    monkeypatch.setattr(published, "COUNTS", few.counts)
    monkeypatch.setattr(published, "DIGEST", few.digest)
    assert load_dataset("mine", cache_dir=tmp_path).name == "fer2013"


class TestDirectoryCalledFer2013:
    @pytest.fixture(autouse=True)
    def here(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.delenv("FER_BENCH_DATA", raising=False)
        monkeypatch.setattr(fer2013, "_download", None)

    def test_it_is_what_its_path_is(self, tmp_path: Path, few: Dataset, caplog) -> None:
        (tmp_path / "fer2013").mkdir()
        write_csv(tmp_path / "fer2013/fer2013.csv", few)
        cache = tmp_path / "cache"
        found = load_dataset("fer2013", cache_dir=cache)
        assert found.row_digest == few.row_digest
        assert found.name == load_dataset("./fer2013", cache_dir=cache).name == "not FER2013"
        place = str(tmp_path / "fer2013")
        (message,) = caplog.messages
        assert message.startswith("data set 'fer2013' ")
        assert place in message
        assert message.endswith("is not FER2013")
        assert source_of("fer2013", cache_dir=cache) == tmp_path / "fer2013"

    def test_its_images_prove_what_it_is(
        self, tmp_path: Path, few: Dataset, monkeypatch: pytest.MonkeyPatch, caplog
    ) -> None:
        monkeypatch.setattr(published, "COUNTS", few.counts)
        monkeypatch.setattr(published, "DIGEST", few.digest)
        write_folders(tmp_path / "fer2013", few)
        assert load_dataset("fer2013", cache_dir=tmp_path / "cache").name == "fer2013"
        assert all(record.levelno == logging.INFO for record in caplog.records)

    def test_it_goes_behind_the_variable_and_before_the_cache(
        self, tmp_path: Path, few: Dataset, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cache = tmp_path / "cache"
        (cache / "datasets").mkdir(parents=True)
        write_csv(cache / "datasets/fer2013.csv", few.take(np.arange(5)))
        write_folders(tmp_path / "fer2013", few)
        assert len(load_dataset("fer2013", cache_dir=cache)) == len(few)
        monkeypatch.setenv("FER_BENCH_DATA", str(cache / "datasets"))
        with pytest.raises(FerBenchError, match="not the complete FER2013: 5 images"):
            load_dataset("fer2013", cache_dir=cache)

    def test_named_by_the_variable_it_must_be_fer2013(
        self, tmp_path: Path, few: Dataset, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FER_BENCH_DATA", str(write_folders(tmp_path / "fer2013", few)))
        with pytest.raises(FerBenchError, match="not the complete FER2013: 7 images"):
            load_dataset("fer2013", cache_dir=tmp_path / "cache")

    def test_a_removed_directory_has_none(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "gone").mkdir()
        monkeypatch.chdir(tmp_path / "gone")
        (tmp_path / "gone").rmdir()
        assert source_of("fer2013", cache_dir=tmp_path / "cache") is None

    def test_mistakes_in_it_are_reported(self, tmp_path: Path) -> None:
        (tmp_path / "fer2013").mkdir()
        (tmp_path / "fer2013/fer2013.csv").write_text("emotion,pixels,Usage\n")
        with pytest.raises(FerBenchError, match="no row") as raised:
            load_dataset("fer2013", cache_dir=tmp_path / "cache")
        assert raised.value.path == tmp_path / "fer2013/fer2013.csv"

    def test_what_cannot_be_read_is_reported(self, tmp_path: Path, few: Dataset) -> None:
        (tmp_path / "fer2013/fer2013.csv").mkdir(parents=True)
        write_csv(tmp_path / "fer2013.csv", few)
        with pytest.raises(FerBenchError, match=r"cannot be read: .*directory") as raised:
            load_dataset("fer2013", cache_dir=tmp_path / "cache")
        assert raised.value.path == tmp_path / "fer2013/fer2013.csv"

    @pytest.mark.parametrize("name", ["loader.py", "notes/happy.txt", "train/main.py"])
    def test_a_directory_of_something_else_is_passed_over(
        self, tmp_path: Path, few: Dataset, name: str
    ) -> None:
        path = tmp_path / "fer2013" / name
        path.parent.mkdir(parents=True)
        path.touch()
        cache = tmp_path / "cache"
        (cache / "datasets").mkdir(parents=True)
        write_csv(cache / "datasets/fer2013.csv", few)
        with pytest.raises(FerBenchError, match="not the complete FER2013") as raised:
            load_dataset("fer2013", cache_dir=cache)
        assert raised.value.path == cache / "datasets/fer2013.csv"


@pytest.mark.parametrize(
    ("spec", "facts"),
    [
        ("fer2031", ("'fer2031' is unknown", "mean 'fer2013'?", "accepted: sketch, ")),
        ("FER2013", ("'FER2013' is unknown", "mean 'fer2013'?")),
        ("skech", ("mean 'sketch'?",)),
        ("imagenet", ("'imagenet' is unknown", "accepted: sketch, fer2013, ", "the path of a")),
        ("", ("data set '' is unknown", "accepted: ")),
        ("none.csv", ("none.csv': ", "cannot be opened: No such file ")),
        (
            "~nobody-of-this-name/a.csv",
            ("has no '~nobody-of-this-name'; ", "accepted: a csv file"),
        ),
        ("~a\0b/a.csv", ("a.csv': ", "cannot be opened: embedded null ")),
        ("a" * 300, ("aaa' is unknown; accepted: ",)),
        ("a\0b", ("'a\\x00b' is unknown; ", "accepted: ")),
        ("data/none", ("has no 'data'; ", "accepted: a csv file")),
    ],
)
def test_unknown(
    spec: str, facts: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FerBenchError) as raised:
        load_dataset(spec, cache_dir=tmp_path / "cache")
    assert [fact for fact in facts if fact not in str(raised.value)] == []
    assert "\n" not in str(raised.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("spec", "class_map", "step"),
    [
        ("none.csv", None, "that can be opened"),
        ("faces.zip", None, ", or unpack it"),
        ("sketch", "rafdb", "; omit it"),
        ("faces.zip", "rafbd", "; name one of them"),
    ],
)
def test_each_error_ends_with_what_to_do(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spec: str,
    class_map: str | None,
    step: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "faces.zip").touch()
    with pytest.raises(FerBenchError) as raised:
        load_dataset(spec, cache_dir=tmp_path / "cache", class_map=class_map)
    assert str(raised.value).endswith(step)


@pytest.mark.smoke
def test_the_package_loads_nothing_heavy() -> None:
    heavy = ["PIL", "h5py", "kagglehub", "keras", "pandas", "sklearn", "tensorflow"]
    code = f"import sys, fer_bench.data; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_path_is_never_taken_for_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FerBenchError, match="cannot be opened: No such file") as raised:
        load_dataset(Path("none"), cache_dir=tmp_path)
    assert raised.value.path == Path("none")
