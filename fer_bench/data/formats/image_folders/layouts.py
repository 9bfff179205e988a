"""Detection of the data set in a directory: image files, or CSV or npz files of pixels.

To add a layout of image files, write a function of the type of ``Layout.find`` and add it to
``LAYOUTS``. For a directory that fits no layout, ``_next_step`` suggests a fix.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, NamedTuple

from fer_bench.data.formats.class_names import UNNUMBERED
from fer_bench.data.formats.image_folders.class_folders import find_classes, find_parts
from fer_bench.data.formats.image_folders.distributed_layouts import (
    find_affectnet,
    find_ck,
    find_ferplus,
    find_names,
    find_rafdb,
)
from fer_bench.data.formats.image_folders.label_lists import (
    find_lists,
    header_of,
    is_label_list,
    part_of,
    read_lists,
)
from fer_bench.data.formats.image_folders.listing import (
    Listing,
    copying,
    has_image_suffix,
    unreadable,
)
from fer_bench.data.formats.image_folders.manifest import PARTS, validate
from fer_bench.runtime.errors import FerBenchError, listed, shown
from fer_bench.runtime.files import state_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from fer_bench.data.formats.class_names import ClassTable
    from fer_bench.data.formats.image_folders.listing import Entry
    from fer_bench.data.formats.image_folders.manifest import ImageFolder, Manifest


class Layout(NamedTuple):
    """Arrangement of images and labels in a directory.

    Attributes:
        words: description of the layout, for messages.
        find: function that returns the manifest of a directory, or None if it does not have this
            layout; decides without looking at every image. Producing the rows of the manifest
            raises ``FerBenchError`` if an image, a label or a list is missing or invalid.
    """

    words: str
    find: Callable[[Listing, ClassTable], Manifest | None]


LAYOUTS: tuple[Layout, ...] = (
    Layout("RAF-DB", find_rafdb),
    Layout("FER+", find_ferplus),
    Layout("images with a csv of the columns path and label", find_lists),
    Layout("AffectNet", find_affectnet),
    Layout("CK+", find_ck),
    Layout("train/CLASS/IMAGES with test/ or val/", find_parts),
    Layout("CLASS/IMAGES", find_classes),
    Layout("JAFFE or KDEF", find_names),
)
"""Layouts in order of precedence: the first that fits is used. Explicit labels precede directory
names."""

_ARCHIVES = (".7z", ".bz2", ".gz", ".rar", ".tar", ".tgz", ".xz", ".zip")

_TABLES = (".arrow", ".feather", ".parquet", ".tfrecord")

_DEPTH, _MOST_FOLDERS = 3, 64
"""Limits for the search for a data set in subdirectories: depth, and directories per level.
Archives add one or two directory levels; a directory with more than this may be anything."""

_MOST_NAMED = 3


def list_folder(path: Path, table: ClassTable = UNNUMBERED) -> ImageFolder:
    """Find the images of a data set and their labels.

    Args:
        path: a directory in one of ``LAYOUTS``, or a CSV label list in the directory of its images.
        table: class for each name, code and number.

    Raises:
        FerBenchError: the directory fits none of the layouts, or violates its layout; the error
            has the path of the invalid file or directory.
    """
    if path.is_file():
        listing = Listing(path.parent)
        return validate(listing, read_lists(listing, [path.name]), table)
    listing = Listing(path)
    manifest = _find(listing, table)
    if manifest is None:
        problem = f"no layout fits {_describe(listing)}"
        accepted = f"{', '.join(layout.words for layout in LAYOUTS)} (docs/datasets.md)"
        raise listing.error("", problem, accepted, _next_step(listing, table))
    return validate(listing, manifest, table, _unused_lists(listing, manifest))


def data_files_of(path: Path, table: ClassTable) -> tuple[dict[Path, int | None], str]:
    """Return the CSV or npz files that form the data set in a directory.

    There are none if it is ambiguous which files belong to the data set, or if the directory holds
    images in one of ``LAYOUTS``, which take precedence.

    Returns:
        The part of each file as an index into ``USAGES``, or None; and a text that changes whenever
        one of the files may have changed, for the cache key.

    Raises:
        FerBenchError: the directory or one of the files cannot be read, or a link in it leads out
            of it or is circular.
    """
    listing = Listing(path)
    files = _one_data_set(listing)
    if files and _holds_data_set_of_images(listing, table):
        files = {}
    states = []
    for file in files:
        try:
            states.append(f"{file.name} {state_of(file.stat())}")
        except OSError as error:
            raise unreadable(file, error) from error
    return files, ", ".join(states)


def holds_data(path: Path) -> bool:
    """Check if a directory is a data set in any format, valid or not."""
    listing = Listing(path)
    try:
        files = _data_files(listing) or _one_data_set(listing)
        return bool(files) or _holds_data_set_of_images(listing, UNNUMBERED)
    except FerBenchError:
        return True


def _find(listing: Listing, table: ClassTable) -> Manifest | None:
    """Return the manifest of the first layout that fits; may raise ``FerBenchError``."""
    manifests = (layout.find(listing, table) for layout in LAYOUTS)
    return next((manifest for manifest in manifests if manifest is not None), None)


def _unused_lists(listing: Listing, manifest: Manifest) -> list[tuple[str, str]]:
    """Return notes on CSV files that a user may take for label lists but that are not read."""
    notes = []
    for file in listing.csv_files():
        if file.place in manifest.lists:
            continue
        path = listing.path / file.place
        if is_label_list(path):
            why = ", as another list takes precedence"
        elif columns := header_of(path):
            why = f" is not a label list: its columns are {shown(', '.join(columns), 80)}"
        else:
            why = " is not a label list: not a csv file"
        notes.append(("not read", shown(file.name, 80) + why))
    return notes


def _data_files(listing: Listing) -> list[Path]:
    """Return the CSV files with emotion and pixel columns in a directory, then the npz files."""
    tables = [listing.path / file.name for file in listing.csv_files()]
    labelled = [path for path in tables if {"emotion", "pixels"} <= {*header_of(path)}]
    arrays = [listing.path / file.name for file in listing.named(".npz") if not file.is_dir]
    return [*labelled, *arrays]


def _one_data_set(listing: Listing) -> dict[Path, int | None]:
    """Return the data files of a directory with their parts, ordered by part; empty if ambiguous.

    Accepted is either a single file that is not named after a part, or several files of one format,
    each named after a different part and one of them after training. CSV files with such names that
    cannot be parsed are included, so that reading them reports the error. The result is ambiguous
    if there are other CSV files with pixels but no emotions, or named after parts, as these may
    belong to the same data set.
    """
    tables = [listing.path / entry.name for entry in listing.named(".csv")]
    headers = {path: header_of(path) for path in tables}
    files = _data_files(listing)
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


def _describe(listing: Listing) -> str:
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


def _next_step(listing: Listing, table: ClassTable) -> str:
    """Suggest a fix for a directory that fits no layout."""
    folders = listing.folders()
    if {"snapshots", "blobs"} <= {folder.name for folder in folders}:
        inside = [*(entry.place for entry in _entries(listing, "snapshots") if entry.is_dir)]
        return f"this is a cache of links: {copying(listing.path / [*inside, 'snapshots'][0])}"
    within = _data_sets(listing, table)
    if 0 < len(within) <= _MOST_NAMED:
        return f"name {' or '.join(repr(str(path)) for path in within)} instead"
    if files := _data_files(listing):
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


def _data_sets(listing: Listing, table: ClassTable) -> list[Path]:
    """Return data files in the directory, else data sets at the first level below with any."""
    level = [""]
    found = _data_files(listing)
    for _ in range(_DEPTH):
        level = _below(listing, level)
        if found or len(level) > _MOST_FOLDERS:
            break
        for folder in level:
            below = Listing(listing.path / folder)
            with contextlib.suppress(FerBenchError):
                if _holds_data_set_of_images(below, table) or len(_one_data_set(below)) > 1:
                    found.append(below.path)
                else:
                    found += _data_files(below)
    return found


def _holds_data_set_of_images(listing: Listing, table: ClassTable) -> bool:
    """Check if a directory fits one of the layouts and holds images, not only matching names.

    The search is limited in depth and breadth and may miss images.
    """
    if _find(listing, table) is None:
        return False
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
