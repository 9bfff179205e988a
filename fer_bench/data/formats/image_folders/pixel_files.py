"""Files of pixels in a directory: one that is the data set, or one for each part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.data.formats.image_folders.label_lists import csv_files, header_of, part_of

if TYPE_CHECKING:
    from pathlib import Path

    from fer_bench.data.formats.image_folders.listing import Root


def data_files(root: Root) -> list[Path]:
    """The csv files with columns of emotions and pixels, or else the npz files, of a directory."""
    labelled = [path for path in csv_files(root) if {"emotion", "pixels"} <= {*header_of(path)}]
    arrays = [path for path in _ending(root, ".npz") if not path.is_dir()]
    return [*labelled, *arrays]


def one_data_set(root: Root) -> dict[Path, int | None]:
    """The data files of a directory with their parts, in the order of these, if no doubt is left.

    That is a single file that is not called after a part, or files of one kind, each called after
    another part and one of them after training. What cannot be read and is called so is among them:
    its reader says why. Files of pixels without emotions, and others that are called after parts,
    may belong to the same data set, and leave a doubt.
    """
    tables = {path: header_of(path) for path in _ending(root, ".csv")}
    files = data_files(root)
    unread = [path for path, names in tables.items() if not names]
    parts = {path: part_of(path) for path in [*files, *unread]}
    if len(parts) > 1 or tables.keys() - {*unread}:
        # Beside others, a file that is called otherwise and cannot be read may be anything.
        parts = {path: part for path, part in parts.items() if path in files or part is not None}
    for path, names in tables.items():
        if path not in parts and names and (part_of(path) is not None or "pixels" in names):
            return {}
    if len({path.suffix.lower() for path in parts}) != 1:
        return {}
    if len(parts) == 1:
        return parts if None in parts.values() else {}
    known = {part: path for path, part in parts.items() if part is not None}
    if len(known) < len(parts) or 0 not in known:
        return {}
    return {known[part]: part for part in sorted(known)}


def _ending(root: Root, suffix: str) -> list[Path]:
    entries = root.entries(root.path)
    return [root.path / entry.name for entry in entries if entry.name.lower().endswith(suffix)]
