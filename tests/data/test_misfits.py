"""Error for a directory that fits no layout."""

from __future__ import annotations

import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest
from image_folders import levels_and_classes, load_folder, write_image, write_images

from fer_bench.data.formats.class_names import UNNUMBERED, class_table
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from pathlib import Path

    from syrupy.assertion import SnapshotAssertion

TREES = {
    "parts": {f"{part}/{name}/1.png": 1 for part in ("train", "test") for name in ("sad", "fear")},
    "classes": {"happy/1.png": 1, "sad/2.png": 2},
    "numbers": {"0/1.png": 1, "1/2.png": 2},
    "persons": {"AF01/AF01AFS.JPG": 1, "AF02/AF02HAS.JPG": 2},
    "RAF-DB": {"Image/aligned/train_1_aligned.jpg": 1, "EmoLabel/x.png": 1},
}


def error_of(path: Path) -> FerBenchError:
    with pytest.raises(FerBenchError) as raised:
        load_folder(path)
    assert raised.value.path == path
    assert raised.value.problem.startswith("no layout fits ")
    assert raised.value.accepted
    assert raised.value.hint
    return raised.value


def step_of(path: Path) -> str:
    return error_of(path).hint


@pytest.mark.parametrize("tree", TREES)
@pytest.mark.parametrize("place", ["data", "archive/FER 2013", "a/b/c"])
def test_a_data_set_below(tmp_path: Path, tree: str, place: str) -> None:
    """As unpacked from an archive, with a readme next to it."""
    root = write_images(tmp_path / place, TREES[tree])
    if tree == "RAF-DB":
        (root / "EmoLabel/list_patition_label.txt").write_text("train_1.jpg sad\n")
    (tmp_path / "README.md").touch()
    assert step_of(tmp_path) == f"name {str(root)!r} instead"
    assert load_folder(root, class_table("fer2013") if tree == "numbers" else UNNUMBERED)


def test_a_list_of_labels_below(tmp_path: Path) -> None:
    root = write_images(tmp_path / "set", {"faces/a.png": 1})
    (root / "labels.csv").write_text("image,label\na.png,sad\n")
    assert step_of(tmp_path) == f"name {str(root)!r} instead"
    assert levels_and_classes(load_folder(root)) == [(1, "Sad")]


def test_the_nearest_of_several_and_no_guess_among_many(tmp_path: Path) -> None:
    deep = write_images(tmp_path / "x/deep", TREES["classes"])
    assert step_of(tmp_path) == f"name {str(deep)!r} instead"
    one, other = (write_images(tmp_path / name, TREES["classes"]) for name in "ab")
    assert step_of(tmp_path) == f"name {str(one)!r} or {str(other)!r} instead"
    for name in "cd":
        write_images(tmp_path / name, TREES["classes"])
    assert step_of(tmp_path).endswith("that holds the images")


def test_it_is_not_looked_for_far_or_among_many(tmp_path: Path) -> None:
    write_images(tmp_path / "far/b/c/d/e", TREES["classes"])
    assert step_of(tmp_path / "far").endswith("that holds the images")
    write_images(tmp_path / "many/data", TREES["classes"])
    for n in range(64):
        (tmp_path / "many" / f"{n} more").mkdir()
    assert step_of(tmp_path / "many").endswith("that holds the images")


def test_directories_that_are_called_so_by_chance(tmp_path: Path) -> None:
    for name in ("code/training/loops", "process/1/task", "notes/happy"):
        (tmp_path / name).mkdir(parents=True)
    assert step_of(tmp_path).endswith("that holds the images")


def test_nothing_outside_is_looked_at(tmp_path: Path) -> None:
    write_images(tmp_path / "elsewhere", TREES["classes"])
    (tmp_path / "set/a/b").mkdir(parents=True)
    (tmp_path / "set/a/b/link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "set/again").symlink_to(".")
    assert step_of(tmp_path / "set").endswith("that holds the images")


@pytest.mark.parametrize("place", ["", "fer2013/"])
def test_data_sets_that_are_files(tmp_path: Path, place: str) -> None:
    (tmp_path / place).mkdir(exist_ok=True)
    csv, npz = (tmp_path / place / name for name in ("icml_face_data.csv", "faces.npz"))
    csv.write_text("emotion, Usage, pixels\n")
    (tmp_path / place / "test.csv").write_text("pixels\n")
    (tmp_path / "fer2013.tar.gz").touch()
    assert step_of(tmp_path) == f"name {str(csv)!r} instead"
    npz.touch()
    assert step_of(tmp_path) == f"name {str(csv)!r} or {str(npz)!r} instead"


@pytest.mark.parametrize("name", ["archive.zip", "FER.TAR.GZ", "faces.7z"])
def test_an_archive(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    (tmp_path / "train.csv").write_text("id,label\n")
    assert step_of(tmp_path) == f"unpack {name!r} there"


@pytest.mark.parametrize(
    "images",
    [
        {},
        {"a.png": 1},
        {"all/a.png": 1},
        {"calm/a.png": 1, "tired/b.png": 1},
        {"a/x/calm/a.png": 1, "b/x/calm/b.png": 1},
    ],
    ids=["nothing", "an image", "a directory", "two directories", "nested directories"],
)
def test_what_else_is_likely(
    tmp_path: Path, images: dict[str, int], snapshot: SnapshotAssertion
) -> None:
    assert step_of(write_images(tmp_path, images)) == snapshot


@pytest.mark.parametrize("place", ["", "data/"])
@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_tables_of_other_formats(tmp_path: Path, place: str, suffix: str) -> None:
    (tmp_path / place).mkdir(exist_ok=True)
    name = f"train-00000-of-00001.{suffix}"
    (tmp_path / place / name).touch()
    step = step_of(tmp_path)
    assert step.startswith(f"convert {name!r} and other {suffix} files ")
    assert " csv " in step


def test_a_cache_of_links(tmp_path: Path) -> None:
    """As Hugging Face's: what the step makes is a data set."""
    snapshot = tmp_path / "my cache/snapshots/abc"
    for place in TREES["classes"]:
        blob = write_image(tmp_path / "my cache/blobs" / f"{place.replace('/', '')}", 1)
        (snapshot / place).parent.mkdir(parents=True)
        (snapshot / place).symlink_to(blob)
    command = f"cp -rL {shlex.quote(str(snapshot))} COPY"
    step = step_of(tmp_path / "my cache")
    assert "is a cache of links: " in step
    assert f" {command}, and name COPY" in step
    with pytest.raises(FerBenchError, match="a link that leads out") as raised:
        load_folder(snapshot)
    assert step.endswith(f": {raised.value.hint}")
    assert f" {command}, and name COPY" in raised.value.hint
    subprocess.run(command, shell=True, cwd=tmp_path, check=True)
    assert len(load_folder(tmp_path / "COPY")) == len(TREES["classes"])


def test_a_long_name_and_many_names_are_cut(tmp_path: Path) -> None:
    for name in ("a" * 200, "b", "c", "d"):
        (tmp_path / name).mkdir()
    error = error_of(tmp_path)
    assert error.problem.endswith(f" 4 directories ('{'a' * 57}...', 'b', 'c', ...)")
    assert len(str(error)) < 450 + len(str(tmp_path))
