from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_bench.analysis.run_analysis import analyse
from fer_bench.report import Column, Row, Table, tables
from fer_bench.report.latex import latex, latex_files
from fer_bench.report.summary_table import summary_table
from fer_bench.runtime.escapes import clean, in_latex

if TYPE_CHECKING:
    from pathlib import Path

    from fer_bench.results.records import Run

EN = "\N{EN DASH}"
SPECIALS = "\\&%$#_{}~^<>|[]*-'`,!?\"ab \n"
HOSTILE = st.text(st.sampled_from(SPECIALS) | st.characters(), max_size=14)
NAMED = {
    r"\textbackslash{}": "\\",
    r"\textasciitilde{}": "~",
    r"\textasciicircum{}": "^",
    r"\textless{}": "<",
    r"\textgreater{}": ">",
    r"\textbar{}": "|",
    "{[}": "[",
    "{]}": "]",
    "{*}": "*",
    "{}": "",
}
TOKEN = re.compile(r"\\text[a-z]+\{\}|\\[&%$#_{}]|\{[\[\]*]\}|\{\}|[^\\&%$#_{}~^<>|\[\]*]")


@given(HOSTILE)
def test_escaped_text_reads_as_the_text_itself(text: str) -> None:
    made = in_latex(text)
    tokens = TOKEN.findall(made)
    assert "".join(tokens) == made
    assert "".join(NAMED.get(token, token.removeprefix("\\")) for token in tokens) == clean(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MobileNet_random", r"MobileNet\_random"),
        ("50 % & more #1 $", r"50 \% \& more \#1 \$"),
        (r"\input{x}", r"\textbackslash{}input\{x\}"),
        ("^~", r"\textasciicircum{}\textasciitilde{}"),
        ("--weights-dir", "-{}-weights-dir"),
        ("''a``", "'{}'a`{}`"),
        ("[a]*", "{[}a{]}{*}"),
        ("a\nb", "a b"),
    ],
)
def test_escapes(text: str, expected: str) -> None:
    assert in_latex(text) == expected


def hostile_table() -> Table:
    name = "a & b \\\\ % $x_1^2$ {~} # [c]* \n\n\\end{table} \"--''``"
    columns = (
        Column(name, "group & more", decimals=5),
        Column("y", "group & more"),
        Column("z"),
    )
    row = Row(f"[{name}", (-0.00123, 1_234, None), f"skipped: {name}", name)
    return Table("hostile", name, "Model", columns, (row, Row(f"*{name}", (None, 1, 2))), (name,))


def test_groups_span_their_columns() -> None:
    columns = (Column("word", kind="word"), Column("x", "1 & 2"), Column("y", "1 & 2"), Column("z"))
    lines = latex(Table("k", "t", "Model", columns, ())).splitlines()
    assert r" &  & \multicolumn{2}{c}{1 \& 2} &  \\" in lines
    assert r"\cmidrule(lr){3-4}" in lines
    assert r"Model & word & x & y & z \\" in lines
    assert r"\begin{longtable}{llrrr}" in lines


def test_rows_numbers_and_notes() -> None:
    text = latex(hostile_table())
    assert r"& $-$0.00123 & 1,234 " in text
    assert r"\textsuperscript{1} skipped: a \& b" in text
    assert r"& 1 \\" in text


def test_the_papers_number_goes_to_the_end_of_the_caption(run: Run) -> None:
    text = "".join(map(latex, tables(analyse(run))))
    (rate,) = re.findall(r"\\caption\{(.*MCR\) of accuracy.*)\}\\label", text)
    assert rate.startswith("Mean")
    assert rate.endswith(" (Table 2 of the paper)")
    assert r"\caption{Speed}" in text


def structure(text: str) -> None:
    """Check what a compiler would stumble over."""
    bare = re.sub(r"\\[&%$#_{}\\]", "", re.sub(r"^%.*$", "", text, flags=re.MULTILINE))
    depth = 0
    for char in bare:
        depth += (char == "{") - (char == "}")
        assert depth >= 0
    assert depth == 0
    assert "#" not in bare
    assert "%" not in bare
    assert bare.count("$") % 2 == 0
    open_now: list[str] = []
    for verb, name in re.findall(r"\\(begin|end)\{(\w+)\}", text):
        if verb == "begin":
            open_now.append(name)
        else:
            assert open_now.pop() == name
    assert open_now == []


