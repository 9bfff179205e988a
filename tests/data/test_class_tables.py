from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_bench.data import EMOTIONS
from fer_bench.data.formats.class_names import (
    KAGGLE,
    LEFT_OUT,
    UNNUMBERED,
    class_table,
    classes_of,
    folded,
    is_number,
)
from fer_bench.protocol.label_codes import NUMBERED
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("names", "meant"),
    [
        ("angry Anger ANGRY", "Angry"),
        ("disgust Disgusted", "Disgust"),
        ("fear Fearful afraid", "Fear"),
        ("happy Happiness", "Happy"),
        ("sad Sadness", "Sad"),
        ("surprise Surprised", "Surprise"),
        ("neutral Neutral", "Neutral"),
        ("contempt CONTEMPT", "Contempt"),
    ],
)
def test_names_and_their_synonyms_in_any_case(names: str, meant: str) -> None:
    assert {UNNUMBERED.class_of(name) for name in names.split()} == {meant}


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC"])
def test_accents_written_in_two_ways(tmp_path: Path, form: str) -> None:
    (tmp_path / "map.csv").write_text(
        unicodedata.normalize(form, "name,class\nFr\u00d6hlich,Fr\u00f6hlich\n"), "utf-8"
    )
    table = class_table(tmp_path / "map.csv")
    for other in ("NFC", "NFD"):
        assert table.class_of(unicodedata.normalize(other, "fr\u00f6hlich")) == "Fr\u00f6hlich"


@given(st.text())
def test_folding_what_is_folded_changes_nothing(name: str) -> None:
    for form in ("NFC", "NFD"):
        assert folded(folded(unicodedata.normalize(form, name))) == folded(name)


@given(
    st.sampled_from(["", "calm", "happ", "none", "AN", "ne", "0", "7", "07", "-", "1.0", "\u0663"])
)
def test_what_says_nothing_by_itself(name: str) -> None:
    assert UNNUMBERED.class_of(name) is None


# From the readme of each set.
@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("fer2013", "0 Angry, 1 Disgust, 2 Fear, 3 Happy, 4 Sad, 5 Surprise, 6 Neutral"),
        ("rafdb", "1 Surprise, 2 Fear, 3 Disgust, 4 Happy, 5 Sad, 6 Angry, 7 Neutral"),
        (
            "affectnet",
            "0 Neutral, 1 Happy, 2 Sad, 3 Surprise, 4 Fear, 5 Disgust, 6 Angry, 7 Contempt, 8 -, "
            "9 -, 10 -",
        ),
        (
            "ckplus",
            "0 Neutral, 1 Angry, 2 Contempt, 3 Disgust, 4 Fear, 5 Happy, 6 Sad, 7 Surprise",
        ),
        (
            "ckextended",
            "0 Angry, 1 Disgust, 2 Fear, 3 Happy, 4 Sad, 5 Surprise, 6 Neutral, 7 Contempt",
        ),
    ],
)
def test_numbered_tables(name: str, meant: str) -> None:
    table = class_table(name)
    assert ", ".join(f"{key} {value}" for key, value in table.numbers.items()) == meant
    assert table.class_of("007" if name != "fer2013" else "006") is not None
    assert table.class_of("Happiness") == "Happy"


def test_fer2013_has_the_order_of_the_labels() -> None:
    assert tuple(NUMBERED["fer2013"].values()) == EMOTIONS
    assert class_table("fer2013").numbers == KAGGLE.numbers
    assert (KAGGLE.name, KAGGLE.used_for(["0"])) == ("", ())


@given(st.sets(st.sampled_from([*EMOTIONS, "Contempt", "Awe", "Zeal", LEFT_OUT])))
def test_the_seven_come_first_and_others_by_alphabet(names: set[str]) -> None:
    classes = classes_of(names)
    assert classes[:7] == EMOTIONS
    assert list(classes[7:]) == sorted(names - {*EMOTIONS, LEFT_OUT})


@given(st.integers(0, 10**30), st.integers(0, 5))
def test_zeros_before_a_number_do_not_count(number: int, zeros: int) -> None:
    assert folded(" " + "0" * zeros + str(number)) == str(number)


@given(st.sampled_from(["\u0663", "\u0660\u0663", "\uff13", "\u00b3", "3\u0663"]))
def test_digits_of_other_scripts_are_no_numbers(name: str) -> None:
    assert not is_number(name)
    assert folded(f"0{name}") != folded(name)
    assert class_table("rafdb").class_of(name) is None


class TestRivals:
    def test_names_of_one_class(self) -> None:
        assert UNNUMBERED.rivals("happy", "Happiness")
        assert UNNUMBERED.rivals("happy", "HAPPY")
        assert not UNNUMBERED.rivals("happy", "sad")
        assert not UNNUMBERED.rivals("calm", "calm")
        assert class_table("affectnet").rivals("0", "neutral")
        assert class_table("affectnet").rivals("01", "1")

    def test_what_is_left_out_may_be_called_as_it_likes(self) -> None:
        assert not any(class_table("affectnet").rivals("8", name) for name in ("9", "10", "08"))

    def test_a_file_puts_together_only_what_it_lists(self, tmp_path: Path) -> None:
        (tmp_path / "map.csv").write_text("name,class\nhappy,Happy\n1,Happy\n2,Sad\nsad,Sad\n")
        table = class_table(tmp_path / "map.csv")
        assert not table.rivals("happy", "1")
        assert not table.rivals("2", "SAD")
        assert table.rivals("happy", "happiness")
        assert table.rivals("happiness", "1")
        assert table.rivals("1", "01")


