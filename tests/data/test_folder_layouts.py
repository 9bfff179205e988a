"""Class directories of other data sets than FER2013, and detection of the layout."""

from __future__ import annotations

import os
import shutil
import unicodedata
from typing import TYPE_CHECKING

import numpy as np
import pytest
from image_folders import levels_and_classes, load_folder, write_image, write_images
from PIL import Image

from fer_bench.data import EMOTIONS, load_dataset, make_split
from fer_bench.data.formats.class_names import UNNUMBERED, class_table
from fer_bench.data.formats.image_folders.layouts import LAYOUTS
from fer_bench.data.info import load_info
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from pathlib import Path

    from syrupy.assertion import SnapshotAssertion

CK = {
    "anger/S010_004_00000017.png": 1,
    "contempt/S138_008_00000007.png": 2,
    "disgust/S005_001_00000009.png": 3,
    "fear/S011_003_00000012.png": 4,
    "happy/S010_006_00000013.png": 5,
    "sadness/S011_002_00000020.png": 6,
    "surprise/S010_002_00000012.png": 7,
}
PARTED = ("train", "validation")
CK_READ = list(
    zip(
        (1, 3, 4, 5, 6, 7, 2),
        ("Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Contempt"),
        strict=True,
    )
)


def error_of(path: Path, table=UNNUMBERED) -> FerBenchError:
    with pytest.raises(FerBenchError) as raised:
        load_folder(path, table)
    assert raised.value.accepted
    assert "\n" not in str(raised.value)
    return raised.value


def file_map(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(["name,class", *rows]))
    return path


