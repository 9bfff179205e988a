"""Parser for the votes of FER+'s taggers.

E. Barsoum, C. Zhang, C. Canton Ferrer, Z. Zhang: "Training Deep Networks for Facial Expression
Recognition with Crowd-Sourced Label Distribution", ICMI 2016.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.data.dataset import USAGES
from fer_bench.data.formats.small_csv import csv_lines
from fer_bench.data.input_errors import input_error
from fer_bench.runtime.errors import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

CATEGORIES: tuple[str, ...] = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
    "unknown",
    "NF",
)
"""Answers that a tagger can give, in the order of the file's columns."""

CATEGORY_NAMES: tuple[str, ...] = (*CATEGORIES[:-1], "no face")
"""Readable names of ``CATEGORIES``."""

TAGGERS = 10
"""Number of taggers per image."""

HEADER = ("Usage", "Image name", *CATEGORIES)
"""Header of ``fer2013new.csv``."""

TIED = "votes tied"
"""Reason for leaving an image out: several categories tie for the most votes."""

_COUNTS = {str(count): count for count in range(TAGGERS + 1)}


def voted(category: str) -> str:
    """Return the reason for leaving out an image whose top category is not a class."""
    return f"voted {category}"


def vote_lines(
    path: Path, *, skip_empty: bool = False
) -> Iterator[tuple[int, int, str, Sequence[str]]]:
    """Yield the lines of a file with the columns of ``HEADER``, blank ones left out.

    With ``skip_empty``, lines of empty fields are left out, too.

    Returns:
        Of each line its number, index into ``USAGES``, name of the image, which may be empty, and
        the votes, not validated yet.

    Raises:
        FerBenchError: the file cannot be read, or the header, a number of columns or a usage is
            invalid; the message gives the line.
    """
    lines = csv_lines(path, f"{len(HEADER)} columns of UTF-8 text")
    header = tuple(next(lines, (1, []))[1])
    if header != HEADER:
        raise input_error(path, 1, f"the header is {shown(','.join(header))}", ",".join(HEADER))
    for number, fields in lines:
        if not (any(fields) if skip_empty else fields):
            continue
        if len(fields) != len(HEADER):
            problem = f"the row has {len(fields)} columns"
            raise input_error(path, number, problem, f"{len(HEADER)} columns")
        usage, name, *votes = fields
        if usage not in USAGES:
            raise input_error(path, number, f"unknown Usage {shown(usage)}", ", ".join(USAGES))
        yield number, USAGES.index(usage), name, votes


def vote_counts(path: Path, number: int, votes: Sequence[str]) -> list[int]:
    """Return the number of votes for each category, of the fields of one line.

    Raises:
        FerBenchError: a field is not an integer from 0 to ``TAGGERS``, or their sum is not between
            1 and ``TAGGERS``.
    """
    for name, vote in zip(CATEGORIES, votes, strict=True):
        if vote not in _COUNTS:
            problem = f"the votes for {name} are {shown(vote)}"
            raise input_error(path, number, problem, f"an integer from 0 to {TAGGERS}")
    counts = [_COUNTS[vote] for vote in votes]
    if not 1 <= sum(counts) <= TAGGERS:
        problem = f"the row has {sum(counts)} votes"
        raise input_error(path, number, problem, f"1 to {TAGGERS} votes")
    return counts
