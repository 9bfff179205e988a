"""Reader and writer for data sets as ``.npz`` files.

The arrays are ``images`` (uint8, shape (n, height, width)), ``labels`` (integers, from 0 to 6
unless a class map defines others, shape (n,)) and optionally ``usage`` (integers from 0 to 2,
shape (n,)). Other arrays in the file are ignored.
"""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.data.dataset import USAGES
from fer_bench.data.formats.class_names import KAGGLE
from fer_bench.data.formats.labelled_pixels import Content, describe_numbers, numbered_dataset
from fer_bench.data.formats.npz_arrays import MANY, opened_arrays, too_tight
from fer_bench.data.images import in_memory
from fer_bench.data.input_errors import input_error

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from fer_bench.data.dataset import Dataset
    from fer_bench.data.formats.class_names import ClassTable
    from fer_bench.data.formats.npz_arrays import StoredArray
    from fer_bench.data.images import Collect

_EXTRA_PER_IMAGE = 160
"""Bytes of memory per image in addition to its pixels, mostly for its digests."""

_MOST_EXTRA = 16
"""Upper limit for the ratio of this additional memory to the pixels, above ``MANY`` bytes."""


def load_npz(path: Path, table: ClassTable = KAGGLE, collect: Collect = in_memory) -> Dataset:
    """Read a data set from an ``.npz`` file; pickled objects are rejected.

    Args:
        path: the file.
        table: class for each label.
        collect: collects the images.

    Returns:
        The data set in file order, named after the file, with the usage if the file has it.

    Raises:
        FerBenchError: the file cannot be read, is damaged, or its arrays are not as described in
            the module docstring.
    """
    return numbered_dataset(path, read_npz(path, table), table.numbers, table, collect=collect)


def read_npz(path: Path, table: ClassTable) -> Content:
    """Read a file, except its images, with labels as indices into ``table.numbers``.

    Raises:
        FerBenchError: as for ``load_npz``.
    """
    numbers = list(map(int, table.numbers))
    with opened_arrays(path, ("images", "labels"), ("usage",)) as arrays:
        images = arrays["images"]
        _check_images(path, arrays)
        places = _codes(path, "labels", arrays["labels"], numbers)
        usage = None
        if "usage" in arrays:
            usage = _codes(path, "usage", arrays["usage"], range(len(USAGES))).astype(np.uint8)
    return Content(images.shape, _images(path, images), places, usage)


def _images(path: Path, expected: StoredArray) -> Iterator[NDArray[np.uint8]]:
    """Yield the images in blocks, after everything else has been validated."""
    with opened_arrays(path, ("images",)) as arrays:
        if arrays["images"] != expected:
            problem = "damaged or unreadable (it was replaced while it was read)"
            raise input_error(path, None, problem, "an intact npz file")
        yield from arrays["images"].blocks()


def _check_images(path: Path, arrays: Mapping[str, StoredArray]) -> None:
    dtype, shape = arrays["images"].dtype, arrays["images"].shape
    if dtype != np.uint8 or len(shape) != 3 or 0 in shape:
        problem = f"images are {dtype} of shape {shape}"
        raise input_error(path, None, problem, "uint8 of shape (n, height, width), none of them 0")
    n = shape[0]
    for name, array in arrays.items():
        if name != "images" and (array.dtype.kind not in "iu" or array.shape != (n,)):
            problem = f"{name} are {array.dtype} of shape {array.shape}"
            raise input_error(path, None, problem, f"integers of shape ({n},), one for each image")
    extra = _EXTRA_PER_IMAGE * n
    pixels = math.prod(shape)
    if extra > MANY and extra > _MOST_EXTRA * pixels:
        problem = f"{n:,} images with {pixels:,} pixels need {extra:,} bytes of memory in addition"
        least = -(-_EXTRA_PER_IMAGE // _MOST_EXTRA)
        raise input_error(
            path, None, problem, f"images of at least {least} pixels", "use larger images"
        )
    needed = sum(array.size for array in arrays.values()) + extra
    packed = sum(array.packed for array in arrays.values())
    if too_tight(needed, packed):
        problem = f"{n:,} images need {needed:,} bytes of memory, but only {packed:,} in the file"
        raise input_error(
            path, None, problem, "images that compress less", "leave out blank images"
        )


def pack_npz(dataset: Dataset, **others: str | NDArray[Any]) -> bytes:
    """Return the bytes of an uncompressed ``.npz`` file that ``load_npz`` can read.

    Args:
        dataset: the data set to store.
        others: additional texts and arrays to store, by name.
    """
    arrays: dict[str, Any] = {"images": dataset.images, "labels": dataset.labels}
    if dataset.usage is not None:
        arrays["usage"] = dataset.usage
    arrays.update((name, np.asarray(value)) for name, value in others.items())
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def _codes(
    path: Path, name: str, array: StoredArray, known: Sequence[int]
) -> NDArray[np.unsignedinteger]:
    """Return the index of each value of an array in ``known``.

    The dtype is the smallest unsigned one that fits, as ``known`` may have more than 256 entries.

    Raises:
        FerBenchError: a value is not in ``known``.
    """
    codes = np.full(array.shape, len(known), np.min_scalar_type(len(known)))
    first = 0
    for values in array.blocks():
        here = codes[first : first + len(values)]
        for place, value in enumerate(known):
            here[values == value] = place
        unknown = np.flatnonzero(here == len(known))
        if len(unknown):
            accepted = describe_numbers(known)
            if name == "labels":
                accepted += " (or others with --class-map)"
            row = int(unknown[0])
            problem = f"{name} has {values[row]} for image {first + row}"
            raise input_error(path, None, problem, accepted)
        first += len(values)
    return codes
