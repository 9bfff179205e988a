from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from image_folders import levels_and_classes, load_folder, write_image, write_images

from fer_bench.data import load_dataset, make_split
from fer_bench.data.formats.class_names import UNNUMBERED, class_table
from fer_bench.data.formats.image_folders.distributed_layouts import _label
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from pathlib import Path


def error_of(path: Path, table=UNNUMBERED) -> FerBenchError:
    with pytest.raises(FerBenchError) as raised:
        load_folder(path, table)
    assert raised.value.accepted
    assert "\n" not in str(raised.value)
    return raised.value


def npy(value: object, **options) -> bytes:
    file = io.BytesIO()
    np.save(file, np.array(value, **options))
    return file.getvalue()


class TestAffectNet:
    TABLE = class_table("affectnet")

    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        """Images 0 to 3, labelled 0 to 3, the last one in the validation."""
        for number in range(4):
            part = tmp_path / "set" / ("val_set" if number == 3 else "train_set")
            write_image(part / "images" / f"{number}.jpg", number)
            self.annotate(part, number, number)
        return tmp_path / "set"

    def annotate(self, part: Path, image: int, label: int) -> None:
        (part / "annotations").mkdir(exist_ok=True)
        for kind, value in (("exp", str(label)), ("val", "-0.5"), ("aro", "0.5")):
            (part / "annotations" / f"{image}_{kind}.npy").write_bytes(npy(value))

    def test_images_in_the_order_of_parts_and_names(self, root: Path, snapshot) -> None:
        found = load_folder(root, self.TABLE)
        assert levels_and_classes(found) == [
            (0, "Neutral"),
            (1, "Happy"),
            (2, "Sad"),
            (3, "Surprise"),
        ]
        assert found.notes[0] == snapshot
        assert "left out" not in dict(found.notes)

    def test_numbers_need_a_table(self, root: Path, snapshot) -> None:
        error = error_of(root)
        assert error.path == root / "train_set/annotations/0_exp.npy"
        assert "unknown class '0'" in error.problem
        assert error.accepted == snapshot

    def test_an_image_without_annotation_is_left_out_and_counted(self, root: Path) -> None:
        write_image(root / "train_set/images/9.jpg", 9)
        found = load_folder(root, self.TABLE)
        assert len(found) == 4
        assert dict(found.notes)["left out"].startswith("1: no label ")
        assert dict(found.notes)["left out"].endswith(" annotations/")

    def test_what_is_none_of_the_expressions_is_left_out(self, root: Path) -> None:
        self.annotate(root / "train_set", 1, 10)
        found = load_folder(root, self.TABLE)
        assert [value for value, _ in levels_and_classes(found)] == [0, 2, 3]
        assert dict(found.notes)["left out"].startswith("1: ")
        assert "class map" in dict(found.notes)["left out"]
        assert dict(found.notes)["left out"].endswith(" '10'")

    def test_an_annotation_without_image(self, root: Path) -> None:
        (root / "train_set/images/2.jpg").unlink()
        error = error_of(root, self.TABLE)
        assert error.path == root / "train_set/annotations/2_exp.npy"
        assert "no image" in error.problem
        assert error.accepted.endswith(" images/")

    @pytest.mark.parametrize("name", ["images", "annotations"])
    def test_half_a_part(self, root: Path, name: str) -> None:
        (root / "val_set" / name).rename(root / "val_set" / "other")
        error = error_of(root, self.TABLE)
        assert error.path == root / "val_set"
        assert f"no directory {name!r}" in error.problem
        assert error.accepted.startswith("AffectNet's ")

    def test_a_label_that_changes(self, root: Path, tmp_path: Path) -> None:
        """The images do not change, so only the label shows that the cache is outdated."""
        for label, name in ((1, "Happy"), (7, "Contempt")):
            self.annotate(root / "train_set", 1, label)
            found = load_dataset(root, cache_dir=tmp_path / "c", class_map="affectnet")
            assert levels_and_classes(found)[1] == (1, name)

    @pytest.mark.parametrize(
        ("data", "cause"),
        [
            (b"", "expected 8 bytes got 0"),
            (b"PK\3\4" + bytes(9), "magic string is not correct"),
            (npy("3")[:40], ""),
            (npy("3")[:-1], "buffer size must be a multiple"),
            (npy(3)[:-8], ""),
            (npy([1, 2]), "too many values"),
            (npy([]), ""),
            (npy("") + bytes(5000), "5,132 bytes, more than 4,096"),
            (npy({}, dtype=object), "it holds object"),
            (npy(1j), "it holds complex128"),
            (npy(3).replace(b"(), ", b"(9999999999999,), ")[:-16], ""),
            (npy(3).replace(b"{", b"["), ""),
        ],
    )
    def test_damaged_annotations(self, root: Path, data: bytes, cause: str) -> None:
        (root / "train_set/annotations/1_exp.npy").write_bytes(data)
        error = error_of(root, self.TABLE)
        assert error.path == root / "train_set/annotations/1_exp.npy"
        assert "cannot be read" in error.problem
        assert cause in error.problem
        assert "npy file of one" in error.accepted

    @pytest.mark.parametrize("text", ["0_3", "\N{ARABIC-INDIC DIGIT THREE}"])
    def test_what_python_alone_calls_a_number(self, root: Path, text: str) -> None:
        (root / "train_set/annotations/1_exp.npy").write_bytes(npy(text))
        error = error_of(root, self.TABLE)
        assert error.path == root / "train_set/annotations/1_exp.npy"
        assert f"unknown class {text!r}" in error.problem

    def test_links_that_lead_out(self, root: Path, tmp_path: Path) -> None:
        path = root / "train_set/annotations/1_exp.npy"
        path.rename(tmp_path / "1_exp.npy")
        path.symlink_to(tmp_path / "1_exp.npy")
        error = error_of(root, self.TABLE)
        assert error.path == path
        assert "link that leads out" in error.problem


