"""Manifest of an image folder, as a layout finds it, and every check independent of the layout."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from fer_bench.data.formats.class_names import LEFT_OUT, classes_of, is_number
from fer_bench.runtime.errors import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from fer_bench.data.formats.class_names import ClassTable
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
        lists: places of the CSV files that list the labels.
        notes: notes as in ``Dataset``; complete when all rows are produced.
    """

    layout: str
    rows: Iterable[Row]
    by_class: bool = False
    codes: Mapping[str, str] = field(default_factory=dict)
    accepted: str = ""
    lists: Sequence[str] = ()
    notes: list[tuple[str, str]] = field(default_factory=list)


class LabelledImage(NamedTuple):
    """Image with its class.

    Attributes:
        place: path relative to the data set's directory, as in ``Dataset.places``.
        meant: class of the image.
        part: index into ``USAGES``, or None if the part is unknown.
        state: text that changes whenever the content of the file may have changed.
    """

    place: str
    meant: str
    part: int | None
    state: str


@dataclass(frozen=True)
class ImageFolder:
    """Data set whose images and labels are found, but whose pixels are not read yet.

    Attributes:
        path: directory of the data set.
        name: name of the directory, with links resolved.
        layout: description of the layout.
        images: one image or more, in the order of the data set.
        left_out: number of images left out, by reason.
        notes: additional notes, as in ``Dataset``.
    """

    path: Path
    name: str
    layout: str
    images: Sequence[LabelledImage]
    left_out: Mapping[str, int]
    notes: Sequence[tuple[str, str]]

    @property
    def state(self) -> str:
        """Digest that changes whenever the data set may have changed, for the cache key."""
        facts = repr((self.layout, dict(self.left_out), [*self.notes]))
        digest = hashlib.sha256(facts.encode("utf-8", "surrogateescape"))
        for image in self.images:
            words = (tuple(image.place.split("/")), image.meant, image.part, image.state)
            digest.update(f"{words!r}\n".encode())
        return digest.hexdigest()

    @property
    def left_out_described(self) -> str:
        """Numbers of images left out and their reasons, empty if there are none."""
        return "; ".join(f"{count:,}: {why}" for why, count in self.left_out.items())


def parts_of(listing: Listing) -> list[Entry]:
    """Return the directories named after parts, ordered by part and name."""
    named = [folder for folder in listing.folders() if folder.name.lower() in PARTS]
    return sorted(named, key=lambda folder: PARTS[folder.name.lower()])


def validate(
    listing: Listing,
    manifest: Manifest,
    table: ClassTable,
    notes: Sequence[tuple[str, str]] = (),
) -> ImageFolder:
    """Return the data set of a manifest.

    Args:
        listing: directory of the data set.
        manifest: its images with their labels.
        table: class for each label.
        notes: notes on the directory.

    Raises:
        FerBenchError: a row cannot be produced; its part or its label is unknown; it has no label;
            its image is in a row before, or is not an image file; two directories of a part stand
            for one class; or no image is left.
    """
    rows = list(manifest.rows)
    classes = _classes_of_labels(listing, rows, manifest.codes, table)
    for row in rows:
        if row.part is not None and row.part.lower() not in PARTS:
            problem, hint = f"unknown part {shown(row.part)}", "rename it or move it away"
            raise listing.error(row.source, problem, ", ".join(PARTS), hint, row.line)
    before: dict[str, Row] = {}
    for row in rows:
        first = before.setdefault(row.file.place, row)
        if first is not row:
            name, hint = shown(row.file.place, 80), "remove one of the lines"
            problem = f"{name} is already in line {first.line} of {first.source!r}"
            raise listing.error(row.source, problem, "each image once", hint, row.line)
    if manifest.by_class:
        _check_class_folders(listing, rows, table)
    images: list[LabelledImage] = []
    left_out: Counter[str] = Counter()
    for row in rows:
        state, meant = listing.state_of(row.file, row.source), classes[row.label]
        if meant == LEFT_OUT:
            left_out[f"the class map leaves out {row.label!r}"] += 1
        elif meant is not None:
            part = None if row.part is None else PARTS[row.part.lower()]
            images.append(LabelledImage(row.file.place, meant, part, state))
        elif row.unlabelled:
            left_out[row.unlabelled] += 1
        else:
            problem, hint = "the image has no class", "move, rename or remove it"
            raise listing.error(row.file.place, problem, manifest.accepted, hint)
    if manifest.by_class:
        order = {name: code for code, name in enumerate(classes_of(i.meant for i in images))}
        images.sort(key=lambda image: (image.part or 0, order[image.meant]))
    used = table.used_for(label for label, meant in classes.items() if label and meant)
    notes = [*manifest.notes, *_contradictions(rows, images, table), *notes, *used]
    name = listing.inside.name
    folder = ImageFolder(listing.path, name, manifest.layout, images, left_out, notes)
    if not images:
        problem = f"no image is left ({folder.left_out_described})"
        raise listing.error("", problem, "one image or more", "give some a class")
    return folder


def _classes_of_labels(
    listing: Listing, rows: Sequence[Row], codes: Mapping[str, str], table: ClassTable
) -> dict[str | None, str | None]:
    """Return the class of each label; None for no label, and for one that is not a class."""
    classes = {
        label: label and (table.class_of(label) or codes.get(label))
        for label in dict.fromkeys(row.label for row in rows)
    }
    for row in rows:
        if row.label is not None and not classes[row.label] and not row.unlabelled:
            # A built-in table is suggested only if it has all numbers, so pass all of them.
            numbers = filter(is_number, filter(None, classes)) if is_number(row.label) else ()
            problem, hint = f"unknown class {shown(row.label)}", f"correct it or {table.step}"
            raise listing.error(row.source, problem, table.accepted(numbers), hint, row.line)
    return classes


def _check_class_folders(listing: Listing, rows: Sequence[Row], table: ClassTable) -> None:
    """Check that each class has one directory in a part."""
    folders = {(row.source, row.part): row.label for row in rows if row.label is not None}
    names: dict[str | None, list[str]] = {}
    for (place, part), name in folders.items():
        others = names.setdefault(part, [])
        rival = next((other for other in others if table.rivals(other, name)), None)
        if rival is not None:
            problem = f"stands for the same class as {rival!r}"
            accepted = "one directory for each class, or both names in the file of --class-map"
            raise listing.error(place, problem, accepted, "move all images into one of them")
        others.append(name)


def _contradictions(
    rows: Sequence[Row], images: Sequence[LabelledImage], table: ClassTable
) -> list[tuple[str, str]]:
    """Return a note, if needed, on images of a list in the directory of another class."""

    @cache
    def class_above(folder: str) -> str | None:
        above = map(table.class_of, reversed(folder.split("/")))
        return next((meant for meant in above if meant not in (None, LEFT_OUT)), None)

    if all(row.line is None for row in rows):
        return []
    classes = [class_above(image.place.rpartition("/")[0]) for image in images]
    others = sum(
        meant not in (None, image.meant) for meant, image in zip(classes, images, strict=True)
    )
    what = f"{others:,} of {len(images):,} images are in a directory of another class"
    return [("classes", f"{what} than the list gives, which is used")] if others else []
