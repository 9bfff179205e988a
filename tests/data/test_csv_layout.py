from __future__ import annotations

import errno
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from csv_checks import assert_same, load_bytes, load_lines
from hypothesis import given
from hypothesis import strategies as st
from layout_writers import (
    ICML,
    KAGGLE,
    WITHOUT_USAGE,
    csv_lines,
    csv_row,
    random_dataset,
    write_csv,
)

from fer_bench.data.formats.fer2013_csv import load_csv
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from fer_bench.data import Dataset


@given(
    st.integers(1, 5),
    st.integers(0, 2**32 - 1),
    st.sampled_from(
        [KAGGLE, ICML, "pixels,emotion,Usage", "Usage,id, emotion ,pixels,note", "PIXELS,Emotion"]
    ),
)
def test_round_trip(n: int, seed: int, header: str) -> None:
    wanted = random_dataset(n, seed, usage="usage" in header.lower())
    with TemporaryDirectory() as directory:
        found = load_csv(write_csv(Path(directory) / "some.csv", wanted, header))
    assert_same(found, wanted)
    assert found.name == "some"
    assert found.images.shape == (n, 48, 48)


def test_a_copy_without_usage(tmp_path: Path) -> None:
    wanted = random_dataset(3, usage=False)
    assert_same(load_csv(write_csv(tmp_path / "train.csv", wanted, WITHOUT_USAGE)), wanted)


class TestUnusualButRight:
    def test_crlf(self, tmp_path: Path, few: Dataset) -> None:
        assert_same(load_lines(tmp_path, csv_lines(few), "\r\n"), few)

    def test_crlf_with_pixels_last(self, tmp_path: Path, few: Dataset) -> None:
        assert_same(load_lines(tmp_path, csv_lines(few, ICML), "\r\n"), few)

    def test_byte_order_mark(self, tmp_path: Path, few: Dataset) -> None:
        text = "\ufeff" + "\n".join(csv_lines(few))
        assert_same(load_bytes(tmp_path, text.encode()), few)

    def test_no_end_of_the_last_line(self, tmp_path: Path, few: Dataset) -> None:
        assert_same(load_bytes(tmp_path, "\n".join(csv_lines(few)).encode()), few)

    def test_blank_lines(self, tmp_path: Path, few: Dataset) -> None:
        header, first, *others = csv_lines(few)
        assert_same(load_lines(tmp_path, [header, "", first, "  ", *others, "", "\r", " "]), few)

    def test_many_blank_lines(self, tmp_path: Path, few: Dataset) -> None:
        header, *rows = csv_lines(few)
        assert_same(load_lines(tmp_path, [header, *([""] * 40_000), *rows]), few)

    @pytest.mark.parametrize("quoted", [["pixels"], ["emotion", "pixels", "Usage"]])
    def test_quotes(self, tmp_path: Path, few: Dataset, quoted: list[str]) -> None:
        names = KAGGLE.split(",")
        lines = [KAGGLE]
        for row in csv_lines(few)[1:]:
            fields = zip(names, row.split(","), strict=True)
            lines.append(",".join(f'"{text}"' if name in quoted else text for name, text in fields))
        assert_same(load_lines(tmp_path, lines), few)

    def test_quoted_commas_in_other_columns(self, tmp_path: Path, few: Dataset) -> None:
        header = "note,emotion,pixels,Usage"
        rows = [csv_row(few, row, header, extra='"a, b"') for row in range(len(few))]
        assert_same(load_lines(tmp_path, [header, *rows]), few)

    def test_names_of_classes_in_place_of_numbers(self, tmp_path: Path, few: Dataset) -> None:
        names = ("ANGER", "disgust", " Fearful", "happiness ", "Sad", "surprise", "neutral")
        header, *rows = csv_lines(few)
        named = [names[label] + row[1:] for label, row in zip(few.labels, rows, strict=True)]
        assert_same(load_lines(tmp_path, [header, *named]), few)
        assert_same(load_lines(tmp_path, [header, *named[:3], *rows[3:]]), few)

    def test_a_name_of_an_eighth_class(self, tmp_path: Path, few: Dataset) -> None:
        header, first, *rows = csv_lines(few)
        found = load_lines(tmp_path, [header, "contempt" + first[1:], *rows])
        assert found.classes == (*few.classes, "Contempt")
        assert found.labels.tolist() == [7, *few.labels[1:].tolist()]

    def test_spaces_and_leading_zeros(self, tmp_path: Path, few: Dataset) -> None:
        lines = csv_lines(few)
        lines[2] = lines[2].replace(" ", "  ", 5)
        lines[3] = change_pixels(lines[3], 2304, f"000{few.images[2, -1, -1]}")
        lines[4] = lines[4].replace(" ", "\t", 3)
        assert_same(load_lines(tmp_path, lines), few)


