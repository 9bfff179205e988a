"""Description of directories that fit no layout, and suggested fixes, for error messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fer_bench.data.formats.image_folders.label_lists import csv_files, header_of
from fer_bench.data.formats.image_folders.listing import Root, copying, is_folder, is_image
from fer_bench.data.formats.image_folders.pixel_files import data_files, one_data_set
from fer_bench.runtime.errors import FerBenchError, listed, shown

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_ARCHIVES = (".7z", ".bz2", ".gz", ".rar", ".tar", ".tgz", ".xz", ".zip")

_TABLES = (".arrow", ".feather", ".parquet", ".tfrecord")

_DEPTH, _MOST_FOLDERS = 3, 64
"""Limits for the search for a data set in subdirectories: depth, and directories per level.
Archives add one or two directory levels; a directory with more than this may be anything."""

_MOST_NAMED = 3


class _Content(NamedTuple):
    folders: list[Path]
    images: list[Path]
    others: list[Path]


def described(root: Root) -> str:
    """Describe the content of a directory by its first few names."""
    columns = {path: header_of(path) for path in csv_files(root)}

    def name(path: Path) -> str:
        header = columns.get(path)
        told = f" with the columns {shown(', '.join(header))}" if header else ""
        return f"{shown(path.name)}{told}"

    there = _content(root)
    told = [
        f"{len(paths)} {what if len(paths) == 1 else f'{what}s'} "
        f"({listed([name(path) for path in paths[: _MOST_NAMED + 1]], _MOST_NAMED)})"
        for paths, what in zip(there, ("folder", "image", "other file"), strict=True)
        if paths
    ]
    return " and ".join(told) or "a folder with nothing in it"


def next_step(root: Root, fits: Callable[[Root], bool]) -> str:
    """Suggest a fix for a directory that fits no layout.

    Args:
        root: the directory.
        fits: function that checks if a directory fits a layout; may raise ``FerBenchError``.
    """
    there = _content(root)
    snapshots = [path for path in there.folders if path.name == "snapshots"]
    if snapshots and any(path.name == "blobs" for path in there.folders):
        inside = [*_folders(root, snapshots[0]), snapshots[0]][0]
        return f"it is a cache of links: {copying(inside)}"
    within = _data_sets(root, fits)
    if 0 < len(within) <= _MOST_NAMED:
        return f"name {' or '.join(repr(str(path)) for path in within)} instead"
    files = data_files(root)
    if files:
        return f"name one of {listed([repr(str(path)) for path in files], _MOST_NAMED)} instead"
    packed = [path for path in there.others if path.name.lower().endswith(_ARCHIVES)]
    if packed:
        return f"unpack {shown(packed[0].name)} there"
    foreign = _foreign_tables(root)
    if foreign:
        kind = foreign[0].suffix.lower().removeprefix(".")
        return (
            f"convert {shown(foreign[0].name)} and other {kind} files to a csv with the columns "
            "emotion and pixels, or to image files in a directory for each class"
        )
    tables = [path for path in csv_files(root) if header_of(path)]
    if tables:
        return f"if {shown(tables[0].name)} has the labels, call its columns path and label"
    with_images = [folder for folder in there.folders if _holds_images(root, folder)]
    if len(with_images) > 1 and not there.images:
        return "if the folders are classes, say which in a file for --class-map"
    if with_images or there.images:
        return "put the images into a folder for each class, or list them in such a csv"
    return "name the folder that holds the images"


def _foreign_tables(root: Root) -> list[Path]:
    """Return tables of unsupported formats in the root, else in the first subdirectory with any."""
    for folder in (root.path, *_folders(root, root.path)[:_MOST_FOLDERS]):
        try:
            names = [entry.name for entry in root.entries(folder)]
        except FerBenchError:
            continue
        found = [folder / name for name in names if name.lower().endswith(_TABLES)]
        if found:
            return found
    return []


def _content(root: Root) -> _Content:
    there = _Content([], [], [])
    for entry in root.entries(root.path):
        is_what = 0 if is_folder(entry) else 1 if is_image(entry.name) else 2
        there[is_what].append(root.path / entry.name)
    return there


def _data_sets(root: Root, fits: Callable[[Root], bool]) -> list[Path]:
    """Return data files in the directory, else data sets at the first level below with any."""
    level = [root.path]
    found = data_files(root)
    for _ in range(_DEPTH):
        if found:
            break
        level = [below for folder in level for below in _folders(root, folder)]
        if len(level) > _MOST_FOLDERS:
            break
        found = [path for folder in level for path in _data_sets_of(Root.of(folder), fits)]
    return found


def _data_sets_of(folder: Root, fits: Callable[[Root], bool]) -> list[Path]:
    try:
        if (fits(folder) and has_images(folder)) or len(one_data_set(folder)) > 1:
            return [folder.path]
        return data_files(folder)
    except FerBenchError:
        return []


def has_images(root: Root) -> bool:
    """Check if a directory holds images, as matching directory names alone may be a coincidence.

    The search is limited in depth and breadth and may miss images.
    """
    level = [root.path]
    for _ in range(_DEPTH + 1):
        if any(_holds_images(root, folder) for folder in level):
            return True
        level = [below for folder in level for below in _folders(root, folder)][:_MOST_FOLDERS]
    return False


def _folders(root: Root, folder: Path) -> list[Path]:
    try:
        return root.folders(folder)
    except FerBenchError:
        return []


def _holds_images(root: Root, folder: Path) -> bool:
    try:
        return any(is_image(entry.name) for entry in root.entries(folder))
    except FerBenchError:
        return False
