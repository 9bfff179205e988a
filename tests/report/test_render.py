from __future__ import annotations

import csv
import dataclasses
import io
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_bench.analysis.run_analysis import analyse
from fer_bench.report import Column, Row, Table, tables
from fer_bench.report.table_rendering import entry_text, markdown, terminal, tidy_csv
from fer_bench.runtime.escapes import clean

if TYPE_CHECKING:
    from fer_bench.report.table import Entry
    from fer_bench.results.records import Run

EN = "\N{EN DASH}"
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
RIGHT_TO_LEFT = "\N{RIGHT-TO-LEFT OVERRIDE}"
HOSTILE = st.text(
    st.sampled_from([*"ab_*|\\`<>[]()#&;!~$-+1.=:\"' \n\t{}@/", "\x1b", RIGHT_TO_LEFT, "\ud800"])
    | st.characters(),
    max_size=14,
)

TABLE = Table(
    key="t",
    title="A title",
    head="Model",
    columns=(
        Column("state", kind="word"),
        Column("this run", f"1{EN}5", decimals=5),
        Column("paper", f"1{EN}5", decimals=6, published=True),
        Column("images", "size"),
    ),
    rows=(
        Row("Net_random", ("ok", -0.0391234, 0.02512, 3_228_864)),
        Row("Net_pretrained", (None, None, None, None), "skipped: no weights", "skipped"),
        Row("Other", ("ok", 1.0, None, 7)),
    ),
    notes=("A note.",),
)


def one(text: str) -> Table:
    """Return a table that holds the text in each place of a name."""
    return Table("k", text, "Model", (Column("x" + text, kind="text"),), (Row(text, (text,)),))


# -- single entries


@pytest.mark.parametrize(
    ("entry", "decimals", "expected"),
    [
        (None, 3, EN),
        ("ok", 3, "ok"),
        (0, 3, "0"),
        (3_228_864, 0, "3,228,864"),
        (0.0391234, 5, "0.03912"),
        (-3.9e-05, 6, "-0.000039"),
        (-3.9e-05, 4, "0.0000"),
        (-0.0, 5, "0.00000"),
        (-0.00001, 5, "-0.00001"),
        (10_048.42, 1, "10,048.4"),
    ],
)
def test_entries_as_text(entry: Entry, decimals: int, expected: str) -> None:
    assert entry_text(entry, Column("x", decimals=decimals)) == expected


@pytest.mark.parametrize(
    ("text", "clean_text"),
    [
        ("MobileNet_random", "MobileNet_random"),
        (" two\nlines\tand  a tab ", "two lines and a tab"),
        ("\x1b[31mred", "\\x1b[31mred"),
        (f"a{RIGHT_TO_LEFT}b", "a\\u202eb"),
        ("a\udc80b", "a\\udc80b"),
        ("Gesichtsausdr\N{LATIN SMALL LETTER U WITH DIAERESIS}cke", "Gesichtsausdrücke"),
        ("", ""),
    ],
)
def test_text_is_made_to_stand_on_one_line(text: str, clean_text: str) -> None:
    assert clean(text) == clean_text


@given(HOSTILE)
def test_clean_text_prints_and_can_be_written(text: str) -> None:
    assert clean(text).isprintable()
    clean(text).encode("utf-8")
    assert clean(clean(text)) == clean(text)


# -- terminal


def test_terminal_as_it_looks(snapshot) -> None:
    assert terminal([TABLE]).splitlines() == snapshot


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_the_report_fits_the_terminal(run: Run, width: int) -> None:
    for line in terminal(tables(analyse(run)), width).splitlines():
        assert len(line) <= width


def test_the_papers_tables_need_no_cutting_at_120_columns(run: Run) -> None:
    for table in tables(analyse(run)):
        text = terminal([table], 120)
        groups = {column.group for column in table.columns}
        # The rates from the untrained network on follow below those next to the paper's.
        blocks = 2 if "untrained" in groups and any(one.published for one in table.columns) else 1
        lines = 7 if table.key == "classes" else 1
        assert text.count("VGG-Face random") in (0, lines * blocks)


