"""Data sets whose images are written to the cache in blocks, mapped from it, and never copied."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from image_folders import write_image
from layout_writers import random_dataset
from test_memory_of_reading import MIB, at_most, never

from fer_bench.data import EMOTIONS, Dataset, by_content, make_split, parsed_cache
from fer_bench.data import images as data_images
from fer_bench.data.audit import Duplicates, audit, duplicates
from fer_bench.data.formats import detection
from fer_bench.data.images import ImageView, blocks, in_memory, take
from fer_bench.data.parsed_cache import load_once

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fer_bench.data.images import Collect

N, SIDE = 400, 224
LABELS, USAGE = (np.arange(N) % 7).astype(np.uint8), (np.arange(N) % 3).astype(np.uint8)


def drawn_blocks() -> Iterator[np.ndarray]:
    """19 MiB of images, 10 at a time; the level of the left half is constant."""
    for start in range(0, N, 10):
        block = np.full((10, SIDE, SIDE), 7, np.uint8)
        block[:, :, SIDE // 2 :] = np.arange(start, start + 10)[:, None, None] % 251
        yield block


def load_large(collect: Collect) -> Dataset:
    return Dataset(collect((N, SIDE, SIDE), drawn_blocks()), LABELS, EMOTIONS, "large", USAGE)


def same_rows() -> Duplicates:
    rows = np.arange(N)
    return Duplicates({"identical": rows, "mirrored": rows, "near": rows}, ())


def test_no_step_copies_all_images(tmp_path: Path) -> None:
    with at_most(6 * MIB):
        made = load_once(tmp_path, "1", load_large, tmp_path)
        dataset = load_once(tmp_path, "1", never, tmp_path)
        ordered = dataset.take(by_content(dataset))
        split = make_split(ordered, "kaggle")
        train = ordered.take(split.train)
        assert train.images[:5].shape == (5, SIDE, SIDE)
        found = audit(ordered, split, known=same_rows())
        groups = duplicates._oriented(dataset.images)[1]
    assert groups.max() + 1 == 251
    assert len(found.blanks.constant) == 2  # both halves have the same level
    assert len(found.blanks.nearly) > 0
    # Without the map: the same digests and images.
    expected = load_large(in_memory)
    assert made.row_digest == dataset.row_digest == expected.row_digest
    assert ordered.digest == expected.digest
    assert isinstance(dataset.images.base, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        dataset.images[0, 0, 0] = 1


def test_a_view_returns_what_a_copy_would() -> None:
    images = random_dataset(9).images
    rows = np.array([4, 4, 0, 8, 2])
    view, copied = take(images, rows), images[rows]
    for index in (2, -1, slice(1, 4), slice(None, None, -1), np.array([3, 0, 3]), (0, slice(2))):
        np.testing.assert_array_equal(view[index], copied[index])
    np.testing.assert_array_equal(view[np.array([1, 3]), 5], copied[[1, 3], 5])
    np.testing.assert_array_equal(view, copied)
    np.testing.assert_array_equal([*view], copied)
    again = take(view, np.array([3, 1]))
    np.testing.assert_array_equal(again, copied[[3, 1]])
    assert np.shares_memory(again._images, images)
    assert (len(view), view.shape, view.nbytes) == (5, copied.shape, copied.nbytes)


KILLED = """
import os, sys, signal, pathlib
sys.path[:0] = sys.argv[2:]
from test_images import drawn_blocks, load_large
from fer_bench.data.parsed_cache import load_once
def killed(shape, blocks):
    for number, block in enumerate(blocks):
        if number == 30:
            os.kill(os.getpid(), signal.SIGKILL)
        yield block
directory = pathlib.Path(sys.argv[1])
def load(collect):
    return load_large(lambda shape, blocks: collect(shape, killed(shape, blocks)))
load_once(directory, "1", load, directory)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="POSIX only")
def test_a_killed_writer_leaves_nothing_that_is_read(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED, tmp_path, *sys.path], check=False)
    assert ended.returncode == -signal.SIGKILL
    (part,) = (tmp_path / parsed_cache.FOLDER).iterdir()
    assert (part.suffix, part.stat().st_size > 10 * MIB) == (".part", True)
    with pytest.raises(AssertionError, match="read again"):
        load_once(tmp_path, "1", never, tmp_path)


def test_an_error_of_the_loader_stores_nothing(tmp_path: Path) -> None:
    def broken(collect: Collect) -> Dataset:
        load_large(collect)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        load_once(tmp_path, "1", broken, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_large_npz_file_is_mapped_from_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = load_large(in_memory)
    path = tmp_path / "large.npz"
    np.savez(path, images=expected.images, labels=expected.labels)
    assert detection.load_path(path, tmp_path).images.flags.writeable
    monkeypatch.setattr(detection, "_LARGE", 1 << 20)
    with at_most(14 * MIB):  # blocks of 4 MiB, and the file's checksum
        found = detection.load_path(path, tmp_path)
    assert found.row_digest == expected.row_digest
    path.write_bytes(b"")  # the data set that is loaded stays as it is
    np.testing.assert_array_equal(found.images[-1], expected.images[-1])


def test_files_that_turn_out_to_have_two_shapes(tmp_path: Path) -> None:
    """The first attempt, with the size of the first file, is replaced."""
    for number, size in enumerate([(20, 10)] * 9 + [(10, 20)]):
        kind = "happy" if number % 2 else "sad"
        write_image(tmp_path / "set" / kind / f"{number}.png", number, size)
    made = detection.load_path(tmp_path / "set", tmp_path)
    found = detection.load_path(tmp_path / "set", tmp_path)
    assert found.images.shape == (10, 20, 20)
    assert found.row_digest == made.row_digest
    assert sorted(found.images[:, 0, 0].tolist()) == list(range(10))
    assert len([*(tmp_path / parsed_cache.FOLDER).iterdir()]) == 1


def test_a_view_releases_nothing_that_is_in_use(tmp_path: Path) -> None:
    dataset = load_once(tmp_path, "1", load_large, tmp_path)
    view = ImageView(dataset.images, np.arange(N)[::-1])
    one, some = dataset.images[3], view[:4]
    assert [image[0, -1] for image in view][-1] == 0
    assert (one[0, -1], some[0, 0, -1]) == (3, (N - 1) % 251)


def test_many_rows_of_a_mapping_are_read_in_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = load_once(tmp_path, "1", load_large, tmp_path)
    view, expected = take(dataset.images, np.arange(N)[::-1]), dataset.images[::-1]
    released = []
    monkeypatch.setattr(data_images, "_release", released.append)
    np.testing.assert_array_equal(view[1:], expected[1:])
    assert len(released) == -(-(N - 1) // (data_images.BLOCK_BYTES // SIDE**2))


@pytest.mark.parametrize("mode", ["c", "r+"])
def test_changes_of_a_writable_mapping_are_kept(tmp_path: Path, mode: str) -> None:
    """As in a loader of the user's, which maps a file and repairs some images."""
    stored = random_dataset(9).images
    stored.tofile(tmp_path / "images")
    mapped = np.asarray(np.memmap(tmp_path / "images", np.uint8, mode, shape=stored.shape))
    mapped[4] = changed = 255 - stored[4]
    assert [len(block) for block in blocks(mapped)] == [9]
    np.testing.assert_array_equal(take(mapped, np.array([4]))[:][0], changed)
    np.testing.assert_array_equal(mapped[4], changed)
