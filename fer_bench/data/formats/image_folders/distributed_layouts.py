"""Layouts of data sets as their authors distribute or write them.

FER+'s script writes ``FER2013Train``, ``FER2013Valid`` and ``FER2013Test``, which hold
``fer0000000.png`` and so on, and ``label.csv``, a list without a header: image name, bounding box
of the face, and the number of votes for each category. If that list is missing, ``fer2013new.csv``
is used, either in the same directory or next to the parts.

RAF-DB has one label list, ``EmoLabel/list_patition_label.txt``, with lines such as
``train_00001.jpg 5`` for the image ``Image/aligned/train_00001_aligned.jpg``.

AffectNet has a label file for each image: ``images/0.jpg`` and ``annotations/0_exp.npy`` in the
directory of each part. CK+ has all frames of a sequence,
``cohn-kanade-images/S005/001/S005_001_00000011.png``. The last one, the peak frame, may have a
label, ``Emotion/S005/001/S005_001_00000011_emotion.txt``.

JAFFE and KDEF encode the class in the file name. JAFFE's ``KA.AN1.39.tiff``: person, code and
number of the expression, image number. KDEF's ``AF01AFS.JPG``: session, sex and number of the
person, code of the expression, camera angle (FL, HL, S, HR, FR); all angles are included.
"""

from __future__ import annotations

import io
import re
import warnings
from typing import TYPE_CHECKING

import numpy as np

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
from fer_bench.runtime.files import cause_of, read_regular

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from fer_bench.data.formats.class_names import ClassTable
    from fer_bench.data.formats.image_folders.listing import Entry, Listing

_FERPLUS_PARTS = ("fer2013train", "fer2013valid", "fer2013test")
_FERPLUS_LIST, _COMMON_LIST = "label.csv", "fer2013new.csv"
_BOX = "(0, 0, 48, 48)"
"""Bounding box of the face in every image that FER+'s script writes: the complete image."""

_VOTES_ACCEPTED = f"lines of an image, its place {_BOX!r} and {len(CATEGORIES)} numbers of taggers"

_RAFDB_LIST = "list_patition_label.txt"
_RAFDB_SOURCE = f"EmoLabel/{_RAFDB_LIST}"
_RAFDB_IMAGES = "Image/aligned"
_LARGEST_LIST = 1 << 24
"""Upper limit for the size of RAF-DB's list in bytes; the original has 316 kB."""

_AFFECTNET = ("images", "annotations")
_AFFECTNET_ACCEPTED = "AffectNet's train_set/images/0.jpg and train_set/annotations/0_exp.npy"
_CK = ("cohn-kanade-images", "Emotion")
_NUMBER = re.compile("[+-]?[0-9]+([.][0-9]*)?(e[+-]?[0-9]+)?", re.IGNORECASE)
_LARGEST_LABEL = 1 << 12
"""Upper limit for the size of a label file in bytes; those of both data sets have less than 200."""

_NAMES = {
    "JAFFE": re.compile(r"[A-Z]{2}\.(AN|DI|FE|HA|NE|SA|SU)[0-9].*", re.IGNORECASE),
    "KDEF": re.compile(r"[AB][FM][0-9]{2}(AF|AN|DI|HA|NE|SA|SU)(FL|HL|S|HR|FR)", re.IGNORECASE),
}
_EXAMPLES = {"JAFFE": "KA.AN1.39", "KDEF": "AF01AFS"}
_CODES = {"AF": "Fear", "AN": "Angry", "DI": "Disgust", "FE": "Fear"}
_CODES |= {"HA": "Happy", "NE": "Neutral", "SA": "Sad", "SU": "Surprise"}
_WITHOUT_CODE = re.compile(r"[AB][FM][0-9]{2}[VH]", re.IGNORECASE)
"""Names without an expression code: KDEF as distributed has two, AF31V.JPG and AM31H.JPG."""


def find_ferplus(listing: Listing, table: ClassTable) -> Manifest | None:
    """Return the images of FER+'s parts, or of one of them on its own.

    The label is the category with the most votes; it needs no majority. Images are left out if
    several categories tie for the most votes, or if the top category is not a class. Producing the
    rows raises ``FerBenchError`` if a part has no list, or a line is invalid or has no image.
    """
    parts: dict[str, str | None] = {
        part.place: part.name for part in parts_of(listing) if part.name.lower() in _FERPLUS_PARTS
    }
    own = [file.name for file in listing.csv_files() if file.name == _FERPLUS_LIST]
    if not parts and own and _is_ferplus_list(listing.path / _FERPLUS_LIST):
        parts = {"": None}
    # FER+'s parts hold images directly; parts that hold directories belong to find_parts.
    if not any(listing.images(folder) for folder in parts):
        return None
    lists = {folder: _list_of(listing, folder) for folder in parts}
    rows = _ferplus_rows(listing, parts, lists)
    return Manifest("FER+'s images and votes", rows, lists=[*filter(None, lists.values())])