def test_a_wide_table_is_cut_between_groups(run: Run) -> None:
    text = terminal([tables(analyse(run))[1]], 80)
    headings = [line for line in text.splitlines() if "--- " in line]
    groups = [f"1{EN}5", f"6{EN}10", f"11{EN}15", f"16{EN}20", "untrained"]
    assert [group for line in headings for group in groups if f" {group} " in line] == groups
    assert text.count("VGG-Face random") == 3
    assert text.count("0.016789") == text.count("0.039937") == 1


def test_a_reason_is_shown_in_full_once(run: Run) -> None:
    text = terminal(tables(analyse(run)), 100)
    assert text.count(" --weights-dir") == 1
    start, weights, _ = run.cells[2].reason.partition("openface_weights.h5")
    assert text.count(f"[1] skipped: {start}{weights}") == 15
    assert text.count(ELLIPSIS) > 8


def test_rows_with_the_same_reason_share_its_number() -> None:
    rows = tuple(
        Row(name, (None,), reason) for name, reason in (("a", "x"), ("b", "y"), ("c", "x"))
    )
    text = terminal([Table("k", "t", "Model", (Column("v"),), rows)])
    for part in ("a [1]", "b [2]", "c [1]", "[1] x", "[2] y"):
        assert part in text
    assert "[3]" not in text


def test_a_reason_without_gaps_is_still_reported() -> None:
    table = Table("k", "t", "Model", (Column("v"),), (Row("a", (1,), "failed later", "failed"),))
    text = terminal([table])
    assert "a [1]" in text
    assert "[1] failed later" in text


def test_the_word_for_a_gap_never_stands_among_published_values() -> None:
    columns = (Column("paper", published=True), Column("ours"), Column("more"))
    table = Table("k", "t", "Model", columns, (Row("a", (None, None, None), "why", "skipped"),))
    assert terminal([table]).splitlines()[4].split() == ["a", "[1]", EN, "skipped", EN]
    assert [line["reason"] for line in csv.DictReader(io.StringIO(tidy_csv([table])))] == [
        "",
        "why",
        "why",
    ]


def test_long_texts_are_broken_into_lines() -> None:
    columns = (Column("value", kind="text"), Column("why", kind="text"))
    why = "because " * 30
    table = Table("k", "t", "Setting", columns, (Row("epochs", ("20", why)), Row("x", ("1", "-"))))
    text = terminal([table], 60)
    assert max(map(len, text.splitlines())) <= 60
    assert text.count("because") == 30
    assert "20     because because" in text


@given(HOSTILE)
def test_no_name_breaks_the_lines_of_a_terminal(text: str) -> None:
    plain = len(terminal([one("name")], 10_000).splitlines())
    table = dataclasses.replace(one(text), columns=(Column("value", kind="text"),))
    shown = terminal([table], 10_000)
    # A table without a title has no line for it.
    assert len(shown.split("\n")) == plain + bool(text)
    assert all(line.isprintable() for line in shown.split("\n"))


# -- Markdown


def test_markdown_as_it_looks(snapshot) -> None:
    lines = [" ".join(line.split()) for line in markdown(TABLE).splitlines()]
    assert [line for line in lines if "---" not in line] == snapshot


def test_markdown_numbers_stand_to_the_right() -> None:
    rule = markdown(TABLE).splitlines()[3].strip("|").split("|")
    assert [part[-1] for part in rule] == ["-", "-", ":", ":", ":"]


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.parts.append((tag, ""))

    def handle_data(self, data: str) -> None:
        if self.parts:
            tag, text = self.parts[-1]
            self.parts[-1] = (tag, text + data)


