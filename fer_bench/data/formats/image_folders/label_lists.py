"""Layout with CSV label lists next to the images."""

from __future__ import annotations

import codecs
import contextlib
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from fer_bench.data.formats.class_names import composed
from fer_bench.data.formats.image_folders.listing import IMAGE_FILES, has_image_suffix
from fer_bench.data.formats.image_folders.manifest import PARTS, Manifest, Row
from fer_bench.data.formats.small_csv import csv_lines, csv_rows
from fer_bench.data.input_errors import input_error
from fer_bench.runtime.errors import FerBenchError, listed, shown
from fer_bench.runtime.files import open_regular

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from fer_bench.data.formats.class_names import ClassTable
    from fer_bench.data.formats.image_folders.listing import Entry, Listing

PATH_COLUMNS = (
    *("path", "pth", "file", "filename", "file_name", "filepath", "file_path", "image"),
    *("image_name", "image_path", "img", "img_name", "img_path", "subdirectory_filepath"),
)
LABEL_COLUMNS = ("label", "emotion", "expression", "class")
PART_COLUMNS = ("usage", "split", "part")

_MOST_HEADER = 1 << 16


def is_label_list(path: Path) -> bool:
    """Check if the header of a CSV file has columns for paths and labels, but not for pixels."""
    return _lists_labels(header_of(path))


def _lists_labels(names: Collection[str]) -> bool:
    return "pixels" not in names and all(
        any(name in columns for name in names) for columns in (PATH_COLUMNS, LABEL_COLUMNS)
    )


def header_of(path: Path) -> list[str]:
    """Return the column names of a CSV file in lower case; empty if it cannot be parsed."""
    try:
        lines = csv_lines(path, "a csv file in UTF-8 with a header")
        fields = next((fields for _, fields in lines if any(fields)), [])
    except FerBenchError:
        return []
    return [field.lower() for field in fields]


def part_of(name: str) -> str | None:
    """Return the part that a file name begins with, or None."""
    word = re.split("[^a-z]", name.lower())[0]
    return word if word in PARTS else None


def find_lists(listing: Listing, table: ClassTable) -> Manifest | None:
    """Return the images in a CSV label list, or in several lists named after parts.

    Raises:
        FerBenchError: a label list has an unsupported encoding or delimiter; producing the rows
            raises it as for ``read_lists``.
    """
    lists = []
    for file in listing.csv_files():
        if is_label_list(listing.path / file.name):
            lists.append(file.name)
        else:
            _check_encoding(listing.path / file.name)
    return read_lists(listing, lists) if lists else None


def _check_encoding(path: Path) -> None:
    """Reject a label list in an unsupported encoding or with an unsupported delimiter."""
    with contextlib.suppress(OSError):
        with open_regular(path) as file:
            start = file.read(_MOST_HEADER)
        utf_16 = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        text = start.decode("utf-16" if utf_16 else "latin-1", "ignore").lstrip(
            "\ufeff\r\n \xef\xbb\xbf"
        )
        header = re.split("[\r\n]", text)[0].lower()
        if _lists_labels({name.strip(' "') for name in re.split("[,;\t|]", header)}):
            problem = f"the label list cannot be read: its header is {shown(header, 80)}"
            accepted = "a csv file in UTF-8 with commas between the columns"
            raise input_error(path, 1, problem, accepted, "save it in this format")


def read_lists(listing: Listing, lists: Sequence[str]) -> Manifest:
    """Return the images named in CSV files, in the order of the rows.

    A path in a list is relative to the listing. If no image has this path, it may be the end of
    exactly one image's path. A row with a part, from a column or from the name of its list, is
    never matched with an image in the directory of another part; if several images remain, the one
    in the directory of the row's part is used. Images that no row names have no label.

    Args:
        listing: the directory that holds the images at any depth.
        lists: names of CSV files in it.

    Raises:
        FerBenchError: when the rows are produced, if a list is invalid, an image that it names is
            missing, ambiguous, in another part or outside, or it is unclear which list to use.
    """
    names = " and ".join(lists)
    rows = _rows(listing, lists, f"no row in {names}")
    return Manifest(f"image files with a list of labels, {names}", rows, lists=lists)


def _rows(listing: Listing, lists: Sequence[str], unnamed: str) -> Iterator[Row]:
    parts = [part_of(name) for name in lists]
    indices = {PARTS.get(part or "") for part in parts}
    if len(lists) > 1 and (None in indices or len(indices) < len(lists)):
        problem = f"several label lists ({listed([repr(name) for name in lists], 5)})"
        accepted = "one, or one for each part, like train_labels.csv and test_labels.csv"
        hint = f"name one of them, as {str(listing.path / lists[0])!r}"
        raise input_error(listing.path, None, problem, accepted, hint)
    images = _Images(file for file in listing.walk() if file.is_image)
    rest = images.all.copy()
    for name, part in zip(lists, parts, strict=True):
        path = listing.path / name
        for line, place, label, own in _lines(path):
            image = images.find(path, line, place, own or part)
            rest.pop(image.place, None)
            yield Row(image, label, own or part, name, line)
    for image in rest.values():
        yield Row(image, None, None, lists[0], unlabelled=unnamed)


