"""Layouts with a label list next to the images: CSV files, and RAF-DB's own list."""

from __future__ import annotations

import codecs
import contextlib
import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from fer_bench.data.dataset import USAGES
from fer_bench.data.formats.class_names import LEFT_OUT, composed, is_number
from fer_bench.data.formats.csv_text import csv_lines, csv_rows
from fer_bench.data.formats.image_folders.listing import IMAGE_FILES, is_csv, is_image
from fer_bench.data.formats.image_folders.manifest import PARTS, Manifest
from fer_bench.data.input_errors import input_error
from fer_bench.runtime.errors import FerBenchError, listed, shown
from fer_bench.runtime.files import cause_of, open_regular, read_regular

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from fer_bench.data.formats.class_names import ClassTable
    from fer_bench.data.formats.image_folders.listing import ImageFile, Root
    from fer_bench.data.formats.image_folders.manifest import Search

PATH_COLUMNS = (
    "path",
    "pth",
    "file",
    "filename",
    "file_name",
    "filepath",
    "file_path",
    "image",
    "image_name",
    "image_path",
    "img",
    "img_name",
    "img_path",
    "subdirectory_filepath",
)
LABEL_COLUMNS = ("label", "emotion", "expression", "class")
PART_COLUMNS = ("usage", "split", "part")

_RAFDB = "RAF-DB's EmoLabel/list_patition_label.txt and Image/aligned/IMAGES"
_RAFDB_LIST = "list_patition_label.txt"
_PART_NAMES = PARTS | {name.lower(): part for part, name in enumerate(USAGES)}
_FOLDERS = {"publictest": frozenset({PARTS["val"], PARTS["test"]})}
"""Parts allowed in the directories of an image, by the value of its part column. Exports of
Kaggle's CSV file put both test parts into one directory."""

_MOST_HEADER = 1 << 16
_LARGEST_LIST = 1 << 24
"""Upper limit for the size of RAF-DB's list in bytes; the original has 316 kB."""


@dataclass(frozen=True)
class _Row:
    """Row of a label list, with verbatim texts.

    Attributes:
        file: the list.
        line: 1-based line number.
        image: path or name of the image, as given in the list.
        label: label of the image.
        part: index into ``USAGES`` from a column, or else from the name of the list, or None.
        folders: if the row has a part, the parts whose directories may contain the image.
    """

    file: Path
    line: int
    image: str
    label: str
    part: int | None
    folders: frozenset[int] = frozenset()


def is_label_list(path: Path) -> bool:
    """Check if the header of a CSV file has columns for paths and labels, but not for pixels."""
    return _lists_labels(header_of(path))


def _lists_labels(names: Collection[str]) -> bool:
    return (
        "pixels" not in names
        and any(name in PATH_COLUMNS for name in names)
        and any(name in LABEL_COLUMNS for name in names)
    )


def _check_written(path: Path) -> None:
    """Reject a label list in an unsupported encoding or with an unsupported delimiter.

    Raises:
        FerBenchError: the file has the columns of a label list, but in another encoding or with
            another delimiter.
    """
    with contextlib.suppress(OSError):
        with open_regular(path) as file:
            start = file.read(_MOST_HEADER)
        utf_16 = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        text = start.decode("utf-16" if utf_16 else "latin-1", "ignore").lstrip(
            "\ufeff\r\n \xef\xbb\xbf"
        )
        header = re.split("[\r\n]", text)[0].lower()
        names = {name.strip(' "') for name in re.split("[,;\t|]", header)}
        if _lists_labels(names):
            what = f"a list of labels that cannot be read: its header is {shown(header, 80)}"
            accepted = "a csv file in UTF-8 with commas between the columns"
            raise input_error(path, 1, what, accepted, "save it so")


