from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from image_folders import load_folder
from layout_writers import random_dataset, write_folders
from PIL import Image

from fer_bench.data import EMOTIONS, Dataset
from fer_bench.data.formats.class_names import UNNUMBERED, ClassTable, class_table
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

GREY = np.arange(48 * 48, dtype=np.uint32).reshape(48, 48).astype(np.uint8)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a data set of four images."""
    for directory, name, value in (
        ("train/angry", "b.png", 1),
        ("train/angry", "a.png", 2),
        ("train/happy", "a.png", 3),
        ("test/sad", "a.png", 4),
    ):
        (tmp_path / directory).mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((48, 48), value, np.uint8)).save(tmp_path / directory / name)
    return tmp_path


def error_of(root: Path, named: Path) -> FerBenchError:
    with pytest.raises(FerBenchError) as raised:
        load_folder(root)
    error = raised.value
    assert (error.path, error.line) == (named, None)
    assert error.accepted
    assert "\n" not in str(error)
    return error


@given(st.integers(2, 6), st.integers(0, 2**32 - 1), st.booleans())
@settings(max_examples=examples(10))
def test_round_trip(n: int, seed: int, kaggle_names: bool) -> None:
    wanted = random_dataset(n, seed)
    usage = wanted.usage.copy()
    usage[:2] = 0, 1  # so that train and test both exist
    wanted = Dataset(wanted.images, wanted.labels, EMOTIONS, "x", usage)
    with TemporaryDirectory() as directory:
        found = load_folder(
            write_folders(Path(directory) / "faces", wanted, kaggle_names=kaggle_names)
        )
    assert (found.name, found.classes) == ("faces", EMOTIONS)
    assert found.digest == wanted.digest
    if not kaggle_names:
        assert found.usage is None
        return
    # train before test, then by label, then by name, which sorts by usage and row
    names = [f"{('Training', 'PublicTest', 'PrivateTest')[u]}_{i:05d}" for i, u in enumerate(usage)]
    order = sorted(range(n), key=lambda row: (usage[row] > 0, wanted.labels[row], names[row]))
    np.testing.assert_array_equal(found.images, wanted.images[order])
    np.testing.assert_array_equal(found.usage, usage[order])


def test_order(root: Path) -> None:
    found = load_folder(root)
    assert found.images[:, 0, 0].tolist() == [2, 1, 3, 4]
    assert found.labels.tolist() == [0, 0, 3, 4]


def test_more_files_than_are_read_at_a_time(tmp_path: Path) -> None:
    wanted = random_dataset(400, seed=2)
    assert load_folder(write_folders(tmp_path, wanted)).digest == wanted.digest


def test_names_in_any_case_and_the_papers_sadness(root: Path) -> None:
    (root / "train").rename(root / "TRAIN")
    (root / "TRAIN" / "angry").rename(root / "TRAIN" / "Angry")
    (root / "test" / "sad").rename(root / "test" / "Sadness")
    assert load_folder(root).labels.tolist() == [0, 0, 3, 4]


def test_usage_only_where_every_name_shows_it(root: Path) -> None:
    assert load_folder(root).usage is None
    (root / "train/angry/a.png").rename(root / "train/angry/Training_1.png")
    assert load_folder(root).usage is None
    (root / "train/angry/b.png").rename(root / "train/angry/Training_2.png")
    (root / "train/happy/a.png").rename(root / "train/happy/Training_3.png")
    (root / "test/sad/a.png").rename(root / "test/sad/PrivateTest_4.png")
    assert load_folder(root).usage.tolist() == [0, 0, 0, 2]


def test_passed_over(root: Path) -> None:
    for name in ("README.txt", ".DS_Store", "train/.DS_Store", "train/angry/Thumbs.db"):
        (root / name).write_text("nothing")
    (root / ".git").mkdir()
    assert len(load_folder(root)) == 4


def test_jpeg_files_under_the_name_that_some_browsers_give(tmp_path: Path) -> None:
    made = np.random.default_rng(0).integers(0, 256, (4, 48, 48), np.uint8)
    for row, image in enumerate(made):
        for suffix in ("jfif", "jpg", "JFIF"):
            path = tmp_path / suffix / ("sad" if row % 2 else "happy") / f"{row}.{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(path, "JPEG")
    one, *others = (load_folder(tmp_path / suffix) for suffix in ("jpg", "jfif", "JFIF"))
    assert len(one) == 4
    assert {other.digest for other in others} == {one.digest}


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".pgm", ".tif", ".TIFF", ".webp"])
def test_lossless_formats(root: Path, suffix: str) -> None:
    (root / "test/sad/a.png").unlink()
    Image.fromarray(GREY).save(root / f"test/sad/a{suffix}", lossless=True)
    if suffix == ".webp":  # stores colour, which comes back as grey within one level
        difference = load_folder(root).images[3].astype(int) - GREY
        assert np.abs(difference).max() <= 1
    else:
        np.testing.assert_array_equal(load_folder(root).images[3], GREY)


def test_jpeg_keeps_what_is_stored(root: Path) -> None:
    path = root / "test/sad/a.jpg"
    Image.fromarray(GREY).save(path)
    (root / "test/sad/a.png").unlink()
    with Image.open(path) as image:
        wanted = np.array(image)
    np.testing.assert_array_equal(load_folder(root).images[3], wanted)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "LA", "1", "CMYK"])
def test_colour_becomes_grey(root: Path, mode: str) -> None:
    path = root / "test/sad/a.png"
    colour = np.zeros((48, 48, 3), np.uint8)
    colour[:24] = 255, 0, 0
    image = Image.fromarray(colour).convert(mode)
    if mode == "CMYK":
        path.unlink()
        path = path.with_suffix(".tif")
    image.save(path, **({"transparency": bytes([255] * 256)} if mode == "P" else {}))
    found = load_folder(root).images[3]
    # ITU-R 601 luma of pure red: 0.299 * 255 = 76.2; "1" is black or white
    assert set(np.unique(found)) <= ({0, 255} if mode == "1" else {0, 76})
    assert (found[24:] == 0).all()


def test_images_of_another_size_as_long_as_all_have_it(root: Path) -> None:
    for path in root.rglob("*.png"):
        Image.fromarray(np.zeros((3, 5), np.uint8)).save(path)
    assert load_folder(root).images.shape == (4, 3, 5)


def test_several_frames(root: Path) -> None:
    for name in ("train/happy/b.tif", "train/happy/b.png", "train/happy/b.webp"):
        image = Image.fromarray(GREY)
        image.save(root / name, save_all=True, append_images=[Image.fromarray(255 - GREY)])
        error = error_of(root, root / name)
        assert "2 frames" in error.problem
        assert error.accepted == "one"
        (root / name).unlink()


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp"])
def test_images_are_turned_as_exif_says(tmp_path: Path, suffix: str) -> None:
    lying = np.repeat(np.arange(0, 200, 25, dtype=np.uint8), 8).reshape(8, 8).repeat(2, axis=1)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    for part in ("train", "test"):
        (tmp_path / part / "sad").mkdir(parents=True)
        Image.fromarray(np.rot90(lying, -1).copy()).save(tmp_path / part / "sad" / "a.png")
    path = tmp_path / "test" / "sad" / f"b{suffix}"
    Image.fromarray(lying).save(path, exif=exif, quality=100, lossless=True)
    found = load_folder(tmp_path).images
    assert found.shape == (3, 16, 8)
    assert np.abs(found[2].astype(int) - found[1]).max() <= 2
    Image.fromarray(lying).save(path)
    assert load_folder(tmp_path).images.shape == (3, 16, 16)


def test_a_format_that_is_not_accepted_under_a_suffix_that_is(root: Path) -> None:
    path = root / "train/happy/a.png"
    Image.fromarray(GREY).save(path, format="GIF")
    error = error_of(root, path)
    assert "(unknown format)" in error.problem
    assert error.accepted.startswith("BMP, JPEG, PNG")


def test_sixteen_bits(root: Path) -> None:
    path = root / "train/happy/a.png"
    Image.fromarray(np.full((48, 48), 40_000, np.uint16)).save(path)
    error = error_of(root, path)
    assert "mode 'I;16'" in error.problem
    assert error.accepted == "8 bits for each channel"


def test_unknown_class(root: Path) -> None:
    path = root / "train" / "calm"
    path.mkdir()
    error = error_of(root, path)
    assert "unknown class 'calm'" in error.problem
    assert f"({', '.join([*EMOTIONS, 'Contempt']).lower()})" in error.accepted
    assert "--class-map=FILE" in error.accepted


def test_unknown_part(root: Path) -> None:
    (root / "more").mkdir()
    error = error_of(root, root / "more")
    assert "unknown part 'more'" in error.problem
    names = ", ".join(["train", "val", "valid", "validation", "test"])
    assert error.accepted.startswith(names)


@pytest.mark.parametrize("part", ["train", "test"])
def test_missing_part(root: Path, part: str) -> None:
    (root / part).rename(root / f".{part}")
    error = error_of(root, root)
    assert f"no directory {part!r}" in error.problem
    assert error.accepted.startswith("train, and test or ")
    other = root / ("test" if part == "train" else "train")
    assert error.hint.startswith(f"add it, or name {str(other)!r} instead")
    assert error.hint.endswith("then split")
    assert load_folder(other).usage is None


def test_two_directories_of_a_class(root: Path) -> None:
    (root / "test" / "sadness").mkdir()
    error = error_of(root, root / "test" / "sadness")
    assert "same class as 'sad'" in error.problem
    assert "directory for each class" in error.accepted


def test_empty_directories(root: Path) -> None:
    (root / "test/sad/a.png").unlink()
    assert "directory is empty" in error_of(root, root / "test" / "sad").problem
    (root / "test/sad").rmdir()
    assert "directory is empty" in error_of(root, root / "test").problem


def test_a_file_among_the_classes(root: Path) -> None:
    path = root / "train" / "a.png"
    path.write_bytes((root / "train/happy/a.png").read_bytes())
    error = error_of(root, path)
    assert "no class" in error.problem
    assert error.accepted == "image files in a directory for each class"


@pytest.mark.parametrize("name", ["notes.txt", "a", "folder.png/"])
def test_no_image_file(root: Path, name: str) -> None:
    path = root / "train" / "happy" / name
    path.mkdir() if name.endswith("/") else path.write_text("x")
    what = "a directory among the images" if name.endswith("/") else "not an image file"
    error = error_of(root, path)
    assert what in error.problem
    assert "image files (.bmp, .jfif, " in error.accepted


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\n"])
def test_unreadable_image(root: Path, content: bytes) -> None:
    path = root / "train/happy/a.png"
    path.write_bytes(content)
    assert "read as an image (" in error_of(root, path).problem


def test_image_cut_off_anywhere(root: Path) -> None:
    path = root / "train/happy/a.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8)).save(path)
    whole = path.read_bytes()
    for cut in [*range(0, len(whole), 61), *range(len(whole) - 20, len(whole))]:
        path.write_bytes(whole[:cut])
        assert "read as an image (" in error_of(root, path).problem


def test_the_first_of_several_bad_images_is_named(root: Path) -> None:
    for name in ("train/angry/b.png", "train/happy/a.png", "test/sad/a.png"):
        (root / name).write_bytes(b"")
    error_of(root, root / "train/angry/b.png")


def test_links_that_lead_out(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    Image.fromarray(GREY).save(outside / "a.png")
    link = root / "train/happy/z.png"
    link.symlink_to(outside / "a.png")
    assert "link that leads out" in error_of(root, link).problem
    link.unlink()
    link = root / "train/fear"
    link.symlink_to(outside)
    assert "link that leads out" in error_of(root, link).problem


def test_links_that_stay_within(root: Path) -> None:
    (root / "train/happy/z.png").symlink_to(root / "train/angry/a.png")
    assert load_folder(root).images[:, 0, 0].tolist() == [2, 1, 3, 2, 4]


def test_dangling_link(root: Path) -> None:
    link = root / "train/happy/z.png"
    link.symlink_to(root / "train/happy/none.png")
    assert "not an image file" in error_of(root, link).problem


@pytest.mark.parametrize("name", ["train/happy/z.png", "train/fear", "z"])
def test_a_link_to_itself(root: Path, name: str) -> None:
    (root / name).symlink_to(Path(name).name)
    error_of(root, root / name)


@pytest.mark.parametrize("method", ["is_file", "stat", "is_dir"])
@pytest.mark.parametrize("error", [PermissionError(13, "No way"), FileNotFoundError(2, "Gone")])
def test_entries_that_cannot_be_looked_at(
    root: Path, method: str, error: OSError, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Entry:
        def __init__(self, entry: os.DirEntry) -> None:
            self.name, self.path, self._entry = entry.name, entry.path, entry

        def __getattr__(self, name: str):
            if name == method and self.name in ("happy", "b.png")[method != "is_dir" :]:
                raise error
            return getattr(self._entry, name)

    scandir, stat = os.scandir, os.stat

    def look(path, **options) -> os.stat_result:
        if method == "stat" and str(path).endswith("angry/b.png"):
            raise error
        return stat(path, **options)

    @contextlib.contextmanager
    def scan(directory: Path):
        with scandir(directory) as entries:
            yield map(Entry, entries)

    monkeypatch.setattr(os, "scandir", scan)
    monkeypatch.setattr(os, "stat", look)
    named = root / "train" / ("happy" if method == "is_dir" else "angry/b.png")
    found = error_of(root, named)
    assert f"cannot be read ({error.strerror})" in found.problem
    assert found.accepted.startswith("files and ")


def test_a_root_that_is_a_link(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    link = tmp_path_factory.mktemp("elsewhere") / "faces"
    link.symlink_to(root)
    assert load_folder(link).row_digest == load_folder(root).row_digest


def test_not_there(tmp_path: Path) -> None:
    path = tmp_path / "none"
    assert f"cannot be read ({os.strerror(errno.ENOENT)})" in error_of(path, path).problem


def test_what_repairs_it(root: Path, snapshot: SnapshotAssertion) -> None:
    """Each step fits its cause."""

    def step(named: str, table: ClassTable = UNNUMBERED) -> str:
        with pytest.raises(FerBenchError) as raised:
            load_folder(root, table)
        assert raised.value.path == root / named
        return raised.value.hint

    (root / "train/9").mkdir()
    assert step("train/9") == snapshot(name="unknown class")
    assert step("train/9", class_table("rafdb")) == snapshot(name="unknown class in a map")
    (root / "train/9").rmdir()
    (root / "more").mkdir()
    assert step("more") == snapshot(name="unknown part")
    (root / "more").rename(root / "train/fear")
    assert step("train/fear") == snapshot(name="empty")
    (root / "train/fear").rename(root / "train/happiness")
    assert step("train/happy") == snapshot(name="class twice")
    (root / "train/happiness").rename(root / "train/happy/more")
    assert step("train/happy/more") == snapshot(name="folder among images")
    (root / "train/happy/more").rmdir()
    (root / "train/happy/b.gif").touch()
    assert step("train/happy/b.gif") == snapshot(name="no image")
    (root / "train/happy/b.gif").rename(root / "train/b.gif")
    assert step("train/b.gif") == snapshot(name="file among classes")
    (root / "train/b.gif").rename(root / "train/b.png")
    assert step("train/b.png") == snapshot(name="image among classes")
    (root / "train/b.png").rename(root / "train/happy/b.png")
    assert step("train/happy/b.png") == snapshot(name="unreadable")