ROW = 4
"""Line that is made wrong below; the file has seven rows from line 2 on."""


def change_pixels(line: str, place: int, value: str) -> str:
    emotion, pixels, usage = line.split(",")
    words = pixels.split(" ")
    words[place - 1 : place] = [value] if value else []
    return ",".join((emotion, " ".join(words), usage))


BAD_ROWS = {
    "too few pixels": (
        lambda line: change_pixels(line, 2304, ""),
        "2303 pixels",
        "2304 (48x48)",
    ),
    "too many pixels": (
        lambda line: change_pixels(line, 2304, "1 2"),
        "2305 pixels",
        "2304 (48x48)",
    ),
    "pixel 256": (
        lambda line: change_pixels(line, 17, "256"),
        "pixel 17 of the row is '256'",
        "from 0 to 255",
    ),
    "pixel 300": (
        lambda line: change_pixels(line, 1, "300"),
        "pixel 1 of the row is '300'",
        "from 0 to 255",
    ),
    "pixel 512": (
        lambda line: change_pixels(line, 9, "512"),
        "pixel 9 of the row is '512'",
        "from 0 to 255",
    ),
    "pixel 1234": (
        lambda line: change_pixels(line, 2304, "1234"),
        "pixel 2304 of the row is '1234'",
        "from 0 to 255",
    ),
    "pixel -1": (
        lambda line: change_pixels(line, 3, "-1"),
        "pixel 3 of the row is '-1'",
        "from 0 to 255",
    ),
    "pixel nan": (
        lambda line: change_pixels(line, 3, "nan"),
        "pixel 3 of the row is 'nan'",
        "from 0 to 255",
    ),
    "pixel 1.5": (
        lambda line: change_pixels(line, 3, "1.5"),
        "pixel 3 of the row is '1.5'",
        "from 0 to 255",
    ),
    "many digits": (
        lambda line: change_pixels(line, 3, "1" * 5000),
        f"pixel 3 of the row is '{'1' * 57}...'",
        "from 0 to 255",
    ),
    "arabic digit": (
        lambda line: change_pixels(line, 3, "٣"),
        "pixel 3 of the row is '٣'",
        "from 0 to 255",
    ),
    "no pixels": (lambda line: f"{line[0]},,Training", "0 pixels", "2304 (48x48)"),
    "even out": (  # an empty number and one with leading zeros
        lambda line: change_pixels(change_pixels(line, 5, " 007"), 1, ""),
        "2303 pixels",
        "2304 (48x48)",
    ),
    "emotion 7": (lambda line: "7" + line[1:], "emotion '7'", "from 0 to 6"),
    "emotion -1": (lambda line: "-1" + line[1:], "emotion '-1'", "from 0 to 6"),
    "emotion joyful": (
        lambda line: "joyful" + line[1:],
        "emotion 'joyful'",
        "a number",
    ),
    "no emotion": (lambda line: line[1:], "emotion ''", "from 0 to 6"),
    "unknown usage": (
        lambda line: line[: line.rindex(",")] + ",Test",
        "Usage 'Test'",
        "Training, PublicTest, PrivateTest",
    ),
    "empty usage": (lambda line: line[: line.rindex(",")] + ",", "Usage ''", "Training"),
    "a column less": (
        lambda line: line[: line.rindex(",")],
        "2 columns",
        "3 columns (emotion, pixels, Usage)",
    ),
    "a column more": (lambda line: line + ",x", "4 columns", "3 columns"),
    "one word": (lambda line: "oops", "1 column", "3 columns"),
    "open quote": (lambda line: '"' + line, "not csv", "3 columns (emotion, pixels, Usage)"),
}


