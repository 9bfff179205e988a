"""Class maps of csv files of pixels and of npz files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from layout_writers import random_dataset, write_csv, write_npz

from fer_bench.data import EMOTIONS, load_dataset
from fer_bench.data.info import load_info
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from pathlib import Path

    from fer_bench.data import Dataset

CONTEMPT = (*EMOTIONS, "Contempt")


@pytest.fixture
def eight() -> Dataset:
    """Return an image of each of the numbers 0 to 7."""
    drawn = random_dataset(8, seed=5)
    vars(drawn)["labels"] = np.arange(8, dtype=np.uint8)
    return drawn


def error_of(path: Path, **options) -> FerBenchError:
    with pytest.raises(FerBenchError) as raised:
        load_dataset(path, cache_dir=path.parent / "c", **options)
    return raised.value


@pytest.mark.parametrize(("write", "name"), [(write_csv, "ckextended.csv"), (write_npz, "a.npz")])
class TestBoth:
    def test_the_numbers_of_ckextended(self, tmp_path: Path, eight: Dataset, write, name) -> None:
        path = write(tmp_path / name, eight)
        for _ in range(2):  # the second time from the cache
            found = load_dataset(path, cache_dir=tmp_path / "c", class_map="ckextended")
            assert found.classes == CONTEMPT
            assert found.labels.tolist() == list(range(8))
            np.testing.assert_array_equal(found.images, eight.images)
            np.testing.assert_array_equal(found.usage, eight.usage)

    def test_another_order(self, tmp_path: Path, eight: Dataset, write, name) -> None:
        path = write(tmp_path / name, eight)
        found = load_dataset(path, cache_dir=tmp_path / "c", class_map="affectnet")
        wanted = ["Neutral", "Happy", "Sad", "Surprise", "Fear", "Disgust", "Angry", "Contempt"]
        assert [found.classes[label] for label in found.labels] == wanted
        other = load_dataset(path, cache_dir=tmp_path / "c", class_map="ckextended")
        assert [other.classes[label] for label in other.labels] == list(CONTEMPT)

    def test_some_are_left_out(self, tmp_path: Path, eight: Dataset, write, name, snapshot) -> None:
        path = write(tmp_path / name, eight)
        rows = ["name,class", *(f"{n},{'-' if n in (2, 7) else EMOTIONS[n % 7]}" for n in range(8))]
        (tmp_path / "map.csv").write_text("\n".join(rows))
        info = load_info(path, cache_dir=tmp_path / "c", class_map=tmp_path / "map.csv")
        assert info.notes[0] == snapshot
        ((what, how),) = info.notes[1:]
        assert what == "class map"
        assert how.startswith("'map.csv' (SHA-256 of its ")
        assert "; " not in how
        assert info.layout.startswith(("csv file with", "npz file with"))
        found = load_dataset(path, cache_dir=tmp_path / "c", class_map=tmp_path / "map.csv")
        stay = [0, 1, 3, 4, 5, 6]
        assert found.labels.tolist() == stay
        np.testing.assert_array_equal(found.images, eight.images[stay])
        np.testing.assert_array_equal(found.usage, eight.usage[stay])
        assert found.counts["Fear"] == 0

    def test_more_numbers_than_a_byte_holds(
        self, tmp_path: Path, eight: Dataset, write, name
    ) -> None:
        numbers = (0, 255, 256, 257, 511, 512, 513, 599)
        meant = {number: f"c{number}" for number in numbers}
        rows = [f"{number},{meant.get(number, 'Sad')}" for number in range(600)]
        (tmp_path / "map.csv").write_text("\n".join(["name,class", *rows]))
        path = write(tmp_path / name, eight)
        if write is write_npz:
            np.savez(path, images=eight.images, labels=np.array(numbers))
        else:
            lines = path.read_text().splitlines()
            header = lines[0].split(",")
            fields = [line.split(",") for line in lines[1:]]
            for row, number in zip(fields, numbers, strict=True):
                row[header.index("emotion")] = str(number)
            path.write_text("\n".join(map(",".join, [header, *fields])))
        found = load_dataset(path, cache_dir=tmp_path / "c", class_map=tmp_path / "map.csv")
        assert [found.classes[label] for label in found.labels] == list(meant.values())

    def test_mistakes(self, tmp_path: Path, eight: Dataset, write, name) -> None:
        path = write(tmp_path / name, eight)
        line, first = (2, "unknown emotion '0'") if write is write_csv else (None, "labels has 0 ")
        table = tmp_path / "map.csv"
        error = error_of(path)
        assert error.path == path
        assert "from 0 to 6 (or " in error.accepted
        assert "--class-map" in error.accepted
        error = error_of(path, class_map="rafdb")
        assert (error.path, error.line) == (path, line)
        assert error.problem.startswith(first)
        assert "from 1 to 7" in error.accepted
        table.write_text("name,class\n" + "".join(f"{n},-\n" for n in range(8)))
        error = error_of(path, class_map=table)
        assert error.path == path
        assert "class map" in error.problem
        assert "all 8 images" in error.problem
        table.write_text("name,class\nglad,Happy\n")
        error = error_of(path, class_map=table)
        assert (error.path, error.line) == (path, line)
        assert error.problem.startswith(first)
        assert error.accepted.startswith("no number")
        table.write_text("name,class\n1,Happy\n5,Sad\nhappy,Happy\n")
        error = error_of(path, class_map=table)
        assert (error.path, error.line) == (path, line)
        assert error.problem.startswith(first)
        assert "numbers 1, 5 (or" in error.accepted
        assert "'rafbd' is neither" in error_of(path, class_map="rafbd").problem


def test_the_names_of_the_class_map_are_accepted_too(tmp_path: Path, eight: Dataset) -> None:
    path = write_csv(tmp_path / "a.csv", eight)
    (tmp_path / "map.csv").write_text("name,class\nelated,Happy\n")
    error = error_of(path, class_map=tmp_path / "map.csv")
    assert error.path == path
    assert "contains none" in error.accepted
    assert error.accepted.endswith(", 'elated')")


@pytest.mark.parametrize("emotion", ["joyful", "01"])
def test_pixels_are_called_by_plain_numbers_and_known_names(
    tmp_path: Path, eight: Dataset, emotion: str
) -> None:
    path = write_csv(tmp_path / "a.csv", eight)
    header, *rows = path.read_text().splitlines()
    assert header.startswith("emotion,")
    rows[1] = rows[1].replace("1,", f"{emotion},", 1)
    path.write_text("\n".join([header, *rows]))
    (tmp_path / "map.csv").write_text(
        "name,class\nhappy,Happy\n" + "".join(f"{n},Sad\n" for n in range(8))
    )
    error = error_of(path, class_map=tmp_path / "map.csv")
    assert (error.path, error.line) == (path, 3)
    assert error.problem == f"unknown emotion '{emotion}'"
    assert error.accepted.startswith("a number from 0 to 7 (")
    assert "without leading zeros" in error.accepted


def test_what_the_map_did_not_do_is_reported(tmp_path: Path, eight: Dataset, snapshot) -> None:
    path = write_npz(tmp_path / "a.npz", eight)
    rows = ["name,class", "glad,Happy", "9,Calm", *(f"{n},{EMOTIONS[n % 7]}" for n in range(8))]
    (tmp_path / "map.csv").write_text("\n".join(rows))
    found = load_dataset(path, cache_dir=tmp_path / "c", class_map=tmp_path / "map.csv")
    assert found.notes[0][1].rpartition("; ")[2] == snapshot
    assert load_dataset(path, cache_dir=tmp_path / "c", class_map="ckextended").notes == (
        ("class map", "ckextended"),
    )
