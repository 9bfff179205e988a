"""Image folders: data sets of image files in one of several directory layouts.

``listing`` scans directories safely. ``layouts`` lists the supported layouts; each is implemented
by a function in ``class_folders``, ``ferplus``, ``file_name_codes``, ``label_files`` or
``label_lists`` that returns a ``manifest.Manifest``. ``unknown_layouts`` describes a directory that
fits none of them, ``pixel_files`` finds CSV and npz files, and ``image_files`` reads the pixels.
Class names are resolved by ``fer_bench.data.formats.class_names``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fer_bench.data.dataset import USAGES, Dataset
from fer_bench.data.formats.class_names import UNNUMBERED, classes_of
from fer_bench.data.formats.image_folders.image_files import Images, read_images
from fer_bench.data.formats.image_folders.label_lists import from_csv, is_label_list
from fer_bench.data.formats.image_folders.layouts import LAYOUTS, find, fits
from fer_bench.data.formats.image_folders.listing import Root, unreadable
from fer_bench.data.formats.image_folders.pixel_files import data_files, one_data_set
from fer_bench.data.formats.image_folders.unknown_layouts import has_images
from fer_bench.data.input_errors import input_error
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import state_of

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from fer_bench.data.formats.class_names import ClassTable
    from fer_bench.data.formats.image_folders.manifest import LabelledImage, Manifest

__all__ = [
    "LAYOUTS",
    "DataFiles",
    "Listing",
    "data_files_of",
    "holds_data",
    "is_label_list",
    "list_folder",
    "load_folder",
    "load_listing",
]


@dataclass(frozen=True)
class Listing:
    """Data set whose images and labels are found, but whose pixels are not read yet.

    Attributes:
        root: directory of the data set.
        found: its images and labels.
    """

    root: Root
    found: Manifest

    @property
    def name(self) -> str:
        """Name of the directory, with links resolved."""
        return self.root.inside.name

    @property
    def _told(self) -> tuple[object, ...]:
        return self.found.layout, self.found.left_out, self.found.notes

    @property
    def state(self) -> str:
        """Digest that changes whenever the data set may have changed, for the cache key."""
        digest = hashlib.sha256(repr(self._told).encode("utf-8", "surrogateescape"))
        for image in self.found.images:
            words = (self.root.place(image.file.path), image.meant, image.part, image.file.state)
            digest.update(f"{words!r}\n".encode())
        return digest.hexdigest()


def list_folder(path: Path, table: ClassTable = UNNUMBERED) -> Listing:
    """Find the images of a data set and their labels.

    Args:
        path: a directory in one of ``LAYOUTS``, or a CSV label list in the directory of its images.
        table: class for each name, code and number.

    Raises:
        FerBenchError: the directory fits none of the layouts, or violates its layout; the message
            gives the invalid file or directory.
    """
    if path.is_file():
        root = Root.of(path.parent)
        found = from_csv(root, table, [path])
    else:
        root = Root.of(path)
        found = find(root, table)
    found.notes += table.used_for(found.names)
    if not found.images:
        what = f"no image is left ({_left_out(found)})"
        raise input_error(path, None, what, "one image or more", "give some of them a class")
    return Listing(root, found)


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
    root = Root.of(path)
    files = one_data_set(root)
    if not files or _holds_images(root, table):
        return None
    return DataFiles(files, ", ".join(map(_named_state, files)))


def _holds_images(root: Root, table: ClassTable) -> bool:
    """Check if a directory fits one of the layouts and holds images, not only matching names."""
    return fits(root, table) and has_images(root)


def _named_state(file: Path) -> str:
    try:
        return f"{file.name} {state_of(file.stat())}"
    except OSError as error:
        raise unreadable(file, error) from error


def holds_data(path: Path) -> bool:
    """Check if a directory is a data set in any format, valid or not."""
    root = Root.of(path)
    try:
        return bool(data_files(root) or one_data_set(root)) or _holds_images(root, UNNUMBERED)
    except FerBenchError:
        return True


def load_listing(listing: Listing) -> Dataset:
    """Read the images that ``list_folder`` found.

    The data set has a usage if the layout has all three parts, or if every file name starts with
    ``Training_``, ``PublicTest_`` or ``PrivateTest_``, as in exports of Kaggle's CSV file.

    Raises:
        FerBenchError: an image cannot be read; the message gives the file.
    """
    found = listing.found
    read = read_images([image.file.path for image in found.images])
    classes = classes_of(image.meant for image in found.images)
    codes = {name: code for code, name in enumerate(classes)}
    labels = np.array([codes[image.meant] for image in found.images], np.uint8)
    usage, how = _usage(found.images)
    n = len(labels)
    notes = (
        ("layout", f"{found.layout}, {how}"),
        ("size of the files", _sizes(read)),
        ("files stored in colour", f"{read.colour:,} of {n:,}{_GREY if read.colour else ''}"),
        *((("transparent", _ON_BLACK.format(read.transparent)),) if read.transparent else ()),
        *((("left out", _left_out(found)),) if found.left_out else ()),
        *found.notes,
    )
    places = tuple("/".join(listing.root.place(image.file.path)) for image in found.images)
    return Dataset(read.pixels, labels, classes, listing.name, usage, notes, places)


def load_folder(path: Path, table: ClassTable = UNNUMBERED) -> Dataset:
    """Find and read the images of a data set: ``load_listing(list_folder(path, table))``."""
    return load_listing(list_folder(path, table))


_GREY = ", which became grey by ITU-R 601 luma"
_ON_BLACK = "{:,} files in parts, which became black there"


def _usage(images: list[LabelledImage]) -> tuple[NDArray[np.uint8] | None, str]:
    """Return the usage, or None if it is unknown, and a description of its source."""
    parts = [image.part for image in images if image.part is not None]
    if len(parts) == len(images) and len(set(parts)) == len(USAGES):
        return np.array(parts, np.uint8), "with the usage"
    codes = {name: code for code, name in enumerate(USAGES)}
    told = [codes.get(image.file.path.name.partition("_")[0]) for image in images]
    known = [code for code in told if code is not None]
    if len(known) == len(images):
        return np.array(known, np.uint8), f"whose names begin with {', '.join(USAGES)}"
    return None, "without a usage"


def _sizes(read: Images) -> str:
    sizes = {f"{width}x{height}" for width, height in read.sizes}
    height, width = read.pixels.shape[1:]
    if not read.squared:
        return f"{' and '.join(sorted(sizes))} pixels, kept"
    if len(sizes) == 1:
        of = sizes.pop()
    else:
        sides = sorted(max(size) for size in read.sizes)
        of = f"{len(sizes):,} sizes, the longer side from {sides[0]:,} to {sides[-1]:,}"
    brought = sum(size != (width, height) for size in read.sizes)
    return f"{of}; {brought:,} of {len(read.sizes):,} brought to {width}x{height}, antialiased"


def _left_out(found: Manifest) -> str:
    return "; ".join(f"{count:,}: {why}" for why, count in found.left_out.items())
