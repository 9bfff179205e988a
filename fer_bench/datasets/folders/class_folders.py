"""A folder for each class, in folders for each part or by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.datasets.class_tables import classes_of, is_number
from fer_bench.datasets.folders.found import PARTS, Found
from fer_bench.datasets.folders.listing import IMAGE_FILES, is_folder, is_image, wrong

if TYPE_CHECKING:
    from pathlib import Path

    from fer_bench.datasets.class_tables import ClassTable
    from fer_bench.datasets.folders.listing import Root

PARTS_TREE = "train/CLASS/IMAGES and test/CLASS/IMAGES, val/CLASS/IMAGES too or instead of test"
CLASSES_TREE = "CLASS/IMAGES"

_PARTS_ACCEPTED = "train, and test or val (valid, validation) or both"


def find_parts(root: Root, table: ClassTable) -> Found | None:
    """The layout of FER2013, AffectNet and RAF-DB on Kaggle: parts, and classes in each.

    Files beside the parts are passed over.

    Raises:
        FerBenchError: there is a part, but not train and another one, or a folder is empty, is
            unknown, is a second one for the same, or holds something that is no image.
    """
    folders = root.folders(root.path)
    if not any(folder.name.lower() in PARTS for folder in folders):
        return None
    parts: dict[int, Path] = {}
    for folder in folders:
        part = PARTS.get(folder.name.lower())
        if part is None:
            what = f"the folder's name {folder.name!r} is unknown"
            raise wrong(folder, what, f"folders named {', '.join(PARTS)}")
        if part in parts:
            what = f"stands for the same as {parts[part].name!r}"
            raise wrong(folder, what, "one folder of each")
        parts[part] = folder
    for part, name in ((0, "train"), (2, "test")):
        if part not in parts and (part == 0 or len(parts) == 1):
            raise wrong(root.path, f"no folder {name!r} in it", _PARTS_ACCEPTED)
    names = [f"{parts[part].name}/" for part in sorted(parts)]
    found = Found(f"folder of image files in {', '.join(names[:-1])} and {names[-1]}")
    for part in sorted(parts):
        _add_classes(root, table, found, parts[part], part)
    return found


def find_classes(root: Root, table: ClassTable) -> Found | None:
    """The layout of CK+ on Kaggle: classes without parts.

    Files beside the classes are passed over, unless they are images.

    Raises:
        FerBenchError: a folder is named like a class or a number, and another one is unknown, or
            one is empty, a second one for its class, or holds something that is no image.
    """
    names = [folder.name for folder in root.folders(root.path)]
    if not any(table.class_of(name) or is_number(name) for name in names):
        return None
    found = Found("folder of image files in a folder for each class")
    _add_classes(root, table, found, root.path, None)
    return found


def _add_classes(
    root: Root, table: ClassTable, found: Found, folder: Path, part: int | None
) -> None:
    """Adds the images of a folder of classes, by class and name."""
    entries = root.entries(folder)
    names = [entry.name for entry in entries if is_folder(entry)]
    meanings: dict[str, str] = {}
    for entry in entries:
        path = folder / entry.name
        if not is_folder(entry):
            if part is None and not is_image(entry.name):
                continue
            raise wrong(path, "the file lies where folders are expected", table.accepted(names))
        meant = table.class_of(entry.name)
        if meant is None:
            what = f"the folder's name {entry.name!r} is unknown"
            # Of numbers, all have to be in a table that helps.
            raise wrong(path, what, table.accepted(names if is_number(entry.name) else ()))
        rival = next((name for name in meanings if table.rivals(name, entry.name)), None)
        if rival is not None:
            accepted = "one folder of each, or both names in the file of --class-map"
            raise wrong(path, f"stands for the same as {rival!r}", accepted)
        meanings[entry.name] = meant
    if not meanings:
        raise wrong(folder, "the folder is empty", f"a folder for each class, with {IMAGE_FILES}")
    order = classes_of(meanings.values())
    for name, meant in sorted(
        meanings.items(), key=lambda item: order.index(item[1]) if item[1] in order else -1
    ):
        for file in root.images(folder / name):
            found.add(file, name, meant, part)
