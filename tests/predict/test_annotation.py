"""Annotated copies of photos."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer_bench.predict.annotation import copy_paths, write_annotated
from fer_bench.predict.faces import Box
from fer_bench.predict.photos import photos_of
from fer_bench.predict.predictions import Prediction
from fer_bench.runtime.errors import FerBenchError


def drawn(file, box=None):
    if box is None:
        return Prediction(str(file), None, "no face")
    return Prediction(str(file), None, "face", "", 1, box, 0.9, "Happy", (0.1, 0.9), 0.8)


@pytest.fixture
def grey(tmp_path):
    path = tmp_path / "in" / "grey.png"
    path.parent.mkdir()
    Image.new("RGB", (200, 160), "#808080").save(path)
    return path


def changed(path):
    """Return the box of pixels that are not grey any more: left, top, right, bottom."""
    with Image.open(path) as image:
        rows, columns = np.nonzero((np.asarray(image.convert("RGB")) != 128).any(axis=2))
    return columns.min(), rows.min(), columns.max(), rows.max()


@pytest.mark.parametrize(
    "box", [Box(50, 60, 80, 70), Box(-20, -20, 60, 60), Box(180, 130, 60, 60), Box(0, 0, 200, 160)]
)
def test_a_box_and_a_label_are_drawn_on_a_copy(grey, tmp_path, box):
    before = grey.read_bytes()
    paths = copy_paths(photos_of(grey.parent), tmp_path / "out")
    assert write_annotated(paths, [drawn(grey, box)]) == 1
    left, _, right, bottom = changed(tmp_path / "out" / "grey.png")
    assert left <= max(box.left, 0)
    assert right >= min(box.left + box.width, 199)
    assert bottom >= min(box.top + box.height, 159)
    assert grey.read_bytes() == before


def test_a_photo_without_a_face_says_so_and_a_broken_one_is_left_out(grey, tmp_path):
    broken = grey.with_name("broken.jpg")
    broken.write_bytes(b"")
    paths = copy_paths(photos_of(grey.parent), tmp_path / "out")
    rows = [drawn(grey), Prediction(str(broken), None, "unreadable", "it is empty")]
    assert write_annotated(paths, rows) == 1
    assert [one.name for one in (tmp_path / "out").iterdir()] == ["grey.png"]
    assert changed(tmp_path / "out" / "grey.png")[:2] == (0, 0)


def test_copies_have_places_of_their_own(tmp_path):
    for place in ("one/x/a.jpg", "one/b.heic", "two/x/a.jpg", "c.tif", "other/C.TIF"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).touch()
    given = [tmp_path / name for name in ("one", "two", "c.tif", "other/C.TIF")]
    sources = [source for path in given for source in photos_of(path)]
    found = [path.relative_to("out") for path in copy_paths(sources, Path("out")).values()]
    assert [str(path) for path in found] == [
        *("b.heic.jpg", "x/a.jpg", "x/a-2.jpg", "c.tif.jpg", "C.TIF-2.jpg")
    ]


def test_a_copy_does_not_replace_another_photo(tmp_path):
    for place in ("photos/x/a.jpg", "out/x/a.jpg"):
        (tmp_path / place).parent.mkdir(parents=True)
        (tmp_path / place).touch()
    sources = [one for name in ("photos", "out/x") for one in photos_of(tmp_path / name)]
    with pytest.raises(FerBenchError) as caught:
        copy_paths(sources, tmp_path / "out")
    assert caught.value.path == tmp_path / "out"


@pytest.mark.parametrize("inside", [".", "annotated"])
def test_copies_do_not_mix_with_originals(grey, inside):
    with pytest.raises(FerBenchError) as caught:
        copy_paths(photos_of(grey.parent), grey.parent / inside)
    assert caught.value.path == grey.parent / inside
    with pytest.raises(FerBenchError):
        copy_paths(photos_of(grey), grey.parent)
