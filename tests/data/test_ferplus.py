"""FER+ as its script writes it, and what may be wrong with that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from image_folders import levels_and_classes, load_folder, write_image
from layout_writers import random_dataset, write_ferplus
from made_votes import HEADER

from fer_bench.data import EMOTIONS, Dataset
from fer_bench.data.formats.class_names import UNNUMBERED, class_table
from fer_bench.data.formats.ferplus_votes import CATEGORIES
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from pathlib import Path

    from syrupy.assertion import SnapshotAssertion


def votes(**counts: int) -> str:
    return ",".join(str(counts.get(name, 0)) for name in CATEGORIES)


def line(name: str, said: str, box: str = "(0, 0, 48, 48)") -> str:
    return f'{name},"{box}",{said}\n'


def part(root: Path, name: str, **images: str) -> Path:
    """Return a part of images of one grey level each, and its list."""
    directory = root / f"FER2013{name}"
    for value, image in enumerate(images, start=1):
        write_image(directory / f"{image}.png", value)
    text = "".join(line(f"{image}.png", said) for image, said in images.items())
    (directory / "label.csv").write_text(text)
    return directory


def error_of(root: Path) -> FerBenchError:
    with pytest.raises(FerBenchError) as raised:
        load_folder(root)
    assert "\n" not in str(raised.value)
    return raised.value


@pytest.mark.parametrize("beside", [False, True])
def test_directories_of_classes_in_a_part_are_no_votes(tmp_path: Path, beside: bool) -> None:
    for part_name in ("Train", "Test"):
        for value, name in enumerate(("angry", "happy"), start=1):
            write_image(tmp_path / f"FER2013{part_name}/{name}/a.png", value)
    if beside:
        (tmp_path / "fer2013new.csv").write_text(HEADER + "\n")
    found = levels_and_classes(load_folder(tmp_path))
    assert found == [(1, "Angry"), (2, "Happy"), (1, "Angry"), (2, "Happy")]


@pytest.fixture
def some(tmp_path: Path) -> Path:
    part(
        tmp_path,
        "Train",
        a=votes(anger=6, fear=4),
        b=votes(contempt=4, anger=3, NF=3),
        c=votes(sadness=5, neutral=5),
        d=votes(unknown=9, happiness=1),
        e=votes(NF=8, happiness=2),
        f=votes(happiness=1),
    )
    part(tmp_path, "Valid", g=votes(surprise=10))
    part(tmp_path, "Test", h=votes(disgust=10))
    return tmp_path


def test_the_most_votes_count_and_the_others_are_left_out(
    some: Path, snapshot: SnapshotAssertion
) -> None:
    found = load_folder(some)
    assert levels_and_classes(found) == [
        (1, "Angry"),
        (2, "Contempt"),
        (6, "Happy"),
        (1, "Surprise"),
        (1, "Disgust"),
    ]
    assert found.usage.tolist() == [0, 0, 0, 1, 2]
    assert found.classes == (*EMOTIONS, "Contempt")
    notes = dict(found.notes)
    assert notes["left out"] == snapshot(name="left out")
    assert notes["layout"] == snapshot(name="layout")
    assert found.places[0] == "FER2013Train/a.png"
    assert "not read" not in notes


def test_a_class_map_may_leave_out_contempt(
    some: Path, tmp_path: Path, snapshot: SnapshotAssertion
) -> None:
    (tmp_path / "map").write_text("name,class\ncontempt,-\n")
    found = load_folder(some, class_table(str(tmp_path / "map")))
    assert found.classes == EMOTIONS
    assert dict(found.notes)["left out"] == snapshot


def test_a_part_by_itself(some: Path) -> None:
    found = load_folder(some / "FER2013Train")
    assert levels_and_classes(found) == [(1, "Angry"), (2, "Contempt"), (6, "Happy")]
    assert found.usage is None
    assert "not read" not in dict(found.notes)


def test_votes_of_the_whole_next_to_the_parts(tmp_path: Path) -> None:
    made = random_dataset(9, seed=2)
    dataset = Dataset(made.images, made.labels, EMOTIONS, "x", (np.arange(9) % 3).astype(np.uint8))
    wanted = load_folder(write_ferplus(tmp_path, dataset))
    rows = [HEADER]
    for usage, name in (("Training", "Train"), ("PublicTest", "Valid"), ("PrivateTest", "Test")):
        own = tmp_path / f"FER2013{name}/label.csv"
        for text in own.read_text().splitlines():
            image, counts = text.split(',"(0, 0, 48, 48)",')
            rows.append(f"{usage},{image},{counts}")
        rows += [f"{usage},,{votes(NF=10)}", "", ",,,,"]
        own.unlink()
    (tmp_path / "fer2013new.csv").write_text("\n".join(rows))
    found = load_folder(tmp_path)
    assert (found.digest, found.usage.tolist()) == (wanted.digest, wanted.usage.tolist())
    assert "not read" not in dict(found.notes)


def test_directories_of_classes_in_the_parts(tmp_path: Path) -> None:
    for name in ("Train", "Valid", "Test"):
        for value, label in enumerate(("happy", "sad"), start=1):
            write_image(tmp_path / f"FER2013{name}/{label}/1.png", value)
    found = load_folder(tmp_path, UNNUMBERED)
    assert levels_and_classes(found) == [(1, "Happy"), (2, "Sad")] * 3
    assert found.usage.tolist() == [0, 0, 1, 1, 2, 2]


def test_images_without_a_line_are_counted(some: Path, snapshot: SnapshotAssertion) -> None:
    write_image(some / "FER2013Valid/more.png", 9)
    assert dict(load_folder(some).notes)["left out"] == snapshot


MISTAKES = {
    "no such image": (line("x.png", votes(fear=10)), ("'x.png'", "FER2013Valid"), "images"),
    "twice": (line("g.png", votes(fear=10)), ("'FER2013Valid/g.png'", "in line 1"), "once"),
    "a place": (line("x.png", votes(fear=10), "(4, 0, 48, 48)"), ("'(4, 0, 48,",), "(0, 0, 48, "),
    "columns": ("x.png,1\n", ("2 columns",), "lines of an image"),
    "votes": (line("x.png", votes(fear=11)), ("the votes for fear are '11'",), "an integer"),
    "no votes": (line("x.png", votes()), ("0 votes",), "1 to 10"),
}
"""Row added to a list, expected parts of the problem, and accepted values."""


@pytest.mark.parametrize(("text", "facts", "accepted"), MISTAKES.values(), ids=MISTAKES.keys())
def test_mistakes(some: Path, text: str, facts: tuple[str, ...], accepted: str) -> None:
    path = some / "FER2013Valid/label.csv"
    path.write_text(path.read_text() + text)
    error = error_of(some)
    assert (error.path, error.line) == (path, 2)
    assert [fact for fact in facts if fact not in error.problem] == []
    assert accepted in error.accepted


def test_a_part_without_votes(some: Path) -> None:
    (some / "FER2013Valid/label.csv").unlink()
    error = error_of(some)
    assert error.path == some / "FER2013Valid"
    assert "neither label.csv" in error.problem
    assert "nor fer2013new.csv" in error.problem


def test_a_whole_list_that_is_another(some: Path) -> None:
    for name in ("Train", "Valid", "Test"):
        (some / f"FER2013{name}/label.csv").unlink()
    path = some / "fer2013new.csv"
    path.write_text("Usage,Image name\n")
    error = error_of(some)
    assert (error.path, error.line) == (path, 1)
    assert "'Usage,Image name'" in error.problem
    path.write_text(f"{HEADER}\nDev,g.png,{votes(fear=10)}\n")
    error = error_of(some)
    assert (error.path, error.line) == (path, 2)
    assert "Usage 'Dev'" in error.problem
    assert error.accepted.startswith("Training, ")
