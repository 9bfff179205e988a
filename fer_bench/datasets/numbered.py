"""Data sets whose files call the classes by numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fer_bench.datasets.class_tables import LEFT_OUT, classes_of
from fer_bench.datasets.dataset import Dataset
from fer_bench.datasets.mistakes import wrong

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from fer_bench.datasets.class_tables import ClassTable


def numbered_dataset(
    path: Path,
    images: NDArray[np.uint8],
    places: NDArray[np.integer],
    table: ClassTable,
    usage: NDArray[np.uint8] | None,
) -> Dataset:
    """A data set of images of which the numbers are known.

    Args:
        path: the file they were read from.
        images: uint8, shape (n, height, width).
        places: for each image the place of its number in ``table.numbers``, shape (n,).
        table: what the numbers stand for.
        usage: as in ``Dataset``.

    Raises:
        FerBenchError: all images are left out.
    """
    numbers, meant = list(table.numbers), list(table.numbers.values())
    used = np.unique(places)
    classes = classes_of(meant[place] for place in used)
    codes = {name: code for code, name in enumerate(classes)}
    labels = np.array([codes.get(name, 0) for name in meant], np.uint8)[places]
    stays = np.array([name != LEFT_OUT for name in meant], np.bool_)[places]
    n_out = len(stays) - int(np.count_nonzero(stays))
    notes = table.used_for(numbers[place] for place in used)
    if n_out == 0:
        return Dataset(images, labels, classes, path.stem, usage, notes)
    if n_out == len(stays):
        what = f"the class map leaves out all {n_out:,} images"
        raise wrong(path, None, what, "one image or more", table.step)
    return Dataset(
        images[stays],
        labels[stays],
        classes,
        path.stem,
        None if usage is None else usage[stays],
        (("left out", f"{n_out:,}: the class map leaves out their numbers"), *notes),
        tuple(f"row {row} of the file" for row in np.flatnonzero(stays).tolist()),
    )
