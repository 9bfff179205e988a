"""Layout of FER+ as its script writes it: images of each part with the votes of ten taggers.

``FER2013Train``, ``FER2013Valid`` and ``FER2013Test`` hold ``fer0000000.png`` and so on, and
``label.csv``, a list without a header: image name, bounding box of the face, and the number of
votes for each category. If that list is missing, ``fer2013new.csv`` is used, either in the same
directory or next to the parts.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from fer_bench.data.formats.csv_text import csv_lines
from fer_bench.data.formats.ferplus_votes import (
    CATEGORIES,
    CATEGORY_NAMES,
    HEADER,
    TIED,
    split_row,
    vote_counts,
    voted,
)
from fer_bench.data.formats.image_folders.label_lists import csv_files, header_of
from fer_bench.data.formats.image_folders.listing import is_folder
from fer_bench.data.formats.image_folders.manifest import PARTS, Manifest
from fer_bench.data.input_errors import input_error
from fer_bench.runtime.errors import shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fer_bench.data.formats.class_names import ClassTable
    from fer_bench.data.formats.image_folders.listing import Root
    from fer_bench.data.formats.image_folders.manifest import Search

_PARTS = ("fer2013train", "fer2013valid", "fer2013test")
_OWN_LIST, _WHOLE_LIST = "label.csv", "fer2013new.csv"

_BOX = "(0, 0, 48, 48)"
"""Bounding box of the face in every image that FER+'s script writes: the complete image."""

_ACCEPTED = f"lines of an image, its place {_BOX!r} and {len(CATEGORIES)} numbers of taggers"


def find_ferplus(root: Root, table: ClassTable) -> Search | None:
    """Return a search for FER+'s parts, or for one of them on its own.

    The label is the category with the most votes; it needs no majority. Images are left out if
    several categories tie for the most votes, or if the top category is not a class.

    The search raises ``FerBenchError`` if a part has no list, or if a line in it is invalid or
    names an image that is missing or was named before.
    """
    parts: dict[Path, int | None] = {
        path: PARTS[path.name.lower()]
        for path in root.folders(root.path)
        if path.name.lower() in _PARTS
    }
    own = root.path / _OWN_LIST
    if not parts and own in csv_files(root) and _begins_so(own):
        parts = {root.path: None}
    # FER+'s parts hold images directly; parts that hold directories belong to find_parts.
    is_ferplus = any(root.loose_images(path) for path in parts)
    return partial(_ferplus, root, table, parts) if is_ferplus else None


def _begins_so(path: Path) -> bool:
    fields = header_of(path)
    return len(fields) == 2 + len(CATEGORIES) and fields[1].startswith("(")


def _list_of(root: Root, folder: Path) -> Path | None:
    """Return the file with the votes for the images of a directory, or None if there is none."""
    there = [folder / entry.name for entry in root.entries(folder) if not is_folder(entry)]
    beside = [root.path / entry.name for entry in root.entries(root.path) if not is_folder(entry)]
    lists = (folder / _OWN_LIST, folder / _WHOLE_LIST, root.path / _WHOLE_LIST)
    return next((path for path in lists if path in there or path in beside), None)


def _ferplus(root: Root, table: ClassTable, parts: dict[Path, int | None]) -> Manifest:
    found = Manifest("FER+'s images and votes")
    for folder, part in sorted(parts.items(), key=lambda item: item[1] or 0):
        _add_part(root, table, found, folder, part)
    return found


def _add_part(
    root: Root, table: ClassTable, found: Manifest, folder: Path, part: int | None
) -> None:
    images = {file.path.name: file for file in root.loose_images(folder)}
    file = _list_of(root, folder)
    if file is None:
        what = f"neither {_OWN_LIST} nor {_WHOLE_LIST} in it"
        raise input_error(folder, None, what, "FER+'s votes on its images", "fetch that file too")
    found.lists.add(file)
    rows = _own_rows(file) if file.name == _OWN_LIST else _whole_rows(file, part)
    named: dict[str, int] = {}
    for line, name, counts in rows:
        if name not in images:
            what = f"no image {shown(name, 80)} in {folder.name!r}"
            step = "put it there or remove the line"
            raise input_error(file, line, what, "images that are in the directory", step)
        if name in named:
            what = f"{shown(name, 80)} is in line {named[name]} already"
            raise input_error(file, line, what, "each image once", "remove one of the lines")
        named[name] = line
        most = max(counts)
        if counts.count(most) > 1:
            found.leave_out(TIED)
            continue
        category = counts.index(most)
        meant = table.class_of(CATEGORIES[category])
        if meant is None:
            found.leave_out(voted(CATEGORY_NAMES[category]))
        else:
            found.add(images[name], CATEGORIES[category], meant, part)
    if len(named) < len(images):
        found.leave_out(f"no line in {file.name}", len(images) - len(named))


def _own_rows(path: Path) -> Iterator[tuple[int, str, list[int]]]:
    for number, fields in csv_lines(path, _ACCEPTED):
        if not any(fields):
            continue
        if len(fields) != 2 + len(CATEGORIES):
            raise input_error(path, number, f"{len(fields)} columns", _ACCEPTED, "correct the line")
        name, box, *votes = fields
        if box != _BOX:
            what = f"the place {shown(box)} of the face"
            step = "cut the face out and correct the line"
            raise input_error(path, number, what, f"all of the image, {_BOX!r}", step)
        yield number, name, vote_counts(path, number, votes)


def _whole_rows(path: Path, part: int | None) -> Iterator[tuple[int, str, list[int]]]:
    """Yield the lines of ``fer2013new.csv`` in one part, or all if ``part`` is None.

    Lines without an image name are skipped.
    """
    for number, fields in csv_lines(path, f"{len(HEADER)} columns of UTF-8 text"):
        if number == 1 and tuple(fields) != HEADER:
            what = f"the header is {shown(','.join(fields))}"
            raise input_error(path, 1, what, ",".join(HEADER))
        if number == 1 or not any(fields):
            continue
        usage, name, votes = split_row(path, number, fields)
        if name and part in (None, usage):
            yield number, name, vote_counts(path, number, votes)
