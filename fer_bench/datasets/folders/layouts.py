"""The layouts in which a folder of images may be.

To add one, write a function like those below in a module of its own: it returns None where the
folder is not in its layout, else what it found there, or says what is wrong. Then put it here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fer_bench.datasets.csv_text import shown
from fer_bench.datasets.folders import class_folders, label_files, label_lists, name_codes
from fer_bench.datasets.folders.label_lists import header_of, is_label_list
from fer_bench.datasets.folders.listing import is_csv, is_folder, is_image, wrong

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fer_bench.datasets.class_tables import ClassTable
    from fer_bench.datasets.folders.found import Found
    from fer_bench.datasets.folders.listing import Root


class Layout(NamedTuple):
    """A way in which images and labels lie in a folder.

    Attributes:
        tree: what lies where, in a few words for messages.
        find: the data set in a folder, None where the folder is not so.
    """

    tree: str
    find: Callable[[Root, ClassTable], Found | None]


LAYOUTS: tuple[Layout, ...] = (
    Layout(label_lists.RAFDB_TREE, label_lists.find_rafdb),
    Layout(label_lists.CSV_TREE, label_lists.find_csv),
    Layout(label_files.AFFECTNET_TREE, label_files.find_affectnet),
    Layout(label_files.CK_TREE, label_files.find_ck),
    Layout(class_folders.PARTS_TREE, class_folders.find_parts),
    Layout(class_folders.CLASSES_TREE, class_folders.find_classes),
    Layout(name_codes.TREES, name_codes.find_names),
)
"""The first that fits counts: labels that are written down before what folders are called."""


def find(root: Root, table: ClassTable) -> Found:
    """What the first layout that fits makes of a folder.

    Raises:
        FerBenchError: none fits; says what is there. Or as the layout does.
    """
    for layout in LAYOUTS:
        found = layout.find(root, table)
        if found is not None:
            found.notes += _passed_over(root, layout)
            return found
    accepted = "; ".join(layout.tree for layout in LAYOUTS)
    raise wrong(root.path, f"no layout fits {_described(root)}", f"{accepted} (docs/datasets.md)")


def _passed_over(root: Root, layout: Layout) -> list[tuple[str, str]]:
    """Notes on csv files in which one might look for labels, and which are not read."""
    notes = []
    for entry in root.entries(root.path):
        if not is_csv(entry):
            continue
        path = root.path / entry.name
        if not is_label_list(path):
            columns = header_of(path)
            why = f"its columns are {shown(', '.join(columns), 80)}" if columns else "it is no csv"
            notes.append(("not read", f"{shown(entry.name, 80)} is no list of labels: {why}"))
        elif layout.find is not label_lists.find_csv:
            notes.append(("not read", f"{shown(entry.name, 80)}, as another list counts more"))
    return notes


def _described(root: Root) -> str:
    folders: list[str] = []
    images: list[str] = []
    others: list[str] = []
    for entry in root.entries(root.path):
        kind = folders if is_folder(entry) else images if is_image(entry.name) else others
        columns = header_of(root.path / entry.name) if is_csv(entry) else []
        words = f" with the columns {shown(', '.join(columns), 60)}" if columns else ""
        kind.append(f"{entry.name!r}{words}")
    parts = [
        f"{len(names)} {what} ({_some(names)})"
        for names, what in ((folders, "folders"), (images, "images"), (others, "other files"))
        if names
    ]
    return " and ".join(parts) or "a folder with nothing in it"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
