"""A data set as an ``.npz`` file of numpy arrays.

The arrays are ``images`` (uint8, shape (n, height, width)), ``labels`` (integers, from 0 to 6
unless a class map says otherwise, shape (n,)) and, where known, ``usage`` (integers from 0 to 2,
shape (n,)). Other arrays in the file are not looked at.
"""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.data.dataset import USAGES
from fer_bench.data.formats.class_names import KAGGLE
from fer_bench.data.formats.csv_rows import numbers_in_words
from fer_bench.data.formats.labelled_pixels import Content, numbered_dataset
from fer_bench.data.formats.npz_arrays import MANY, headed, read_array, too_tight
from fer_bench.data.input_errors import wrong

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from fer_bench.data.dataset import Dataset
    from fer_bench.data.formats.class_names import ClassTable
    from fer_bench.data.formats.npz_arrays import Header

_BESIDE_AN_IMAGE = 160
"""Bytes that each image takes in memory beside its pixels, for its digests most of all."""

_MOST_BESIDE = 16
"""So many times the memory of all pixels may what is beside them take, if it is much."""

_VALUES_AT_A_TIME = 1 << 20


def load_npz(path: Path, table: ClassTable = KAGGLE) -> Dataset:
    """Reads an ``.npz`` file, pickled objects excluded.

    Args:
        path: the file.
        table: what the labels stand for.

    Returns:
        The images in the file's order, named after the file, with the usage where the file has
        it.

    Raises:
        FerBenchError: the file cannot be read, is damaged, or its arrays are not as above.
    """
    return numbered_dataset(path, read_npz(path, table), table.numbers, table)


def read_npz(path: Path, table: ClassTable) -> Content:
    """The content of a file, its labels as places in ``table.numbers``; raises as ``load_npz``."""
    numbers = list(map(int, table.numbers))
    with headed(path, ("images", "labels"), ("usage",)) as (archive, headers):
        _check_images(path, headers)
        # The largest comes last, once all else is sound.
        places = _codes(path, archive, "labels", headers, numbers)
        usage = None
        if "usage" in headers:
            usage = _codes(path, archive, "usage", headers, range(len(USAGES)))
        images = np.ascontiguousarray(read_array(archive, "images"))
    return Content(images, places, None if usage is None else usage.astype(np.uint8))


def _check_images(path: Path, headers: dict[str, Header]) -> None:
    dtype, shape, *_ = headers["images"]
    if dtype != np.uint8 or len(shape) != 3 or 0 in shape:
        what = f"images are {dtype} of shape {shape}"
        raise wrong(path, None, what, "uint8 of shape (n, height, width), none of them 0")
    n = shape[0]
    for name, (dtype, shape, *_) in headers.items():
        if name != "images" and (dtype.kind not in "iu" or shape != (n,)):
            what = f"{name} are {dtype} of shape {shape}"
            raise wrong(path, None, what, f"integers of shape ({n},), one for each image")
    beside = _BESIDE_AN_IMAGE * n
    pixels = math.prod(headers["images"].shape)
    if beside > MANY and beside > _MOST_BESIDE * pixels:
        what = f"its {n:,} images have {pixels:,} pixels, and take {beside:,} bytes of memory more"
        least = -(-_BESIDE_AN_IMAGE // _MOST_BESIDE)
        raise wrong(path, None, what, f"images of {least} pixels or more", "take larger ones")
    needed = sum(header.size for header in headers.values()) + beside
    packed = sum(header.packed for header in headers.values())
    if too_tight(needed, packed):
        what = f"its {n:,} images take {needed:,} bytes of memory and {packed:,} of the file"
        raise wrong(path, None, what, "images that are packed less tightly", "leave out empty ones")


def pack_npz(dataset: Dataset, **others: str | NDArray[Any]) -> bytes:
    """The content of an ``.npz`` file that ``load_npz`` reads, not compressed.

    Args:
        dataset: what it holds.
        others: texts and arrays to put beside, by name.
    """
    arrays: dict[str, Any] = {"images": dataset.images, "labels": dataset.labels}
    if dataset.usage is not None:
        arrays["usage"] = dataset.usage
    arrays.update((name, np.asarray(value)) for name, value in others.items())
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def _codes(
    path: Path,
    archive: zipfile.ZipFile,
    name: str,
    headers: dict[str, Header],
    known: Sequence[int],
) -> NDArray[np.unsignedinteger]:
    """The place of each value in ``known``, which may have more than a byte can tell apart."""
    dtype, (n,), start, *_ = headers[name]
    codes = np.empty(n, np.min_scalar_type(len(known)))
    with archive.open(f"{name}.npy") as file:
        file.read(start)
        for first in range(0, n, _VALUES_AT_A_TIME):
            here = codes[first : first + _VALUES_AT_A_TIME]
            values = np.frombuffer(file.read(here.size * dtype.itemsize), dtype)
            if len(values) < len(here):
                raise EOFError(f"array {name!r} is cut off")
            here.fill(len(known))
            for place, value in enumerate(known):
                here[values == value] = place
            unknown = np.flatnonzero(here == len(known))
            if len(unknown):
                accepted = numbers_in_words(known)
                if name == "labels":
                    accepted += " (or others with --class-map)"
                row = int(unknown[0])
                what = f"{name} has {values[row]} for image {first + row}"
                raise wrong(path, None, what, accepted)
    return codes