def header_of(path: Path) -> list[str]:
    """Return the column names of a CSV file in lower case; empty if it cannot be parsed."""
    try:
        lines = csv_lines(path, "a csv file in UTF-8 with a header")
        fields = next((fields for _, fields in lines if any(fields)), [])
    except FerBenchError:
        return []
    return [field.lower() for field in fields]


def find_csv(root: Root, table: ClassTable) -> Search | None:
    """Return a search for the images in a CSV label list, or in several lists named after parts.

    The search raises ``FerBenchError`` as for ``from_csv``, or if there are several lists and it is
    ambiguous which one to use.

    Raises:
        FerBenchError: a label list has an unsupported encoding or delimiter.
    """
    files = csv_files(root)
    lists = [file for file in files if is_label_list(file)]
    for file in files:
        if file not in lists:
            _check_written(file)
    return partial(_from_lists, root, table, lists) if lists else None


def _from_lists(root: Root, table: ClassTable, lists: Sequence[Path]) -> Manifest:
    parts = [part_of(file) for file in lists]
    if len(lists) > 1 and (None in parts or len(set(parts)) < len(parts)):
        names = listed([repr(file.name) for file in lists], 5)
        what = f"several lists of labels ({names})"
        accepted = "one, or one for each part, like train_labels.csv and test_labels.csv"
        step = f"name one alone, as {str(lists[0])!r}"
        raise input_error(root.path, None, what, accepted, step)
    return from_csv(root, table, lists)


def csv_files(root: Root) -> list[Path]:
    """Return the CSV files directly in the root directory, sorted by name."""
    return [root.path / entry.name for entry in root.entries(root.path) if is_csv(entry)]


def from_csv(root: Root, table: ClassTable, lists: Sequence[Path]) -> Manifest:
    """Return the images named in CSV files, in the order of the rows.

    A path in a list is relative to the root. If no image has this path, it may be the end of
    exactly one image's path. A row with a part, from a column or from the name of its list, is
    never matched with an image in the directory of another part; if several images remain, the one
    in the directory of the row's part is used. Images that no row names are left out.

    Args:
        root: the directory that holds the images at any depth.
        table: class for each label.
        lists: CSV files.

    Raises:
        FerBenchError: a list is invalid, or a row names an image that is missing, ambiguous, in the
            directory of another part, outside the root or named before, or a label that is not a
            class; the message gives the file and line.
    """
    rows = [row for file in lists for row in _csv_rows(file)]
    names = " and ".join(file.name for file in lists)
    found = Manifest(f"image files with a list of labels, {names}")
    _add_rows(found, table, rows, _Images(root), f"no row in {names}")
    found.notes += _contradicted(root, table, found)
    return found


def _contradicted(root: Root, table: ClassTable, found: Manifest) -> list[tuple[str, str]]:
    """Return a note, if needed, on images whose directory is named after another class."""
    others = 0
    for image in found.images:
        above = map(table.class_of, root.place(image.file.path)[-2::-1])
        nearest = next((meant for meant in above if meant not in (None, LEFT_OUT)), image.meant)
        others += nearest != image.meant
    told = f"{others:,} of {len(found.images):,} images lie in a folder of another class"
    return [("classes", f"{told} than the list says, which counts")] if others else []


def find_rafdb(root: Root, table: ClassTable) -> Search | None:
    """Return a search for the aligned images of RAF-DB as distributed by its authors.

    The search raises ``FerBenchError`` if the directory of the images is missing, or if the list
    or one of its rows is invalid.
    """
    folder = next((path for path in root.folders(root.path) if path.name == "EmoLabel"), None)
    if folder is None or all(entry.name != _RAFDB_LIST for entry in root.entries(folder)):
        return None
    return partial(_rafdb, root, table, folder / _RAFDB_LIST)


