"""A loader returns a data set or one line naming the file, however a valid file is damaged."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import pytest
from bad_csv import csv_file, csv_file_with_notes, quoted_csv_file
from bad_npz import header, npy_of, npz_file, packed_npz_file, with_members
from bad_votes import votes_file
from hypothesis import given
from hypothesis import strategies as st

from fer_bench.data import Dataset
from fer_bench.data.audit import Votes, load_votes
from fer_bench.data.formats.fer2013_csv import load_csv
from fer_bench.data.formats.npz_files import load_npz
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Callable

LOADERS = {
    csv_file: load_csv,
    csv_file_with_notes: load_csv,
    quoted_csv_file: load_csv,
    npz_file: load_npz,
    packed_npz_file: load_npz,
    votes_file: load_votes,
}


@cache
def sound_file(write: Callable[[Path], Path]) -> tuple[str, bytes]:
    """Return the name and the content of a sound file."""
    with TemporaryDirectory() as directory:
        path = write(Path(directory))
        return path.name, path.read_bytes()


def check(load, path: Path) -> None:
    """Load a file that may be sound or not."""
    try:
        found = load(path)
    except FerBenchError as error:
        text = str(error)
        assert text.startswith(repr(str(path)))
        assert text.isprintable()
        assert len(text) < 1500
        return
    assert isinstance(found, Votes if load is load_votes else Dataset)
    if isinstance(found, Dataset):
        assert len(found) > 0
        assert int(found.labels.max()) < len(found.classes)


ODD_BYTES = st.one_of(
    st.sampled_from([b"", b"\0", b"\n", b"\r", b'"', b",", b" ", b"\xff", b"\xef\xbb\xbf", b"PK"]),
    st.binary(max_size=8),
    st.integers(0, 2**32 - 1).map(lambda number: number.to_bytes(4, "little")),
)
EDITS = st.lists(
    st.tuples(st.floats(0, 1), st.sampled_from([0, 1, 2, 4, 60, 3000]), ODD_BYTES),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize("sound", LOADERS, ids=lambda sound: sound.__name__)
@given(edits=EDITS)
def test_bytes_are_replaced_anywhere(sound, edits) -> None:
    name, data = sound_file(sound)
    for where, length, new in edits:
        place = int(where * len(data))
        data = data[:place] + new + data[place + length :]
    with TemporaryDirectory() as directory:
        path = Path(directory) / name
        path.write_bytes(data)
        check(LOADERS[sound], path)


FIELDS = st.one_of(
    st.sampled_from(["0", "6", "7", "-1", "", '"', '""', " 3 ", "Training", "PublicTest", "1 2"]),
    st.text(max_size=12),
    st.integers(0, 300).map(str),
    st.just(" ".join(["7"] * 2304)),
)


@given(
    st.lists(st.sampled_from(["emotion", "pixels", "Usage", "x", "path"]), max_size=5),
    st.lists(st.lists(FIELDS, max_size=5), max_size=5),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_a_csv_of_any_fields(columns, rows, end, encoding) -> None:
    text = end.join(",".join(fields) for fields in [columns, *rows])
    with TemporaryDirectory() as directory:
        path = Path(directory) / "faces.csv"
        path.write_bytes(text.encode(encoding, "surrogatepass"))
        check(load_csv, path)


SIZES = st.one_of(st.integers(-2, 20), st.integers(0, 2**70))
SHAPES = st.one_of(
    st.lists(SIZES, max_size=4).map(lambda sizes: repr(tuple(sizes))), st.text(max_size=9)
)
TYPES = st.one_of(
    st.sampled_from(["'|u1'", "'<i8'", "'>i4'", "'|O'", "'|b1'", "'<U3'", "'<M8[s]'", "('u1', 3)"]),
    st.text(max_size=9).map(repr),
)


@given(
    SHAPES, TYPES, st.sampled_from(["True", "False", "3"]), st.binary(max_size=99), st.booleans()
)
def test_an_npz_of_any_arrays(shape, dtype, order, data, images) -> None:
    """Sizes and checksums of the archive are right: what counts is the array in it."""
    text = header(shape, dtype, order)
    if not text.isascii():
        text = text.encode("ascii", "backslashreplace").decode()
    name = "images.npy" if images else "labels.npy"
    name_of_file, content = sound_file(npz_file)
    with TemporaryDirectory() as directory:
        path = Path(directory) / name_of_file
        path.write_bytes(content)
        with_members(lambda members: members | {name: npy_of(text, data)})(path)
        check(load_npz, path)


@given(st.lists(st.integers(0, 2**64 - 1), min_size=14, max_size=14), st.sampled_from(["u8", "i8"]))
def test_an_npz_of_any_labels(labels, dtype) -> None:
    name, content = sound_file(npz_file)
    with np.load(BytesIO(content)) as arrays:
        images = arrays["images"]
    with TemporaryDirectory() as directory:
        path = Path(directory) / name
        np.savez(path, images=images, labels=np.array(labels, np.uint64).astype(dtype))
        check(load_npz, path)
