"""Layouts with the class encoded in the file name: JAFFE and KDEF.

JAFFE's ``KA.AN1.39.tiff``: person, code and number of the expression, image number. KDEF's
``AF01AFS.JPG``: session, sex and number of the person, code of the expression, camera angle (FL,
HL, S, HR, FR); all angles are included.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from fer_bench.data.formats.class_names import folded
from fer_bench.data.formats.image_folders.listing import is_folder, is_image
from fer_bench.data.formats.image_folders.manifest import Manifest
from fer_bench.data.input_errors import input_error

if TYPE_CHECKING:
    from fer_bench.data.formats.class_names import ClassTable
    from fer_bench.data.formats.image_folders.listing import ImageFile, Root
    from fer_bench.data.formats.image_folders.manifest import Search

_SETS = {
    "JAFFE": re.compile(r"[A-Z]{2}\.(AN|DI|FE|HA|NE|SA|SU)[0-9].*", re.IGNORECASE),
    "KDEF": re.compile(r"[AB][FM][0-9]{2}(AF|AN|DI|HA|NE|SA|SU)(FL|HL|S|HR|FR)", re.IGNORECASE),
}
_CODES = {
    "AF": "Fear",
    "AN": "Angry",
    "DI": "Disgust",
    "FE": "Fear",
    "HA": "Happy",
    "NE": "Neutral",
    "SA": "Sad",
    "SU": "Surprise",
}
_EXAMPLES = {"JAFFE": "KA.AN1.39", "KDEF": "AF01AFS"}

_WITHOUT_CODE = re.compile(r"[AB][FM][0-9]{2}[VH]", re.IGNORECASE)
"""Names without an expression code: KDEF as distributed has two, AF31V.JPG and AM31H.JPG."""


def find_names(root: Root, table: ClassTable) -> Search | None:
    """Return a search for images named as in JAFFE or KDEF, in the root and its subdirectories.

    The layout fits if at least one image has such a name. The search raises ``FerBenchError`` if an
    image has another name, or if a subdirectory is empty or holds something other than images.
    """
    name = next((name for name, code in _SETS.items() if _any_named(root, code)), None)
    return None if name is None else partial(_named, root, table, name)


def _named(root: Root, table: ClassTable, name: str) -> Manifest:
    found = Manifest(f"folder of image files that are named as in {name}")
    files = root.loose_images(root.path)
    for folder in root.folders(root.path):
        files += root.images(folder)
    for file in files:
        _add(file, name, table, found)
    return found


def _any_named(root: Root, code: re.Pattern[str]) -> bool:
    entries = root.entries(root.path)
    within = [
        inner
        for outer in entries
        if is_folder(outer)
        for inner in root.entries(root.path / outer.name)
    ]
    return any(
        is_image(entry.name) and code.fullmatch(_stem(entry.name)) for entry in (*entries, *within)
    )


def _add(file: ImageFile, name: str, table: ClassTable, found: Manifest) -> None:
    stem = _stem(file.path.name)
    match = _SETS[name].fullmatch(stem)
    if match is None:
        if name == "KDEF" and _WITHOUT_CODE.fullmatch(stem):
            found.leave_out(f"no code in the name {file.path.name!r}")
            return
        what = f"the name {file.path.name!r} tells no class"
        accepted = f"names as in {name}, like {_EXAMPLES[name]}"
        raise input_error(file.path, None, what, accepted, "rename or remove the file")
    code = match[1].upper()
    found.add(file, code, table.own.get(folded(code), _CODES[code]))


def _stem(name: str) -> str:
    return name.rpartition(".")[0]