def _rafdb(root: Root, table: ClassTable, file: Path) -> Manifest:
    images: Path | None = root.path
    for name in ("Image", "aligned"):
        below = root.folders(images) if images is not None else []
        images = next((path for path in below if path.name == name), None)
    if images is None:
        what = "no folder 'Image/aligned' in it"
        raise input_error(root.path, None, what, _RAFDB, "unpack the aligned images there")
    aligned = {file.path.name: file for file in root.loose_images(images)}
    found = Manifest(f"RAF-DB's {_RAFDB_LIST} and aligned images")
    _add_rows(found, table, list(_rafdb_rows(file)), _Aligned(aligned), f"no line in {_RAFDB_LIST}")
    return found


class _Images:
    """Index of the images in a directory, for the lookup of the paths in a label list.

    Attributes:
        all: images by their path relative to the root.
    """

    def __init__(self, root: Root) -> None:
        self.all: dict[str, ImageFile] = {}
        self._ends: dict[str, list[str]] = {}
        for file in root.all_images():
            place = "/".join(root.place(file.path))
            self.all[place] = file
            self._ends.setdefault(composed(file.path.name), []).append(place)

    def place_of(self, row: _Row) -> str:
        """Return the key in ``all`` of the image that a row names."""
        path = PurePosixPath(row.image.replace("\\", "/"))
        accepted = "paths from the folder of the images"
        if not path.parts:
            what = f"the path {shown(row.image)} names no file"
            raise input_error(row.file, row.line, what, accepted, "correct or remove the line")
        has_drive = re.fullmatch("[A-Za-z]:", path.parts[0])
        if path.is_absolute() or ".." in path.parts or has_drive:
            what = f"the path {shown(row.image)} leads out of the folder"
            raise input_error(row.file, row.line, what, accepted, "correct the path")
        ends = self._ends_of(str(path))
        fitting = [one for one in ends if row.part is None or _parts_above(one) <= row.folders]
        if ends and not fitting:
            own = next(name for name, part in PARTS.items() if part == row.part)
            what = f"no image {shown(row.image, 80)} of the row's part, which is {own!r}"
            what += f": {shown(ends[0], 80)} lies in the folder of another"
            accepted = "images in a folder of the row's part, or in none of a part"
            raise input_error(row.file, row.line, what, accepted, "correct the part or the path")
        if len(fitting) > 1 and row.part is not None:
            fitting = [one for one in fitting if row.part in _parts_above(one)] or fitting
        if len(fitting) == 1:
            return fitting[0]
        if not fitting and not is_image(path.name):
            what = f"{shown(row.image, 80)} is no image file"
            step = "convert it, or write its whole name"
            raise input_error(row.file, row.line, what, IMAGE_FILES, step)
        if not fitting:
            raise _missing(row, "")
        one, other = (shown(place, 80) for place in fitting[:2])
        what = f"{shown(row.image, 80)} may be {one} or {other}"
        accepted = "as much of the path as tells them apart"
        raise input_error(row.file, row.line, what, accepted, "write more of it")

    def _ends_of(self, place: str) -> list[str]:
        """Return the keys of the images with this exact path, else of all whose path ends in it."""
        if place in self.all:
            return [place]
        wanted = composed(place)
        found = self._ends.get(wanted.rpartition("/")[2], [])
        whole = [one for one in found if composed(one) == wanted]
        return whole or [one for one in found if composed(one).endswith(f"/{wanted}")]


class _Aligned:
    """Index of RAF-DB's aligned images, for the lookup of the original names in its list.

    Attributes:
        all: images by file name.
    """

    def __init__(self, images: dict[str, ImageFile]) -> None:
        self.all = images

    def place_of(self, row: _Row) -> str:
        """Return the key in ``all`` of the image that a row names."""
        stem, dot, suffix = row.image.rpartition(".")
        for name in (f"{stem}_aligned{dot}{suffix}", row.image):
            if name in self.all:
                return name
        raise _missing(row, " in Image/aligned, with or without '_aligned'")


def _missing(row: _Row, where: str) -> FerBenchError:
    what = f"no image {shown(row.image, 80)}{where}"
    accepted = "images that are in the folder"
    return input_error(row.file, row.line, what, accepted, "put it there or remove the line")


