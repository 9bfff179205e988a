"""The layouts in which a folder of images may be.

To add one, write a function like those below in a module of its own: it returns None where the
folder is not in its layout, else what finds the images there, or says what is wrong. Then put it
here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fer_bench.data.formats.image_folders import (
    class_folders,
    ferplus,
    file_name_codes,
    label_files,
    label_lists,
)
from fer_bench.data.formats.image_folders.label_lists import csv_files, header_of, is_label_list
from fer_bench.data.formats.image_folders.unknown_layouts import described, next_step
from fer_bench.data.input_errors import wrong
from fer_bench.runtime.errors import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from fer_bench.data.formats.class_names import ClassTable
    from fer_bench.data.formats.image_folders.listing import Root
    from fer_bench.data.formats.image_folders.manifest import Found, Search


class Layout(NamedTuple):
    """A way in which images and labels lie in a folder.

    Attributes:
        words: what it is, for messages.
        find: a search for the data set in a folder, None where the folder is not so; which it tells
            without a look at every image.
    """

    words: str
    find: Callable[[Root, ClassTable], Search | None]


LAYOUTS: tuple[Layout, ...] = (
    Layout("RAF-DB", label_lists.find_rafdb),
    Layout("FER+", ferplus.find_ferplus),
    Layout("images with a csv of the columns path and label", label_lists.find_csv),
    Layout("AffectNet", label_files.find_affectnet),
    Layout("CK+", label_files.find_ck),
    Layout("train/CLASS/IMAGES with test/ or val/", class_folders.find_parts),
    Layout("CLASS/IMAGES", class_folders.find_classes),
    Layout("JAFFE or KDEF", file_name_codes.find_names),
)
"""The first that fits counts: labels that are written down before what folders are called."""


def find(root: Root, table: ClassTable) -> Found:
    """What the first layout that fits makes of a folder.

    Raises:
        FerBenchError: none fits; says what is there, and what is likely to help. Or as the layout
            does.
    """
    for layout in LAYOUTS:
        search = layout.find(root, table)
        if search is not None:
            found = search()
            found.notes += _passed_over(root, layout, found)
            return found
    what = f"no layout fits {described(root)}"
    accepted = f"{', '.join(layout.words for layout in LAYOUTS)} (docs/datasets.md)"
    step = next_step(root, lambda folder: fits(folder, table))
    raise wrong(root.path, None, what, accepted, step)


def fits(root: Root, table: ClassTable) -> bool:
    """Check if a directory of images is in one of the layouts; may raise as their searches do."""
    return any(layout.find(root, table) is not None for layout in LAYOUTS)


def _passed_over(root: Root, layout: Layout, found: Found) -> list[tuple[str, str]]:
    """Notes on csv files in which one might look for labels, and which are not read."""
    notes = []
    for path in csv_files(root):
        name = shown(path.name, 80)
        if path in found.lists:
            continue
        if not is_label_list(path):
            columns = header_of(path)
            why = f"its columns are {shown(', '.join(columns), 80)}" if columns else "it is no csv"
            notes.append(("not read", f"{name} is no list of labels: {why}"))
        elif layout.find is not label_lists.find_csv:
            notes.append(("not read", f"{name}, as another list counts more"))
    return notes
