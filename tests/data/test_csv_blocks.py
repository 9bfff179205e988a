"""The quick and the exact reader of a block, and what they agree on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from csv_checks import assert_same, load_bytes, load_lines
from hypothesis import example, given, settings
from hypothesis import strategies as st
from layout_writers import ICML, KAGGLE, csv_lines, csv_row

from fer_bench.data.formats import csv_blocks, fer2013_csv
from fer_bench.data.formats.csv_blocks import Rows, read_exactly, read_quickly
from fer_bench.data.formats.csv_columns import Columns, read_header
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from fer_bench.data import Dataset

LABELS = {**{str(code): code for code in range(7)}, "happy": 3}
HERE = Path("x.csv")


@pytest.fixture
def never_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("read exactly")

    monkeypatch.setattr(fer2013_csv, "read_exactly", fail)


@pytest.mark.usefixtures("never_exactly")
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("header", [KAGGLE, ICML, "note,emotion,pixels,Usage"])
def test_usual_rows_are_read_quickly(tmp_path: Path, few: Dataset, header: str, end: str) -> None:
    lines = csv_lines(few, header)
    lines[1] = lines[1].replace(" ", "  ", 5)
    assert_same(load_lines(tmp_path, lines, end), few)


def test_what_pandas_refuses_is_read_exactly(
    tmp_path: Path, few: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise pd.errors.ParserError("Buffer overflow caught")

    monkeypatch.setattr(pd, "read_csv", refuse)
    assert_same(load_lines(tmp_path, csv_lines(few)), few)


def exactly(block: bytes, columns: Columns) -> Rows | None:
    try:
        return read_exactly(HERE, 2, block, columns)
    except FerBenchError:
        return None


NUMBERS = st.one_of(
    st.integers(0, 255).map(str),
    st.sampled_from(["", "00", "007", "256", "300", "65537", "9" * 30, "-1", "-0", "+3", "1-2"]),
    st.sampled_from(["1e2", "1.5", "nan"]),
    st.sampled_from(
        ["0x1", "1_0", "1\0", "\u0663", "\u00a0", "\x0b", "\x0c", "\x1c", '"', "\t", "\r"]
    ),
)
PIXELS = st.lists(NUMBERS, min_size=2, max_size=4).map(" ".join)
EMOTIONS = st.sampled_from(["0", " 3 ", "6", "7", "", "happy", "Happy ", "\ufeff3", "joy", '"3"'])
USAGES = st.sampled_from(["Training", " PublicTest", "PrivateTest\t", "Test", "", '"Training"'])
NOTES = st.sampled_from(["", "x", "#", "a b", "nan", "\x85", "\u2028", '"', '"a, b"', "\\", "\r"])
USUAL = "3,1 2 3,Training,x"
ODD_BYTES = st.sampled_from(
    [b",", b'"', b"\n", b"\r", b"\r\n", b"\r5\n", b"\0", b"\xff", b"\xef\xbb\xbf", b" ", b"3", b"#"]
)


@pytest.fixture(scope="class")
def three_pixels():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_blocks, "PIXELS", 3)
        yield


@pytest.mark.usefixtures("three_pixels")
class TestRowsOfThreePixels:
    """Rows that are short enough for hypothesis to search."""

    @given(
        rows=st.lists(
            st.just(USUAL) | st.tuples(EMOTIONS, PIXELS, USAGES, NOTES).map(",".join),
            min_size=1,
            max_size=4,
        ),
        edits=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 3), ODD_BYTES), max_size=3),
        end=st.sampled_from(["\n", "\r\n", "\r"]),
    )
    @example([USUAL, '3,1 2 3,Training,"', USUAL, '",1 2 3,Training,x'], [], "\n")
    @example(["\ufeff" + USUAL], [], "\n")
    @example(["3,1 2 3 4,Training,x", "3,1 2,Training,x"], [], "\n")
    @example(["3,1 2 3,Training", "3,1 2 3,Training,x,"], [], "\n")
    @settings(max_examples=300)
    def test_what_is_read_quickly_is_read_exactly_alike(self, rows, edits, end) -> None:
        block = (end.join(rows) + end).encode()
        for where, length, odd in edits:
            place = int(where * len(block))
            block = block[:place] + odd + block[place + length :]
        columns = read_header(HERE, b"emotion,pixels,Usage,note", LABELS)
        quick = read_quickly(block, columns)
        assert quick is None or quick == exactly(block, columns)

    @given(st.text("0123456789 \t", max_size=12))
    @example("1 2 \t3")
    @example(f"{'9' * 30} 1 2")
    def test_pixels_are_decoded_as_python_reads_integers(self, text: str) -> None:
        values = [int(word) for word in text.split()]
        expected = bytes(values) if len(values) == 3 and max(values) < 256 else None
        assert csv_blocks._decode(text) == expected

    def test_every_number_up_to_beyond_three_digits(self) -> None:
        for value in range(1300):
            expected = bytes([1, value, 2]) if value < 256 else None
            assert csv_blocks._decode(f"1 {value} 2") == expected


ODD_NOTES = {
    "latin 1": (b"\xe4", True),
    "quoted": (b' "x"', True),
    "quoted quotes": (b'"a ""b"" c"', True),
    "quoted comma": (b'"a, b"', True),
    "quote within": (b'a "b"', True),
    "no end of quotes": (b'"a', False),
    "text behind quotes": (b'"a" b', False),
    "line end within": (b"a\rb", False),
    "long": (b"x" * 140_000, False),
}


@pytest.mark.parametrize("header", ["note,emotion,pixels,Usage", "Usage,pixels,emotion,note"])
@pytest.mark.parametrize(("note", "sound"), ODD_NOTES.values(), ids=ODD_NOTES.keys())
def test_a_row_is_judged_alike_whatever_is_next_to_it(
    tmp_path: Path, few: Dataset, header: str, note: bytes, sound: bool
) -> None:
    lines = [line.encode() for line in csv_lines(few, header)]
    odd = csv_row(few, 2, header, extra="@").encode().replace(b"@", note)
    usual = [*lines[:3], odd, *lines[4:]]
    unusual = [*usual, b""]
    for content in (usual, unusual):
        if sound:
            assert_same(load_bytes(tmp_path, b"\n".join(content)), few)
        else:
            with pytest.raises(FerBenchError, match="line 4: "):
                load_bytes(tmp_path, b"\n".join(content))


ODD_PIXELS = {
    "quoted": (lambda text: f'"{text}"', True),
    "spaces before quotes": (lambda text: f'  "{text}"', True),
    "space behind quotes": (lambda text: f'"{text}" ', False),
    "tab before quotes": (lambda text: f'\t"{text}"', False),
    "blanks within quotes": (lambda text: f'"\t {text} \t"', True),
    "line end behind": (lambda text: f"{text}\r", False),
    "line end before": (lambda text: f"\r{text}", False),
}


@pytest.mark.parametrize(("change", "sound"), ODD_PIXELS.values(), ids=ODD_PIXELS.keys())
def test_pixels_are_judged_alike_whatever_is_next_to_them(
    tmp_path: Path, few: Dataset, change, sound: bool
) -> None:
    lines = csv_lines(few)
    emotion, pixels, usage = lines[3].split(",")
    usual = [*lines[:3], f"{emotion},{change(pixels)},{usage}", *lines[4:]]
    unusual = [*usual, ""]
    for content in (usual, unusual):
        if sound:
            assert_same(load_lines(tmp_path, content), few)
        else:
            with pytest.raises(FerBenchError, match="line 4: "):
                load_lines(tmp_path, content)
