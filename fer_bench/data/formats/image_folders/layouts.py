"""Registry of the supported image folder layouts.

To add a layout, write a function of the type of ``Layout.find`` in a module of its own and add it
to ``LAYOUTS``. It returns None if the directory does not have this layout, else a search that
returns the images or raises ``FerBenchError``.
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
from fer_bench.data.input_errors import input_error
from fer_bench.runtime.errors import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from fer_bench.data.formats.class_names import ClassTable
    from fer_bench.data.formats.image_folders.listing import Root
    from fer_bench.data.formats.image_folders.manifest import Manifest, Search


class Layout(NamedTuple):
    """Arrangement of images and labels in a directory.

    Attributes:
        words: description of the layout, for messages.
        find: function that returns a search for the data set in a directory, or None if the
            directory does not have this layout; decides without looking at every image.
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
"""Layouts in order of precedence: the first that fits is used. Explicit labels precede directory
names."""


def find(root: Root, table: ClassTable) -> Manifest:
    """Find the images of a directory with the first layout that fits.

    Raises:
        FerBenchError: no layout fits, in which case the message describes the directory and
            suggests a fix; or as raised by the search of the layout.
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
    raise input_error(root.path, None, what, accepted, step)


def fits(root: Root, table: ClassTable) -> bool:
    """Check if a directory fits one of the layouts; may raise ``FerBenchError``."""
    return any(layout.find(root, table) is not None for layout in LAYOUTS)


def _passed_over(root: Root, layout: Layout, found: Manifest) -> list[tuple[str, str]]:
    """Return notes on CSV files that a user may take for label lists but that are not read."""
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
