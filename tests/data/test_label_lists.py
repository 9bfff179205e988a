from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import pytest
from image_folders import levels_and_classes, load_folder, write_image, write_images

from fer_bench.data import EMOTIONS, load_dataset
from fer_bench.data.formats.class_names import UNNUMBERED, class_table
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from pathlib import Path

IMAGES = {"faces/a.png": 1, "faces/more/b.png": 2, "c.png": 3}


def error_of(path: Path, table=UNNUMBERED) -> FerBenchError:
    with pytest.raises(FerBenchError) as raised:
        load_folder(path, table)
    assert raised.value.accepted
    assert "\n" not in str(raised.value)
    return raised.value


class TestCsv:
    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        return write_images(tmp_path / "set", IMAGES)

    def test_paths_from_the_directory(self, root: Path, snapshot) -> None:
        (root / "labels.csv").write_text(
            ",pth,label,relFCs\n0,faces/more/b.png,surprise,0.8\n1,c.png,Anger,0.7\n"
            "2,faces/a.png,contempt,0.9\n"
        )
        found = load_folder(root)
        assert levels_and_classes(found) == [(2, "Surprise"), (3, "Angry"), (1, "Contempt")]
        assert (found.classes, found.usage) == ((*EMOTIONS, "Contempt"), None)
        assert found.notes[0] == snapshot
        assert "left out" not in dict(found.notes)

    @pytest.mark.parametrize("path", ["image", "IMAGE_PATH", "filename", "subDirectory_filePath"])
    @pytest.mark.parametrize("label", ["emotion", "Label", "expression", "class"])
    def test_names_of_columns(self, root: Path, path: str, label: str) -> None:
        (root / "x.CSV").write_bytes(f"\ufeff{label}, {path}\r\n\r\nhappy, c.png\r\n".encode())
        assert levels_and_classes(load_folder(root)) == [(3, "Happy")]

    def test_the_list_counts_more_than_directories(self, root: Path) -> None:
        write_images(root, {"happy/d.png": 4, "sad/e.png": 5})
        (root / "labels.csv").write_text("image,label\nhappy/d.png,sad\nsad/e.png,sad\n")
        found = load_folder(root)
        assert levels_and_classes(found) == [(4, "Sad"), (5, "Sad")]
        notes = dict(found.notes)
        assert notes["classes"].startswith("1 of 2 images ")
        assert notes["left out"].startswith("3: ")
        assert notes["left out"].endswith(" labels.csv")

    def test_a_list_that_is_meant_for_something_else(self, tmp_path: Path) -> None:
        write_images(
            tmp_path, {"train/happy/1.png": 1, "test/sad/2.png": 2, "test/neutral/3.png": 3}
        )
        rows = "".join(f"{n}.png,neutral\n" for n in (1, 2, 3))
        (tmp_path / "sample_submission.csv").write_text(f"filename,label\n{rows}")
        assert dict(load_folder(tmp_path).notes)["classes"].startswith("2 of 3 images ")

    @pytest.mark.parametrize("start", ["\n", "\r\n \r\n", "\ufeff\n\n", ",\n"])
    def test_blank_lines_first(self, root: Path, start: str) -> None:
        write_images(root, {"happy/d.png": 4, "sad/e.png": 5})
        (root / "l.csv").write_bytes(f"{start}image,label\nhappy/d.png,sad\n".encode())
        assert levels_and_classes(load_folder(root)) == [(4, "Sad")]

    def test_the_end_of_a_path_is_enough_where_it_is_clear(self, root: Path) -> None:
        (root / "l.csv").write_text("image,label\nb.png,sad\nmore\\\\b.png,sad\n")
        error = error_of(root)
        assert (error.path, error.line) == (root / "l.csv", 3)
        assert "'faces/more/b.png'" in error.problem
        assert "line 2 of 'l.csv'" in error.problem
        (root / "l.csv").write_text("image,label\nb.png,sad\n./faces/a.png,happy\n")
        assert levels_and_classes(load_folder(root)) == [(2, "Sad"), (1, "Happy")]
        write_image(root / "faces" / "b.png", 9)
        error = error_of(root)
        assert (error.path, error.line) == (root / "l.csv", 2)
        for path in ("b.png", "faces/b.png", "faces/more/b.png"):
            assert repr(path) in error.problem

    def test_a_list_for_each_part(self, root: Path) -> None:
        write_images(root, {f"D/{part}/{n}/x.png": n for n, part in enumerate(("train", "test"))})
        (root / "train_labels.csv").write_text("image,label\nx.png,6\n")
        (root / "test_labels.csv").write_text("image,label\nx.png,4\nc.png,1\n")
        found = load_folder(root, class_table("rafdb"))
        assert levels_and_classes(found) == [(1, "Happy"), (3, "Surprise"), (0, "Angry")]
        assert found.usage is None
        (root / "val.csv").write_text("image,label\na.png,7\n")
        found = load_folder(root, class_table("rafdb"))
        assert levels_and_classes(found)[-1] == (1, "Neutral")
        assert found.usage.tolist() == [2, 2, 0, 1]

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("train_labels.csv", "image,label\n1.png,sad\n3.png,sad\n"),
            ("train.csv", "image,label\n1.png,sad\ntest/3.png,sad\n"),
            ("l.csv", "image,label,split\n1.png,sad,train\n3.png,sad,train\n"),
            ("test.csv", "image,label,split\n1.png,sad,train\n3.png,sad,Training\n"),
        ],
    )
    def test_an_image_of_another_part_is_never_taken(
        self, tmp_path: Path, name: str, text: str
    ) -> None:
        root = write_images(tmp_path / "set", {"train/1.png": 1, "test/1.png": 2, "test/3.png": 3})
        (root / name).write_text(text)
        for path in (root, root / name):
            with pytest.raises(FerBenchError) as raised:
                load_dataset(path, cache_dir=tmp_path / "c")
            error = raised.value
            assert (error.path, error.line) == (root / name, 3)
            assert "no image " in error.problem
            assert "the row's part" in error.problem
            assert "'test/3.png' is in another part" in error.problem
        write_image(root / "train" / "3.png", 4)
        (root / name).write_text(text.replace("test/3", "train/3"))
        assert levels_and_classes(load_folder(root)) == [(1, "Sad"), (4, "Sad")]

    def test_lists_that_name_each_others_images(self, tmp_path: Path) -> None:
        write_images(tmp_path, {f"{part}/{part}.png": 1 for part in ("train", "val", "test")})
        for part, other in (("train", "test"), ("test", "train"), ("val", "val")):
            (tmp_path / f"{part}.csv").write_text(f"image,label\n{other}/{other}.png,sad\n")
        error = error_of(tmp_path)
        assert (error.path, error.line) == (tmp_path / "test.csv", 2)
        assert "image 'train/train.png'" in error.problem
        assert "the row's part 'test'" in error.problem

    def test_a_directory_of_two_parts_is_of_neither(self, tmp_path: Path) -> None:
        write_images(tmp_path, {"test/train/1.png": 1})
        (tmp_path / "train.csv").write_text("image,label\n1.png,sad\n")
        error = error_of(tmp_path)
        assert (error.path, error.line) == (tmp_path / "train.csv", 2)
        assert "'test/train/1.png' is in another part" in error.problem

    def test_the_own_part_counts_before_directories_of_none(self, tmp_path: Path) -> None:
        write_images(tmp_path, {"faces/1.png": 1, "TRAIN/1.png": 2, "faces/train.png": 3})
        (tmp_path / "train.csv").write_text("image,label\n1.png,sad\ntrain.png,happy\n")
        assert levels_and_classes(load_folder(tmp_path)) == [(2, "Sad"), (3, "Happy")]

    def test_both_of_kaggles_tests_in_one_directory(self, tmp_path: Path) -> None:
        write_images(tmp_path, {"train/1.png": 1, "test/2.png": 2, "test/3.png": 3})
        rows = ["1.png,sad,Training", "2.png,sad,PublicTest", "3.png,happy,PrivateTest"]
        (tmp_path / "l.csv").write_text("\n".join(["image,label,Usage", *rows]))
        assert load_folder(tmp_path).usage.tolist() == [0, 1, 2]
        rows[0] = "1.png,sad,PublicTest"
        (tmp_path / "l.csv").write_text("\n".join(["image,label,Usage", *rows]))
        error = error_of(tmp_path)
        assert (error.path, error.line) == (tmp_path / "l.csv", 2)
        assert "no image '1.png'" in error.problem
        assert "the row's part 'PublicTest'" in error.problem

    def test_two_lists_of_one_part(self, root: Path) -> None:
        for name in ("train.csv", "train_more.csv"):
            (root / name).write_text("image,label\nc.png,sad\n")
        error = error_of(root)
        assert error.path == root
        assert "several label lists" in error.problem
        for name in ("train.csv", "train_more.csv"):
            assert repr(name) in error.problem

    def test_accents_written_in_two_ways(self, root: Path) -> None:
        one, other = (unicodedata.normalize(form, "fr\u00f6hlich") for form in ("NFD", "NFC"))
        for here, there in ((one, other), (other, one)):
            path = write_image(root / here / f"{here}.png", 7)
            for place in (f"{there}/{there}.png", f"{there}.png"):
                (root / "l.csv").write_text(f"image,label\n{place},sad\n", "utf-8")
                assert levels_and_classes(load_folder(root)) == [(7, "Sad")]
            path.unlink()
        write_images(root, {f"{one}.png": 8, f"{other}.png": 9, f"faces/{one}.png": 6})
        (root / "l.csv").write_text(f"image,label\n{other}.png,sad\n", "utf-8")
        assert levels_and_classes(load_folder(root)) == [(9, "Sad")]

    def test_one_of_several_lists(self, root: Path) -> None:
        for name in ("a.csv", "train.csv"):
            (root / name).write_text("image,label\nc.png,sad\n")
        error = error_of(root)
        assert error.path == root
        assert "several label lists" in error.problem
        assert "('a.csv', 'train.csv')" in error.problem
        assert error.accepted.startswith("one, or one for ")
        found = load_folder(root / "a.csv")
        assert (levels_and_classes(found), found.name) == ([(3, "Sad")], "set")

    @pytest.mark.parametrize("column", ["Usage", "split"])
    def test_a_column_of_parts(self, root: Path, column: str) -> None:
        lines = [f"image,label,{column}", "a.png,sad,Training", "b.png,sad,valid", "c.png,sad,TEST"]
        (root / "l.csv").write_text("\n".join(lines))
        assert load_folder(root).usage.tolist() == [0, 1, 2]
        (root / "l.csv").write_text("\n".join(lines[:3]))
        assert load_folder(root).usage is None
        (root / "l.csv").write_text("\n".join([*lines, "x.png,sad,mine"]))
        error = error_of(root)
        assert (error.path, error.line) == (root / "l.csv", 5)
        assert error.problem == f"{column.lower()} 'mine'"
        assert error.accepted.startswith("train, val")

    def test_numbers_need_a_table(self, root: Path, snapshot) -> None:
        (root / "l.csv").write_text("image,label\na.png,7\nb.png,0\n")
        error = error_of(root)
        assert (error.path, error.line) == (root / "l.csv", 2)
        assert "unknown class '7'" in error.problem
        assert error.accepted == snapshot
        assert "rafdb" not in str(error)
        found = load_folder(root, class_table("affectnet"))
        assert levels_and_classes(found) == [(1, "Contempt"), (2, "Neutral")]

    @pytest.mark.parametrize(
        ("rows", "line", "problem", "accepted"),
        [
            ("", None, "no row below", "a row for each"),
            ("none.png,sad\n", 2, "no image 'none.png'", "in the directory"),
            ("c.png,sad\n\nC.png,sad\n", 4, "no image 'C.png'", "in the directory"),
            ("../set/c.png,sad\n", 2, "'../set/c.png' leads out", "relative to the directory"),
            ("faces/../c.png,sad\n", 2, "'faces/../c.png' leads out", "relative to the directory"),
            ("/etc/passwd,sad\n", 2, "'/etc/passwd' leads out", "relative to the directory"),
            ("C:\\c.png,sad\n", 2, r"'C:\\c.png' leads out", "relative to the directory"),
            ("c:,sad\n", 2, "'c:' leads out", "relative to the directory"),
            (",sad\n", 2, "'' names no file", "relative to the directory"),
            ("./,sad\n", 2, "'./' names no file", "relative to the directory"),
            ("c.png,calm\n", 2, "unknown class 'calm'", "names of classes"),
            ("c.png,\n", 2, "unknown class ''", "names of classes"),
            ("c.png,3.0\n", 2, "unknown class '3.0'", "names of classes"),
            ("c.png\n", 2, "1 columns", "2, "),
            ("c.png,sad\nc.png,happy\n", 3, "'c.png' is already in line 2 of 'l.csv'", "once"),
            ("l.csv,sad\n", 2, "'l.csv' is not an image file", "(.bmp, .jfif, "),
            ("c.gif,sad\n", 2, "'c.gif' is not an image file", "(.bmp, .jfif, "),
            ("c,sad\n", 2, "'c' is not an image file", "(.bmp, .jfif, "),
            ("12:30.png,sad\n", 2, "no image '12:30.png'", "in the directory"),
            ('"c.png,sad\n', 2, "not csv", "csv file in UTF-8"),
        ],
    )
    def test_mistakes(
        self, root: Path, rows: str, line: int | None, problem: str, accepted: str
    ) -> None:
        (root / "l.csv").write_text("image,label\n" + rows)
        error = error_of(root)
        assert (error.path, error.line) == (root / "l.csv", line)
        assert problem in error.problem
        assert accepted in error.accepted

    @pytest.mark.parametrize("place", ["12:30.png", "a:b/1.png", "1:/x.png"])
    def test_names_with_colons(self, root: Path, place: str) -> None:
        write_image(root / place, 8)
        (root / "l.csv").write_text(f"image,label\n{place},sad\n")
        assert levels_and_classes(load_folder(root)) == [(8, "Sad")]

    @pytest.mark.parametrize(
        "row",
        ["none.png,sad", "c.gif,sad", "c.png,calm", "../c.png,sad", "c.png"],
    )
    def test_what_repairs_it(self, root: Path, row: str, snapshot) -> None:
        (root / "l.csv").write_text(f"image,label\n{row}\n")
        error = error_of(root)
        assert str(error).endswith(f"; {error.hint}")
        assert error.hint == snapshot

    def test_several_columns_that_could_be_meant(self, root: Path) -> None:
        (root / "l.csv").write_text("image,label,emotion\nc.png,1,sad\n")
        error = error_of(root)
        assert (error.path, error.line) == (root / "l.csv", 1)
        assert "several columns" in error.problem
        assert "('label' and 'emotion')" in error.problem

    def test_no_list(self, root: Path, snapshot) -> None:
        (root / "l.csv").write_text("id,label\n1,sad\n")
        error = error_of(root)
        assert error.path == root
        assert error.problem == snapshot(name="problem")
        assert error.hint == snapshot(name="hint")

    def test_a_list_named_itself_that_is_none(self, root: Path, tmp_path: Path) -> None:
        (root / "l.csv").write_text("id,label\n1,sad\n")
        with pytest.raises(FerBenchError) as raised:
            load_dataset(root / "l.csv", cache_dir=tmp_path / "c")
        assert (raised.value.path, raised.value.line) == (root / "l.csv", 1)
        assert "docs/datasets.md" in raised.value.accepted

    @pytest.mark.parametrize("end", ["\r", "\r\n", "\n"])
    def test_line_ends(self, root: Path, end: str) -> None:
        (root / "l.csv").write_bytes(end.join(["image,label", "c.png,sad", ""]).encode())
        assert levels_and_classes(load_folder(root)) == [(3, "Sad")]

    def test_links_that_lead_out(self, root: Path, tmp_path: Path) -> None:
        outside = write_image(tmp_path / "outside" / "x.png", 1)
        (root / "l.csv").write_text("image,label\nx.png,sad\n")
        (root / "faces" / "x.png").symlink_to(outside)
        error = error_of(root)
        assert error.path == root / "faces" / "x.png"
        assert "link that leads out" in error.problem

    def test_links_that_lead_back(self, root: Path) -> None:
        (root / "l.csv").write_text("image,label\nc.png,sad\n")
        (root / "faces" / "again").symlink_to(root)
        error = error_of(root)
        assert error.path == root / "faces" / "again"
        assert "link that leads back" in error.problem

    def test_nothing_is_left(self, root: Path, tmp_path: Path, snapshot) -> None:
        (root / "l.csv").write_text("image,label\nc.png,sad\n")
        (tmp_path / "map").write_text("name,class\nsad,-\n")
        assert error_of(root, class_table(tmp_path / "map")).problem == snapshot


