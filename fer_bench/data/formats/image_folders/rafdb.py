"""Layout of RAF-DB as distributed by its authors: aligned images and one label list.

``EmoLabel/list_patition_label.txt`` has lines such as ``train_00001.jpg 5`` for the image
``Image/aligned/train_00001_aligned.jpg``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.data.formats.image_folders.label_lists import missing_image
from fer_bench.data.formats.image_folders.manifest import Manifest, Row
from fer_bench.data.input_errors import input_error
from fer_bench.runtime.files import cause_of, read_regular

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fer_bench.data.formats.class_names import ClassTable
    from fer_bench.data.formats.image_folders.listing import Listing

_LIST_NAME = "list_patition_label.txt"
_LIST = f"EmoLabel/{_LIST_NAME}"
_IMAGES = "Image/aligned"

_LARGEST_LIST = 1 << 24
"""Upper limit for the size of the list in bytes; the original has 316 kB."""


def find_rafdb(listing: Listing, table: ClassTable) -> Manifest | None:
    """Return the aligned images of RAF-DB as distributed by its authors.

    Producing the rows raises ``FerBenchError`` if the directory of the images is missing, if the
    list is invalid, or if an image in it is missing.
    """
    folders = [folder.place for folder in listing.folders() if folder.name == "EmoLabel"]
    if not any(file.name == _LIST_NAME for folder in folders for file in listing.entries(folder)):
        return None
    return Manifest(f"RAF-DB's {_LIST_NAME} and aligned images", _rows(listing), lists=[_LIST])


def _rows(listing: Listing) -> Iterator[Row]:
    above = [folder.place for folder in listing.folders() if folder.name == "Image"]
    folders = [below.place for place in above for below in listing.folders(place)]
    if _IMAGES not in folders:
        accepted, hint = f"RAF-DB's {_LIST} and {_IMAGES}/IMAGES", "unpack the aligned images there"
        raise input_error(listing.path, None, f"has no directory {_IMAGES!r}", accepted, hint)
    path = listing.path / _LIST
    images = {image.name: image for image in listing.images(_IMAGES)}
    rest = images.copy()
    for line, name, label in _lines(path):
        stem, dot, suffix = name.rpartition(".")
        image = images.get(f"{stem}_aligned{dot}{suffix}") or images.get(name)
        if image is None:
            raise missing_image(path, line, name, f"{_IMAGES}, with or without '_aligned'")
        rest.pop(image.name, None)
        yield Row(image, label, None, _LIST, line)
    for image in rest.values():
        yield Row(image, None, None, _LIST, unlabelled=f"no line in {_LIST_NAME}")


def _lines(path: Path) -> Iterator[tuple[int, str, str]]:
    accepted = "lines of an image and a number, like 'train_00001.jpg 5'"
    try:
        text = read_regular(path, _LARGEST_LIST).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise input_error(path, None, f"cannot be read ({cause_of(error)})", accepted) from error
    lines = [(number, line.split()) for number, line in enumerate(text.splitlines(), start=1)]
    if not any(fields for _, fields in lines):
        raise input_error(path, None, "the file is empty", accepted)
    for number, fields in lines:
        if fields and len(fields) != 2:
            raise input_error(path, number, f"{len(fields)} words", accepted, "correct the line")
        if fields:
            yield number, fields[0], fields[1]
