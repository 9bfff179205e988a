"""Registry of the supported image folder layouts.

To add a layout, write a function of the type of ``Layout.find`` in a module of its own and add it
to ``LAYOUTS``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fer_bench.data.formats.image_folders.class_folders import find_classes, find_parts
from fer_bench.data.formats.image_folders.ferplus import find_ferplus
from fer_bench.data.formats.image_folders.file_name_codes import find_names
from fer_bench.data.formats.image_folders.label_files import find_affectnet, find_ck
from fer_bench.data.formats.image_folders.label_lists import find_lists, header_of, is_label_list
from fer_bench.data.formats.image_folders.rafdb import find_rafdb
from fer_bench.data.formats.image_folders.unknown_layouts import describe, next_step
from fer_bench.data.input_errors import input_error
from fer_bench.runtime.errors import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from fer_bench.data.formats.class_names import ClassTable
    from fer_bench.data.formats.image_folders.listing import Listing
    from fer_bench.data.formats.image_folders.manifest import Manifest


class Layout(NamedTuple):
    """Arrangement of images and labels in a directory.

    Attributes:
        words: description of the layout, for messages.
        find: function that returns the manifest of a directory, or None if it does not have this
            layout; decides without looking at every image.
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


def find(listing: Listing, table: ClassTable) -> Manifest | None:
    """Return the manifest of the first layout that fits; may raise ``FerBenchError``."""
    manifests = (layout.find(listing, table) for layout in LAYOUTS)
    return next((manifest for manifest in manifests if manifest is not None), None)


def misfit(listing: Listing, table: ClassTable) -> Exception:
    """Return the error for a directory that fits no layout: describe it and suggest a fix."""
    problem = f"no layout fits {describe(listing)}"
    accepted = f"{', '.join(layout.words for layout in LAYOUTS)} (docs/datasets.md)"
    hint = next_step(listing, lambda folder: find(folder, table) is not None)
    return input_error(listing.path, None, problem, accepted, hint)


def unused_lists(listing: Listing, manifest: Manifest) -> list[tuple[str, str]]:
    """Return notes on CSV files that a user may take for label lists but that are not read."""
    notes = []
    for file in listing.csv_files():
        if file.place in manifest.lists:
            continue
        name, path = shown(file.name, 80), listing.path / file.place
        if is_label_list(path):
            notes.append(("not read", f"{name}, as another list takes precedence"))
            continue
        columns = header_of(path)
        why = f"its columns are {shown(', '.join(columns), 80)}" if columns else "not a csv file"
        notes.append(("not read", f"{name} is not a label list: {why}"))
    return notes
