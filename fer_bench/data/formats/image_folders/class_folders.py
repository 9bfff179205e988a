"""Layouts with a directory for each class, with or without a directory for each part."""

from __future__ import annotations

import filecmp
from itertools import pairwise
from typing import TYPE_CHECKING

from fer_bench.data.formats.class_names import is_number
from fer_bench.data.formats.image_folders.listing import unreadable
from fer_bench.data.formats.image_folders.manifest import PARTS, Manifest, Row, parts_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fer_bench.data.formats.class_names import ClassTable
    from fer_bench.data.formats.image_folders.listing import Entry, Listing

_ACCEPTED = "image files in a directory for each class"
_PARTS_ACCEPTED = "train, and test or val (valid, validation) or both"


def find_classes(listing: Listing, table: ClassTable) -> Manifest | None:
    """Return the images in class directories without parts, as in CK+ on Kaggle.

    At least one directory must be named after a known class or a number. Files next to the classes
    are ignored unless they are images.
    """
    names = [folder.name for folder in listing.folders()]
    if not any(table.class_of(name) or is_number(name) for name in names):
        return None
    layout = "directory of image files in a directory for each class"
    return Manifest(layout, _rows(listing), by_class=True, accepted=_ACCEPTED)


def find_parts(listing: Listing, table: ClassTable) -> Manifest | None:
    """Return the images in class directories in part directories, as on Kaggle.

    FER2013, AffectNet and RAF-DB have this layout there. Files next to the parts are ignored.
    Producing the rows raises ``FerBenchError`` unless train and another part occur, each once.
    """
    parts = parts_of(listing)
    if not parts:
        return None
    names = [f"{part.name}/" for part in parts]
    layout = f"directory of image files in {', '.join(names[:-1])} and {names[-1]}"
    notes: list[tuple[str, str]] = []
    rows = _rows_of_parts(listing, parts, notes)
    return Manifest(layout, rows, by_class=True, accepted=_ACCEPTED, notes=notes)


def _rows(listing: Listing, part: Entry | None = None) -> Iterator[Row]:
    """Yield the entries of class directories; an empty directory stands for itself."""
    place, name = ("", None) if part is None else (part.place, part.name)
    entries = listing.entries(place)
    for entry in entries:
        if entry.is_dir:
            for file in listing.entries(entry.place) or (entry,):
                yield Row(file, entry.name, name, entry.place)
        elif part or entry.is_image:
            yield Row(entry, None, name, place)
    if part and not entries:
        yield Row(part, None, name, place)


def _rows_of_parts(
    listing: Listing, parts: Sequence[Entry], notes: list[tuple[str, str]]
) -> Iterator[Row]:
    for folder in listing.folders():
        if folder.name == listing.inside.name and folder not in parts:
            notes.append(_nested_duplicate(listing, folder))
        elif folder not in parts:
            yield Row(folder, None, folder.name, folder.place)
            return  # an unknown part is an error
    indices = [PARTS[part.name.lower()] for part in parts]
    for one, other in pairwise(range(len(parts))):
        if indices[one] == indices[other]:
            problem = f"stands for the same part as {parts[one].name!r}"
            accepted, hint = "one directory for each part", "move all images into one of them"
            raise listing.error(parts[other].place, problem, accepted, hint)
    if len(parts) == 1 or 0 not in indices:
        problem = f"has no directory {'train' if 0 not in indices else 'test'!r}"
        hint = "add it"
        if len(parts) == 1:
            hint += f", or name {str(listing.path / parts[0].place)!r} instead, which is then split"
        raise listing.error("", problem, _PARTS_ACCEPTED, hint)
    for part in parts:
        yield from _rows(listing, part)


def _nested_duplicate(listing: Listing, folder: Entry) -> tuple[str, str]:
    """Return a note on a nested directory that duplicates the directory it is in.

    Some archives on Kaggle contain themselves in a subdirectory of the same name.

    Raises:
        FerBenchError: its files differ from those next to it, or cannot be read.
    """
    others = [other for other in listing.folders() if other != folder]
    path = listing.path / folder.place
    within = {file.place.removeprefix(f"{folder.place}/") for file in listing.walk(folder.place)}
    if within == {file.place for other in others for file in listing.walk(other.place)}:
        try:
            if all(filecmp.cmp(path / file, listing.path / file, shallow=False) for file in within):
                what = f"{folder.name}/, which holds the same {len(within):,} files once more"
                return "not read", what
        except OSError as error:
            raise unreadable(path, error) from error
    names = ", ".join(f"{other.name}/" for other in others)
    problem = f"another data set, or a part of it, next to {names}"
    hint = f"name {str(path)!r} instead, or move it away to use those next to it"
    raise listing.error(folder.place, problem, "an exact duplicate of them, or none", hint)