def rows(text: str) -> list[tuple[int, int]]:
    """For each line of a table's body: how many entries it has, and should have."""
    found = []
    columns = 0
    for line in text.splitlines():
        if begin := re.match(r"\\begin\{longtable\}\{(.*)\}$", line):
            columns = len(re.sub(r">?\{[^}]*\}", "", begin[1]))
        elif line.endswith(r" \\"):
            spanned = sum(int(size) - 1 for size in re.findall(r"\\multicolumn\{(\d+)\}", line))
            found.append((len(re.findall(r"(?<!\\)&", line)) + 1 + spanned, columns))
    return found


def test_every_row_has_an_entry_for_each_column(run: Run) -> None:
    made = tables(analyse(run))
    found = rows("".join(map(latex, [*made, hostile_table()])))
    assert len(found) > sum(len(table.rows) for table in made)
    for entries, columns in found:
        assert entries == columns


def test_structure_of_the_complete_report(run: Run) -> None:
    for table in tables(analyse(run)):
        structure(latex(table))


def test_structure_with_hostile_names() -> None:
    text = latex(hostile_table())
    structure(text)
    assert r"\end{table}" not in text


@given(HOSTILE)
def test_structure_with_any_name(text: str) -> None:
    columns = (Column(text, text, decimals=2), Column("why", kind="text"))
    table = Table("k", text, "Model", columns, (Row(text, (None, text), text, text),), (text,))
    structure(latex(table))


def latex_is_here() -> bool:
    if not (shutil.which("pdflatex") and shutil.which("kpsewhich")):
        return False
    needed = ["array.sty", "booktabs.sty", "longtable.sty"]
    return subprocess.run(["kpsewhich", *needed], capture_output=True).returncode == 0


@pytest.mark.skipif(not latex_is_here(), reason="needs pdflatex with array, booktabs and longtable")
def test_latex_itself_compiles_it(run: Run, tmp_path: Path) -> None:
    analysis = analyse(run)
    made = [summary_table(analysis), *tables(analysis), hostile_table()]
    (tmp_path / "tables").mkdir()
    for name, text in latex_files(made).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "document.tex").write_text(
        "\\documentclass{article}\\usepackage{array,booktabs,longtable}"
        "\\begin{document}\\input{tables}\\end{document}"
    )
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "document.tex"],
        cwd=tmp_path,
        capture_output=True,
        env={**os.environ, "TEXMFVAR": str(tmp_path / "fonts")},
    )
    assert done.returncode == 0, done.stdout[-2000:].decode("utf-8", "replace")
    assert b"Overfull" not in done.stdout, "a table is wider than the page"
    assert (tmp_path / "document.pdf").stat().st_size > 10_000


def wide_table(columns: int) -> Table:
    names = [f"column {number}" for number in range(columns)]
    made = tuple(Column(name, f"group {number // 3}") for number, name in enumerate(names))
    rows = (Row("MobileNet random", tuple(range(columns))),)
    return Table("wide", "Wide", "Model", made, rows, ("A note.",))


def test_a_wide_table_continues_below() -> None:
    text = latex(wide_table(30))
    parts = re.findall(r"\\begin\{longtable\}\{(.*)\}\n", text)
    assert len(parts) > 1
    assert {len(kinds) % 3 for kinds in parts} == {1}, "groups of three stay together"
    assert sum(len(kinds) - 1 for kinds in parts) == 30
    assert text.count(r"\caption") == text.count(r"\label") == text.count("A note.") == 1
    assert text.count(r"\addtocounter{table}{-1}") == len(parts) - 1
    assert len(re.findall(r"\\begin\{longtable\}", latex(wide_table(3)))) == 1


def test_each_table_has_a_file_and_the_list_reads_all() -> None:
    files = latex_files([hostile_table(), wide_table(3)])
    assert list(files) == ["tables/hostile.tex", "tables/wide.tex", "tables.tex"]
    assert re.findall(r"\\input\{(.*)\}", files["tables.tex"]) == list(files)[:2]


def test_long_words_may_break() -> None:
    row = Row("a", ("0123456789abcdef" * 4,))
    text = latex(Table("k", "t", "Model", (Column("digest", kind="text"),), (row,)))
    assert r"0123456789\allowbreak{}abcdef0123\allowbreak{}" in text
