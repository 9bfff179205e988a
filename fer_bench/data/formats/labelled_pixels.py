"""Data sets whose files hold the pixels, and numbers or names of classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fer_bench.data.dataset import Dataset
from fer_bench.data.formats.class_names import LEFT_OUT, classes_of
from fer_bench.data.input_errors import wrong

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from fer_bench.data.formats.class_names import ClassTable


class Content(NamedTuple):
    """The content of a file, before it is known which classes its data set has.

    Attributes:
        images: uint8, shape (n, height, width).
        places: for each image the place of its number or name among all that mean a class, shape
            (n,).
        usage: as in ``Dataset``.
    """

    images: NDArray[np.uint8]
    places: NDArray[np.integer]
    usage: NDArray[np.uint8] | None


def numbered_dataset(
    path: Path,
    content: Content,
    meanings: Mapping[str, str],
    table: ClassTable,
    rows: Sequence[str] | None = None,
) -> Dataset:
    """A data set of images of which the numbers or names of classes are known.

    Args:
        path: the file or directory they were read from.
        content: the images.
        meanings: classes by numbers and names, in the order that ``content.places`` counts.
        table: where these are from.
        rows: for each image where it lies, as ``Dataset.places``; None where it has its row of the
            file.

    Raises:
        FerBenchError: all images are left out.
    """
    images, places, usage = content
    numbers, meant = list(meanings), list(meanings.values())
    used = np.unique(places)
    classes = classes_of(meant[place] for place in used)
    codes = {name: code for code, name in enumerate(classes)}
    labels = np.array([codes.get(name, 0) for name in meant], np.uint8)[places]
    stays = np.array([name != LEFT_OUT for name in meant], np.bool_)[places]
    n_out = len(stays) - int(np.count_nonzero(stays))
    notes = table.used_for(numbers[place] for place in used)
    if n_out == 0:
        at = None if rows is None else tuple(rows)
        return Dataset(images, labels, classes, path.stem, usage, notes, at)
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
        tuple(
            f"row {row} of the file" if rows is None else rows[row]
            for row in np.flatnonzero(stays).tolist()
        ),
    )