def _add_rows(
    found: Manifest,
    table: ClassTable,
    rows: Sequence[_Row],
    images: _Images | _Aligned,
    unnamed: str,
) -> None:
    """Add the images that rows name; the others are left out for the reason ``unnamed``."""
    named: dict[str, _Row] = {}
    for row in rows:
        meant = table.class_of(row.label)
        if meant is None:
            labels = {row.label, *(one.label for one in rows if is_number(one.label))}
            accepted = table.accepted(labels if is_number(row.label) else ())
            what = f"label {shown(row.label)} is no class"
            step = f"correct the line or {table.step}"
            raise input_error(row.file, row.line, what, accepted, step)
        place = images.place_of(row)
        if place in named:
            before = named[place]
            what = f"{shown(place, 80)} is in line {before.line} of {before.file.name!r} already"
            raise input_error(
                row.file, row.line, what, "each image once", "remove one of the lines"
            )
        named[place] = row
        found.add(images.all[place], row.label, meant, row.part)
    if len(named) < len(images.all):
        found.leave_out(unnamed, len(images.all) - len(named))


def part_of(path: Path) -> int | None:
    """Return the part that a file name begins with, as an index into ``USAGES``, or None."""
    return PARTS.get(re.split("[^a-z]", path.stem.lower())[0])


def _parts_above(place: str) -> set[int]:
    """Return the parts that the directories in a path are named after."""
    return {PARTS[name] for name in place.lower().split("/")[:-1] if name in PARTS}


def _csv_rows(path: Path) -> Iterator[_Row]:
    part = part_of(path)
    lines = csv_rows(path)
    header = [field.lower() for field in next(lines)[1]]
    image = _column(path, header, PATH_COLUMNS, "of paths")
    label = _column(path, header, LABEL_COLUMNS, "of labels")
    tells_part = any(name in PART_COLUMNS for name in header)
    usage = _column(path, header, PART_COLUMNS, "of parts") if tells_part else None
    n_rows = 0
    for line, fields in lines:
        n_rows += 1
        own, name = part, ""
        if usage is not None:
            name = fields[usage].lower()
            own = _PART_NAMES.get(name)
            if own is None:
                what = f"{header[usage]} {shown(fields[usage])}"
                raise input_error(path, line, what, ", ".join(_PART_NAMES), "correct the line")
        folders = _FOLDERS.get(name, frozenset() if own is None else frozenset({own}))
        yield _Row(path, line, fields[image], fields[label], own, folders)
    if n_rows == 0:
        raise input_error(path, None, "there is no row below the header", "a row for each image")


def _column(path: Path, header: list[str], names: Sequence[str], what: str) -> int:
    places = [place for place, name in enumerate(header) if name in names]
    if len(places) != 1:
        found = " and ".join(repr(header[place]) for place in places)
        cause = f"several columns {what} ({found})" if places else f"no column {what}"
        cause += f" in the header {shown(', '.join(header), 200)}"
        step = "leave one column such a name"
        raise input_error(path, 1, cause, f"one of {', '.join(names)}", step)
    return places[0]


def _rafdb_rows(path: Path) -> Iterator[_Row]:
    accepted = "lines of an image and a number, like 'train_00001.jpg 5'"
    try:
        text = read_regular(path, _LARGEST_LIST).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        what = f"it cannot be read ({cause_of(error)})"
        raise input_error(path, None, what, accepted) from error
    lines = text.splitlines()
    if not any(map(str.split, lines)):
        raise input_error(path, None, "the file is empty", accepted)
    for number, line in enumerate(lines, start=1):
        fields = line.split()
        if fields and len(fields) != 2:
            raise input_error(path, number, f"{len(fields)} words", accepted, "correct the line")
        if fields:
            yield _Row(path, number, fields[0], fields[1], None)
