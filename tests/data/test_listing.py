from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from image_folders import levels_and_classes, load_folder, write_image, write_images

from fer_bench.data import load_dataset
from fer_bench.data.formats.class_names import class_table
from fer_bench.data.formats.image_folders.layouts import list_folder
from fer_bench.data.formats.image_folders.listing import Listing
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from pathlib import Path


def test_images_at_any_depth_come_by_directory_and_name(tmp_path: Path) -> None:
    places = ["b.png", "z.png", "a/y.png", "a/c/x.png", "b/w.png", "c/v.png"]
    write_images(tmp_path, dict.fromkeys(reversed(places), 1))
    (tmp_path / "a/.hidden.png").touch()
    assert [file.place for file in Listing(tmp_path).walk()] == places


@pytest.mark.parametrize("name", ["desktop.ini", "Desktop.INI", "Thumbs.db", "._a.png"])
def test_files_of_file_managers(tmp_path: Path, name: str) -> None:
    write_images(tmp_path, {"happy/a.png": 1, "sad/a.png": 2})
    (tmp_path / "sad" / name).write_text("x")
    assert levels_and_classes(load_folder(tmp_path)) == [(1, "Happy"), (2, "Sad")]


@pytest.mark.parametrize("below", ["", "train/", "train/sad/"])
def test_what_a_mac_puts_into_archives(tmp_path: Path, below: str) -> None:
    write_images(tmp_path, {"train/sad/a.png": 1, "test/happy/a.png": 2})
    write_image(tmp_path / f"{below}__MACOSX/sad/a.png", 9)
    assert levels_and_classes(load_folder(tmp_path)) == [(1, "Sad"), (2, "Happy")]


def test_persons_next_to_what_a_mac_puts_into_archives(tmp_path: Path) -> None:
    write_images(tmp_path, {"AF01/AF01AFS.JPG": 1, "__MACOSX/AF01/x.jpg": 9})
    assert levels_and_classes(load_folder(tmp_path)) == [(1, "Fear")]


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    root = tmp_path / os.fsdecode(b"set\xff")
    write_images(root, {"happy/a.png": 1, f"sad/{os.fsdecode(b'b' + bytes([255]))}.png": 2})
    for _ in range(2):  # the second time from the cache
        found = load_dataset(root, cache_dir=tmp_path / "c")
        assert levels_and_classes(found) == [(1, "Happy"), (2, "Sad")]


def test_a_list_of_rafdb_with_a_byte_order_mark(tmp_path: Path) -> None:
    write_image(tmp_path / "Image/aligned/train_1_aligned.jpg", 5)
    (tmp_path / "EmoLabel").mkdir()
    (tmp_path / "EmoLabel/list_patition_label.txt").write_bytes(b"\xef\xbb\xbftrain_1.jpg 5\n")
    assert levels_and_classes(load_folder(tmp_path, class_table("rafdb"))) == [(5, "Sad")]


def test_a_path_is_the_file_of_a_class_map_even_if_called_like_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "rafdb"
    path.write_text("name,class\n1,Awe\n")
    assert class_table(path.relative_to(tmp_path)).class_of("1") == "Awe"
    assert class_table("rafdb").class_of("1") == "Surprise"


def test_the_state_knows_place_part_and_layout(tmp_path: Path) -> None:
    """The same files under other names of parts, with the same classes."""
    write_images(tmp_path / "set", {"train/sad/a.png": 1, "val/sad/a.png": 2})
    states = {list_folder(tmp_path / "set").state}
    for old, new in (("val", "test"), ("test", "testing"), ("train/sad", "train/sadness")):
        (tmp_path / "set" / old).rename(tmp_path / "set" / new)
        states.add(list_folder(tmp_path / "set").state)
    assert len(states) == 4


def test_a_class_map_with_a_number_of_any_length(tmp_path: Path) -> None:
    """Python's int takes no text of more than 4,300 digits."""
    path = tmp_path / "map.csv"
    path.write_text(f"name,class\n{'9' * 18},Happy\n7,Sad\n")
    assert class_table(path)
    path.write_text(f"name,class\n7,Sad\n{'9' * 5000},Happy\n")
    with pytest.raises(FerBenchError, match="has 5,000 digits") as raised:
        class_table(path)
    assert (raised.value.path, raised.value.line) == (path, 3)
    assert raised.value.accepted.startswith("up to ")
