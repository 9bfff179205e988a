"""Layouts with the class encoded in the file name: JAFFE and KDEF.

JAFFE's ``KA.AN1.39.tiff``: person, code and number of the expression, image number. KDEF's
``AF01AFS.JPG``: session, sex and number of the person, code of the expression, camera angle (FL,
HL, S, HR, FR); all angles are included.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fer_bench.data.formats.image_folders.manifest import Manifest, Row

if TYPE_CHECKING:
    from fer_bench.data.formats.class_names import ClassTable
    from fer_bench.data.formats.image_folders.listing import Entry, Listing

_NAMES = {
    "JAFFE": re.compile(r"[A-Z]{2}\.(AN|DI|FE|HA|NE|SA|SU)[0-9].*", re.IGNORECASE),
    "KDEF": re.compile(r"[AB][FM][0-9]{2}(AF|AN|DI|HA|NE|SA|SU)(FL|HL|S|HR|FR)", re.IGNORECASE),
}
_EXAMPLES = {"JAFFE": "KA.AN1.39", "KDEF": "AF01AFS"}
_CODES = {"AF": "Fear", "AN": "Angry", "DI": "Disgust", "FE": "Fear"}
_CODES |= {"HA": "Happy", "NE": "Neutral", "SA": "Sad", "SU": "Surprise"}
_WITHOUT_CODE = re.compile(r"[AB][FM][0-9]{2}[VH]", re.IGNORECASE)
"""Names without an expression code: KDEF as distributed has two, AF31V.JPG and AM31H.JPG."""


def find_names(listing: Listing, table: ClassTable) -> Manifest | None:
    """Return the images named as in JAFFE or KDEF, in the directory and its subdirectories.

    At least one image must have such a name. Other files are ignored in the directory itself, but
    not in its subdirectories.
    """
    files = listing.images()
    for folder in listing.folders():
        files += listing.entries(folder.place) or [folder]
    for name, pattern in _NAMES.items():
        if any(pattern.fullmatch(file.stem) for file in files if file.is_image):
            layout = f"directory of image files named as in {name}"
            accepted = f"names as in {name}, like {_EXAMPLES[name]}"
            rows = [_row(file, name) for file in files]
            return Manifest(layout, rows, codes=_CODES, accepted=accepted)
    return None


def _row(file: Entry, name: str) -> Row:
    match = _NAMES[name].fullmatch(file.stem)
    is_without = name == "KDEF" and _WITHOUT_CODE.fullmatch(file.stem)
    why = f"no code in the name {file.name!r}" if is_without else ""
    return Row(file, match[1].upper() if match else None, None, file.place, unlabelled=why)