def _lines(path: Path) -> Iterator[tuple[int, str, str, str]]:
    """Yield line number, path, label and part (empty without such a column) of each row."""
    lines = csv_rows(path)
    header = [field.lower() for field in next(lines)[1]]
    image = _column(path, header, PATH_COLUMNS, "paths")
    label = _column(path, header, LABEL_COLUMNS, "labels")
    has_parts = any(name in PART_COLUMNS for name in header)
    part = _column(path, header, PART_COLUMNS, "parts") if has_parts else None
    is_empty = True
    for line, fields in lines:
        is_empty = False
        if part is not None and fields[part].lower() not in PARTS:
            problem = f"{header[part]} {shown(fields[part])}"
            raise input_error(path, line, problem, ", ".join(PARTS), "correct the line")
        yield line, fields[image], fields[label], "" if part is None else fields[part]
    if is_empty:
        raise input_error(path, None, "there is no row below the header", "a row for each image")


def _column(path: Path, header: list[str], names: Sequence[str], what: str) -> int:
    places = [place for place, name in enumerate(header) if name in names]
    if len(places) != 1:
        found = " and ".join(repr(header[place]) for place in places)
        problem = f"several columns of {what} ({found})" if places else f"no column of {what}"
        problem += f" in the header {shown(', '.join(header), 200)}"
        accepted = f"one of {', '.join(names)}"
        raise input_error(path, 1, problem, accepted, "give one column such a name")
    return places[0]


class _Images:
    """Index of the images in a directory, for the lookup of the paths in a label list.

    Attributes:
        all: images by place.
    """

    def __init__(self, images: Iterable[Entry]) -> None:
        self.all = {image.place: image for image in images}
        self._by_name: dict[str, list[str]] = {}
        for place, image in self.all.items():
            self._by_name.setdefault(composed(image.name), []).append(place)

    def find(self, source: Path, line: int, text: str, part: str | None) -> Entry:
        """Return the image with the path, and in the part, that a row of a list gives."""
        path = PurePosixPath(text.replace("\\", "/"))
        accepted, hint = "paths relative to the directory of the images", "correct the path"
        if not path.parts:
            problem = f"the path {shown(text)} names no file"
            raise input_error(source, line, problem, accepted, "correct or remove the line")
        has_drive = re.fullmatch("[A-Za-z]:", path.parts[0])
        if path.is_absolute() or ".." in path.parts or has_drive:
            problem = f"the path {shown(text)} leads out of the directory"
            raise input_error(source, line, problem, accepted, hint)
        ends = self._ending_in(str(path))
        fitting = ends if part is None else _in_part(ends, part.lower())
        if len(fitting) == 1:
            return self.all[fitting[0]]
        one, other = (shown(place, 80) for place in [*fitting, *ends, "", ""][:2])
        name = shown(text, 80)
        if fitting:
            problem = f"{name} could be {one} or {other}"
            accepted, hint = "a path that only one image has", "write more of the path"
        elif ends:
            problem = f"no image {name} in the row's part {part!r}: {one} is in another part"
            accepted = "images in a directory of the row's part, or of no part"
            hint = "correct the part or the path"
        elif not has_image_suffix(path.name):
            problem = f"{name} is not an image file"
            accepted, hint = IMAGE_FILES, "convert it, or write its complete name"
        else:
            raise missing_image(source, line, text, "the directory")
        raise input_error(source, line, problem, accepted, hint)

    def _ending_in(self, place: str) -> list[str]:
        """Return the images with this exact path, else all whose path ends in it."""
        if place in self.all:
            return [place]
        wanted = composed(place)
        found = self._by_name.get(wanted.rpartition("/")[2], [])
        complete = [one for one in found if composed(one) == wanted]
        return complete or [one for one in found if composed(one).endswith(f"/{wanted}")]


def _in_part(places: Sequence[str], part: str) -> list[str]:
    """Return the images in a directory of a part, else those in directories of no part."""
    own = {PARTS[part]}
    # Exports of Kaggle's CSV file put both test parts into one directory.
    allowed = own | {PARTS["test"]} if part == "publictest" else own
    parts = {
        place: {PARTS[name] for name in place.lower().split("/")[:-1] if name in PARTS}
        for place in places
    }
    fitting = [place for place in places if parts[place] <= allowed]
    nearest = [place for place in fitting if own <= parts[place]]
    return nearest if len(fitting) > 1 and nearest else fitting


def missing_image(source: Path, line: int, name: str, folder: str) -> FerBenchError:
    """Return the error for a line of a list whose image is not in a directory."""
    problem = f"no image {shown(name, 80)} in {folder}"
    hint = "put it there or remove the line"
    return input_error(source, line, problem, "images in the directory", hint)