class TestClassesWithoutParts:
    def test_ck(self, tmp_path: Path, snapshot: SnapshotAssertion) -> None:
        (tmp_path / "README.txt").write_text("terms")
        found = load_folder(write_images(tmp_path, CK))
        assert levels_and_classes(found) == CK_READ
        assert found.classes == (*EMOTIONS, "Contempt")
        assert found.counts["Neutral"] == 0
        assert found.usage is None
        assert found.notes == snapshot

    def test_loose_images_belong_to_no_class(self, tmp_path: Path) -> None:
        path = write_image(write_images(tmp_path, CK) / "x.png", 1)
        error = error_of(tmp_path)
        assert error.path == path
        assert "no class" in error.problem

    def test_names_that_differ_in_case_alone(self, tmp_path: Path) -> None:
        write_images(tmp_path, {"Happy/a.png": 1, "happy/a.png": 2})
        error = error_of(tmp_path)
        assert error.path == tmp_path / "happy"
        assert "same class as 'Happy'" in error.problem
        assert error.accepted.startswith("one directory")

    def test_numbers_with_and_without_zeros(self, tmp_path: Path) -> None:
        write_images(tmp_path, {"1/a.png": 1, "01/a.png": 2})
        error = error_of(tmp_path, class_table("rafdb"))
        assert error.path == tmp_path / "1"
        assert "same class as '01'" in error.problem

    def test_a_map_may_put_classes_together_and_leave_some_out(
        self, tmp_path: Path, snapshot: SnapshotAssertion
    ) -> None:
        write_images(tmp_path / "set", CK | {"contempt/b.png": 8, "calm/c.png": 9})
        rows = ("Contempt,-", "FEAR,Surprise", "surprise,Surprise", "calm,Calm")
        table = class_table(file_map(tmp_path / "map.csv", *rows))
        found = load_folder(tmp_path / "set", table)
        # within a class by folder, then by file
        assert levels_and_classes(found)[-3:] == [(4, "Surprise"), (7, "Surprise"), (9, "Calm")]
        assert found.counts["Fear"] == 0
        assert found.classes == (*EMOTIONS, "Calm")
        assert dict(found.notes)["left out"] == snapshot

    @pytest.mark.parametrize(
        ("directories", "rows"),
        [
            (("happiness", "happy"), ("happy,Happy", "sad,Sad")),
            (("0", "neutral"), ("0,Neutral",)),
            (("disgust", "contempt"), ("contempt,Disgust",)),
        ],
    )
    def test_a_map_puts_together_only_what_it_lists(
        self, tmp_path: Path, directories: tuple[str, str], rows: tuple[str, ...]
    ) -> None:
        write_images(tmp_path / "set", {f"{name}/a.png": n for n, name in enumerate(directories)})
        table = class_table(file_map(tmp_path / "map.csv", *rows))
        error = error_of(tmp_path / "set", table)
        assert "the same class as " in error.problem
        assert "both names" in error.accepted
        assert "--class-map" in error.accepted

    @pytest.mark.parametrize("parts", [("",), ("train/", "val/")])
    def test_all_numbers_of_affectnet(
        self, tmp_path: Path, parts: tuple[str, ...], snapshot: SnapshotAssertion
    ) -> None:
        write_images(tmp_path, {f"{part}{n}/{n}.png": n for part in parts for n in range(11)})
        found = load_folder(tmp_path, class_table("affectnet"))
        order = [(6, "Angry"), (5, "Disgust"), (4, "Fear"), (1, "Happy"), (2, "Sad")]
        order += [(3, "Surprise"), (0, "Neutral"), (7, "Contempt")]
        assert levels_and_classes(found) == order * len(parts)
        assert dict(found.notes)["left out"] == snapshot

    def test_initials_of_persons_are_no_classes(self, tmp_path: Path) -> None:
        write_images(tmp_path, {f"{name}/1.png": 1 for name in ("AN", "DI", "SA")})
        error = error_of(tmp_path)
        assert error.path == tmp_path
        assert "3 directories ('AN', 'DI', 'SA')" in error.problem
        write_images(tmp_path, {"happy/1.png": 1})
        error = error_of(tmp_path)
        assert error.path == tmp_path / "AN"
        assert "unknown class 'AN'" in error.problem

    def test_accents_as_a_mac_writes_them(self, tmp_path: Path) -> None:
        one, other = (unicodedata.normalize(form, "fr\u00f6hlich") for form in ("NFD", "NFC"))
        write_images(tmp_path / "set", {f"{one}/a.png": 1, "sad/b.png": 2})
        table = class_table(file_map(tmp_path / "map.csv", f"{other},Happy"))
        assert levels_and_classes(load_folder(tmp_path / "set", table)) == [
            (1, "Happy"),
            (2, "Sad"),
        ]
        assert (
            "changes nothing" not in dict(load_folder(tmp_path / "set", table).notes)["class map"]
        )

    def test_a_table_that_fits_only_the_unknown_number_is_not_advised(self, tmp_path: Path) -> None:
        write_images(tmp_path, {"0/a.png": 1, "7/b.png": 2})
        error = error_of(tmp_path, class_table("fer2013"))
        assert error.path == tmp_path / "7"
        assert "unknown class '7'" in error.problem
        assert "numbers found (0, 7) --class-map=NAME" in error.accepted
        assert "that fit: affectnet (0 Neu" in error.accepted
        assert "rafdb" not in str(error)
        write_images(tmp_path, {"calm/a.png": 1})
        error = error_of(tmp_path, class_table("affectnet"))
        assert error.path == tmp_path / "calm"
        assert "numbers found" not in error.accepted

    def test_a_map_that_does_nothing_is_reported(
        self, tmp_path: Path, snapshot: SnapshotAssertion
    ) -> None:
        found = load_folder(write_images(tmp_path, CK), class_table("rafdb"))
        assert levels_and_classes(found) == CK_READ
        assert dict(found.notes)["class map"] == snapshot

    def test_all_is_left_out(self, tmp_path: Path) -> None:
        write_images(tmp_path / "set", {"happy/a.png": 1})
        table = class_table(file_map(tmp_path / "map.csv", "happy,-"))
        error = error_of(tmp_path / "set", table)
        assert error.path == tmp_path / "set"
        assert "no image is left (1: " in error.problem
        assert error.problem.endswith("leaves out 'happy')")


