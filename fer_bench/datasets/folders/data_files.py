"""Files of pixels in a directory: one that is the data set, or one for each part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.datasets.folders.label_lists import csv_files, header_of, part_of
from fer_bench.datasets.folders.listing import is_folder

if TYPE_CHECKING:
    from pathlib import Path

    from fer_bench.datasets.folders.listing import Root


def data_files(root: Root) -> list[Path]:
    """The csv files with columns of emotions and pixels, or else the npz files, of a directory."""
    headers = {path: header_of(path) for path in csv_files(root)}
    labelled = [path for path, names in headers.items() if {"emotion", "pixels"} <= {*names}]
    arrays = [
        root.path / entry.name
        for entry in root.entries(root.path)
        if entry.name.lower().endswith(".npz") and not is_folder(entry)
    ]
    return [*labelled, *arrays]


def one_data_set(root: Root) -> dict[Path, int | None]:
    """The data files of a directory with their parts, in the order of these, if no doubt is left.

    That is a single file that is not called after a part, or files of one kind, each called after
    another part and one of them after training. Files of pixels without emotions may be a part of
    the same data set, and leave a doubt.
    """
    parts = {path: part_of(path) for path in data_files(root)}
    kinds = {path.suffix.lower() for path in parts}
    others = [path for path in csv_files(root) if path not in parts and "pixels" in header_of(path)]
    if others or len(kinds) != 1:
        return {}
    if len(parts) == 1:
        return parts if None in parts.values() else {}
    known = {part: path for path, part in parts.items() if part is not None}
    if len(known) < len(parts) or 0 not in known:
        return {}
    return {known[part]: part for part in sorted(known)}
