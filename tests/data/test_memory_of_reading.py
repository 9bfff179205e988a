"""Memory used by reading in addition to its result, as counted by numpy and Python."""

from __future__ import annotations

import dataclasses
import tracemalloc
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import pytest
from image_folders import write_image

from fer_bench.data import EMOTIONS, Dataset, array_cache
from fer_bench.data.array_cache import cached
from fer_bench.data.formats.image_folders.image_files import read_images
from fer_bench.data.parsed_cache import load_once

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fer_bench.data.images import Collect

MIB = 1 << 20


@contextmanager
def at_most(size: int) -> Iterator[None]:
    """Memory may not grow by more, not even for a moment."""
    tracemalloc.start()
    try:
        yield
        grown = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert grown < size, f"{grown / MIB:.1f} MiB"


def large() -> Dataset:
    """48 MiB of images."""
    return Dataset(np.zeros((960, 256, 204), np.uint8), np.zeros(960, np.uint8), EMOTIONS, "x")


def never(_: object) -> Dataset:
    raise AssertionError("read again")


def test_keeping_a_data_set_takes_no_copy_of_it(tmp_path: Path) -> None:
    dataset = large()
    with at_most(30 * MIB):  # numpy writes 16 MiB at a time
        load_once(tmp_path, "state", lambda _: dataset, tmp_path)
    with at_most(4 * MIB):  # mapped
        again = load_once(tmp_path, "state", never, tmp_path)
    assert again.row_digest == dataset.row_digest


def test_keeping_arrays_takes_no_copy_of_them(tmp_path: Path) -> None:
    made = {"a": np.zeros(48 * MIB, np.uint8)}
    with at_most(30 * MIB):
        cached(tmp_path, ("facts",), lambda _: made, dict, dict)


def test_what_was_read_in_vain_is_let_go(tmp_path: Path) -> None:
    """Of one size as stored; the last one stands, so that all are read again as squares."""
    first = write_image(tmp_path / "lying.png", 7, (224, 223))
    standing = write_image(tmp_path / "standing.png", 8, (223, 224))
    n = 400
    with at_most(n * 224 * 224 * 3 // 2):
        found = read_images([first] * (n - 1) + [standing])
    assert (found.pixels.shape, found.squared) == ((n, 224, 224), True)
    assert found.pixels[[0, -1], 0, 0].tolist() == [7, 8]


def _no_memory(*_: object) -> None:
    raise MemoryError


def test_a_data_set_that_fits_is_read_where_keeping_it_does_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = Dataset(np.zeros((2, 3, 4), np.uint8), np.zeros(2, np.uint8), EMOTIONS, "x")
    monkeypatch.setattr(array_cache._Draft, "finish", _no_memory)
    assert load_once(tmp_path, "state", lambda _: dataset, tmp_path) is dataset


def test_arrays_are_made_where_keeping_them_does_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(array_cache._Draft, "finish", _no_memory)
    made = {"a": np.zeros(0)}
    assert cached(tmp_path, ("facts",), lambda _: made, dict, dict) == made


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """Limit the files of this process, as on POSIX systems."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


# Before 2.0 numpy leaves an archive open that it could not write.
@pytest.mark.filterwarnings("ignore:.*ZipFile.__del__:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("room", [0, 60, 50_000, 121_000])
def test_a_disk_that_is_full_after_any_byte(tmp_path: Path, room: int) -> None:
    """A file that may not grow fails as one on a full disk does."""
    dataset = Dataset(np.zeros((40, 50, 60), np.uint8), np.zeros(40, np.uint8), EMOTIONS, "x")
    arrays = {"a": np.zeros(100_000)}

    def collected(collect: Collect) -> Dataset:
        blocks = np.split(dataset.images, 4)
        return dataclasses.replace(dataset, images=collect(dataset.images.shape, blocks))

    with no_file_larger_than(room):
        assert load_once(tmp_path, "state", lambda _: dataset, tmp_path) is dataset
        assert cached(tmp_path, ("facts",), lambda _: arrays, dict, dict) is arrays
        assert load_once(tmp_path, "other", collected, tmp_path).digest == dataset.digest
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
