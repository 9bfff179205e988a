"""What the numbers mean by which data sets call their classes."""

from __future__ import annotations


def _numbered(first: int, names: str) -> dict[str, str]:
    return {str(number): name for number, name in enumerate(names.split(), start=first)}


NUMBERED: dict[str, dict[str, str]] = {
    "fer2013": _numbered(0, "Angry Disgust Fear Happy Sad Surprise Neutral"),
    "rafdb": _numbered(1, "Surprise Fear Disgust Happy Sad Angry Neutral"),
    "affectnet": _numbered(0, "Neutral Happy Sad Surprise Fear Disgust Angry Contempt - - -"),
    "ckplus": _numbered(0, "Neutral Angry Contempt Disgust Fear Happy Sad Surprise"),
    "ckextended": _numbered(0, "Angry Disgust Fear Happy Sad Surprise Neutral Contempt"),
}
"""Classes by their numbers, by the name of the table: as each set's own readme numbers them.

AffectNet's 8 to 10 are none, uncertain and no face: images of them are left out. ``ckplus`` are the
numbers of the original labels of CK+, ``ckextended`` those of Kaggle's csv of it.
"""