@given(HOSTILE)
def test_a_markdown_reader_sees_the_names_and_nothing_else(text: str) -> None:
    markdown_it = pytest.importorskip("markdown_it")
    page = Page()
    page.feed(markdown_it.MarkdownIt("commonmark").enable("table").render(markdown(one(text))))
    shown = clean(text)
    assert [(tag, part.strip()) for tag, part in page.parts] == [
        ("h2", shown),
        ("table", ""),
        ("thead", ""),
        ("tr", ""),
        ("th", "Model"),
        ("th", clean("x" + text)),
        ("tbody", ""),
        ("tr", ""),
        ("td", shown),
        ("td", shown),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MobileNet_random", "MobileNet_random"),
        ("_x_ a_", "\\_x\\_ a\\_"),
        ("a|b", "a\\|b"),
        ("c:\\d", "c:\\\\d"),
        ("<b> & </b>", "&lt;b&gt; &amp; &lt;/b&gt;"),
        ("[a](b) *c* `d` ~e~ $f$", "\\[a\\](b) \\*c\\* \\`d\\` \\~e\\~ \\$f\\$"),
        ("two\nlines", "two lines"),
    ],
)
def test_markdown_escapes(text: str, expected: str) -> None:
    table = Table("k", "t", "Model", (Column("v", kind="text"),), (Row("a", (text,)),))
    assert f" {expected} " in markdown(table).splitlines()[4]


# -- CSV


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_line_by_line() -> None:
    why = "skipped: no weights"
    assert [line.split(",") for line in tidy_csv([TABLE]).splitlines()[:7]] == [
        ["table", "row", "group", "column", "value", "reason"],
        ["t", "Net_random", "", "state", "ok", ""],
        ["t", "Net_random", f"1{EN}5", "this run", "-0.0391234", ""],
        ["t", "Net_random", f"1{EN}5", "paper", "0.02512", ""],
        ["t", "Net_random", "size", "images", "3228864", ""],
        ["t", "Net_pretrained", "", "state", "", why],
        ["t", "Net_pretrained", f"1{EN}5", "this run", "", why],
    ]


def test_csv_holds_every_entry_of_every_table_in_full(run: Run) -> None:
    made = tables(analyse(run))
    lines = read(tidy_csv(made))
    entries = [
        (table.key, row.key or row.label, value)
        for table in made
        for row in table.rows
        for column, entry in zip(table.columns, row.entries, strict=True)
        for _, _, value in column.recorded(entry)
    ]
    assert len(lines) == len(entries)
    for line, (key, label, entry) in zip(lines, entries, strict=True):
        assert (line["table"], line["row"]) == (key, label)
        if entry is None:
            assert line["value"] == ""
        elif not isinstance(entry, str):
            assert float(line["value"]) == entry


@pytest.mark.parametrize("lead", ["=", "+", "-", "@", "\t=", "\r=", " ="])
def test_csv_formulas_are_inert(lead: str) -> None:
    (line,) = read(tidy_csv([one(f"{lead}1+1")]))
    assert line["row"].startswith("'")
    assert line["value"].startswith("'")


@given(HOSTILE)
def test_csv_names_come_back(text: str) -> None:
    (line,) = read(tidy_csv([one(text)]))
    assert line["row"].removeprefix("'") == clean(text).removeprefix("'")
    assert line["value"] == line["row"]
    assert line["column"] == clean("x" + text)


# -- tables without rows


def test_a_run_without_cells_renders(run: Run) -> None:
    empty = tables(analyse(dataclasses.replace(run, cells=())))
    assert "Table 2." in terminal(empty)
    for table in empty:
        assert markdown(table).startswith(f"## {table.title}")


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=4))
def test_no_number_is_too_large_for_a_table(numbers) -> None:
    """As a number, and within a text as a comparison writes it."""
    table = Table(
        key="t",
        title="A title",
        head="Model",
        columns=(Column("loss", decimals=4), Column("change", kind="text")),
        rows=tuple(Row("net", (number, f"{number:+,.1f}")) for number in numbers),
    )
    for made in (terminal([table], 80), markdown(table)):
        assert made.count("net") == len(numbers)
    assert max(map(len, terminal([table], 80).splitlines())) <= 80
