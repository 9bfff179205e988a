"""Layouts with a label file for each image: AffectNet and CK+ as distributed by their authors.

AffectNet has ``images/0.jpg`` and ``annotations/0_exp.npy`` in the directory of each part. CK+ has
all frames of a sequence, ``cohn-kanade-images/S005/001/S005_001_00000011.png``. The last one, the
peak frame, may have a label, ``Emotion/S005/001/S005_001_00000011_emotion.txt``.
"""

from __future__ import annotations

import io
import re
import warnings
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.data.formats.image_folders.manifest import Manifest, Row, parts_of
from fer_bench.data.input_errors import input_error
from fer_bench.runtime.files import cause_of, read_regular

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from fer_bench.data.formats.class_names import ClassTable
    from fer_bench.data.formats.image_folders.listing import Entry, Listing

_AFFECTNET = ("images", "annotations")
_AFFECTNET_ACCEPTED = "AffectNet's train_set/images/0.jpg and train_set/annotations/0_exp.npy"
_CK = ("cohn-kanade-images", "Emotion")

_NUMBER = re.compile("[+-]?[0-9]+([.][0-9]*)?(e[+-]?[0-9]+)?", re.IGNORECASE)

_LARGEST_LABEL = 1 << 12
"""Upper limit for the size of a label file in bytes; those of both data sets have less than 200."""


def find_affectnet(listing: Listing, table: ClassTable) -> Manifest | None:
    """Return the images and annotations of AffectNet as distributed by its authors.

    Producing the rows raises ``FerBenchError`` if a part lacks images or annotations, or if a label
    cannot be read or has no image.
    """
    parts = parts_of(listing)
    if not any(_has(listing, part.place, "annotations") for part in parts):
        return None
    return Manifest("AffectNet's images and annotations", _affectnet_rows(listing, parts))


def find_ck(listing: Listing, table: ClassTable) -> Manifest | None:
    """Return the labelled frames of CK+ as distributed by its authors.

    Producing the rows raises ``FerBenchError`` if a label cannot be read or has no frame.
    """
    if not all(_has(listing, "", name) for name in _CK):
        return None
    return Manifest(
        "CK+'s frames with a file of their emotion", _rows(listing, _CK, "_emotion.txt")
    )


def _has(listing: Listing, folder: str, name: str) -> bool:
    return any(below.name == name for below in listing.folders(folder))


def _affectnet_rows(listing: Listing, parts: Sequence[Entry]) -> Iterator[Row]:
    for part in parts:
        for name in _AFFECTNET:
            if not _has(listing, part.place, name):
                problem, hint = f"has no directory {name!r}", "fetch that directory too"
                path = listing.path / part.place
                raise input_error(path, None, problem, _AFFECTNET_ACCEPTED, hint)
        folders = [f"{part.place}/{name}" for name in _AFFECTNET]
        yield from _rows(listing, folders, "_exp.npy", part.name)


def _rows(
    listing: Listing, folders: Sequence[str], ending: str, part: str | None = None
) -> Iterator[Row]:
    """Yield all images of a directory with their labels.

    Args:
        listing: directory of the data set.
        folders: directory of the images, and directory of the label files.
        ending: ending of the label files. A label file has the path of its image in the other
            directory, with the suffix replaced by the ending.
        part: part of the images.
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
        raise input_error(listing.path / source, None, "no image has this label", accepted, hint)


def _label(path: Path) -> str:
    """Return the label in a file; a whole number is returned without a decimal point."""
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
