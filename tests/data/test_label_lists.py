from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import pytest
from image_folders import told, write_image, write_images

from fer_bench.data import EMOTIONS, load_dataset
from fer_bench.data.formats.class_names import UNNUMBERED, class_table
from fer_bench.data.formats.image_folders import load_folder
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from pathlib import Path

IMAGES = {"faces/a.png": 1, "faces/more/b.png": 2, "c.png": 3}


def message_of(path: Path, table=UNNUMBERED) -> str:
    with pytest.raises(FerBenchError) as raised:
        load_folder(path, table)
    assert "accepted" in str(raised.value)
    assert "\n" not in str(raised.value)
    return str(raised.value)


class TestCsv:
    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        return write_images(tmp_path / "set", IMAGES)

    def test_paths_from_the_folder(self, root: Path) -> None:
        (root / "labels.csv").write_text(
            ",pth,label,relFCs\n0,faces/more/b.png,surprise,0.8\n1,c.png,Anger,0.7\n"
            "2,faces/a.png,contempt,0.9\n"
        )
        found = load_folder(root)
        assert told(found) == [(2, "Surprise"), (3, "Angry"), (1, "Contempt")]
        assert (found.classes, found.usage) == ((*EMOTIONS, "Contempt"), None)
        layout = "image files with a list of labels, labels.csv, without a usage"
        assert found.notes[0] == ("layout", layout)
        assert "left out" not in dict(found.notes)

    @pytest.mark.parametrize("path", ["image", "IMAGE_PATH", "filename", "subDirectory_filePath"])
    @pytest.mark.parametrize("label", ["emotion", "Label", "expression", "class"])
    def test_names_of_columns(self, root: Path, path: str, label: str) -> None:
        (root / "x.CSV").write_bytes(f"\ufeff{label}, {path}\r\n\r\nhappy, c.png\r\n".encode())
        assert told(load_folder(root)) == [(3, "Happy")]

    def test_the_list_counts_more_than_folders(self, root: Path) -> None:
        write_images(root, {"happy/d.png": 4, "sad/e.png": 5})
        (root / "labels.csv").write_text("image,label\nhappy/d.png,sad\nsad/e.png,sad\n")
        found = load_folder(root)
        assert told(found) == [(4, "Sad"), (5, "Sad")]
        how = "1 of 2 images lie in a folder of another class than the list says, which counts"
        assert ("classes", how) in found.notes
        assert ("left out", "3: no row in labels.csv") in found.notes

    def test_a_list_that_is_meant_for_something_else(self, tmp_path: Path) -> None:
        write_images(
            tmp_path, {"train/happy/1.png": 1, "test/sad/2.png": 2, "test/neutral/3.png": 3}
        )
        rows = "".join(f"{n}.png,neutral\n" for n in (1, 2, 3))
        (tmp_path / "sample_submission.csv").write_text(f"filename,label\n{rows}")
        how = "2 of 3 images lie in a folder of another class than the list says, which counts"
        assert ("classes", how) in load_folder(tmp_path).notes

    @pytest.mark.parametrize("start", ["\n", "\r\n \r\n", "\ufeff\n\n", ",\n"])
    def test_blank_lines_first(self, root: Path, start: str) -> None:
        write_images(root, {"happy/d.png": 4, "sad/e.png": 5})
        (root / "l.csv").write_bytes(f"{start}image,label\nhappy/d.png,sad\n".encode())
        assert told(load_folder(root)) == [(4, "Sad")]

    def test_the_end_of_a_path_is_enough_where_it_is_clear(self, root: Path) -> None:
        (root / "l.csv").write_text("image,label\nb.png,sad\nmore\\\\b.png,sad\n")
        assert "'faces/more/b.png' is in line 2 of 'l.csv' already" in message_of(root)
        (root / "l.csv").write_text("image,label\nb.png,sad\n./faces/a.png,happy\n")
        assert told(load_folder(root)) == [(2, "Sad"), (1, "Happy")]
        write_image(root / "faces" / "b.png", 9)
        assert "'b.png' may be 'faces/b.png' or 'faces/more/b.png'" in message_of(root)

    def test_a_list_for_each_part(self, root: Path) -> None:
        write_images(root, {f"D/{part}/{n}/x.png": n for n, part in enumerate(("train", "test"))})
        (root / "train_labels.csv").write_text("image,label\nx.png,6\n")
        (root / "test_labels.csv").write_text("image,label\nx.png,4\nc.png,1\n")
        found = load_folder(root, class_table("rafdb"))
        assert told(found) == [(1, "Happy"), (3, "Surprise"), (0, "Angry")]
        assert found.usage is None
        (root / "val.csv").write_text("image,label\na.png,7\n")
        found = load_folder(root, class_table("rafdb"))
        assert told(found)[-1] == (1, "Neutral")
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
            message = str(raised.value)
            assert f"{name}', line 3: no image " in message
            assert "of the row's part, which is 'train': 'test/3.png' lies in the f" in message
        write_image(root / "train" / "3.png", 4)
        (root / name).write_text(text.replace("test/3", "train/3"))
        assert told(load_folder(root)) == [(1, "Sad"), (4, "Sad")]

    def test_lists_that_name_each_others_images(self, tmp_path: Path) -> None:
        write_images(tmp_path, {f"{part}/{part}.png": 1 for part in ("train", "val", "test")})
        for part, other in (("train", "test"), ("test", "train"), ("val", "val")):
            (tmp_path / f"{part}.csv").write_text(f"image,label\n{other}/{other}.png,sad\n")
        assert "no image 'train/train.png' of the row's part, which is 'test'" in message_of(
            tmp_path
        )

    def test_a_folder_of_two_parts_is_of_neither(self, tmp_path: Path) -> None:
        write_images(tmp_path, {"test/train/1.png": 1})
        (tmp_path / "train.csv").write_text("image,label\n1.png,sad\n")
        assert "'test/train/1.png' lies in the folder of another" in message_of(tmp_path)

    def test_the_own_part_counts_before_folders_of_none(self, tmp_path: Path) -> None:
        write_images(tmp_path, {"faces/1.png": 1, "TRAIN/1.png": 2, "faces/train.png": 3})
        (tmp_path / "train.csv").write_text("image,label\n1.png,sad\ntrain.png,happy\n")
        assert told(load_folder(tmp_path)) == [(2, "Sad"), (3, "Happy")]

    def test_both_of_kaggles_tests_in_one_folder(self, tmp_path: Path) -> None:
        write_images(tmp_path, {"train/1.png": 1, "test/2.png": 2, "test/3.png": 3})
        rows = ["1.png,sad,Training", "2.png,sad,PublicTest", "3.png,happy,PrivateTest"]
        (tmp_path / "l.csv").write_text("\n".join(["image,label,Usage", *rows]))
        assert load_folder(tmp_path).usage.tolist() == [0, 1, 2]
        rows[0] = "1.png,sad,PublicTest"
        (tmp_path / "l.csv").write_text("\n".join(["image,label,Usage", *rows]))
        assert "no image '1.png' of the row's part, which is 'val'" in message_of(tmp_path)

    def test_two_lists_of_one_part(self, root: Path) -> None:
        for name in ("train.csv", "train_more.csv"):
            (root / name).write_text("image,label\nc.png,sad\n")
        assert "several lists of labels ('train.csv', 'train_more.csv')" in message_of(root)

    def test_accents_written_in_two_ways(self, root: Path) -> None:
        one, other = (unicodedata.normalize(form, "fr\u00f6hlich") for form in ("NFD", "NFC"))
        for here, there in ((one, other), (other, one)):
            path = write_image(root / here / f"{here}.png", 7)
            for place in (f"{there}/{there}.png", f"{there}.png"):
                (root / "l.csv").write_text(f"image,label\n{place},sad\n", "utf-8")
                assert told(load_folder(root)) == [(7, "Sad")]
            path.unlink()
        write_images(root, {f"{one}.png": 8, f"{other}.png": 9, f"faces/{one}.png": 6})
        (root / "l.csv").write_text(f"image,label\n{other}.png,sad\n", "utf-8")
        assert told(load_folder(root)) == [(9, "Sad")]

    def test_one_of_several_lists(self, root: Path) -> None:
        for name in ("a.csv", "train.csv"):
            (root / name).write_text("image,label\nc.png,sad\n")
        text = message_of(root)
        assert "several lists of labels ('a.csv', 'train.csv'); accepted: one, or one for" in text
        found = load_folder(root / "a.csv")
        assert (told(found), found.name) == ([(3, "Sad")], "set")

    @pytest.mark.parametrize("column", ["Usage", "split"])
    def test_a_column_of_parts(self, root: Path, column: str) -> None:
        lines = [f"image,label,{column}", "a.png,sad,Training", "b.png,sad,valid", "c.png,sad,TEST"]
        (root / "l.csv").write_text("\n".join(lines))
        assert load_folder(root).usage.tolist() == [0, 1, 2]
        (root / "l.csv").write_text("\n".join(lines[:3]))
        assert load_folder(root).usage is None
        (root / "l.csv").write_text("\n".join([*lines, "x.png,sad,mine"]))
        assert f"line 5: {column.lower()} 'mine'; accepted: train, val" in message_of(root)

    def test_numbers_need_a_table(self, root: Path) -> None:
        (root / "l.csv").write_text("image,label\na.png,7\nb.png,0\n")
        text = message_of(root)
        assert "l.csv', line 2: label '7' is no class" in text
        assert (
            "for the numbers found (0, 7) --class-map=NAME, of which affectnet (0 Neutral" in text
        )
        assert "rafdb" not in text
        found = load_folder(root, class_table("affectnet"))
        assert told(found) == [(1, "Contempt"), (2, "Neutral")]

    @pytest.mark.parametrize(
        ("rows", "cause"),
        [
            ("", "there is no row below the header"),
            ("none.png,sad\n", "line 2: no image 'none.png'"),
            ("c.png,sad\n\nC.png,sad\n", "line 4: no image 'C.png'"),
            ("../set/c.png,sad\n", "line 2: the path '../set/c.png' leads out of the folder"),
            ("faces/../c.png,sad\n", "leads out of the folder"),
            ("/etc/passwd,sad\n", "leads out of the folder"),
            ("C:\\c.png,sad\n", "leads out of the folder"),
            ("c:,sad\n", "leads out of the folder"),
            (",sad\n", "line 2: the path '' names no file"),
            ("./,sad\n", "line 2: the path './' names no file"),
            ("c.png,calm\n", "line 2: label 'calm' is no class; accepted: names of classes"),
            ("c.png,\n", "line 2: label '' is no class"),
            ("c.png,3.0\n", "label '3.0' is no class"),
            ("c.png\n", "line 2: 1 columns; accepted: 2"),
            ("c.png,sad\nc.png,happy\n", "line 3: 'c.png' is in line 2 of 'l.csv' already"),
            ("l.csv,sad\n", "line 2: 'l.csv' is no image file; accepted: image files (.bmp, "),
            ("c.gif,sad\n", "'c.gif' is no image file; accepted: image files (.bmp, .jfif, "),
            ("c,sad\n", "'c' is no image file; accepted: "),
            ("12:30.png,sad\n", "line 2: no image '12:30.png'; accepted: images that are in"),
            ('"c.png,sad\n', "the line is not csv"),
        ],
    )
    def test_mistakes(self, root: Path, rows: str, cause: str) -> None:
        (root / "l.csv").write_text("image,label\n" + rows)
        text = message_of(root)
        assert cause in text
        assert text.startswith(f"{str(root / 'l.csv')!r}")

    @pytest.mark.parametrize("place", ["12:30.png", "a:b/1.png", "1:/x.png"])
    def test_names_with_colons(self, root: Path, place: str) -> None:
        write_image(root / place, 8)
        (root / "l.csv").write_text(f"image,label\n{place},sad\n")
        assert told(load_folder(root)) == [(8, "Sad")]

    @pytest.mark.parametrize(
        ("row", "step"),
        [
            ("none.png,sad", "put it there or remove the line"),
            ("c.gif,sad", "convert it, or write its whole name"),
            ("c.png,calm", "correct the line or add --class-map"),
            ("../c.png,sad", "correct the path"),
            ("c.png", "correct the line"),
        ],
    )
    def test_what_mends_it(self, root: Path, row: str, step: str) -> None:
        (root / "l.csv").write_text(f"image,label\n{row}\n")
        assert message_of(root).endswith(f"; {step}")

    def test_several_columns_that_could_be_meant(self, root: Path) -> None:
        (root / "l.csv").write_text("image,label,emotion\nc.png,1,sad\n")
        assert "line 1: several columns of labels ('label' and 'emotion')" in message_of(root)

    def test_no_list(self, root: Path) -> None:
        (root / "l.csv").write_text("id,label\n1,sad\n")
        text = message_of(root)
        assert "no layout fits 1 folder ('faces') and 1 image ('c.png') and 1 other file" in text
        assert "('l.csv' with the columns 'id, label'); accepted: " in text
        assert text.endswith("; if 'l.csv' has the labels, call its columns path and label")

    def test_a_list_named_itself_that_is_none(self, root: Path, tmp_path: Path) -> None:
        (root / "l.csv").write_text("id,label\n1,sad\n")
        with pytest.raises(FerBenchError, match=r"or with those of a list of labels \(docs/"):
            load_dataset(root / "l.csv", cache_dir=tmp_path / "c")

    @pytest.mark.parametrize("end", ["\r", "\r\n", "\n"])
    def test_line_ends(self, root: Path, end: str) -> None:
        (root / "l.csv").write_bytes(end.join(["image,label", "c.png,sad", ""]).encode())
        assert told(load_folder(root)) == [(3, "Sad")]

    def test_links_that_lead_out(self, root: Path, tmp_path: Path) -> None:
        outside = write_image(tmp_path / "outside" / "x.png", 1)
        (root / "l.csv").write_text("image,label\nx.png,sad\n")
        (root / "faces" / "x.png").symlink_to(outside)
        assert "x.png': a link that leads out of the data set" in message_of(root)

    def test_links_that_lead_back(self, root: Path) -> None:
        (root / "l.csv").write_text("image,label\nc.png,sad\n")
        (root / "faces" / "again").symlink_to(root)
        assert "again': a link that leads back to a folder above it" in message_of(root)

    def test_nothing_is_left(self, root: Path, tmp_path: Path) -> None:
        (root / "l.csv").write_text("image,label\nc.png,sad\n")
        (tmp_path / "map").write_text("name,class\nsad,-\n")
        text = message_of(root, class_table(tmp_path / "map"))
        assert "no image is left (1: the class map leaves out 'sad'; 2: no row in l.csv)" in text


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

    def test_aligned_images_in_the_order_of_the_list(self, root: Path) -> None:
        found = load_folder(root, class_table("rafdb"))
        assert told(found) == [(5, "Sad"), (1, "Surprise"), (7, "Neutral")]
        layout = "RAF-DB's list_patition_label.txt and aligned images, without a usage"
        assert found.notes[0] == ("layout", layout)
        assert "left out" not in dict(found.notes)

    def test_the_table_must_be_asked_for(self, root: Path) -> None:
        text = message_of(root)
        assert "list_patition_label.txt', line 1: label '5' is no class" in text
        assert "of which rafdb (1 Surprise, 5 Sad, 7 Neutral), affectnet (1 Happy" in text

    @pytest.mark.parametrize(
        ("line", "cause"),
        [
            ("train_00009.jpg 5", "line 4: no image 'train_00009.jpg' in Image/aligned"),
            ("../x 5", "line 4: no image '../x'"),
            ("train_00001.jpg", "line 4: 1 words; accepted: lines of an image and a number"),
            ("train_00001_aligned.jpg 5", "line 4: 'train_00001_aligned.jpg' is in line 1"),
            ("train_00001.jpg 8", "line 4: label '8' is no class"),
        ],
    )
    def test_mistakes(self, root: Path, line: str, cause: str) -> None:
        with self.list_in(root).open("a") as file:
            file.write(line)
        assert cause in message_of(root, class_table("rafdb"))

    def test_a_list_that_cannot_be_read(self, root: Path) -> None:
        self.list_in(root).write_bytes(b"\xff\xfe")
        assert "it cannot be read (" in message_of(root)
        self.list_in(root).write_text("\n")
        assert "the file is empty" in message_of(root)

    @pytest.mark.parametrize("folder", ["old", "Aligned", "0"])
    def test_only_the_folder_itself_is_read(self, root: Path, folder: str) -> None:
        write_image(root / f"Image/aligned/{folder}/train_00001_aligned.jpg", 200)
        assert told(load_folder(root, class_table("rafdb")))[0] == (5, "Sad")
        (root / "Image/aligned/train_00001_aligned.jpg").unlink()
        assert "no image 'train_00001.jpg' in Image/aligned" in message_of(
            root, class_table("rafdb")
        )

    def test_the_aligned_image_counts_before_the_plain_one(self, root: Path) -> None:
        write_image(root / "Image/aligned/train_00001.jpg", 200)
        write_image(root / "Image/aligned/train_00003.jpg", 100)
        with self.list_in(root).open("a") as file:
            file.write("train_00003.jpg 4\n")
        found = load_folder(root, class_table("rafdb"))
        assert told(found) == [(5, "Sad"), (1, "Surprise"), (7, "Neutral"), (100, "Happy")]

    def test_no_aligned_images(self, root: Path) -> None:
        (root / "Image" / "aligned").rename(root / "Image" / "other")
        assert "no folder 'Image/aligned' in it; accepted: RAF-DB's Emo" in message_of(root)
