"""Directories of files of pixels: which are one data set, and what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from layout_writers import (
    KAGGLE,
    WITHOUT_USAGE,
    random_dataset,
    rows_of,
    write_csv,
    write_folders,
    write_npz,
    write_part_files,
)

from fer_bench.data import EMOTIONS, Dataset, load_dataset
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from pathlib import Path

    from syrupy.assertion import SnapshotAssertion


@pytest.fixture
def parted() -> Dataset:
    """Four images of each part."""
    made = random_dataset(12, seed=3)
    labels = (np.arange(12) % 7).astype(np.uint8)
    return Dataset(made.images, labels, EMOTIONS, "x", (np.arange(12) % 3).astype(np.uint8))


@pytest.fixture
def load(tmp_path: Path):
    return lambda path, **options: load_dataset(path, cache_dir=tmp_path / "cache", **options)


def step_of(load, path: Path) -> str:
    with pytest.raises(FerBenchError) as raised:
        load(path)
    assert raised.value.path == path
    assert raised.value.problem.startswith("no layout fits ")
    assert raised.value.accepted
    return raised.value.hint


@pytest.mark.parametrize("suffix", [".csv", ".npz"])
def test_parts_come_in_their_order_and_say_where_an_image_lies(
    load, tmp_path: Path, parted: Dataset, suffix: str, snapshot: SnapshotAssertion
) -> None:
    root = write_part_files(tmp_path / "faces", parted, suffix)
    (root / "README.md").touch()
    for _ in range(2):  # the second time from the cache
        found = load(root)
        assert found.name == "faces"
        assert found.usage.tolist() == [0] * 4 + [1] * 4 + [2] * 4
        assert found.places[3:6] == (
            f"row 3 of train{suffix}",
            f"row 0 of val{suffix}",
            f"row 1 of val{suffix}",
        )
        assert dict(found.notes)["layout"] == snapshot(name="layout")


def test_a_changed_part_is_read_again(load, tmp_path: Path, parted: Dataset) -> None:
    root = write_part_files(tmp_path / "faces", parted)
    before = load(root)
    write_csv(root / "val.csv", rows_of(parted, 0), WITHOUT_USAGE)
    after = load(root)
    assert after.digest != before.digest
    assert after.images[4:8].tolist() == before.images[:4].tolist()


def test_of_two_parts_the_split_is_drawn(
    load, tmp_path: Path, parted: Dataset, snapshot: SnapshotAssertion
) -> None:
    root = write_part_files(tmp_path / "faces", parted)
    (root / "val.csv").unlink()
    found = load(root)
    assert (len(found), found.usage) == (8, None)
    assert dict(found.notes)["layout"] == snapshot


def test_a_usage_of_its_own_counts_more_than_a_name(load, tmp_path: Path, parted: Dataset) -> None:
    root = write_part_files(tmp_path / "faces", parted)
    write_csv(root / "train.csv", parted, KAGGLE)
    assert load(root).usage.tolist() == [*parted.usage.tolist(), *[1] * 4, *[2] * 4]


def test_classes_of_all_parts_are_those_of_the_data_set(
    load, tmp_path: Path, parted: Dataset
) -> None:
    """A class map is held against all of them."""
    root = write_part_files(tmp_path / "faces", parted)
    (tmp_path / "map.csv").write_text(
        "name,class\n" + "".join(f"{n},{'Calm' if n == 2 else EMOTIONS[n]}\n" for n in range(7))
    )
    (root / "val.csv").write_text(
        (root / "val.csv").read_text().replace("\n2,", "\n1,")  # the only one is in other parts
    )
    found = load(root, class_map=tmp_path / "map.csv")
    assert found.classes == (*EMOTIONS, "Calm")
    assert "unused names" not in dict(found.notes)["class map"]


def test_what_a_class_map_leaves_out_is_counted(
    load, tmp_path: Path, parted: Dataset, snapshot: SnapshotAssertion
) -> None:
    root = write_part_files(tmp_path / "faces", parted)
    (tmp_path / "map.csv").write_text(
        "name,class\n" + "".join(f"{n},{'-' if n == 0 else EMOTIONS[n]}\n" for n in range(7))
    )
    found = load(root, class_map=tmp_path / "map.csv")
    assert dict(found.notes)["left out"] == snapshot
    assert found.places[0] == "row 1 of train.csv"


@pytest.mark.parametrize("name", ["fer2013.csv", "faces.npz"])
def test_one_file_keeps_its_rows(load, tmp_path: Path, parted: Dataset, name: str) -> None:
    root = tmp_path / "archive"
    root.mkdir()
    (root / "fer2013.bib").touch()
    (write_csv if name.endswith("csv") else write_npz)(root / name, parted)
    found = load(root)
    assert (found.name, found.row_digest, found.places) == ("archive", parted.row_digest, None)
    np.testing.assert_array_equal(found.usage, parted.usage)


def test_images_count_more_than_a_file_next_to_them(load, tmp_path: Path, parted: Dataset) -> None:
    root = write_folders(tmp_path / "faces", parted)
    write_csv(root / "fer2013.csv", rows_of(parted, 0), WITHOUT_USAGE)
    found = load(root)
    assert found.digest == parted.digest
    assert [what for what, _ in found.notes if what == "not read"] == ["not read"]


@pytest.mark.parametrize("name", ["train/main.py", "0/", "anger/notes.txt"])
def test_directories_without_images_next_to_files_are_passed_over(
    load, tmp_path: Path, parted: Dataset, name: str
) -> None:
    root = write_part_files(tmp_path / "faces", parted)
    directory, _, file = name.partition("/")
    (root / directory).mkdir()
    if file:
        (root / name).touch()
    assert load(root).digest == parted.digest


class TestDoubt:
    def test_a_file_that_is_no_part(self, load, tmp_path: Path, parted: Dataset) -> None:
        root = write_part_files(tmp_path / "faces", parted)
        (root / "val.csv").rename(root / "icml_face_data.csv")
        names = [str(root / name) for name in ("icml_face_data.csv", "test.csv", "train.csv")]
        assert step_of(load, root) == f"name {' or '.join(map(repr, names))} instead"

    def test_more_files_than_are_named(self, load, tmp_path: Path, parted: Dataset) -> None:
        root = write_part_files(tmp_path / "faces", parted)
        write_csv(root / "fer2013.csv", parted)
        names = ", ".join(repr(str(root / f"{name}.csv")) for name in ("fer2013", "test", "train"))
        assert step_of(load, root) == f"name one of {names}, ... instead"

    def test_files_of_two_kinds(self, load, tmp_path: Path, parted: Dataset) -> None:
        root = write_part_files(tmp_path / "faces", parted)
        write_npz(root / "val.npz", rows_of(parted, 1))
        (root / "val.csv").unlink()
        assert step_of(load, root).startswith("name ")

    def test_two_files_for_a_part(self, load, tmp_path: Path, parted: Dataset) -> None:
        root = write_part_files(tmp_path / "faces", parted)
        (root / "test.csv").rename(root / "valid.csv")
        assert step_of(load, root).startswith("name ")

    def test_no_training(self, load, tmp_path: Path, parted: Dataset) -> None:
        root = write_part_files(tmp_path / "faces", parted)
        (root / "train.csv").unlink()
        assert step_of(load, root).startswith("name ")

    def test_one_part_alone(self, load, tmp_path: Path, parted: Dataset) -> None:
        root = write_part_files(tmp_path / "faces", parted)
        for name in ("val.csv", "test.csv"):
            (root / name).unlink()
        assert step_of(load, root) == f"name {str(root / 'train.csv')!r} instead"

    def test_a_part_without_emotions(self, load, tmp_path: Path, parted: Dataset) -> None:
        """As in Kaggle's competition, whose test images had none."""
        root = write_part_files(tmp_path / "faces", parted)
        (root / "val.csv").unlink()
        (root / "test.csv").write_text("pixels\n")
        assert step_of(load, root) == f"name {str(root / 'train.csv')!r} instead"

    def test_a_part_of_other_columns(self, load, tmp_path: Path, parted: Dataset) -> None:
        root = write_part_files(tmp_path / "faces", parted)
        (root / "test.csv").write_text("label,pixel0,pixel1\n3,1,2\n")
        assert step_of(load, root).startswith("name ")

    def test_parts_below_are_named_together(self, load, tmp_path: Path, parted: Dataset) -> None:
        root = write_part_files(tmp_path / "archive/faces", parted)
        assert step_of(load, tmp_path / "archive") == f"name {str(root)!r} instead"

    def test_images_of_two_sizes(self, load, tmp_path: Path, parted: Dataset) -> None:
        root = write_part_files(tmp_path / "faces", parted, ".npz")
        small = rows_of(parted, 1)
        write_npz(root / "val.npz", small, images=small.images[:, :8, :6].copy())
        with pytest.raises(FerBenchError) as raised:
            load(root)
        assert raised.value.path == root / "val.npz"
        assert " 6x8 pixels" in raised.value.problem
        assert "'train.npz' 48x48" in raised.value.problem
