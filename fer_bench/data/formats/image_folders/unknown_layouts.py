"""Description of directories that fit no layout, and suggested fixes, for error messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.data.formats.image_folders.label_lists import header_of
from fer_bench.data.formats.image_folders.listing import Listing, copying, has_image_suffix
from fer_bench.data.formats.image_folders.pixel_files import data_files, one_data_set
from fer_bench.runtime.errors import FerBenchError, listed, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from fer_bench.data.formats.image_folders.listing import Entry

_ARCHIVES = (".7z", ".bz2", ".gz", ".rar", ".tar", ".tgz", ".xz", ".zip")

_TABLES = (".arrow", ".feather", ".parquet", ".tfrecord")

_DEPTH, _MOST_FOLDERS = 3, 64
"""Limits for the search for a data set in subdirectories: depth, and directories per level.
Archives add one or two directory levels; a directory with more than this may be anything."""

_MOST_NAMED = 3


def describe(listing: Listing) -> str:
    """Describe the content of a directory by its first few names."""
    columns = {file.name: header_of(listing.path / file.name) for file in listing.csv_files()}

    def describe_one(entry: Entry) -> str:
        header = columns.get(entry.name)
        return shown(entry.name) + (
            f" with the columns {shown(', '.join(header))}" if header else ""
        )

    entries = listing.entries()
    kinds = {
        ("directory", "directories"): listing.folders(),
        ("image", "images"): listing.images(),
        ("other file", "other files"): [e for e in entries if not (e.is_dir or e.is_image)],
    }
    texts = [
        f"{len(found)} {one if len(found) == 1 else many} "
        f"({listed([describe_one(entry) for entry in found[: _MOST_NAMED + 1]], _MOST_NAMED)})"
        for (one, many), found in kinds.items()
        if found
    ]
    return " and ".join(texts) or "an empty directory"


def next_step(listing: Listing, fits: Callable[[Listing], bool]) -> str:
    """Suggest a fix for a directory that fits no layout.

    Args:
        listing: the directory.
        fits: function that checks if a directory fits a layout; may raise ``FerBenchError``.
    """
    folders = listing.folders()
    if {"snapshots", "blobs"} <= {folder.name for folder in folders}:
        inside = [*(entry.place for entry in _entries(listing, "snapshots") if entry.is_dir)]
        return f"this is a cache of links: {copying(listing.path / [*inside, 'snapshots'][0])}"
    within = _data_sets(listing, fits)
    if 0 < len(within) <= _MOST_NAMED:
        return f"name {' or '.join(repr(str(path)) for path in within)} instead"
    if files := data_files(listing):
        return f"name one of {listed([repr(str(path)) for path in files], _MOST_NAMED)} instead"
    if packed := [entry for entry in listing.named(_ARCHIVES) if not entry.is_dir]:
        return f"unpack {shown(packed[0].name)} there"
    for folder in ("", *(folder.place for folder in folders[:_MOST_FOLDERS])):
        if tables := [
            e.name for e in _entries(listing, folder) if e.name.lower().endswith(_TABLES)
        ]:
            kind = tables[0].rpartition(".")[2].lower()
            return (
                f"convert {shown(tables[0])} and other {kind} files to a csv with the columns "
                "emotion and pixels, or to image files in a directory for each class"
            )
    names = [file.name for file in listing.csv_files() if header_of(listing.path / file.name)]
    if names:
        return f"if {shown(names[0])} has the labels, name its columns path and label"
    with_images = [folder for folder in folders if _holds_images(listing, folder.place)]
    if len(with_images) > 1 and not listing.images():
        return "if the directories are classes, list their classes in a file for --class-map"
    if with_images or listing.images():
        return "put the images into a directory for each class, or list them in such a csv"
    return "name the directory that holds the images"


def _data_sets(listing: Listing, fits: Callable[[Listing], bool]) -> list[Path]:
    """Return data files in the directory, else data sets at the first level below with any."""
    level = [""]
    found = data_files(listing)
    for _ in range(_DEPTH):
        level = _below(listing, level)
        if found or len(level) > _MOST_FOLDERS:
            break
        for folder in level:
            found += _data_sets_of(Listing.of(listing.path / folder), fits)
    return found


def _data_sets_of(listing: Listing, fits: Callable[[Listing], bool]) -> list[Path]:
    try:
        if (fits(listing) and has_images(listing)) or len(one_data_set(listing)) > 1:
            return [listing.path]
        return data_files(listing)
    except FerBenchError:
        return []


def has_images(listing: Listing) -> bool:
    """Check if a directory holds images, as matching directory names alone may be a coincidence.

    The search is limited in depth and breadth and may miss images.
    """
    level = [""]
    for _ in range(_DEPTH + 1):
        if any(_holds_images(listing, folder) for folder in level):
            return True
        level = _below(listing, level)[:_MOST_FOLDERS]
    return False


def _below(listing: Listing, level: Sequence[str]) -> list[str]:
    return [e.place for folder in level for e in _entries(listing, folder) if e.is_dir]


def _holds_images(listing: Listing, folder: str) -> bool:
    return any(has_image_suffix(entry.name) for entry in _entries(listing, folder))


def _entries(listing: Listing, folder: str) -> Sequence[Entry]:
    """Return the entries of a directory, none if it cannot be read."""
    try:
        return listing.entries(folder)
    except FerBenchError:
        return []
