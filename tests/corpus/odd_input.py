"""Unusual input that must be accepted, so that checks do not become stricter by accident."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from bad_csv import csv_file
from bad_images import PLACE, bytes_of, directory_of, picture
from bad_npz import npz_file, with_arrays
from bad_records import results_file
from bad_votes import votes_file
from corpus_kind import Damage, Kind, Sound, changed, content, done, in_root, recoded

if TYPE_CHECKING:
    from pathlib import Path


def _odd(name: str, door: str, sound: Sound, damage: Damage) -> Kind:
    def altered(directory: Path) -> Path:
        path = sound(directory)
        return damage(path) or path

    return Kind(f"odd: {name}", door, altered, done)


def _odd_image(name: str, suffix: str, data: bytes) -> Kind:
    return _odd(name, "data", directory_of(suffix), in_root(f"{PLACE}{suffix}", content(data)))


KINDS = [
    _odd("a csv without its last line end", "data", csv_file, changed(lambda data: data[:-1])),
    _odd(
        "a csv cut off behind a line",
        "data",
        csv_file,
        changed(lambda data: data[: data.rindex(b"\n6") + 1]),
    ),
    _odd(
        "a csv with returns", "data", csv_file, changed(lambda data: data.replace(b"\n", b"\r\n"))
    ),
    _odd("a csv with a byte order mark", "data", csv_file, recoded("utf-8-sig")),
    _odd("votes with a byte order mark", "votes", votes_file, recoded("utf-8-sig")),
    _odd(
        "votes with returns alone",
        "votes",
        votes_file,
        changed(lambda data: data.replace(b"\n", b"\r")),
    ),
    _odd("results in UTF-16", "results", results_file, recoded("utf-16")),
    _odd("an npz behind other bytes", "data", npz_file, changed(lambda data: b"#!" + data)),
    _odd(
        "an npz with a pickle that nobody reads", "data", npz_file, with_arrays(note=np.array([{}]))
    ),
    _odd(
        "an npz with labels of eight bytes",
        "data",
        npz_file,
        with_arrays(labels=np.arange(14, dtype=">i8") % 7),
    ),
    _odd_image("a JPEG in four colours", ".jpg", bytes_of(picture(2, "CMYK"), "JPEG")),
    _odd_image("a TIFF in four colours", ".tif", bytes_of(picture(2, "CMYK"), "TIFF")),
    _odd_image("a PNG under a JPEG's name", ".jpg", bytes_of(picture(2))),
    _odd_image("a PNG with bytes behind its end", ".png", bytes_of(picture(2)) + b"thumbnail"),
    _odd_image("an image of another size", ".png", bytes_of(picture(2).resize((30, 20)))),
    _odd(
        "image names that differ in case alone",
        "data",
        directory_of(".png"),
        lambda root: done((root / "train/happy/B.PNG").write_bytes(bytes_of(picture(7)))),
    ),
]
