"""Detection of CSV and npz files in a directory: one for the data set, or one for each part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.data.formats.image_folders.label_lists import header_of, part_of
from fer_bench.data.formats.image_folders.manifest import PARTS

if TYPE_CHECKING:
    from pathlib import Path

    from fer_bench.data.formats.image_folders.listing import Listing


def data_files(listing: Listing) -> list[Path]:
    """Return the CSV files with emotion and pixel columns in a directory, then the npz files."""
    tables = [listing.path / file.name for file in listing.csv_files()]
    labelled = [path for path in tables if {"emotion", "pixels"} <= {*header_of(path)}]
    arrays = [listing.path / file.name for file in listing.named(".npz") if not file.is_dir]
    return [*labelled, *arrays]


def one_data_set(listing: Listing) -> dict[Path, int | None]:
    """Return the data files of a directory with their parts, ordered by part; empty if ambiguous.

    Accepted is either a single file that is not named after a part, or several files of one format,
    each named after a different part and one of them after training. CSV files with such names that
    cannot be parsed are included, so that reading them reports the error. The result is ambiguous
    if there are other CSV files with pixels but no emotions, or named after parts, as these may
    belong to the same data set.
    """
    tables = [listing.path / entry.name for entry in listing.named(".csv")]
    headers = {path: header_of(path) for path in tables}
    files = data_files(listing)
    unread = [path for path, names in headers.items() if not names]
    parts = {path: PARTS.get(part_of(path.stem) or "") for path in [*files, *headers]}
    members = [*files, *unread]
    if len(members) > 1 or len(unread) < len(headers):
        # Next to other files, an unreadable file that is not named after a part may be anything.
        members = [path for path in members if path in files or parts[path] is not None]
    for path, names in headers.items():
        if names and path not in members and (parts[path] is not None or "pixels" in names):
            return {}
    if len({path.suffix.lower() for path in members}) != 1:
        return {}
    known = {part: path for path in members if (part := parts[path]) is not None}
    if len(members) == 1:
        return {} if known else {members[0]: None}
    if len(known) < len(members) or 0 not in known:
        return {}
    return {known[part]: part for part in sorted(known)}
