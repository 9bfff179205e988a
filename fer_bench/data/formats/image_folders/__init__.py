"""Image folders: data sets of image files in one of several directory layouts.

Each of ``layouts.LAYOUTS`` is a function that finds the images of a directory in ``listing`` and
returns their ``manifest``: path, label and part of each. ``validation`` checks any manifest, and
``load_listing`` reads the pixels with ``image_files``. ``unknown_layouts`` describes a directory
that fits no layout, and ``pixel_files`` finds CSV and npz files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fer_bench.data.dataset import USAGES, Dataset
from fer_bench.data.formats.class_names import UNNUMBERED, classes_of
from fer_bench.data.formats.image_folders.image_files import read_images
from fer_bench.data.formats.image_folders.label_lists import is_label_list, read_lists
from fer_bench.data.formats.image_folders.layouts import LAYOUTS, find, misfit, unused_lists
from fer_bench.data.formats.image_folders.listing import Listing, unreadable
from fer_bench.data.formats.image_folders.pixel_files import data_files, one_data_set
from fer_bench.data.formats.image_folders.unknown_layouts import has_images
from fer_bench.data.formats.image_folders.validation import ImageFolder, validate
from fer_bench.data.images import in_memory
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import state_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from fer_bench.data.formats.class_names import ClassTable
    from fer_bench.data.formats.image_folders.image_files import Images
    from fer_bench.data.formats.image_folders.validation import LabelledImage
    from fer_bench.data.images import Collect

__all__ = [
    "LAYOUTS",
    "DataFiles",
    "ImageFolder",
    "data_files_of",
    "holds_data",
    "is_label_list",
    "list_folder",
    "load_listing",
]


def list_folder(path: Path, table: ClassTable = UNNUMBERED) -> ImageFolder:
    """Find the images of a data set and their labels.

    Args:
        path: a directory in one of ``LAYOUTS``, or a CSV label list in the directory of its images.
        table: class for each name, code and number.

    Raises:
        FerBenchError: the directory fits none of the layouts, or violates its layout; the error
            has the path of the invalid file or directory.
    """
    if path.is_file():
        listing = Listing.of(path.parent)
        return validate(listing, read_lists(listing, [path.name]), table)
    listing = Listing.of(path)
    manifest = find(listing, table)
    if manifest is None:
        raise misfit(listing, table)
    return validate(listing, manifest, table, unused_lists(listing, manifest))


class DataFiles(NamedTuple):
    """CSV or npz files that form one data set.

    Attributes:
        parts: part of each file as an index into ``USAGES``, or None.
        state: text that changes whenever one of the files may have changed, for the cache key.
    """

    parts: dict[Path, int | None]
    state: str


def data_files_of(path: Path, table: ClassTable) -> DataFiles | None:
    """Return the CSV or npz files that form the data set in a directory.

    Return None if there are none, if it is ambiguous which files belong to the data set, or if the
    directory holds images in one of ``LAYOUTS``, which take precedence.

    Raises:
        FerBenchError: the directory or one of the files cannot be read, or a link in it leads out
            of it or is circular.
    """
    listing = Listing.of(path)
    files = one_data_set(listing)
    if not files or _holds_images(listing, table):
        return None
    return DataFiles(files, ", ".join(map(_named_state, files)))


def _holds_images(listing: Listing, table: ClassTable) -> bool:
    """Check if a directory fits one of the layouts and holds images, not only matching names."""
    return find(listing, table) is not None and has_images(listing)


def _named_state(file: Path) -> str:
    try:
        return f"{file.name} {state_of(file.stat())}"
    except OSError as error:
        raise unreadable(file, error) from error


def holds_data(path: Path) -> bool:
    """Check if a directory is a data set in any format, valid or not."""
    listing = Listing.of(path)
    try:
        return bool(data_files(listing) or one_data_set(listing)) or _holds_images(
            listing, UNNUMBERED
        )
    except FerBenchError:
        return True


def load_listing(folder: ImageFolder, collect: Collect = in_memory) -> Dataset:
    """Read the images that ``list_folder`` found.

    The data set has a usage if the layout has all three parts, or if every file name starts with
    ``Training_``, ``PublicTest_`` or ``PrivateTest_``, as in exports of Kaggle's CSV file.

    Args:
        folder: the data set.
        collect: collects the images.

    Raises:
        FerBenchError: an image cannot be read; the error has its path.
    """
    images = read_images([folder.path / image.place for image in folder.images], collect)
    classes = classes_of(image.meant for image in folder.images)
    codes = {name: code for code, name in enumerate(classes)}
    labels = np.array([codes[image.meant] for image in folder.images], np.uint8)
    usage, source = _usage(folder.images)
    grey = ", converted to grey (ITU-R 601 luma)" if images.colour else ""
    left_out, transparent = folder.left_out_described, images.transparent
    notes = (
        ("layout", f"{folder.layout}, {source}"),
        ("size of the files", _sizes(images)),
        ("files stored in colour", f"{images.colour:,} of {len(labels):,}{grey}"),
        *((("transparent", f"parts of {transparent:,} files, now black"),) if transparent else ()),
        *((("left out", left_out),) if left_out else ()),
        *folder.notes,
    )
    places = tuple(image.place for image in folder.images)
    return Dataset(images.pixels, labels, classes, folder.name, usage, notes, places)


def _usage(images: Sequence[LabelledImage]) -> tuple[NDArray[np.uint8] | None, str]:
    """Return the usage, or None if it is unknown, and a description of its source."""
    parts = [image.part for image in images if image.part is not None]
    if len(parts) == len(images) and len(set(parts)) == len(USAGES):
        return np.array(parts, np.uint8), "with the usage"
    codes = {name: code for code, name in enumerate(USAGES)}
    starts = [image.place.rpartition("/")[2].partition("_")[0] for image in images]
    if all(start in codes for start in starts):
        usage = np.array([codes[start] for start in starts], np.uint8)
        return usage, f"whose names begin with {', '.join(USAGES)}"
    return None, "without a usage"


def _sizes(images: Images) -> str:
    sizes = {f"{width}x{height}" for width, height in images.sizes}
    height, width = images.pixels.shape[1:]
    if not images.squared:
        return f"{' and '.join(sorted(sizes))} pixels, kept"
    if len(sizes) == 1:
        found = sizes.pop()
    else:
        sides = sorted(max(size) for size in images.sizes)
        found = f"{len(sizes):,} sizes, the longer side from {sides[0]:,} to {sides[-1]:,}"
    resized = sum(size != (width, height) for size in images.sizes)
    n = len(images.sizes)
    return f"{found}; {resized:,} of {n:,} resized to {width}x{height}, antialiased"
