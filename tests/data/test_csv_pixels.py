from __future__ import annotations

import re

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from fer_bench.data.formats.csv_pixels import MARGIN, PlainPixelReader

PLAIN = re.compile(r"(0|[1-9][0-9]{0,2})( (0|[1-9][0-9]{0,2}))*")


def read(fields: list[str], n_pixels: int, reader: PlainPixelReader | None = None):
    """What the reader makes of fields that stand in csv rows; None where it refuses."""
    data = bytearray(b"-" * MARGIN)
    spans = []
    for field in fields:
        data += b"0,"
        spans.append((len(data), len(data) + len(field)))
        data += field.encode() + b",T1\n"
    out = np.empty((len(fields), n_pixels), np.uint8)
    plain = (reader or PlainPixelReader()).read(np.frombuffer(data, np.uint8), spans, out)
    return out.tolist() if plain else None


def expected(fields: list[str], n_pixels: int):
    """The same by the book."""
    rows = []
    for field in fields:
        row = [int(word) for word in field.split(" ")] if PLAIN.fullmatch(field) else []
        if len(row) != n_pixels or max(row) > 255:
            return None
        rows.append(row)
    return rows


number = st.integers(0, 255).map(str)
oddity = st.sampled_from(
    ["", "256", "259", "260", "299", "300", "355", "356", "512", "999", "1000", "2550", "-12"]
) | st.sampled_from(
    ["00", "07", "007", "-1", "nan", "1.5", "1e2", "+3", "0x1", "\t9", "9\r", "/", ":", "?", "@"]
)


@given(st.lists(st.lists(number, min_size=4, max_size=4), min_size=1, max_size=5))
def test_plain_rows_are_read(rows: list[list[str]]) -> None:
    fields = [" ".join(row) for row in rows]
    assert read(fields, 4) == [[int(word) for word in row] for row in rows]


@given(
    st.lists(
        st.lists(number | oddity, min_size=1, max_size=4).map(" ".join), min_size=1, max_size=4
    ),
    st.integers(1, 4),
)
@example(["7  07"], 3)  # an empty number and a leading zero even out
@example(["7 8 9", "7"], 2)  # one row too long, one too short
@example(["", "7 8"], 1)
@example([" 7"], 1)
@example(["7 "], 1)
@example(["7", ""], 1)
def test_rows_are_read_only_where_they_are_plain_and_whole(
    fields: list[str], n_pixels: int
) -> None:
    assert read(fields, n_pixels) == expected(fields, n_pixels)


@given(st.text("0123456789 ", max_size=9), st.integers(1, 4))
def test_any_digits_and_spaces(field: str, n_pixels: int) -> None:
    assert read([field], n_pixels) == expected([field], n_pixels)


@given(st.binary(min_size=1, max_size=3), st.integers(0, 3))
def test_no_other_byte_is_taken_for_a_number(junk: bytes, where: int) -> None:
    words = [b"7", b"18", b"255"]
    words.insert(where, junk)
    field = b" ".join(words)
    data = bytearray(b"0," + field + b"\n")
    out = np.empty((1, 4), np.uint8)
    plain = PlainPixelReader().read(
        np.frombuffer(data, np.uint8), [(MARGIN, MARGIN + len(field))], out
    )
    wanted = expected([field.decode("latin-1")], 4)
    assert (out.tolist() if plain else None) == wanted


def test_every_number_up_to_beyond_three_digits() -> None:
    for value in range(1300):
        assert read([f"1 {value} 2"], 3) == ([[1, value, 2]] if value < 256 else None)


def test_working_memory_of_a_longer_call_does_not_show_in_a_shorter_one() -> None:
    reader = PlainPixelReader()
    assert read(["255 255 255 255"], 4, reader) == [[255] * 4]
    assert read(["7"], 1, reader) == [[7]]
    assert read(["1 2 3 4 5 6 7 8 9"], 9, reader) == [list(range(1, 10))]
