"""Damaged label lists of image data sets, and damaged class maps."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import numpy as np
from bad_csv import in_line
from bad_images import bytes_of, picture
from corpus_kind import (
    Damage,
    Kind,
    a_pipe,
    changed,
    closed,
    cut_to,
    done,
    file_kinds,
    in_root,
    recoded,
    swapped,
)

if TYPE_CHECKING:
    from pathlib import Path

DATA = "faces.npz"
"""Data set that the class maps belong to, in the same directory."""

LIST = "labels.csv"
RAFDB_LIST = "EmoLabel/list_patition_label.txt"


def images_with_list(directory: Path) -> Path:
    """Write four images in neutral directories, and a label list; line 3 is of ``x/1.png``."""
    root = directory / "faces"
    for number in range(4):
        path = root / "xy"[number // 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture(number).save(path)
    rows = ["x/0.png,happy,train", "x/1.png,sad,train", "y/2.png,fear,val", "y/3.png,sad,test"]
    (root / LIST).write_text("\n".join(["path,label,split", *rows, ""]))
    return root


def rafdb(directory: Path) -> Path:
    """Write two images in RAF-DB's layout and their list, with class names instead of numbers."""
    root = directory / "faces"
    for name in ("train_1", "test_1"):
        path = root / "Image/aligned" / f"{name}_aligned.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes_of(picture(), "JPEG"))
    (root / "EmoLabel").mkdir()
    (root / RAFDB_LIST).write_text("train_1.jpg happy\ntest_1.jpg sad\n")
    return root


def jaffe(directory: Path) -> Path:
    root = directory / "faces"
    root.mkdir()
    for name in ("KA.AN1.39.tiff", "KA.HA1.29.tiff"):
        (root / name).write_bytes(bytes_of(picture(), "TIFF"))
    return root


def class_map(directory: Path) -> Path:
    """Write a class map next to a data set with numbers as classes; line 3 is of 1."""
    labels = np.arange(14, dtype=np.uint8) % 2
    images = np.random.default_rng(0).integers(0, 256, (14, 8, 8), np.uint8)
    np.savez(directory / DATA, images=images, labels=labels)
    path = directory / "map.csv"
    path.write_text("name,class\n0,Happy\n1,Sad\n")
    return path


def _bytes_kinds() -> dict[str, tuple[Damage, str]]:
    """Return damages of any csv of three lines or more, with the line each error must name."""
    return {
        "empty": (cut_to(0), "empty"),
        "cut off in the header": (cut_to(6), "line 1"),
        "UTF-16": (recoded("utf-16"), "line 1"),
        "two byte order marks": (changed(lambda data: b"\xef\xbb\xbf" * 2 + data), "line 1"),
        "compressed": (changed(gzip.compress), "line 1"),
        "a byte of Latin-1": (in_line(3, ",", b",\xe9"), "line 3"),
        "an open quote": (in_line(3, ",", ',"'), "line 3"),
        "a column too many": (in_line(3, ",", ",x,"), "line 3"),
        "a column too few": (in_line(3, ",", " "), "line 3"),
        "a line without end": (changed(lambda data: data + b"x" * 200_000), "longer"),
        "an escape in a header": (in_line(1, ",", "\x1b[2J\u202e,"), "\\u202e"),
        "null characters behind": (changed(lambda data: data + bytes(50)), "line "),
    }


