"""Layouts with a directory for each class, with or without a directory for each part."""

from __future__ import annotations

import filecmp
from functools import partial
from typing import TYPE_CHECKING

from fer_bench.data.formats.class_names import classes_of, is_number
from fer_bench.data.formats.image_folders.listing import (
    IMAGE_FILES,
    is_folder,
    is_image,
    unreadable,
)
from fer_bench.data.formats.image_folders.manifest import PARTS, Manifest
from fer_bench.data.input_errors import input_error

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from fer_bench.data.formats.class_names import ClassTable
    from fer_bench.data.formats.image_folders.listing import Root
    from fer_bench.data.formats.image_folders.manifest import Search

_PARTS_ACCEPTED = "train, and test or val (valid, validation) or both"


def find_parts(root: Root, table: ClassTable) -> Search | None:
    """Return a search for class directories in part directories, as on Kaggle.

    FER2013, AffectNet and RAF-DB have this layout there. Files next to the parts are ignored. The
    search raises ``FerBenchError`` if there are not the train part and another one, or if a
    directory is empty, is unknown, duplicates a part or class, or holds something other than
    images.
    """
    folders = root.folders(root.path)
    if not any(folder.name.lower() in PARTS for folder in folders):
        return None
    return partial(_parts, root, table, folders)


def _parts(root: Root, table: ClassTable, folders: Sequence[Path]) -> Manifest:
    parts: dict[int, Path] = {}
    notes = []
    for folder in folders:
        part = PARTS.get(folder.name.lower())
        if part is None and folder.name == root.inside.name:
            notes.append(_copy(root, folder, folders))
            continue
        if part is None:
            what = f"the folder's name {folder.name!r} is unknown"
            accepted = f"folders named {', '.join(PARTS)}"
            raise input_error(folder, None, what, accepted, "rename it or move it away")
        if part in parts:
            what = f"stands for the same as {parts[part].name!r}"
            raise input_error(folder, None, what, "one folder of each", "move all into one of them")
        parts[part] = folder
    for part, name in ((0, "train"), (2, "test")):
        if part not in parts and (part == 0 or len(parts) == 1):
            step = "add it"
            if len(parts) == 1:
                step += f", or name {str(*parts.values())!r} instead, which is then split"
            raise input_error(root.path, None, f"no folder {name!r} in it", _PARTS_ACCEPTED, step)
    names = [f"{parts[part].name}/" for part in sorted(parts)]
    found = Manifest(f"folder of image files in {', '.join(names[:-1])} and {names[-1]}")
    for part in sorted(parts):
        _add_classes(root, table, found, parts[part], part)
    found.notes += notes
    return found


def _copy(root: Root, folder: Path, beside: Sequence[Path]) -> tuple[str, str]:
    """Return a note on a nested directory that duplicates the directory it is in.

    Some archives on Kaggle contain themselves in a subdirectory of the same name.

    Raises:
        FerBenchError: its files differ from those next to it, or cannot be read.
    """
    others = [path for path in beside if path != folder]
    within = {path.relative_to(folder) for path in root.all_files(folder)}
    if within == {path.relative_to(root.path) for one in others for path in root.all_files(one)}:
        try:
            same = all(
                filecmp.cmp(folder / file, root.path / file, shallow=False) for file in within
            )
        except OSError as error:
            raise unreadable(folder, error) from error
        if same:
            return (
                "not read",
                f"{folder.name}/, which holds the same {len(within):,} files once more",
            )
    names = ", ".join(f"{path.name}/" for path in others)
    what = f"another data set, or a part of it, beside {names}"
    accepted = "the same files once more, or none"
    step = f"name {str(folder)!r} instead, or move it away to take those beside it"
    raise input_error(folder, None, what, accepted, step)


def find_classes(root: Root, table: ClassTable) -> Search | None:
    """Return a search for class directories without parts, as in CK+ on Kaggle.

    At least one directory must be named after a known class or a number. Files next to the classes
    are ignored unless they are images. The search raises ``FerBenchError`` if a directory is
    unknown, is empty, duplicates a class, or holds something other than images.
    """
    names = [folder.name for folder in root.folders(root.path)]
    if not any(table.class_of(name) or is_number(name) for name in names):
        return None
    return partial(_classes, root, table)


def _classes(root: Root, table: ClassTable) -> Manifest:
    found = Manifest("folder of image files in a folder for each class")
    _add_classes(root, table, found, root.path, None)
    return found


def _add_classes(
    root: Root, table: ClassTable, found: Manifest, folder: Path, part: int | None
) -> None:
    """Add the images in the class directories of ``folder``, ordered by class and name."""
    entries = root.entries(folder)
    names = [entry.name for entry in entries if is_folder(entry)]
    meanings: dict[str, str] = {}
    for entry in entries:
        path = folder / entry.name
        if not is_folder(entry):
            if part is None and not is_image(entry.name):
                continue
            what = "the file lies where folders are expected"
            step = "move it into the folder of its class, or away"
            raise input_error(path, None, what, "a folder for each class", step)
        meant = table.class_of(entry.name)
        if meant is None:
            what = f"the folder's name {entry.name!r} is unknown"
            # A built-in table is suggested only if it has all numbers, so pass all names.
            accepted = table.accepted(names if is_number(entry.name) else ())
            raise input_error(path, None, what, accepted, f"rename it or {table.step}")
        rival = next((name for name in meanings if table.rivals(name, entry.name)), None)
        if rival is not None:
            accepted = "one folder of each, or both names in the file of --class-map"
            what = f"stands for the same as {rival!r}"
            raise input_error(path, None, what, accepted, "move all into one of them")
        meanings[entry.name] = meant
    if not meanings:
        accepted = f"a folder for each class, with {IMAGE_FILES}"
        raise input_error(folder, None, "the folder is empty", accepted, "fetch it again")
    order = classes_of(meanings.values())
    for name, meant in sorted(
        meanings.items(), key=lambda item: order.index(item[1]) if item[1] in order else -1
    ):
        for file in root.images(folder / name):
            found.add(file, name, meant, part)
