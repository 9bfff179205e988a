"""Class names behind the numeric labels of common data sets."""

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
"""Mapping of number to class name for each numbering, as in the readme of the data set.

AffectNet's 8 to 10 are none, uncertain and no face; images with these labels are left out.
``ckplus`` is the numbering of the original CK+ labels, ``ckextended`` that of its csv file on
Kaggle.
"""