class TestParts:
    @pytest.mark.parametrize("validation", ["val", "valid", "Validation"])
    def test_three_parts_make_the_usage_known(
        self, tmp_path: Path, validation: str, snapshot: SnapshotAssertion
    ) -> None:
        write_images(
            tmp_path, {"test/sad/a.png": 3, f"{validation}/7/b.png": 2, "Train/Happiness/c.png": 1}
        )
        found = load_folder(tmp_path, class_table("affectnet"))
        assert levels_and_classes(found) == [(1, "Happy"), (2, "Contempt"), (3, "Sad")]
        assert found.usage.tolist() == [0, 1, 2]
        assert found.notes[0] == ("layout", snapshot)

    def test_the_split_kaggle_is_then_the_three_parts(self, tmp_path: Path) -> None:
        names = ("train", "val", "test")
        images = {
            f"{part}/{name}/a.png": n for n, part in enumerate(names) for name in ("sad", "happy")
        }
        split = make_split(load_folder(write_images(tmp_path, images)), "kaggle")
        assert [sorted(part) for part in (split.train, split.validation, split.test)] == [
            *([0, 1], [2, 3], [4, 5])
        ]

    @pytest.mark.parametrize("other", ["val", "test"])
    def test_of_two_parts_the_split_is_drawn(self, tmp_path: Path, other: str) -> None:
        write_images(tmp_path, {"train/sad/a.png": 1, f"{other}/fear/a.png": 2})
        found = load_folder(tmp_path)
        assert levels_and_classes(found) == [(1, "Sad"), (2, "Fear")]
        assert found.usage is None

    def test_a_copy_of_all_in_a_directory_of_the_same_name(
        self, tmp_path: Path, snapshot: SnapshotAssertion
    ) -> None:
        """As in an archive on Kaggle."""
        tree = {f"{part}/{name}/1.bmp": len(name) for part in PARTED for name in ("sad", "happy")}
        root = write_images(tmp_path / "images", tree)
        write_images(root / "images", tree)
        found = load_folder(root)
        assert sorted(levels_and_classes(found)) == sorted([(3, "Sad"), (5, "Happy")] * 2)
        assert dict(found.notes)["not read"] == snapshot

    @pytest.mark.parametrize("change", ["another image", "one more", "one fewer", "a part fewer"])
    def test_no_copy_in_a_directory_of_the_same_name(self, tmp_path: Path, change: str) -> None:
        """The file size of a bitmap shows no change."""
        tree = {f"{part}/{name}/1.bmp": len(name) for part in PARTED for name in ("sad", "happy")}
        root = write_images(tmp_path / "images", tree)
        inner = write_images(root / "images", tree)
        if change == "another image":
            write_image(inner / "train/sad/1.bmp", 9)
        elif change == "one more":
            write_image(inner / "train/sad/2.bmp", 9)
        elif change == "one fewer":
            (inner / "train/sad/1.bmp").unlink()
        else:
            shutil.rmtree(inner / "validation")
        error = error_of(root)
        assert error.path == inner
        assert "another data set" in error.problem
        assert "next to train/, validation/" in error.problem
        assert error.hint.startswith(f"name {str(inner)!r} instead")
        assert "move it away" in error.hint

    def test_another_unknown_directory_is_no_copy(self, tmp_path: Path) -> None:
        tree = {f"{part}/{name}/1.bmp": len(name) for part in PARTED for name in ("sad", "happy")}
        root = write_images(tmp_path / "images", tree)
        write_images(root / "copy", tree)
        error = error_of(root)
        assert error.path == root / "copy"
        assert "unknown part 'copy'" in error.problem

    def test_two_directories_for_a_part(self, tmp_path: Path) -> None:
        write_images(tmp_path, {"train/sad/a.png": 1, "val/sad/a.png": 2, "valid/sad/a.png": 2})
        error = error_of(tmp_path)
        assert error.path == tmp_path / "valid"
        assert "same part as 'val'" in error.problem

    def test_numbers_need_a_table(self, tmp_path: Path) -> None:
        images = {
            f"{part}/{n}/{part}_{n}.jpg": n for part in ("train", "test") for n in range(1, 8)
        }
        write_images(tmp_path, images)
        error = error_of(tmp_path)
        assert error.path == tmp_path / "train" / "1"
        assert "unknown class '1'" in error.problem
        assert "numbers found (1, 2, 3, 4, 5, 6, 7) --class-map=NAME" in error.accepted
        assert "that fit: rafdb (1 S" in error.accepted
        found = load_folder(tmp_path, class_table("rafdb"))
        order = (6, 3, 2, 4, 5, 1, 7)  # as the seven stand in EMOTIONS
        assert levels_and_classes(found) == [*zip(order, EMOTIONS, strict=True)] * 2