def test_two_files_with_the_same_names_are_distinguished(tmp_path: Path) -> None:
    tables = []
    for number, rows in enumerate(("1,Sad", "1,Happy", "1,Sad\n2,-")):
        (tmp_path / str(number)).mkdir()
        path = tmp_path / str(number) / "map.csv"
        path.write_text(f"name,class\n{rows}\n")
        tables.append(class_table(path))
    assert len({table.state for table in tables}) == 3
    assert len({table.described for table in tables}) == 3
    assert all(table.described.startswith("'map.csv' (SHA-256 of its ") for table in tables)
    assert class_table(tmp_path / "0" / "map.csv").described == tables[0].described
    assert len({class_table(name).state for name in NUMBERED}) == len(NUMBERED)


class TestWhatATableDid:
    def test_rows_that_name_nothing(self, tmp_path: Path, snapshot) -> None:
        (tmp_path / "map.csv").write_text("name,class\n08,none\nafraid,Panic\nsad,-\n")
        table = class_table(tmp_path / "map.csv")
        ((what, how),) = table.used_for(["8", "fear"])
        assert what == "class map"
        assert how.startswith(f"{table.described}; ")
        assert how.removeprefix(f"{table.described}; ") == snapshot
        assert table.used_for(["8", "Afraid", "SAD"])[0][1].endswith(
            "; new classes: 'Panic', 'none'"
        )

    def test_a_table_of_numbers_that_does_nothing(self, snapshot) -> None:
        assert class_table("rafdb").used_for(["1", "happy"]) == (("class map", "rafdb"),)
        ((_, how),) = class_table("rafdb").used_for(["sad", "happy"])
        assert how == snapshot
        assert UNNUMBERED.used_for(["sad"]) == ()


class TestFile:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "map.csv"

    def test_it_counts_more_than_the_names(self, path: Path) -> None:
        path.write_text("name,class\n1,HAPPINESS\n2,Calm\nfear,-\nCONTEMPT,disgust\n")
        table = class_table(path)
        assert [
            table.class_of(name) for name in ["1", "01", "2", "Fear", "contempt", "afraid", "3"]
        ] == [*("Happy", "Happy", "Calm", "-", "Disgust", "Fear", None)]

    def test_columns_in_any_order_with_quotes_and_blank_lines(self, path: Path) -> None:
        path.write_bytes(b'\xef\xbb\xbfClass, Name\r\n\r\n"Calm", "at ease"\r\n')
        assert class_table(str(path)).class_of("At Ease") == "Calm"

    @pytest.mark.parametrize(
        ("text", "line", "problem", "accepted"),
        [
            ("", None, "file is empty", "csv file"),
            ("name,class\n", None, "no row below", "row for each name"),
            ("a,b\n1,Happy\n", 1, "header is 'a,b'", "two columns name and"),
            ("name,class,x\n", 1, "header is 'name,class,x'", "two columns name and"),
            ("name,class\n1,Happy\n\n01,Sad\n", 4, "'01' appears twice", "once"),
            ("name,class\n1,\n", 2, "empty field", "a name, and a class"),
            ("name,class\n1\n", 2, "1 columns", "2, "),
            ("name,class\nHappy,1\n", 2, "class '1'", "name of a class"),
            ("name,class\n1,Calm\n2,calm\n", 3, "'calm' is also spelt 'Calm'", "spelling"),
            ('name,class\n"1,Calm\n', 2, "not csv", "csv file"),
            (b"name,class\n1,\xff\n", 2, "not UTF-8", "csv file in UTF-8"),
        ],
    )
    def test_mistakes(
        self, path: Path, text: str | bytes, line: int | None, problem: str, accepted: str
    ) -> None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(FerBenchError) as raised:
            class_table(path)
        error = raised.value
        assert (error.path, error.line) == (path, line)
        assert problem in error.problem
        assert accepted in error.accepted
        assert "\n" not in str(error)

    def test_more_classes_than_a_byte_holds(self, path: Path) -> None:
        path.write_text("name,class\n" + "".join(f"{n},c{n}\n" for n in range(250)))
        with pytest.raises(FerBenchError) as raised:
            class_table(path)
        assert raised.value.path == path
        assert "257 classes" in raised.value.problem
        assert raised.value.accepted == "up to 256"

    def test_neither_a_name_nor_a_file(self, path: Path) -> None:
        for name in ("rafbd", "a\0b"):
            with pytest.raises(FerBenchError) as raised:
                class_table(name)
            assert f"{name!r} is neither" in raised.value.problem
            assert raised.value.accepted.startswith("fer2013, rafdb")
        with pytest.raises(FerBenchError, match="cannot be read") as raised:
            class_table(path.parent)
        assert raised.value.path == path.parent


def test_numbers_get_the_tables_that_would_fit() -> None:
    text = UNNUMBERED.accepted(["7", "10", "x"])
    assert "the numbers found (7, 10)" in text
    assert "that fit: affectnet (7 Contempt, 10 -)" in text
    assert "rafdb" not in text
    assert "no built-in table" in UNNUMBERED.accepted(["11"])
    assert "(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, ...)" in UNNUMBERED.accepted(
        map(str, np.arange(20))
    )
