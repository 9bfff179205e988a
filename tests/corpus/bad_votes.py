"""Damaged FER+ vote files."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import numpy as np
from bad_csv import in_line
from corpus_kind import Damage, Kind, changed, content, cut_to, file_kinds, recoded, swapped
from made_votes import HEADER, unanimous, write_votes

if TYPE_CHECKING:
    from pathlib import Path

    from fer_bench.data.audit import Votes

DATA = "faces.npz"
"""Data set that the votes belong to, in the same directory."""

N = 140


def votes_file(directory: Path) -> Path:
    """Write votes that agree with the labels, next to the images; line 3 is of class Disgust."""
    labels = np.arange(N, dtype=np.uint8) % 7
    images = np.random.default_rng(0).integers(0, 256, (N, 8, 8), np.uint8)
    np.savez(directory / DATA, images=images, labels=labels, usage=np.zeros(N, np.uint8))
    return write_votes(directory / "votes.csv", unanimous(labels))


def _other(change) -> Damage:
    """Replace the votes by changed ones."""

    def damage(path: Path) -> None:
        votes: Votes = unanimous(np.arange(N) % 7)
        write_votes(path, change(votes))

    return damage


def _of_another_part(votes: Votes) -> Votes:
    votes.usage[7] = 2
    return votes


def _kind(name: str, damage: Damage, *expected: str) -> Kind:
    return Kind(f"votes: {name}", "votes", votes_file, damage, expected)


def _line_3() -> list[Kind]:
    """Return the kinds with an invalid value in the third line."""
    changes = {
        "eleven taggers": (",10", ",11"),
        "a negative count": (",10", ",-1"),
        "a count with decimals": (",10", ",9.5"),
        "a count of 5000 digits": (",10", "," + "1" * 5000),
        "a count in other digits": (",10", ",\N{ARABIC-INDIC DIGIT ONE}"),
        "a count with an escape": (",10", ",\x1b[31m1\u202e"),
        "a null character": (",10", ",1\0"),
        "no vote": (",10", ",0"),
        "a count missing": (",10", ","),
        "a column too few": (",10", ""),
        "a column too many": (",10", ",10,0"),
        "an unknown usage": ("Training", "Validation"),
        "a usage with a line end": ("Training", '"Train\ning"'),
        "an open quote": ("Training", '"Training'),
        "a quote within a field": ("Training", '"Trai"ning'),
        "a byte of Latin-1": (b"fer.png", b"f\xe9r.png"),
        "a field of 200 kB": ("fer.png", "x" * 200_000),
        "ten million columns": ("fer.png", "," * 10_000_000),
    }
    whole_file = ("a usage with a line end", "an open quote")
    return [
        _kind(
            name,
            in_line(3, old, new),
            *() if name in whole_file else ("line 3",),
        )
        for name, (old, new) in changes.items()
    ]


KINDS = [
    _kind("empty", cut_to(0), "line 1"),
    _kind("cut off in the header", cut_to(20), "line 1"),
    _kind("cut off behind the header", cut_to(len(HEADER)), "no row"),
    _kind("cut off in a row", cut_to(-12), f"line {N + 1}"),
    _kind(
        "cut off in a quoted field",
        changed(lambda data: data[: data.rindex(b"fer.png")] + b'"fer'),
        f"line {N + 1}",
    ),
    _kind("a byte behind the last line", changed(lambda data: data + b"\x1a"), f"line {N + 2}"),
    _kind("UTF-16", recoded("utf-16"), "line 1"),
    _kind("UTF-16 without a mark", recoded("utf-16-be"), "line 1"),
    _kind("two byte order marks", changed(lambda data: b"\xef\xbb\xbf" * 2 + data), "line 1"),
    _kind("a header in small letters", swapped("NF", "nf"), "line 1"),
    _kind("columns in another order", swapped("neutral,happiness", "happiness,neutral"), "line 1"),
    _kind("semicolons", changed(lambda data: data.replace(b",", b";")), "line 1"),
    _kind(
        "null characters from the middle on",
        changed(lambda data: data[:2000].ljust(len(data), b"\0")),
        "line ",
    ),
    _kind("compressed", changed(gzip.compress), "line 1"),
    _kind("a header of escapes", content("\x1b[2J\x07\u202e,x\n"), "line 1", "\\x1b[2J"),
    _kind(
        "a line without end",
        changed(lambda data: data + b"x" * 20_000_000),
        f"line {N + 2}",
    ),
    _kind("a row too few", _other(lambda votes: votes.take(np.arange(N - 1))), "139", "140"),
    _kind("a row too many", _other(lambda votes: votes.take(np.arange(N + 1) % N)), "141", "140"),
    _kind(
        "rows in another order",
        _other(lambda votes: votes.take(np.argsort(np.arange(N) % 7))),
        "chance",
    ),
    _kind("a row of another part", _other(_of_another_part), "row 7"),
    *_line_3(),
    *file_kinds("votes", "votes", votes_file),
]
