"""Source location of each image of a data set."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from image_folders import levels_and_classes, write_images
from layout_writers import random_dataset, write_csv, write_npz

from fer_bench.data import EMOTIONS, load_dataset
from fer_bench.data.parsed_cache import FOLDER

if TYPE_CHECKING:
    from pathlib import Path

LAYOUTS = {
    "parts": ("train/sad/b.png", "train/happy/10.png", "train/happy/9.png", "test/sad/a.png"),
    "classes": ("sad/2.png", "happy/b.png", "happy/a.png"),
    "list": ("deep/er/2.png", "1.png", "not in the list.png"),
    "AffectNet": ("train_set/images/7.jpg", "train_set/images/10.jpg", "val_set/images/1.jpg"),
    "JAFFE": ("KA.HA1.29.tiff", "KA.AN1.39.tiff", "more/KL.SA1.1.tiff"),
}


def lie(root: Path, layout: str) -> dict[int, str]:
    """Write images, each of one grey level, which shows where they are."""
    places = LAYOUTS[layout]
    write_images(root, {place: 20 * row + 50 for row, place in enumerate(places)})
    if layout == "list":
        (root / "labels.csv").write_text("path,label\n2.png,sad\n1.png,happy\n")
    for row, place in enumerate(places):
        if layout == "AffectNet":
            label = root / place.replace("images", "annotations").replace(".jpg", "_exp.npy")
            label.parent.mkdir(parents=True, exist_ok=True)
            np.save(label, np.array(str(row)))
    return {20 * row + 50: place for row, place in enumerate(places)}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_images_of_a_directory_are_known_by_their_paths(tmp_path: Path, layout: str) -> None:
    places = lie(tmp_path / "faces", layout)
    for _ in range(2):  # the second time from the cache
        found = load_dataset(tmp_path / "faces", cache_dir=tmp_path / "c", class_map="affectnet")
        assert found.places == tuple(places[value] for value, _ in levels_and_classes(found))
    assert len(found) == len(places) - (layout == "list")


def test_a_list_that_is_named_counts_from_its_directory(tmp_path: Path) -> None:
    lie(tmp_path / "faces", "list")
    found = load_dataset(tmp_path / "faces" / "labels.csv", cache_dir=tmp_path / "c")
    assert found.places == ("deep/er/2.png", "1.png")


def test_the_path_from_the_directory_does_not_depend_on_how_that_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lie(tmp_path / "faces", "classes")
    monkeypatch.chdir(tmp_path / "faces")
    for number, name in enumerate(("./", "../faces", "happy/..")):
        found = load_dataset(name, cache_dir=tmp_path / f"c{number}")
        assert found.places == ("happy/a.png", "happy/b.png", "sad/2.png")


def test_a_name_that_is_no_text_comes_from_the_cache_as_it_is(tmp_path: Path) -> None:
    name = b"a\xff.png".decode("utf-8", "surrogateescape")
    write_images(tmp_path / "faces", {"sad/1.png": 1, "happy/2.png": 2})
    (tmp_path / "faces" / "sad" / "1.png").rename(tmp_path / "faces" / "sad" / name)
    for _ in range(2):
        found = load_dataset(tmp_path / "faces", cache_dir=tmp_path / "c")
        assert found.places == ("happy/2.png", f"sad/{name}")


@pytest.mark.parametrize(("write", "name"), [(write_csv, "a.csv"), (write_npz, "a.npz")])
class TestFiles:
    def test_rows_are_those_of_the_file(self, tmp_path: Path, write, name: str) -> None:
        path = write(tmp_path / name, random_dataset(20))
        for _ in range(2):
            assert load_dataset(path, cache_dir=tmp_path / "c").places is None
        for entry in (tmp_path / "c" / FOLDER).glob("*"):
            assert json.loads(np.load(entry)["words"].tobytes())[-1] is None

    def test_but_where_some_are_left_out(self, tmp_path: Path, write, name: str) -> None:
        made = random_dataset(20)
        path = write(tmp_path / name, made)
        meant = (f"{number},{'-' if number in (0, 3) else EMOTIONS[number]}" for number in range(7))
        (tmp_path / "map.csv").write_text("\n".join(["name,class", *meant]))
        stay = np.flatnonzero(~np.isin(made.labels, [0, 3])).tolist()
        assert 0 < len(stay) < 20
        for _ in range(2):
            found = load_dataset(path, cache_dir=tmp_path / "c", class_map=tmp_path / "map.csv")
            assert found.places == tuple(f"row {row} of the file" for row in stay)