def _lists() -> list[Kind]:
    rows: dict[str, tuple[str, str, str]] = {
        "an image that is not there": ("x/1", "x/7", "'x/7.png'"),
        "an image named twice": ("x/1", "x/0", "line 2"),
        "a path that climbs out": ("x/1.png", "../../../etc/passwd", "leads out"),
        "a path that climbs out in the middle": ("x/1", "x/../../x/1", "leads out"),
        "a path of another system that climbs out": ("x/1", "..\\..\\1", "leads out"),
        "an absolute path": ("x/1.png", "/etc/passwd", "leads out"),
        "a path with a drive": ("x/1.png", "C:/1.png", "leads out"),
        "a format that is not read": ("x/1.png", "x/1.gif", "is not an image file"),
        "an empty path": ("x/1.png", "", "names no file"),
        "a path with escapes": ("x/1", "x/\x1b[2J\u202e1", "\\x1b[2J\\u202e"),
        "a very long path": ("x/1", "x/" * 20_000 + "1", "no image"),
        "a label that is no class": ("sad", "tired", "'tired'"),
        "a label that is a number": ("sad", "3", "'3'"),
        "a number of 5000 digits": ("sad", "3" * 5000, "unknown class"),
        "no label": ("sad", "", "''"),
        "a label with escapes": ("sad", "\x1b[2J\u202e", "\\x1b[2J\\u202e"),
        "an unknown part": ("train", "dev", "'dev'"),
    }
    damages = {
        name: (in_line(3, old, new), expected) for name, (old, new, expected) in rows.items()
    }
    damages |= _bytes_kinds()
    # Without a valid header the file is not a list, and the directory has no known layout.
    no_list = (
        "empty",
        "cut off in the header",
        "UTF-16",
        "two byte order marks",
        "compressed",
        "an escape in a header",
    )
    kinds = [
        Kind(
            f"list: {name}",
            "data",
            images_with_list,
            in_root(LIST, damage),
            (expected, *(() if "line" in expected else (f"{LIST}', line 3",))),
        )
        for name, (damage, expected) in damages.items()
        if name not in no_list and expected != "longer"
    ]
    return [
        *kinds,
        *(
            Kind(f"list: {name}", "data", images_with_list, in_root(LIST, damages[name][0]))
            for name in no_list
        ),
        Kind(
            "list: a line without end",
            "data",
            images_with_list,
            in_root(LIST, damages["a line without end"][0]),
            ("line 6", "longer"),
        ),
        Kind(
            "list: two columns of labels",
            "data",
            images_with_list,
            in_root(LIST, swapped("split", "emotion")),
            ("line 1", "several columns"),
        ),
        Kind("list: two lists", "data", images_with_list, _second_list, ("several label lists",)),
        Kind(
            "list: a damaged image",
            "data",
            images_with_list,
            in_root("x/1.png", cut_to(60)),
            ("x/1.png",),
        ),
        Kind(
            "list: closed to this user",
            "run",
            images_with_list,
            in_root(LIST, closed),
            unprivileged=True,
        ),
        Kind(
            "list: a directory that links to the one above",
            "run",
            images_with_list,
            lambda root: done((root / "x/up").symlink_to("..")),
            ("x/up",),
        ),
        Kind(
            "list: only images that no row names",
            "data",
            images_with_list,
            in_root(LIST, cut_to(len("path,label,split\n"))),
            ("no row",),
        ),
    ]


def _second_list(root: Path) -> None:
    (root / "more.csv").write_text((root / LIST).read_text())


def _rafdb() -> list[Kind]:
    damages = {
        "a line of three words": (swapped("happy", "happy 1"), "line 1"),
        "a number without a table": (swapped("happy", "4"), "line 1"),
        "an image that is not there": (swapped("test_1", "test_2"), "line 2"),
        "a path that climbs out": (swapped("test_1", "../../test_1"), "line 2"),
        "empty": (cut_to(0), "empty"),
        "UTF-16": (recoded("utf-16"), ""),
        "a pipe": (a_pipe, "pipe"),
    }
    return [
        Kind(f"RAF-DB: {name}", "data", rafdb, in_root(RAFDB_LIST, damage), (RAFDB_LIST, expected))
        for name, (damage, expected) in damages.items()
    ]


def _maps() -> list[Kind]:
    rows: dict[str, tuple[str, str, str]] = {
        "a name twice": ("1,", "0,", "line 3"),
        "no class": ("Sad", "", "line 3"),
        "no name": ("1,", ",", "line 3"),
        "a class that is a number": ("Sad", "4", "line 3"),
        "escapes": ("1,Sad", '\x1b[2J\u202e1,"', "line 3"),
    }
    damages = {
        name: (in_line(3, old, new), expected) for name, (old, new, expected) in rows.items()
    }
    damages |= _bytes_kinds() | {
        "no row": (cut_to(len("name,class\n")), "no row"),
        "other columns": (swapped("class", "label"), "line 1"),
    }
    return [
        *(
            Kind(f"class map: {name}", "class map", class_map, damage, (expected,))
            for name, (damage, expected) in damages.items()
        ),
        Kind(
            "class map: more classes than labels can tell apart",
            "class map",
            class_map,
            changed(lambda data: data + b"".join(b"%d,c%d\n" % (n, n) for n in range(2, 400))),
            ("classes",),
        ),
        *file_kinds("class map", "class map", class_map),
    ]


def _named() -> list[Kind]:
    return [
        Kind(
            "JAFFE: a name that tells nothing",
            "data",
            jaffe,
            lambda root: done((root / "KA.HA1.29.tiff").rename(root / "KA.XX1.29.tiff")),
            ("KA.XX1.29.tiff",),
        ),
        Kind(
            "JAFFE: an image cut off",
            "data",
            jaffe,
            in_root("KA.HA1.29.tiff", cut_to(200)),
            ("KA.HA1.29.tiff",),
        ),
    ]


KINDS = [*_lists(), *_rafdb(), *_maps(), *_named()]