class TestRafDb:
    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        numbers = {"train_00001": 5, "train_00002": 1, "test_0001": 7}
        write_images(tmp_path, {f"Image/aligned/{n}_aligned.jpg": v for n, v in numbers.items()})
        write_image(tmp_path / "Image/original/train_00001.jpg", 99)
        self.list_in(tmp_path).write_text("".join(f"{n}.jpg {v}\n" for n, v in numbers.items()))
        return tmp_path

    def list_in(self, root: Path) -> Path:
        (root / "EmoLabel").mkdir(exist_ok=True)
        return root / "EmoLabel" / "list_patition_label.txt"

    def test_aligned_images_in_the_order_of_the_list(self, root: Path, snapshot) -> None:
        found = load_folder(root, class_table("rafdb"))
        assert levels_and_classes(found) == [(5, "Sad"), (1, "Surprise"), (7, "Neutral")]
        assert found.notes[0] == snapshot
        assert "left out" not in dict(found.notes)

    def test_the_table_must_be_asked_for(self, root: Path, snapshot) -> None:
        error = error_of(root)
        assert (error.path, error.line) == (self.list_in(root), 1)
        assert "unknown class '5'" in error.problem
        assert error.accepted == snapshot

    @pytest.mark.parametrize(
        ("line", "problem", "accepted"),
        [
            ("train_00009.jpg 5", "'train_00009.jpg' in Image/aligned", "in the directory"),
            ("../x 5", "no image '../x'", "in the directory"),
            ("train_00001.jpg", "1 words", "an image and a number"),
            (
                "train_00001_aligned.jpg 5",
                "'Image/aligned/train_00001_aligned.jpg' is already in line 1",
                "once",
            ),
            ("train_00001.jpg 8", "unknown class '8'", "affectnet"),
        ],
    )
    def test_mistakes(self, root: Path, line: str, problem: str, accepted: str) -> None:
        with self.list_in(root).open("a") as file:
            file.write(line)
        error = error_of(root, class_table("rafdb"))
        assert (error.path, error.line) == (self.list_in(root), 4)
        assert problem in error.problem
        assert accepted in error.accepted

    def test_a_list_that_cannot_be_read(self, root: Path) -> None:
        self.list_in(root).write_bytes(b"\xff\xfe")
        error = error_of(root)
        assert error.path == self.list_in(root)
        assert "cannot be read (" in error.problem
        self.list_in(root).write_text("\n")
        error = error_of(root)
        assert error.path == self.list_in(root)
        assert "file is empty" in error.problem

    @pytest.mark.parametrize("directory", ["old", "Aligned", "0"])
    def test_only_the_directory_itself_is_read(self, root: Path, directory: str) -> None:
        write_image(root / f"Image/aligned/{directory}/train_00001_aligned.jpg", 200)
        assert levels_and_classes(load_folder(root, class_table("rafdb")))[0] == (5, "Sad")
        (root / "Image/aligned/train_00001_aligned.jpg").unlink()
        error = error_of(root, class_table("rafdb"))
        assert (error.path, error.line) == (self.list_in(root), 1)
        assert "no image 'train_00001.jpg'" in error.problem
        assert "Image/aligned" in error.problem

    def test_the_aligned_image_counts_before_the_plain_one(self, root: Path) -> None:
        write_image(root / "Image/aligned/train_00001.jpg", 200)
        write_image(root / "Image/aligned/train_00003.jpg", 100)
        with self.list_in(root).open("a") as file:
            file.write("train_00003.jpg 4\n")
        found = load_folder(root, class_table("rafdb"))
        assert levels_and_classes(found) == [
            (5, "Sad"),
            (1, "Surprise"),
            (7, "Neutral"),
            (100, "Happy"),
        ]

    def test_no_aligned_images(self, root: Path) -> None:
        (root / "Image" / "aligned").rename(root / "Image" / "other")
        error = error_of(root)
        assert error.path == root
        assert "no directory 'Image/aligned'" in error.problem
        assert error.accepted.startswith("RAF-DB's EmoLabel/")
