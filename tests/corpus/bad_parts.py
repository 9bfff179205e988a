"""Damage in data sets of several files: FER+'s directories, and one pixel file per split."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bad_csv import PIXELS, csv_file, in_line
from bad_images import bytes_of, picture
from bad_npz import npz_file
from corpus_kind import (
    TERABYTE,
    Damage,
    Kind,
    a_directory,
    a_link,
    a_link_to_itself,
    a_pipe,
    as_large_as,
    changed,
    closed,
    cut_to,
    in_root,
    recoded,
    swapped,
)

if TYPE_CHECKING:
    from pathlib import Path

LIST = "FER2013Valid/label.csv"


def ferplus(directory: Path) -> Path:
    """Write FER+'s three splits, with two images each on which all taggers agree."""
    root = directory / "faces"
    for number, name in enumerate(("Train", "Valid", "Test")):
        part = root / f"FER2013{name}"
        part.mkdir(parents=True)
        lines = []
        for place in (0, 1):
            (part / f"fer{place}.png").write_bytes(bytes_of(picture(2 * number + place)))
            votes = ",".join("10" if column == place else "0" for column in range(10))
            lines.append(f'fer{place}.png,"(0, 0, 48, 48)",{votes}\n')
        (part / "label.csv").write_text("".join(lines))
    return root


def csv_parts(directory: Path) -> Path:
    root = directory / "faces"
    for name in ("train", "val", "test"):
        (root / name).mkdir(parents=True)
        csv_file(root / name).rename(root / f"{name}.csv")
        (root / name).rmdir()
    return root


def npz_parts(directory: Path) -> Path:
    root = directory / "faces"
    for name in ("train", "test"):
        (root / name).mkdir(parents=True)
        npz_file(root / name).rename(root / f"{name}.npz")
        (root / name).rmdir()
    return root


def _kinds() -> list[Kind]:
    in_list: dict[str, tuple[Damage, str]] = {
        "a pipe for the list": (a_pipe, "pipe"),
        "an endless device for the list": (a_link("/dev/zero"), LIST),
        "a list that links to itself": (a_link_to_itself, LIST),
        "a terabyte for the list": (as_large_as(TERABYTE), LIST),
        "an endless line": (in_line(2, "fer1", "f" * 10_000_000), "line 2"),
        "a list in UTF-16": (recoded("utf-16"), "line 1"),
        "a list cut off": (cut_to(-8), "line 2"),
        "an image that climbs out": (swapped("fer1.png", "../FER2013Test/fer1.png"), "line 2"),
        "escapes": (swapped("fer1.png", "\x1b[2J\u202e.png"), "\\x1b[2J\\u202e"),
        "a vote of 5000 digits": (swapped("10", "1" * 5000), "line 1"),
    }
    in_part: dict[str, tuple[Damage, str]] = {
        "a part that is a pipe": (a_pipe, "val.csv"),
        "a part that is a directory": (a_directory, "val.csv"),
        "a part that links to an endless device": (a_link("/dev/zero"), "val.csv"),
        "a part that links to itself": (a_link_to_itself, "val.csv"),
        "a part that links to nothing": (a_link("nowhere"), "val.csv"),
        "a wrong pixel": (in_line(3, " 11", " 256"), "line 3"),
        "a part without a row": (cut_to(21), "no row"),
        "rows without pixels": (changed(lambda data: data.replace(PIXELS.encode(), b"")), "line 2"),
    }
    return [
        *(
            Kind(f"FER+: {name}", "data", ferplus, in_root(LIST, damage), (expected,))
            for name, (damage, expected) in in_list.items()
        ),
        *(
            Kind(f"csv parts: {name}", "data", csv_parts, in_root("val.csv", damage), (expected,))
            for name, (damage, expected) in in_part.items()
        ),
        Kind(
            "csv parts: a part closed to this user",
            "data",
            csv_parts,
            in_root("val.csv", closed),
            unprivileged=True,
        ),
        Kind(
            "npz parts: a part that links to nothing",
            "data",
            npz_parts,
            in_root("test.npz", a_link("nowhere")),
            ("test.npz",),
        ),
        Kind("npz parts: a part cut off", "data", npz_parts, in_root("test.npz", cut_to(-1))),
    ]


KINDS = _kinds()