def _is_ferplus_list(path: Path) -> bool:
    fields = header_of(path)
    return len(fields) == 2 + len(CATEGORIES) and fields[1].startswith("(")


def _list_of(listing: Listing, folder: str) -> str:
    """Return the place of the votes for the images of a directory, empty if there are none."""
    entries = [*listing.entries(folder), *listing.entries()]
    files = {entry.place for entry in entries if not entry.is_dir}
    above = f"{folder}/" if folder else ""
    names = (above + _FERPLUS_LIST, above + _COMMON_LIST, _COMMON_LIST)
    return next((name for name in names if name in files), "")


def _ferplus_rows(
    listing: Listing, parts: Mapping[str, str | None], lists: Mapping[str, str]
) -> Iterator[Row]:
    for folder, part in parts.items():
        if not lists[folder]:
            problem = f"contains neither {_FERPLUS_LIST} nor {_COMMON_LIST}"
            accepted, hint = "FER+'s votes on its images", "fetch that file too"
            raise input_error(listing.path / folder, None, problem, accepted, hint)
        source = listing.path / lists[folder]
        images = {image.name: image for image in listing.images(folder)}
        rest = images.copy()
        lines = (
            _ferplus_lines(source) if source.name == _FERPLUS_LIST else _common_lines(source, part)
        )
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


def _ferplus_lines(path: Path) -> Iterator[tuple[int, str, list[int]]]:
    for number, fields in csv_lines(path, _VOTES_ACCEPTED):
        if not any(fields):
            continue
        if len(fields) != 2 + len(CATEGORIES):
            raise input_error(
                path, number, f"{len(fields)} columns", _VOTES_ACCEPTED, "correct the line"
            )
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
    for number, usage, name, votes in vote_lines(path, skip_empty=True):
        if name and (part is None or PARTS[part.lower()] == usage):
            yield number, name, vote_counts(path, number, votes)


def find_rafdb(listing: Listing, table: ClassTable) -> Manifest | None:
    """Return the aligned images of RAF-DB.

    Producing the rows raises ``FerBenchError`` if the list is invalid, or an image is missing.
    """
    has_labels = _has(listing, "", "EmoLabel")
    if not has_labels or _RAFDB_SOURCE not in {file.place for file in listing.entries("EmoLabel")}:
        return None
    return Manifest(f"RAF-DB's {_RAFDB_LIST} and aligned images", _rafdb_rows(listing))


def _rafdb_rows(listing: Listing) -> Iterator[Row]:
    if not (_has(listing, "", "Image") and _has(listing, "Image", "aligned")):
        problem = f"has no directory {_RAFDB_IMAGES!r}"
        accepted = f"RAF-DB's {_RAFDB_SOURCE} and {_RAFDB_IMAGES}/IMAGES"
        raise listing.error("", problem, accepted, "unpack the aligned images there")
    path = listing.path / _RAFDB_SOURCE
    images = {image.name: image for image in listing.images(_RAFDB_IMAGES)}
    rest = images.copy()
    for line, name, label in _rafdb_lines(path):
        stem, dot, suffix = name.rpartition(".")
        image = images.get(f"{stem}_aligned{dot}{suffix}") or images.get(name)
        if image is None:
            raise missing_image(path, line, name, f"{_RAFDB_IMAGES}, with or without '_aligned'")
        rest.pop(image.name, None)
        yield Row(image, label, None, _RAFDB_SOURCE, line)
    for image in rest.values():
        yield Row(image, None, None, _RAFDB_SOURCE, unlabelled=f"no line in {_RAFDB_LIST}")


def _rafdb_lines(path: Path) -> Iterator[tuple[int, str, str]]:
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


def find_affectnet(listing: Listing, table: ClassTable) -> Manifest | None:
    """Return the images and annotations of AffectNet.

    Producing the rows raises ``FerBenchError`` if a directory is missing, or a label is invalid or
    has no image.
    """
    parts = parts_of(listing)
    if not any(_has(listing, part.place, "annotations") for part in parts):
        return None
    return Manifest("AffectNet's images and annotations", _affectnet_rows(listing, parts))


