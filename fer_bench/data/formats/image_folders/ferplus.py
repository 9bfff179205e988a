"""Layout of FER+ as its script writes it: images of each part with the votes of ten taggers.

``FER2013Train``, ``FER2013Valid`` and ``FER2013Test`` hold ``fer0000000.png`` and so on, and
``label.csv``, a list without a header: image name, bounding box of the face, and the number of
votes for each category. If that list is missing, ``fer2013new.csv`` is used, either in the same
directory or next to the parts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.data.formats.ferplus_votes import (
    CATEGORIES,
    CATEGORY_NAMES,
    TIED,
    vote_counts,
    vote_lines,
    voted,
)
from fer_bench.data.formats.image_folders.label_lists import header_of, missing_image
from fer_bench.data.formats.image_folders.manifest import PARTS, Manifest, Row, parts_of
from fer_bench.data.formats.small_csv import csv_lines
from fer_bench.data.input_errors import input_error
from fer_bench.runtime.errors import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from fer_bench.data.formats.class_names import ClassTable
    from fer_bench.data.formats.image_folders.listing import Listing

_PARTS = ("fer2013train", "fer2013valid", "fer2013test")
_OWN_LIST, _COMMON_LIST = "label.csv", "fer2013new.csv"

_BOX = "(0, 0, 48, 48)"
"""Bounding box of the face in every image that FER+'s script writes: the complete image."""

_ACCEPTED = f"lines of an image, its place {_BOX!r} and {len(CATEGORIES)} numbers of taggers"


def find_ferplus(listing: Listing, table: ClassTable) -> Manifest | None:
    """Return the images of FER+'s parts, or of one of them on its own.

    The label is the category with the most votes; it needs no majority. Images are left out if
    several categories tie for the most votes, or if the top category is not a class.

    Producing the rows raises ``FerBenchError`` if a part has no list, or if a line in it is invalid
    or names an image that is missing.
    """
    parts: dict[str, str | None] = {
        part.place: part.name for part in parts_of(listing) if part.name.lower() in _PARTS
    }
    own = [file.name for file in listing.csv_files() if file.name == _OWN_LIST]
    if not parts and own and _is_own_list(listing.path / _OWN_LIST):
        parts = {"": None}
    # FER+'s parts hold images directly; parts that hold directories belong to find_parts.
    if not any(listing.images(folder) for folder in parts):
        return None
    lists = {folder: _list_of(listing, folder) for folder in parts}
    rows = _rows(listing, parts, lists)
    return Manifest("FER+'s images and votes", rows, lists=[*filter(None, lists.values())])


def _is_own_list(path: Path) -> bool:
    fields = header_of(path)
    return len(fields) == 2 + len(CATEGORIES) and fields[1].startswith("(")


def _list_of(listing: Listing, folder: str) -> str:
    """Return the place of the votes for the images of a directory, empty if there are none."""
    entries = [*listing.entries(folder), *listing.entries()]
    files = {entry.place for entry in entries if not entry.is_dir}
    above = f"{folder}/" if folder else ""
    names = (above + _OWN_LIST, above + _COMMON_LIST, _COMMON_LIST)
    return next((name for name in names if name in files), "")


def _rows(
    listing: Listing, parts: Mapping[str, str | None], lists: Mapping[str, str]
) -> Iterator[Row]:
    for folder, part in parts.items():
        if not lists[folder]:
            problem = f"contains neither {_OWN_LIST} nor {_COMMON_LIST}"
            accepted, hint = "FER+'s votes on its images", "fetch that file too"
            raise input_error(listing.path / folder, None, problem, accepted, hint)
        source = listing.path / lists[folder]
        images = {image.name: image for image in listing.images(folder)}
        rest = images.copy()
        lines = _own_lines(source) if source.name == _OWN_LIST else _common_lines(source, part)
        for line, name, counts in lines:
            if name not in images:
                raise missing_image(source, line, name, f"the directory {listing.path / folder}")
            rest.pop(name, None)
            most = max(counts)
            category = counts.index(most)
            if counts.count(most) > 1:
                label, why = None, TIED
            else:
                label, why = CATEGORIES[category], voted(CATEGORY_NAMES[category])
            yield Row(images[name], label, part, lists[folder], line, why)
        for image in rest.values():
            why = f"no line in {source.name}"
            yield Row(image, None, part, lists[folder], unlabelled=why)


def _own_lines(path: Path) -> Iterator[tuple[int, str, list[int]]]:
    for number, fields in csv_lines(path, _ACCEPTED):
        if not any(fields):
            continue
        if len(fields) != 2 + len(CATEGORIES):
            raise input_error(path, number, f"{len(fields)} columns", _ACCEPTED, "correct the line")
        name, box, *votes = fields
        if box != _BOX:
            problem = f"the bounding box of the face is {shown(box)}"
            hint = "cut the face out and correct the line"
            raise input_error(path, number, problem, f"the complete image, {_BOX!r}", hint)
        yield number, name, vote_counts(path, number, votes)


def _common_lines(path: Path, part: str | None) -> Iterator[tuple[int, str, list[int]]]:
    """Yield the lines of ``fer2013new.csv`` in one part, or all if ``part`` is None.

    Lines without an image name are skipped.
    """
    for number, usage, name, votes in vote_lines(path):
        if name and (part is None or PARTS[part.lower()] == usage):
            yield number, name, vote_counts(path, number, votes)
