"""Rows of csv files with unusual fields, and the pixels in them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from csv_checks import assert_same, load_bytes, load_lines
from hypothesis import example, given
from hypothesis import strategies as st
from layout_writers import ICML, KAGGLE, csv_lines, csv_row

from fer_bench.data.formats import fer2013_csv
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from fer_bench.data import Dataset


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("header", [KAGGLE, ICML, "note,emotion,pixels,Usage"])
def test_usual_rows(tmp_path: Path, few: Dataset, header: str, end: str) -> None:
    lines = csv_lines(few, header)
    lines[1] = lines[1].replace(" ", "  ", 5)
    assert_same(load_lines(tmp_path, lines, end), few)


@pytest.fixture(scope="class")
def three_pixels():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fer2013_csv, "PIXELS", 3)
        yield


def decoded(text: str) -> bytes | None:
    try:
        return fer2013_csv._read_pixels(Path("x.csv"), 2, text)
    except FerBenchError:
        return None


@pytest.mark.usefixtures("three_pixels")
class TestThreePixels:
    @given(st.text("0123456789 \t", max_size=12))
    @example("1 2 \t3")
    @example(f"{'9' * 30} 1 2")
    def test_pixels_are_decoded_as_python_reads_integers(self, text: str) -> None:
        values = [int(word) for word in text.split()]
        expected = bytes(values) if len(values) == 3 and max(values) < 256 else None
        assert decoded(text) == expected

    def test_every_number_up_to_beyond_three_digits(self) -> None:
        for value in range(1300):
            expected = bytes([1, value, 2]) if value < 256 else None
            assert decoded(f"1 {value} 2") == expected

    @pytest.mark.parametrize(
        "word",
        ["-1", "-0", "+3", "1-2", "1e2", "1.5", "nan", "0x1", "1_0", "1\0", "\u0663", '"', "1,"],
    )
    def test_what_is_no_number_of_digits_is_refused(self, word: str) -> None:
        assert decoded(f"1 {word} 2") is None


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
def test_a_column_that_is_not_read(
    tmp_path: Path, few: Dataset, header: str, note: bytes, sound: bool
) -> None:
    lines = [line.encode() for line in csv_lines(few, header)]
    odd = csv_row(few, 2, header, extra="@").encode().replace(b"@", note)
    content = b"\n".join([*lines[:3], odd, *lines[4:]])
    if sound:
        assert_same(load_bytes(tmp_path, content), few)
    else:
        with pytest.raises(FerBenchError, match="line 4: "):
            load_bytes(tmp_path, content)


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
def test_quotes_and_line_ends_around_pixels(
    tmp_path: Path, few: Dataset, change, sound: bool
) -> None:
    lines = csv_lines(few)
    emotion, pixels, usage = lines[3].split(",")
    content = [*lines[:3], f"{emotion},{change(pixels)},{usage}", *lines[4:]]
    if sound:
        assert_same(load_lines(tmp_path, content), few)
    else:
        with pytest.raises(FerBenchError, match="line 4: "):
            load_lines(tmp_path, content)