def find_ck(listing: Listing, table: ClassTable) -> Manifest | None:
    """Return the labelled frames of CK+.

    Producing the rows raises ``FerBenchError`` if a label cannot be read or has no frame.
    """
    if not all(_has(listing, "", name) for name in _CK):
        return None
    return Manifest(
        "CK+'s frames with a file of their emotion", _rows_with_files(listing, _CK, "_emotion.txt")
    )


def _has(listing: Listing, folder: str, name: str) -> bool:
    return any(below.name == name for below in listing.folders(folder))


def _affectnet_rows(listing: Listing, parts: Sequence[Entry]) -> Iterator[Row]:
    for part in parts:
        for name in _AFFECTNET:
            if not _has(listing, part.place, name):
                problem, hint = f"has no directory {name!r}", "fetch that directory too"
                raise listing.error(part.place, problem, _AFFECTNET_ACCEPTED, hint)
        folders = [f"{part.place}/{name}" for name in _AFFECTNET]
        yield from _rows_with_files(listing, folders, "_exp.npy", part.name)


def _rows_with_files(
    listing: Listing, folders: Sequence[str], ending: str, part: str | None = None
) -> Iterator[Row]:
    """Yield all images of the first directory with their labels from the second.

    A label file has the path of its image in the other directory, with the suffix replaced by the
    ending.
    """
    images, labels = folders
    name = labels.rpartition("/")[2]
    files = {
        file.place.removeprefix(labels).removesuffix(ending): file.place
        for file in listing.walk(labels)
        if file.name.endswith(ending)
    }
    for image in listing.walk(images):
        if not image.is_image:
            continue
        source = files.pop(image.place.removeprefix(images).rpartition(".")[0], None)
        if source is None:
            yield Row(image, None, part, labels, unlabelled=f"no label in {name}/")
        else:
            yield Row(image, _label(listing.path / source), part, source)
    for source in files.values():
        accepted = f"labels of the images in {images.rpartition('/')[2]}/"
        hint = "fetch the image or remove the label"
        raise listing.error(source, "no image has this label", accepted, hint)


def _label(path: Path) -> str:
    """Return the label in a file, a whole number without a decimal point."""
    is_npy = path.suffix == ".npy"
    try:
        data = read_regular(path, _LARGEST_LABEL)
        text = _npy(data) if is_npy else data.decode("ascii").strip()
    except MemoryError:
        raise
    except Exception as error:  # numpy raises many types for a damaged header
        accepted = "an npy file of one number or text" if is_npy else "a text file of one number"
        problem = f"cannot be read as a label ({cause_of(error)})"
        raise input_error(path, None, problem, accepted) from error
    # float() alone would also accept digits of other scripts, and 1_0 for 10.
    if not _NUMBER.fullmatch(text):
        return text
    value = float(text)
    return str(int(value)) if value.is_integer() else text


def _npy(data: bytes) -> str:
    file = io.BytesIO(data)
    np.lib.format.read_magic(file)
    with warnings.catch_warnings():
        # numpy warns about files written by Python 2, which are valid.
        warnings.simplefilter("ignore", UserWarning)
        _, _, dtype = np.lib.format.read_array_header_1_0(file)
    if dtype.kind not in "iufSU":
        raise ValueError(f"it holds {dtype}")
    (value,) = np.frombuffer(file.read(), dtype)
    return (value.decode("ascii") if dtype.kind == "S" else str(value)).strip()


def find_names(listing: Listing, table: ClassTable) -> Manifest | None:
    """Return the images named as in JAFFE or KDEF, in the directory and its subdirectories.

    At least one image must have such a name. Other files are ignored in the directory itself, but
    not in its subdirectories.
    """
    files = listing.images()
    for folder in listing.folders():
        files += listing.entries(folder.place) or [folder]
    for name, pattern in _NAMES.items():
        if any(pattern.fullmatch(file.stem) for file in files if file.is_image):
            layout = f"directory of image files named as in {name}"
            accepted = f"names as in {name}, like {_EXAMPLES[name]}"
            rows = [_row(file, name) for file in files]
            return Manifest(layout, rows, codes=_CODES, accepted=accepted)
    return None


def _row(file: Entry, name: str) -> Row:
    match = _NAMES[name].fullmatch(file.stem)
    is_without = name == "KDEF" and _WITHOUT_CODE.fullmatch(file.stem)
    why = f"no code in the name {file.name!r}" if is_without else ""
    return Row(file, match[1].upper() if match else None, None, file.place, unlabelled=why)
