"""Mapping from names, codes and numbers to classes.

Class names and their usual synonyms are built in. Numbers are ambiguous, as each data set has its
own numbering: they need a table from ``NUMBERED`` or a class map file.
"""

from __future__ import annotations

import hashlib
import os
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_bench.data.dataset import EMOTIONS
from fer_bench.data.formats.small_csv import csv_rows
from fer_bench.data.input_errors import input_error
from fer_bench.protocol.label_codes import NUMBERED
from fer_bench.runtime.errors import FerBenchError, cut, listed, shown
from fer_bench.runtime.files import expand_user

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

CLASS_MAP = "class map"
"""Heading of the note about the class table."""

LEFT_OUT = "-"
"""Placeholder for a class: images with such a name are left out."""

_SYNONYMS: dict[str, str] = {
    "Angry": "angry anger",
    "Disgust": "disgust disgusted",
    "Fear": "fear fearful afraid",
    "Happy": "happy happiness",
    "Sad": "sad sadness",
    "Surprise": "surprise surprised",
    "Neutral": "neutral",
    "Contempt": "contempt contemptuous",
}
"""Names and synonyms of each class; the paper calls Sad "Sadness"."""

NAMES: dict[str, str] = {word: name for name, words in _SYNONYMS.items() for word in words.split()}
"""Class for each built-in name or synonym, in lower case."""

_MOST_CLASSES = 256


