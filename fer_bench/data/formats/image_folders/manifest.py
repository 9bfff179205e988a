"""Manifest of an image folder: each image with its label and part, as a layout finds them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fer_bench.data.formats.image_folders.listing import Entry, Listing

PARTS: dict[str, int] = {
    **{"train": 0, "val": 1, "valid": 1, "validation": 1, "test": 2, "training": 0, "testing": 2},
    **{"train_set": 0, "training_set": 0, "val_set": 1, "validation_set": 1, "test_set": 2},
    **{"publictest": 1, "privatetest": 2},
    **{"fer2013train": 0, "fer2013valid": 1, "fer2013test": 2},
}
"""Index into ``USAGES`` for each lower-case part name, including the names in ``USAGES``."""


class Row(NamedTuple):
    """Image with its label, not validated yet.

    Attributes:
        file: entry where the layout has an image.
        label: name, code or number of its class; None if it has none.
        part: name of its part; None if it has none.
        source: place of the file or directory that gives the label.
        line: line of that file, if it is a list.
        unlabelled: reason for leaving the image out if its label is missing or is not a class;
            empty if that is an error.
    """

    file: Entry
    label: str | None
    part: str | None
    source: str
    line: int | None = None
    unlabelled: str = ""


@dataclass(frozen=True)
class Manifest:
    """Images that a layout finds in a directory.

    Attributes:
        layout: description of the layout, for ``data info``.
        rows: rows in the order of the data set; producing them may raise ``FerBenchError``.
        by_class: True if every label is the name of a directory, in which case each class has one
            directory in a part, and the images are ordered by part and class.
        codes: classes of the labels that only this layout uses.
        accepted: places or names of images that have a label.
        lists: places of the files that list the labels.
        notes: notes as in ``Dataset``; complete when all rows are produced.
    """

    layout: str
    rows: Iterable[Row]
    by_class: bool = False
    codes: Mapping[str, str] = field(default_factory=dict)
    accepted: str = ""
    lists: Sequence[str] = ()
    notes: list[tuple[str, str]] = field(default_factory=list)


def parts_of(listing: Listing) -> list[Entry]:
    """Return the directories named after parts, ordered by part and name."""
    named = [folder for folder in listing.folders() if folder.name.lower() in PARTS]
    return sorted(named, key=lambda folder: PARTS[folder.name.lower()])
