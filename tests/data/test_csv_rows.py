"""Both readers of rows, the quick and the exact one, and what they agree on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from csv_checks import assert_same, load_bytes, load_lines
from layout_writers import ICML, csv_lines, csv_row

from fer_bench.data.formats import csv_files, csv_rows
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from fer_bench.data import Dataset

CODES = {str(code): code for code in range(7)}

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
def test_a_row_is_judged_alike_whatever_stands_beside_it(
    tmp_path: Path, few: Dataset, header: str, note: bytes, sound: bool
) -> None:
    lines = [line.encode() for line in csv_lines(few, header)]
    odd = csv_row(few, 2, header, extra="@").encode().replace(b"@", note)
    usual = [*lines[:3], odd, *lines[4:]]
    unusual = [*usual[:1], usual[1].replace(b" ", b"  ", 1), *usual[2:]]  # read number by number
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
def test_pixels_are_judged_alike_whatever_stands_beside_them(
    tmp_path: Path, few: Dataset, change, sound: bool
) -> None:
    lines = csv_lines(few)
    emotion, pixels, usage = lines[3].split(",")
    usual = [*lines[:3], f"{emotion},{change(pixels)},{usage}", *lines[4:]]
    unusual = [*usual[:1], usual[1].replace(" ", "  ", 1), *usual[2:]]
    for content in (usual, unusual):
        if sound:
            assert_same(load_lines(tmp_path, content), few)
        else:
            with pytest.raises(FerBenchError, match="line 4: "):
                load_lines(tmp_path, content)


def test_quotes_of_the_pixels_do_not_slow_the_reading_down(
    tmp_path: Path, few: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("read number by number")

    monkeypatch.setattr(csv_files, "read_exactly", fail)
    lines = csv_lines(few, ICML)
    quoted = [lines[0], *(f'{line.replace(", ", chr(44) + chr(34), 2)}"' for line in lines[1:])]
    quoted = [line.replace('"', "", 1) for line in quoted]  # the Usage stays as it is
    assert quoted[1].count('"') == 2
    for end in ("\n", "\r\n"):
        assert_same(load_lines(tmp_path, quoted, end), few)


def test_numbered_rows_are_not_all_remembered() -> None:
    columns = csv_rows.read_header(Path("x.csv"), b"id,emotion,pixels\n", CODES)
    finder = csv_rows.PlainRowFinder(columns)
    for number in range(csv_rows._MOST_KNOWN + 100):
        assert finder._codes(f"{number},3,".encode(), b"") == (3, 0)
    assert len(finder._known) == csv_rows._MOST_KNOWN


def test_long_rows_are_not_remembered() -> None:
    columns = csv_rows.read_header(Path("x.csv"), b"note,emotion,pixels\n", CODES)
    finder = csv_rows.PlainRowFinder(columns)
    assert finder._codes(b"x" * 10_000 + b",3,", b"") == (3, 0)
    assert finder._codes(b"x,3,", b"") == (3, 0)
    assert list(finder._known) == [(b"x,3,", b"")]
