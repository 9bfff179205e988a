import pickle
from pathlib import Path

import pytest
from hostile_text import TEXTS, is_safe
from hypothesis import given
from hypothesis import strategies as st

import fer_bench
from fer_bench.runtime.errors import INSTALL, FerBenchError, bytes_shown, cut, listed, shown


@given(TEXTS)
def test_the_text_is_one_line_that_commands_nothing(text):
    expected = str(FerBenchError(text))
    assert "\n" not in expected
    assert is_safe(expected)
    assert expected == text or "\n" in text or not is_safe(text)
    assert str(FerBenchError(expected)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Gr\u00fc\u00dfe, \N{GRINNING FACE}", "Gr\u00fc\u00dfe, \N{GRINNING FACE}"),
        ("a\nb\r\t\x1b[31m", "a\\nb\\r\\t\\x1b[31m"),
        ("\u202eabc\u2066 \u2028", "\\u202eabc\\u2066 \\u2028"),
        ("bad\udcff.csv", "bad\\udcff.csv"),
    ],
)
def test_known_answers(text, expected):
    assert str(FerBenchError(text)) == expected


def test_it_can_be_sent_to_another_process():
    assert str(pickle.loads(pickle.dumps(FerBenchError("a\nb")))) == "a\\nb"


def test_a_revised_error_keeps_the_other_fields():
    class SpecialError(FerBenchError):
        pass

    error = SpecialError("is bad", "good", "mend it", path=Path("x.csv"), line=3)
    found = error.revised(problem="is worse", line=None)
    assert type(found) is FerBenchError
    assert (found.problem, found.accepted, found.hint) == ("is worse", "good", "mend it")
    assert (found.path, found.line) == (Path("x.csv"), None)
    assert error.line == 3


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("x" * 9, "'xxxxxxxxx'"),
        ("x" * 10, "'xxxxxx...'"),
        ("\n", "'\\n'"),
        (None, "None"),
        (12345, "12345"),
        ([1, 2, 3, 4], "[1, 2,..."),
    ],
)
def test_values_in_texts(value, expected):
    assert shown(value, 9) == expected


@given(st.text(), st.integers(3, 20))
def test_a_text_is_cut_where_it_is_too_long(text, most):
    expected = cut(text, most)
    assert len(expected) <= most
    assert expected == text or (expected.endswith("...") and text.startswith(expected[:-3]))


def test_words_in_texts():
    assert listed([], 2) == ""
    assert listed(["a", "b"], 2) == "a, b"
    assert listed(["a", "b", "c"], 2) == "a, b, ..."


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "0 B"),
        (1000, "1000 B"),
        (1 << 10, "1.0 KiB"),
        (5_000_000, "4.8 MiB"),
        (3 << 29, "1.5 GiB"),
        (4 * 10**15, "3,638.0 TiB"),
    ],
)
def test_sizes_in_a_unit_that_shows_them(count, expected):
    assert bytes_shown(count) == expected


def test_no_hint_installs_from_a_registry_that_lacks_the_package():
    package = Path(fer_bench.__file__).parent
    clone = Path(__file__).parents[2] / "pyproject.toml"
    assert "\ncpu = [" in clone.read_text()
    assert ".[cpu]" in INSTALL
    for path in package.rglob("*.py"):
        assert "fer-bench[" not in path.read_text(), path


@given(TEXTS, TEXTS, TEXTS, st.none() | st.just(Path("a\n.csv")), st.none() | st.integers(1))
def test_fields_stand_in_the_line_in_their_order(problem, accepted, hint, path, line):
    error = FerBenchError(problem, accepted, hint, path=path, line=line)
    assert (error.problem, error.accepted, error.hint) == (problem, accepted, hint)
    assert (error.path, error.line) == (path, line)
    text = str(error)
    assert "\n" not in text
    assert is_safe(text)
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.path, copy.line) == (text, path, line)


def test_the_line_of_an_error():
    error = FerBenchError("no label", "0 to 6", "correct it", path=Path("a.csv"), line=3)
    assert str(error) == "'a.csv', line 3: no label; accepted: 0 to 6; correct it"
    assert str(FerBenchError("no label", hint="correct it")) == "no label; correct it"
    assert str(FerBenchError("no label", path=Path("a.csv"))) == "'a.csv': no label"
