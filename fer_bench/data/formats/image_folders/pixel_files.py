"""Detection of CSV and npz files in a directory: one for the data set, or one for each part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.data.formats.image_folders.label_lists import csv_files, header_of, part_of

if TYPE_CHECKING:
    from pathlib import Path

    from fer_bench.data.formats.image_folders.listing import Root


def data_files(root: Root) -> list[Path]:
    """Return the CSV files with emotion and pixel columns in a directory, then the npz files."""
    labelled = [path for path in csv_files(root) if {"emotion", "pixels"} <= {*header_of(path)}]
    arrays = [path for path in _ending(root, ".npz") if not path.is_dir()]
    return [*labelled, *arrays]


def one_data_set(root: Root) -> dict[Path, int | None]:
    """Return the data files of a directory with their parts, ordered by part; empty if ambiguous.

    Accepted is either a single file that is not named after a part, or several files of one format,
    each named after a different part and one of them after training. CSV files with such names that
    cannot be parsed are included, so that reading them reports the error. The result is ambiguous
    if there are other CSV files with pixels but no emotions, or named after parts, as these may
    belong to the same data set.
    """
    tables = {path: header_of(path) for path in _ending(root, ".csv")}
    files = data_files(root)
    unread = [path for path, names in tables.items() if not names]
    parts = {path: part_of(path) for path in [*files, *unread]}
    if len(parts) > 1 or tables.keys() - {*unread}:
        # Next to other files, an unreadable file that is not named after a part may be anything.
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
