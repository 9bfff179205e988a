from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from image_folders import levels_and_classes, load_folder, write_image, write_images

from fer_bench.data import EMOTIONS
from fer_bench.data.formats.class_names import class_table
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from pathlib import Path

    from syrupy.assertion import SnapshotAssertion

JAFFE = {
    "KA.AN1.39.tiff": 1,
    "KA.DI2.43.tiff": 2,
    "KA.FE3.47.tiff": 3,
    "KA.HA1.29.tiff": 4,
    "KA.NE1.26.tiff": 5,
    "KA.SA2.34.tiff": 6,
    "YM.SU3.60.tiff": 7,
}
KDEF = {
    "AF01/AF01AFS.JPG": 1,
    "AF01/AF01ANFL.JPG": 2,
    "AF01/AF01DIHL.JPG": 3,
    "AM35/AM35HAHR.JPG": 4,
    "AM35/AM35NEFR.JPG": 5,
    "BF02/BF02SAS.JPG": 6,
    "BF02/BF02SUS.JPG": 7,
}


def test_jaffe(tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    (tmp_path / "README_FIRST.txt").write_text("terms")
    found = load_folder(write_images(tmp_path, JAFFE))
    assert levels_and_classes(found) == list(
        zip(
            range(1, 8),
            ["Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise"],
            strict=True,
        )
    )
    assert found.notes[0] == ("layout", snapshot)


@pytest.mark.parametrize("flat", [True, False])
def test_kdef(tmp_path: Path, flat: bool, snapshot: SnapshotAssertion) -> None:
    files = {place.rpartition("/")[2] if flat else place: n for place, n in KDEF.items()}
    found = load_folder(write_images(tmp_path, files))
    assert levels_and_classes(found) == list(
        zip(
            range(1, 8),
            ["Fear", "Angry", "Disgust", "Happy", "Neutral", "Sad", "Surprise"],
            strict=True,
        )
    )
    assert (found.classes, found.usage) == (EMOTIONS, None)
    assert found.notes[0] == ("layout", snapshot)


def test_the_two_files_of_kdef_that_lost_their_code(
    tmp_path: Path, snapshot: SnapshotAssertion
) -> None:
    write_images(tmp_path, KDEF | {"AF31/AF31V.JPG": 8, "AM31/AM31H.JPG": 9})
    found = load_folder(tmp_path)
    assert len(found) == 7
    assert dict(found.notes)["left out"] == snapshot


@pytest.mark.parametrize("place", ["AF01/me.jpg", "AF01XXS.JPG", "AF01/AF01AFX.JPG"])
def test_another_name_among_them(tmp_path: Path, place: str) -> None:
    write_images(tmp_path, KDEF)
    path = write_image(tmp_path / place, 9)
    with pytest.raises(FerBenchError) as raised:
        load_folder(tmp_path)
    assert raised.value.path == path
    assert "no class" in raised.value.problem
    assert raised.value.accepted.startswith("names as in KDEF")
    assert ", like AF" in raised.value.accepted


def test_a_class_map_takes_codes(tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    (tmp_path / "map.csv").write_text("name,class\nAF,-\nNE,Calm\n")
    found = load_folder(write_images(tmp_path, KDEF), class_table(tmp_path / "map.csv"))
    assert [name for _, name in levels_and_classes(found)] == [
        *("Angry", "Disgust", "Happy", "Calm", "Sad", "Surprise")
    ]
    assert found.classes == (*EMOTIONS, "Calm")
    assert dict(found.notes)["left out"] == snapshot


def test_a_row_of_a_map_that_has_no_effect_is_reported(tmp_path: Path) -> None:
    (tmp_path / "map.csv").write_text("name,class\nafraid,Panic\nNE,Calm\n")
    found = load_folder(write_images(tmp_path, KDEF), class_table(tmp_path / "map.csv"))
    assert levels_and_classes(found)[0] == (1, "Fear")
    note = dict(found.notes)["class map"]
    assert "; unused names: 'afraid'" in note
    assert note.endswith("; new classes: 'Calm'")


def test_directories_of_persons_are_looked_at_one_deep(tmp_path: Path) -> None:
    write_images(tmp_path / "KDEF", KDEF)
    with pytest.raises(FerBenchError) as raised:
        load_folder(tmp_path)
    assert raised.value.path == tmp_path
    assert "1 directory ('KDEF')" in raised.value.problem
    assert raised.value.accepted
    assert raised.value.hint.endswith("/KDEF' instead")
