"""Layouts with a label file for each image: AffectNet and CK+ as distributed by their authors.

AffectNet has ``images/0.jpg`` and ``annotations/0_exp.npy`` in the directory of each part. CK+ has
all frames of a sequence, ``cohn-kanade-images/S005/001/S005_001_00000011.png``. The last one, the
peak frame, may have a label, ``Emotion/S005/001/S005_001_00000011_emotion.txt``.
"""

from __future__ import annotations

import io
import re
import warnings
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.data.formats.class_names import is_number
from fer_bench.data.formats.image_folders.manifest import PARTS, Manifest
from fer_bench.data.input_errors import input_error
from fer_bench.runtime.errors import shown
from fer_bench.runtime.files import cause_of, read_regular

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from fer_bench.data.formats.class_names import ClassTable
    from fer_bench.data.formats.image_folders.listing import Root
    from fer_bench.data.formats.image_folders.manifest import Search

_AFFECTNET = "AffectNet's train_set/images/0.jpg and train_set/annotations/0_exp.npy"

_NUMBER = re.compile("[+-]?[0-9]+([.][0-9]*)?(e[+-]?[0-9]+)?", re.IGNORECASE)

_LARGEST_LABEL = 1 << 12
"""Upper limit for the size of a label file in bytes; those of both data sets have less than 200."""


def find_affectnet(root: Root, table: ClassTable) -> Search | None:
    """Return a search for the images and annotations of AffectNet as distributed by its authors.

    The search raises ``FerBenchError`` if a part lacks images or annotations, or if a label cannot
    be read, is not a class, or has no image.
    """
    folders = [path for path in root.folders(root.path) if path.name.lower() in PARTS]
    if not any(_below(root, path, "annotations") for path in folders):
        return None
    return partial(_affectnet, root, table, folders)


def _affectnet(root: Root, table: ClassTable, folders: Sequence[Path]) -> Manifest:
    found = Manifest("AffectNet's images and annotations")
    for part, path in sorted((PARTS[path.name.lower()], path) for path in folders):
        images, labels = (_below(root, path, name) for name in ("images", "annotations"))
        if images is None or labels is None:
            missing = "images" if images is None else "annotations"
            what = f"no folder {missing!r} in it"
            raise input_error(path, None, what, _AFFECTNET, "fetch that folder too")
        _add(root, table, found, (images, labels, "_exp.npy"), part)
    return found


def find_ck(root: Root, table: ClassTable) -> Search | None:
    """Return a search for the labelled frames of CK+ as distributed by its authors.

    The search raises ``FerBenchError`` if a label cannot be read, is not a class, or has no frame.
    """
    images, labels = (_below(root, root.path, name) for name in ("cohn-kanade-images", "Emotion"))
    if images is None or labels is None:
        return None
    return partial(_ck, root, table, images, labels)


def _ck(root: Root, table: ClassTable, images: Path, labels: Path) -> Manifest:
    found = Manifest("CK+'s frames with a file of their emotion")
    _add(root, table, found, (images, labels, "_emotion.txt"), None)
    return found


def _below(root: Root, folder: Path, name: str) -> Path | None:
    return next((path for path in root.folders(folder) if path.name == name), None)


def _add(
    root: Root,
    table: ClassTable,
    found: Manifest,
    where: tuple[Path, Path, str],
    part: int | None,
) -> None:
    """Add the images that have a label file.

    Args:
        root: root directory of the data set.
        table: class for each label.
        found: result to which the images are added.
        where: directory of the images, directory of the labels, and ending of the label files. A
            label file has the relative path of its image, with the suffix replaced by the ending.
        part: part of the images as an index into ``USAGES``, or None.
    """
    images, folder, ending = where
    files = {
        str(path.relative_to(folder)).removesuffix(ending): path
        for path in root.all_files(folder)
        if path.name.endswith(ending)
    }
    labels = {place: _label(path) for place, path in files.items()}
    for file in root.all_images(images):
        place = str(file.path.relative_to(images).with_suffix(""))
        if place not in files:
            found.leave_out(f"no label in {folder.name}/")
            continue
        label = labels[place]
        meant = table.class_of(label)
        if meant is None:
            accepted = table.accepted(
                filter(is_number, labels.values()) if is_number(label) else ()
            )
            what = f"label {shown(label)} is no class"
            raise input_error(files[place], None, what, accepted, f"correct it or {table.step}")
        found.add(file, label, meant, part)
        del files[place]
    if files:
        first = next(iter(files.values()))
        accepted = f"images in {images.name}/"
        raise input_error(
            first, None, "a label of no image", accepted, "fetch the image or remove it"
        )


def _label(path: Path) -> str:
    """Return the label in a file; a whole number is returned without a decimal point."""
    is_npy = path.suffix == ".npy"
    try:
        data = read_regular(path, _LARGEST_LABEL)
        text = _npy(data) if is_npy else data.decode("ascii").strip()
    except MemoryError:
        raise
    except Exception as error:  # numpy raises many types for a damaged header
        accepted = "an npy file of one number or text" if is_npy else "a text of one number"
        what = f"cannot be read as a label ({cause_of(error)})"
        raise input_error(path, None, what, accepted) from error
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