@pytest.mark.parametrize(("change", "problem", "accepted"), BAD_ROWS.values(), ids=BAD_ROWS.keys())
def test_bad_rows(tmp_path: Path, few: Dataset, change, problem: str, accepted: str) -> None:
    lines = csv_lines(few)
    lines[ROW - 1] = change(lines[ROW - 1])
    with pytest.raises(FerBenchError) as raised:
        load_lines(tmp_path, lines)
    error = raised.value
    assert (error.path, error.line) == (tmp_path / "faces.csv", ROW)
    assert problem in error.problem
    assert accepted in error.accepted
    assert "\n" not in str(error)


def test_a_row_too_long_and_one_too_short_do_not_even_out(tmp_path: Path, few: Dataset) -> None:
    lines = csv_lines(few)
    lines[2] = change_pixels(lines[2], 2304, "1 2")
    lines[3] = change_pixels(lines[3], 2304, "")
    with pytest.raises(FerBenchError, match=r"line 3: the row has 2305 pixels"):
        load_lines(tmp_path, lines)


def test_the_first_of_several_wrong_lines_is_named(tmp_path: Path) -> None:
    lines = csv_lines(random_dataset(60, seed=8))
    lines[9:] = [line.replace(" ", " x", 1) for line in lines[9:]]
    with pytest.raises(FerBenchError, match=r"faces\.csv', line 10: "):
        load_lines(tmp_path, lines)


def test_unusual_rows_among_usual_ones_keep_their_place(tmp_path: Path) -> None:
    wanted = random_dataset(60, seed=8)
    lines = csv_lines(wanted)
    for number in (5, 6, 20, 41):
        lines[number] = lines[number].replace(" ", "  ")
    for number in (11, 30, 59):
        lines[number] = f'"{lines[number][0]}"{lines[number][1:]}'
    assert_same(load_lines(tmp_path, lines), wanted)


def test_the_line_number_counts_blank_lines(tmp_path: Path, few: Dataset) -> None:
    header, first, second, *_ = csv_lines(few)
    with pytest.raises(FerBenchError, match=r"line 5: unknown emotion '9'"):
        load_lines(tmp_path, [header, "", first, "", "9" + second[1:]])


@pytest.mark.parametrize("header", [KAGGLE, WITHOUT_USAGE])
def test_a_last_row_cut_off_anywhere(tmp_path: Path, header: str) -> None:
    faces = random_dataset(2, seed=5, usage=header == KAGGLE)
    whole = "\n".join(csv_lines(faces, header)).encode()
    start = whole.rindex(b"\n") + 1
    last = whole[start:]
    # With the pixels last, a cut within the last number looks like another number.
    cuts = range(1, len(last) if header == KAGGLE else last.rindex(b" ") + 1)
    for cut in [*cuts[:300:7], *cuts[300:-30:211], *cuts[-30:]]:
        with pytest.raises(FerBenchError, match=r"faces\.csv', line 3: "):
            load_bytes(tmp_path, whole[: start + cut])


HEADERS = {
    "no emotion": ("label,pixels,Usage", ("no column 'emotion'", "'label, pixels, Usage'")),
    "no pixels": ("emotion,Usage", ("no column 'pixels'", "'emotion, Usage'")),
    "no header": ("3,70 80,Training", ("no column 'emotion'", "'3, 70 80, Training'")),
    "twice": ("emotion,pixels,Emotion", ("column 'emotion'", "twice")),
    "blank": ("", ("no column 'emotion'", "header ''")),
    "open quote": ('"emotion,pixels', ("not csv",)),
}


