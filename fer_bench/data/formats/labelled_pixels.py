"""Construction of data sets from files that hold pixels and class names or numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fer_bench.data.dataset import Dataset
from fer_bench.data.formats.class_names import LEFT_OUT, classes_of
from fer_bench.data.images import in_memory
from fer_bench.data.input_errors import input_error
from fer_bench.runtime.errors import cut

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from fer_bench.data.formats.class_names import ClassTable
    from fer_bench.data.images import Blocks, Collect


class Content(NamedTuple):
    """Content of a file, before the classes of the data set are known.

    Attributes:
        shape: (n, height, width).
        images: the images in blocks, which may be read from the file only once.
        places: shape (n,), for each image the index of its number or name among all that are mapped
            to a class.
        usage: as in ``Dataset``.
    """

    shape: tuple[int, ...]
    images: Blocks
    places: NDArray[np.integer]
    usage: NDArray[np.uint8] | None


def describe_numbers(numbers: Collection[int]) -> str:
    """Describe the accepted class numbers, for errors."""
    if not numbers:
        return "no number, as the class map contains none"
    known = sorted(numbers)
    if known == list(range(known[0], known[-1] + 1)):
        return f"a number from {known[0]} to {known[-1]}"
    return f"one of the numbers {cut(', '.join(map(str, known)), 200)}"


def numbered_dataset(
    path: Path,
    content: Content,
    meanings: Mapping[str, str],
    table: ClassTable,
    rows: Sequence[str] | None = None,
    collect: Collect = in_memory,
) -> Dataset:
    """Build a data set from images with class numbers or names.

    Args:
        path: the file or directory that the images were read from.
        content: the images.
        meanings: class for each number or name, in the order that ``content.places`` refers to.
        table: class table that ``meanings`` was taken from.
        rows: source location of each image, as in ``Dataset.places``; None if image i is row i of
            the file.
        collect: collects the images.

    Raises:
        FerBenchError: all images are left out, or they cannot be read.
    """
    shape, images, places, usage = content
    numbers, names = list(meanings), list(meanings.values())
    used = np.unique(places)
    classes = classes_of(names[place] for place in used)
    codes = {name: code for code, name in enumerate(classes)}
    labels = np.array([codes.get(name, 0) for name in names], np.uint8)[places]
    kept = np.array([name != LEFT_OUT for name in names], np.bool_)[places]
    n_kept = int(np.count_nonzero(kept))
    notes = table.used_for(numbers[place] for place in used)
    if n_kept == 0:
        problem = f"the class map leaves out all {len(kept):,} images"
        raise input_error(path, None, problem, "at least one image", table.step)
    if n_kept < len(kept):
        why = f"{len(kept) - n_kept:,}: the class map leaves out their numbers"
        notes = (("left out", why), *notes)
        kept_rows = np.flatnonzero(kept).tolist()
        rows = [f"row {row} of the file" if rows is None else rows[row] for row in kept_rows]
        images, labels = _selected(images, kept), labels[kept]
        usage = None if usage is None else usage[kept]
    collected = collect((n_kept, *shape[1:]), images)
    places_in_source = None if rows is None else tuple(rows)
    return Dataset(collected, labels, classes, path.stem, usage, notes, places_in_source)


def _selected(images: Blocks, kept: NDArray[np.bool_]) -> Iterator[NDArray[np.uint8]]:
    start = 0
    for block in images:
        yield block[kept[start : start + len(block)]]
        start += len(block)