@dataclass(frozen=True)
class ClassTable:
    """Mapping from names to classes.

    Attributes:
        name: name of the table or its file, empty if no class map was requested.
        own: class for each name, as ``folded`` returns it, that this table adds to ``NAMES`` or
            overrides.
        merges: True if the table comes from a file, in which several names of one class are merged
            on purpose.
    """

    name: str
    own: Mapping[str, str]
    merges: bool = False

    def class_of(self, name: str) -> str | None:
        """Return the class for a name, ``LEFT_OUT``, or None if the name is unknown."""
        key = folded(name)
        return self.own.get(key, NAMES.get(key))

    def rivals(self, name: str, other: str) -> bool:
        """Check if two names in one data set conflict, as they stand for the same class.

        Names that differ in more than case do not conflict if the class map file lists both. Names
        that are left out never conflict.
        """
        found = self.class_of(name)
        if found in (None, LEFT_OUT) or found != self.class_of(other):
            return False
        keys = folded(name), folded(other)
        return keys[0] == keys[1] or not (self.merges and all(key in self.own for key in keys))

    def used_for(self, names: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """Return a note on the effect of this table on a data set with these names, if any.

        Unused names are reported only for a file, as each of its rows should match something. A
        built-in table serves several data sets, of which one may lack some numbers, so it is
        reported only if none of its numbers occurs.
        """
        if not self.name:
            return ()
        known = set(map(folded, names))
        idle = [name for name in self.own if name not in known]
        effects = []
        if self.merges and idle:
            effects.append(f"unused names: {_listed(idle)}")
        elif len(idle) == len(self.own):
            effects.append("unused: none of its numbers occurs in the data")
        new = {self.own[name] for name in known if name in self.own} - {*_SYNONYMS, LEFT_OUT}
        if new:
            effects.append(f"new classes: {_listed(sorted(new))}")
        return ((CLASS_MAP, "; ".join([self.described, *effects])),)

    @property
    def described(self) -> str:
        """Name of the table; for a file with a digest that identifies its content."""
        if not self.merges:
            return self.name
        rows = repr(sorted(self.own.items())).encode("utf-8", "surrogateescape")
        return f"{self.name!r} (SHA-256 of its rows: {hashlib.sha256(rows).hexdigest()[:16]}...)"

    @property
    def numbers(self) -> dict[str, str]:
        """Class for each number in the table."""
        return {name: found for name, found in self.own.items() if is_number(name)}

    @property
    def meanings(self) -> dict[str, str]:
        """Class for each known name and number, as ``folded`` returns them."""
        return {**NAMES, **self.own}

    @property
    def state(self) -> str:
        """Text that differs between any two different tables, for cache keys."""
        return f"classes of {self.described} {sorted(self.own.items())!r}"

    def accepted(self, names: Iterable[str]) -> str:
        """Describe the accepted names and the class maps that fit, for an unknown name's error.

        Args:
            names: names in the data set; built-in tables are suggested for the numbers in them.
        """
        numbers = sorted({folded(name) for name in names if is_number(folded(name))})
        numbers.sort(key=len)  # of any length, as int limits the digits
        words = f"names of classes ({', '.join(name.lower() for name in _SYNONYMS)})"
        if not numbers:
            return f"{words} or their synonyms, or --class-map=FILE with columns name and class"
        fitting = [
            f"{name} ({', '.join(f'{number} {table[number]}' for number in numbers)})"
            for name, table in NUMBERED.items()
            if table.keys() >= set(numbers)
        ]
        found = listed([cut(number, 9) for number in numbers], 12)
        built_in = (
            f"--class-map=NAME (those that fit: {', '.join(fitting)})"
            if fitting
            else "no built-in table"
        )
        return (
            f"{words}, or for the numbers found ({found}) "
            f"{built_in}, or --class-map=FILE with columns name and class"
        )

    @property
    def step(self) -> str:
        """Suggested fix for an unknown name."""
        return "give another --class-map" if self.name else "add --class-map"


UNNUMBERED = ClassTable("", {})
"""Table with the built-in names only."""

KAGGLE = ClassTable("", NUMBERED["fer2013"])
"""Default table for the numbers in CSV and npz files."""


def folded(name: str) -> str:
    """Return the key of a name: case-folded, in NFC; a number loses leading zeros."""
    text = composed(unicodedata.normalize("NFD", name).strip().casefold())
    return text.lstrip("0") or "0" if is_number(text) else text


def composed(text: str) -> str:
    """Return text in NFC, as macOS decomposes accented letters in file names."""
    return unicodedata.normalize("NFC", text)


def class_table(spec: str | os.PathLike[str]) -> ClassTable:
    """Return the class table for a built-in name or a file.

    Args:
        spec: a name in ``NUMBERED``, or the path of a CSV file with the columns ``name`` and
            ``class``, in which the class ``-`` leaves images out. Names that are not in the file
            keep their meaning in ``NAMES``. A file with the name of a built-in table is given as
            ``./name``.

    Raises:
        FerBenchError: there is no such table or file, or the file is invalid; the message gives the
            line.
    """
    text = os.fspath(spec)
    if isinstance(spec, str) and text in NUMBERED:
        return ClassTable(text, NUMBERED[text])
    path = expand_user(text)
    if not os.path.exists(path):  # noqa: PTH110 - Path.exists raises if the name is too long
        raise FerBenchError(
            f"class map {text!r} is neither a known name nor a file",
            f"{', '.join(NUMBERED)}, or the path of a csv file with the columns name and class",
            "name one of them",
        )
    return ClassTable(path.name, _read(path), merges=True)


def classes_of(names: Iterable[str]) -> tuple[str, ...]:
    """Return the classes of a data set: the seven emotions, then others in ``names``, sorted.

    Raises:
        FerBenchError: there are more classes than a uint8 label can represent.
    """
    classes = (*EMOTIONS, *sorted(set(names) - {*EMOTIONS, LEFT_OUT}))
    if len(classes) > _MOST_CLASSES:
        raise FerBenchError(
            f"the class map defines {len(classes)} classes",
            f"up to {_MOST_CLASSES}",
            "map several names to one class",
        )
    return classes


_MOST_DIGITS = 18


def _read(path: Path) -> dict[str, str]:
    rows = csv_rows(path)
    header = [field.lower() for field in next(rows)[1]]
    if sorted(header) != ["class", "name"]:
        problem = f"the header is {shown(','.join(header))}"
        raise input_error(path, 1, problem, "the two columns name and class", "correct the header")
    found: dict[str, str] = {}
    spellings: dict[str, str] = {}
    for line, fields in rows:
        name, class_name = (fields[header.index(column)] for column in ("name", "class"))
        if not name or not class_name:
            accepted = "a name, and a class or - to leave its images out"
            raise input_error(path, line, "an empty field", accepted, "fill it or remove the line")
        if is_number(class_name):
            problem = f"the class {shown(class_name)} is a number"
            accepted = "the name of a class, or - to leave its images out"
            raise input_error(path, line, problem, accepted, "write its name")
        if is_number(name) and len(name) > _MOST_DIGITS:
            problem = f"the number {shown(name)} has {len(name):,} digits"
            raise input_error(
                path, line, problem, f"up to {_MOST_DIGITS} digits", "correct the line"
            )
        key = folded(name)
        if key in found:
            problem = f"the name {shown(name)} appears twice"
            raise input_error(path, line, problem, "each name once", "remove one of the lines")
        # A known class may be given by any synonym; a new class keeps the spelling in the file.
        known = NAMES.get(folded(class_name), composed(class_name))
        first = spellings.setdefault(folded(known), known)
        if first != known:
            problem = f"the class {shown(class_name)} is also spelt {shown(first)}"
            raise input_error(
                path, line, problem, "one spelling for each class", "correct the line"
            )
        found[key] = known
    if not found:
        problem = "the file has no row below the header"
        raise input_error(path, None, problem, "a row for each name", "add one")
    try:
        classes_of(found.values())
    except FerBenchError as error:
        raise error.revised(path=path) from error
    return found


def _listed(names: Sequence[str]) -> str:
    return listed([shown(name) for name in names], 9)


def is_number(text: str) -> bool:
    """Check if a name consists of ASCII digits only and thus needs a class map."""
    return text.isascii() and text.isdigit()
