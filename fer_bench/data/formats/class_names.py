"""Which class a name, a code or a number stands for.

Names and their usual synonyms are known. Numbers say nothing by themselves, as each data set has
its own: a table of ``NUMBERED`` or a file must be asked for.
"""

from __future__ import annotations

import hashlib
import os
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_bench.data.dataset import EMOTIONS
from fer_bench.data.formats.csv_text import csv_rows
from fer_bench.data.input_errors import wrong
from fer_bench.protocol.label_codes import NUMBERED
from fer_bench.runtime.errors import FerBenchError, cut, listed, shown
from fer_bench.runtime.files import expand_user

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

CLASS_MAP = "class map"
"""What a note on the table is about."""

LEFT_OUT = "-"
"""In place of a class: images of that name are left out."""

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
"""The paper writes Sad as Sadness."""

NAMES: dict[str, str] = {word: name for name, words in _SYNONYMS.items() for word in words.split()}
"""Classes by their names in lower case."""

_MOST_CLASSES = 256


@dataclass(frozen=True)
class ClassTable:
    """What names stand for.

    Attributes:
        name: what the table or its file is called, empty where none was asked for.
        own: classes by what this table adds to ``NAMES`` or says otherwise, as ``folded``.
        merges: whether several names of one class are meant to be one.
    """

    name: str
    own: Mapping[str, str]
    merges: bool = False

    def class_of(self, name: str) -> str | None:
        """The class that a name stands for, ``LEFT_OUT``, or None where it is unknown."""
        key = folded(name)
        return self.own.get(key, NAMES.get(key))

    def rivals(self, name: str, other: str) -> bool:
        """Whether a data set may not have both names: two of one class by accident.

        A file that lists both of them means it, and what is left out may be called as it likes.
        """
        meant = self.class_of(name)
        if meant is None or meant == LEFT_OUT or meant != self.class_of(other):
            return False
        keys = folded(name), folded(other)
        return keys[0] == keys[1] or not (self.merges and all(key in self.own for key in keys))

    def used_for(self, names: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """A note on what this table did for a data set of these names, without one if none is due.

        Tables of numbers are for all sets of a kind, of which one may lack some; a row of a file
        that names nothing is a mistake.
        """
        if not self.name:
            return ()
        known = set(map(folded, names))
        idle = [name for name in self.own if name not in known]
        told = []
        if self.merges and idle:
            told.append(f"nothing is called {_listed(idle)}, which it names")
        elif len(idle) == len(self.own):
            told.append("it changes nothing, as nothing is called by one of its numbers")
        new = {self.own[name] for name in known if name in self.own} - {*_SYNONYMS, LEFT_OUT}
        if new:
            told.append(f"new classes: {_listed(sorted(new))}")
        return ((CLASS_MAP, "; ".join([self.described, *told])),)

    @property
    def described(self) -> str:
        """The name, and of a file what proves that another one says the same."""
        if not self.merges:
            return self.name
        rows = repr(sorted(self.own.items())).encode("utf-8", "surrogateescape")
        return f"{self.name!r} (SHA-256 of its rows: {hashlib.sha256(rows).hexdigest()[:16]}...)"

    @property
    def numbers(self) -> dict[str, str]:
        """Classes by those of its names that are numbers."""
        return {name: meant for name, meant in self.own.items() if is_number(name)}

    @property
    def meanings(self) -> dict[str, str]:
        """Classes by all that stands for one, as ``folded``."""
        return {**NAMES, **self.own}

    @property
    def state(self) -> str:
        """Words that differ wherever the tables do."""
        return f"classes of {self.described} {sorted(self.own.items())!r}"

    def accepted(self, names: Iterable[str]) -> str:
        """What could stand in place of names, one of which is unknown, and what would help."""
        numbers = sorted({folded(name) for name in names if is_number(folded(name))}, key=_size)
        words = f"names of classes ({', '.join(name.lower() for name in _SYNONYMS)})"
        if not numbers:
            return f"{words} or their synonyms, or --class-map=FILE with columns name and class"
        fitting = [
            f"{name} ({', '.join(f'{number} {table[number]}' for number in numbers)})"
            for name, table in NUMBERED.items()
            if table.keys() >= set(numbers)
        ]
        found = listed([cut(number, 9) for number in numbers], 12)
        would = f"--class-map=NAME, of which {', '.join(fitting)} would fit" if fitting else ""
        return (
            f"{words}, or for the numbers found ({found}) "
            f"{would or 'no built-in table'}, or --class-map=FILE with columns name and class"
        )

    @property
    def step(self) -> str:
        """What makes an unknown name known."""
        return "give another --class-map" if self.name else "add --class-map"


UNNUMBERED = ClassTable("", {})
"""Names alone."""

KAGGLE = ClassTable("", NUMBERED["fer2013"])
"""What the numbers in csv and npz files mean where nothing else is asked for."""


def folded(name: str) -> str:
    """A name without its case and way to write accents, a number without leading zeros."""
    text = composed(unicodedata.normalize("NFD", name).strip().casefold())
    return text.lstrip("0") or "0" if is_number(text) else text


def composed(text: str) -> str:
    """Letters and their accents as one character each, which a Mac writes as two in file names."""
    return unicodedata.normalize("NFC", text)


def class_table(spec: str | os.PathLike[str]) -> ClassTable:
    """The table of a name or a file.

    Args:
        spec: a name of ``NUMBERED``, or the path of a csv file with the columns ``name`` and
            ``class``, where the class ``-`` leaves images out. What the file does not list means
            what ``NAMES`` says. A file that is called like a table is reached as ``./name``.

    Raises:
        FerBenchError: there is no such table or file, or the file is not so; names the line.
    """
    text = os.fspath(spec)
    if isinstance(spec, str) and text in NUMBERED:
        return ClassTable(text, NUMBERED[text])
    path = expand_user(text)
    if not os.path.exists(path):  # noqa: PTH110 - Path.exists raises where the name is too long
        raise FerBenchError(
            f"class map {text!r} is neither a known name nor a file; accepted: "
            f"{', '.join(NUMBERED)}, or the path of a csv file with the columns name and class; "
            "name one of them"
        )
    return ClassTable(path.name, _read(path), merges=True)


def classes_of(names: Iterable[str]) -> tuple[str, ...]:
    """All classes of a data set: the seven, then those of ``names`` beyond them by alphabet.

    Raises:
        FerBenchError: there are more than a label can tell apart.
    """
    classes = (*EMOTIONS, *sorted(set(names) - {*EMOTIONS, LEFT_OUT}))
    if len(classes) > _MOST_CLASSES:
        raise FerBenchError(
            f"the class map makes {len(classes)} classes; accepted: up to {_MOST_CLASSES}; give "
            "several names one class"
        )
    return classes


_MOST_DIGITS = 18


def _read(path: Path) -> dict[str, str]:
    rows = csv_rows(path)
    header = [field.lower() for field in next(rows)[1]]
    if sorted(header) != ["class", "name"]:
        what = f"the header is {shown(','.join(header))}"
        raise wrong(path, 1, what, "the two columns name and class", "correct the header")
    found: dict[str, str] = {}
    spelt: dict[str, str] = {}
    for line, fields in rows:
        name, meant = (fields[header.index(column)] for column in ("name", "class"))
        if not name or not meant:
            accepted = "a name and a class, or - for none"
            raise wrong(path, line, "an empty field", accepted, "fill it or remove the line")
        if is_number(meant):
            what = f"the class {shown(meant)}"
            raise wrong(path, line, what, "the name of a class, or -", "write its name")
        if is_number(name) and len(name) > _MOST_DIGITS:
            what = f"the number {shown(name)} has {len(name):,} digits"
            raise wrong(path, line, what, f"up to {_MOST_DIGITS}", "correct the line")
        key = folded(name)
        if key in found:
            what = f"the name {shown(name)} stands there twice"
            raise wrong(path, line, what, "each once", "remove one of the lines")
        # A class may be called by any of its synonyms, and a new one is what the file calls it.
        known = NAMES.get(folded(meant), composed(meant))
        first = spelt.setdefault(folded(known), known)
        if first != known:
            what = f"the class {shown(meant)} stands there as {shown(first)} too"
            raise wrong(path, line, what, "one spelling", "correct the line")
        found[key] = known
    if not found:
        what = "there is no row below the header"
        raise wrong(path, None, what, "a row for each name", "add one")
    try:
        classes_of(found.values())
    except FerBenchError as error:
        raise FerBenchError(f"{str(path)!r}: {error}") from error
    return found


def _listed(names: Sequence[str]) -> str:
    return listed([shown(name) for name in names], 9)


def _size(number: str) -> tuple[int, str]:
    """Orders numbers of any length by their size, which Python's int does not."""
    return len(number), number


def is_number(text: str) -> bool:
    """Whether a name is one of those that say nothing by themselves."""
    return text.isascii() and text.isdigit()