PEAKS = {"S005/001/S005_001_00000011": 3, "S010/002/S010_002_00000014": 7}
FIRST_LABEL = "Emotion/S005/001/S005_001_00000011_emotion.txt"


class TestCk:
    TABLE = class_table("ckplus")

    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        """Two sequences of two frames with a label, and one without."""
        for place, label in PEAKS.items():
            write_image(tmp_path / f"cohn-kanade-images/{place}.png", label)
            write_image(tmp_path / f"cohn-kanade-images/{place[:-2]}01.png", 100)
            path = tmp_path / f"Emotion/{place}_emotion.txt"
            path.parent.mkdir(parents=True)
            path.write_text(f"   {label:.7e}\n")
        write_image(tmp_path / "cohn-kanade-images/S010/003/S010_003_00000018.png", 100)
        (tmp_path / "Emotion/S010/003").mkdir()
        (tmp_path / "cohn-kanade-images/S005/.DS_Store").touch()
        return tmp_path

    def test_the_frames_that_have_a_label(self, root: Path, snapshot) -> None:
        found = load_folder(root, self.TABLE)
        assert levels_and_classes(found) == [(3, "Disgust"), (7, "Surprise")]
        assert found.notes[0] == snapshot
        assert dict(found.notes)["left out"].startswith("3: no label ")
        assert dict(found.notes)["left out"].endswith(" Emotion/")

    def test_numbers_need_a_table(self, root: Path) -> None:
        error = error_of(root)
        assert error.path == root / FIRST_LABEL
        assert "unknown class '3'" in error.problem
        assert "ckplus (3 Disgust, 7 Surprise)" in error.accepted

    def test_a_label_without_its_frame(self, root: Path) -> None:
        (root / "cohn-kanade-images/S005/001/S005_001_00000011.png").unlink()
        error = error_of(root, self.TABLE)
        assert error.path == root / FIRST_LABEL
        assert "no image" in error.problem

    @pytest.mark.parametrize(
        ("data", "cause"),
        [
            (b"", "unknown class ''"),
            (b"3.5", "unknown class '3.5'"),
            (b"nan", "unknown class 'nan'"),
            (b"0_3", "unknown class '0_3'"),
            (b"1e999", "unknown class '1e999'"),
            (b"9" * 4000, "unknown class '9999"),
            (b"9" * 9000, "9,000 bytes, more than 4,096"),
            (b"\xff\xfe3", "cannot be read"),
        ],
    )
    def test_damaged_labels(self, root: Path, data: bytes, cause: str) -> None:
        (root / FIRST_LABEL).write_bytes(data)
        error = error_of(root, self.TABLE)
        assert error.path == root / FIRST_LABEL
        assert cause in error.problem


@given(st.integers(0, 10), st.sampled_from(["u1", "<i4", ">i8", "f4", "f8", "U", "S", "U9"]))
def test_a_number_in_any_type(tmp_path_factory, number: int, dtype: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any_type_exp.npy"
    for value in (number, [number]):
        path.write_bytes(
            npy(str(value) if dtype[0] in "US" and value is number else value, dtype=dtype)
        )
        assert _label(path) == str(number)


class TestOtherNamesOfParts:
    @pytest.mark.parametrize(
        "parts", ["Training Testing", "train_set val_set", "training_set test_set"]
    )
    def test_two_directories(self, tmp_path: Path, parts: str) -> None:
        images = {f"{part}/happy/a.png": n for n, part in enumerate(parts.split())}
        assert levels_and_classes(load_folder(write_images(tmp_path, images))) == [
            (0, "Happy"),
            (1, "Happy"),
        ]

    @pytest.mark.parametrize(
        "parts", ["Training PublicTest PrivateTest", "training_set validation_set testing"]
    )
    def test_three_directories(self, tmp_path: Path, parts: str) -> None:
        images = {
            f"{part}/{name}/a.png": n
            for n, part in enumerate(parts.split())
            for name in ("sad", "happy")
        }
        split = make_split(load_folder(write_images(tmp_path, images)), "kaggle")
        assert [sorted(part) for part in (split.train, split.validation, split.test)] == [
            *([0, 1], [2, 3], [4, 5])
        ]

    def test_affectnets_lists(self, tmp_path: Path) -> None:
        write_images(tmp_path, {f"Manually_Annotated_Images/{n}/f.jpg": n for n in range(3)})
        for name, numbers in (("training", (1, 0)), ("validation", (2,))):
            rows = [f"{n}/f.jpg,1,{n},0.5" for n in numbers]
            header = "subDirectory_filePath,face_x,expression,valence"
            (tmp_path / f"{name}.csv").write_text("\n".join([header, *rows]))
        found = load_folder(tmp_path, class_table("affectnet"))
        assert levels_and_classes(found) == [(1, "Happy"), (0, "Neutral"), (2, "Sad")]