class TestDetection:
    @pytest.mark.parametrize(
        ("images", "words"),
        [
            ({}, "an empty directory"),
            ({"a.png": 1, "b.jpg": 2}, "2 images ('a.png', 'b.jpg')"),
            ({f"{name}/happy/a.png": 1 for name in "abcd"}, "4 directories ('a', 'b', 'c', ...)"),
        ],
    )
    def test_nothing_fits(self, tmp_path: Path, images: dict[str, int], words: str) -> None:
        error = error_of(write_images(tmp_path, images))
        assert error.path == tmp_path
        assert error.problem.startswith("no layout fits ")
        assert error.problem.endswith(words)
        assert len(str(error)) < 300 + len(str(tmp_path))
        for layout in LAYOUTS:
            assert layout.words in error.accepted

    def test_other_files_are_named(self, tmp_path: Path) -> None:
        (tmp_path / "faces.zip").touch()
        error = error_of(tmp_path)
        assert error.path == tmp_path
        assert "1 other file ('faces.zip')" in error.problem

    def test_files_that_are_no_lists_do_not_matter(
        self, tmp_path: Path, snapshot: SnapshotAssertion
    ) -> None:
        write_images(tmp_path, CK)
        (tmp_path / "fer2013.csv").write_text("emotion,pixels,Usage,image\n")
        (tmp_path / "binary.csv").write_bytes(b"\xff\x00" * 1000)
        (tmp_path / "folder.csv.d").mkdir()
        (tmp_path / "folder.csv.d").rename(tmp_path / ".folder.csv")
        found = load_folder(tmp_path)
        assert levels_and_classes(found) == CK_READ
        assert [how for what, how in found.notes if what == "not read"] == snapshot

    def test_a_list_that_is_not_known_is_reported(
        self, tmp_path: Path, snapshot: SnapshotAssertion
    ) -> None:
        write_images(tmp_path, CK)
        (tmp_path / "labels.csv").write_text("Image Name,Emotion\na.png,sad\n")
        assert dict(load_folder(tmp_path).notes)["not read"] == snapshot

    @pytest.mark.parametrize(
        "text",
        [
            b"image;label\na.png;sad\n",
            "\n\nimage;label\n".encode("utf-8-sig"),
            b"\r\nid\timage\tLabel\r\n",
            "image,label\n".encode("utf-16"),
            "image,label,gr\u00f6\u00dfe\n".encode("latin-1"),
        ],
    )
    def test_a_list_written_in_another_way_is_refused(self, tmp_path: Path, text: bytes) -> None:
        write_images(tmp_path, CK)
        (tmp_path / "l.csv").write_bytes(text)
        error = error_of(tmp_path)
        assert (error.path, error.line) == (tmp_path / "l.csv", 1)
        assert "cannot be read" in error.problem
        assert "its header is " in error.problem
        assert "csv file in UTF-8" in error.accepted
        assert "commas" in error.accepted

    def test_a_link_to_nowhere_that_is_called_like_a_list(self, tmp_path: Path) -> None:
        write_images(tmp_path, CK)
        (tmp_path / "l.csv").symlink_to("l.csv")
        error = error_of(tmp_path)
        assert error.path == tmp_path / "l.csv"
        assert "cannot be read (" in error.problem

    def test_directories_that_may_not_be_read(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write_images(tmp_path, CK)
        scandir = os.scandir

        def scan(directory: Path):
            if str(directory).endswith("fear"):
                raise PermissionError(13, "No way")
            return scandir(directory)

        monkeypatch.setattr(os, "scandir", scan)
        error = error_of(tmp_path)
        assert error.path == tmp_path / "fear"
        assert "(No way)" in error.problem


class TestThroughTheDoor:
    def test_the_cache_knows_the_class_map(
        self, tmp_path: Path, snapshot: SnapshotAssertion
    ) -> None:
        root, cache = (
            write_images(tmp_path / "set", {f"{n}/a.png": n for n in (1, 2, 3)}),
            tmp_path / "c",
        )
        rafdb = load_dataset(root, cache_dir=cache, class_map="rafdb")
        assert levels_and_classes(rafdb) == [(3, "Disgust"), (2, "Fear"), (1, "Surprise")]
        for _ in range(2):
            affectnet = load_dataset(root, cache_dir=cache, class_map="affectnet")
            assert levels_and_classes(affectnet) == [(1, "Happy"), (2, "Sad"), (3, "Surprise")]
        path = file_map(tmp_path / "map.csv", "1,Awe", "2,-", "3,Sad")
        for _ in range(2):  # the second time from the cache
            found = load_dataset(root, cache_dir=cache, class_map=path)
            assert levels_and_classes(found) == [(3, "Sad"), (1, "Awe")]
            assert found.classes == (*EMOTIONS, "Awe")
            assert dict(found.notes)["left out"] == snapshot(name="left out")
        file_map(path, "1,Zeal", "2,-", "3,Sad")
        found = load_dataset(root, cache_dir=cache, class_map=path)
        assert levels_and_classes(found) == [(3, "Sad"), (1, "Zeal")]

    def test_a_list_that_changes(self, tmp_path: Path) -> None:
        root, cache = write_images(tmp_path / "set", {"a.png": 1, "b.png": 2}), tmp_path / "c"
        for label in ("Sad", "Fear"):
            (root / "l.csv").write_text(f"image,label\na.png,{label}\nb.png,Angry\n")
            for path in (root, root / "l.csv"):
                found = load_dataset(path, cache_dir=cache)
                assert (levels_and_classes(found), found.name) == (
                    [(1, label), (2, "Angry")],
                    "set",
                )

    def test_a_class_map_for_a_name(self, tmp_path: Path) -> None:
        with pytest.raises(FerBenchError) as raised:
            load_dataset("sketch", cache_dir=tmp_path, class_map="rafdb")
        assert "'rafdb'" in raised.value.problem
        assert "'sketch'" in raised.value.problem

    def test_info(self, tmp_path: Path, snapshot: SnapshotAssertion) -> None:
        root = write_images(tmp_path / "KDEF", {"AF01AFS.JPG": 1, "AF01HAS.JPG": 2}, (562, 762))
        Image.new("RGB", (562, 762)).save(root / "AF01NES.JPG")
        info = load_info(root, cache_dir=tmp_path / "c")
        assert info.layout == snapshot(name="layout")
        assert (info.images, info.width, info.height) == (3, 224, 224)
        assert info.notes == snapshot(name="notes")


def test_an_export_of_fer2013_is_still_read_as_before(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 48, 48), np.uint8)
    places = [("train", "angry"), ("train", "neutral"), ("test", "sad"), ("test", "surprise")]
    for image, (part, name) in zip(pixels, places, strict=True):
        (tmp_path / part / name).mkdir(parents=True)
        Image.fromarray(image).save(tmp_path / part / name / "Training_1.png")
    found = load_folder(tmp_path)
    np.testing.assert_array_equal(found.images, pixels)
    assert found.labels.tolist() == [0, 6, 4, 5]
    assert found.classes == EMOTIONS
    assert found.usage.tolist() == [0] * 4