@pytest.mark.parametrize(("header", "facts"), HEADERS.values(), ids=HEADERS.keys())
def test_bad_headers(tmp_path: Path, few: Dataset, header: str, facts: tuple[str, ...]) -> None:
    with pytest.raises(FerBenchError) as raised:
        load_lines(tmp_path, [header, *csv_lines(few)[1:]])
    error = raised.value
    assert (error.path, error.line) == (tmp_path / "faces.csv", 1)
    assert [fact for fact in facts if fact not in error.problem] == []
    assert "columns emotion and pixels" in error.accepted
    assert "\n" not in str(error)


def test_not_utf_8(tmp_path: Path, few: Dataset) -> None:
    text = "\n".join(csv_lines(few))
    with pytest.raises(FerBenchError, match="not UTF-8") as raised:
        load_bytes(tmp_path, text.encode("utf-16"))
    assert raised.value.line == 1
    lines = [line.encode() for line in csv_lines(few)]
    lines[2] = lines[2].replace(b" ", b"\xa0", 1)
    with pytest.raises(FerBenchError, match=r"pixel 1 of the row is '\d+\ufffd\d+'") as raised:
        load_bytes(tmp_path, b"\n".join(lines))
    assert raised.value.line == 3


def test_a_non_breaking_space_in_a_short_field(tmp_path: Path, few: Dataset) -> None:
    lines = [line.encode() for line in csv_lines(few)]
    lines[2] = b"\xa0" + lines[2]
    with pytest.raises(FerBenchError, match=r"line 3: unknown emotion '\ufffd\d'"):
        load_bytes(tmp_path, b"\n".join(lines))


def test_nothing_in_it(tmp_path: Path) -> None:
    with pytest.raises(FerBenchError, match="file is empty") as raised:
        load_bytes(tmp_path, b"")
    assert raised.value.path == tmp_path / "faces.csv"
    assert raised.value.accepted.startswith("a header")
    with pytest.raises(FerBenchError, match="no row"):
        load_lines(tmp_path, [KAGGLE])
    with pytest.raises(FerBenchError, match="no row"):
        load_lines(tmp_path, [KAGGLE, "", " "])


def test_a_line_without_end(tmp_path: Path, few: Dataset) -> None:
    text = "\n".join([*csv_lines(few)[:3], "0," + "7 " * 500_000])
    with pytest.raises(FerBenchError, match=r"line is longer .*\d+ bytes") as raised:
        load_bytes(tmp_path, text.encode())
    assert raised.value.line == 4
    columns = ",".join(f"c{number}" for number in range(200_000))
    with pytest.raises(FerBenchError, match="line is longer than 786,432") as raised:
        load_lines(tmp_path, [f"emotion,pixels,{columns}", "3,1"])
    assert raised.value.line == 1


@pytest.mark.parametrize("header", ["emotion,pixels,", ""])
def test_many_columns_are_not_all_named(tmp_path: Path, header: str) -> None:
    columns = ",".join(f"c{number}" for number in range(5000))
    with pytest.raises(FerBenchError, match=r"c7.*\.\.\.") as raised:
        load_lines(tmp_path, [header + columns, "3,1"])
    assert len(str(raised.value)) < 600 + len(str(tmp_path))


def test_not_there(tmp_path: Path) -> None:
    with pytest.raises(FerBenchError, match="cannot be read") as raised:
        load_csv(tmp_path / "none.csv")
    assert raised.value.path == tmp_path / "none.csv"
    assert raised.value.problem.endswith(os.strerror(errno.ENOENT))


def test_many_short_rows(tmp_path: Path) -> None:
    with pytest.raises(FerBenchError, match="line 2: the row has 3 pixels; accepted: 2304"):
        load_lines(tmp_path, [KAGGLE, *(["0,1 2 3,Training"] * 10_000)])
