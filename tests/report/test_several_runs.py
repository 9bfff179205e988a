"""Report of runs whose protocols and data differ."""

from __future__ import annotations

import csv
import dataclasses
import io
from typing import TYPE_CHECKING

import pytest
from made_runs import made_cell, made_run
from page_parts import read

from fer_bench.analysis.experiments import NamedRun
from fer_bench.report import Report, terminal_text
from fer_bench.report.page import page
from fer_bench.report.plots.tradeoffs import tradeoff_figures
from fer_bench.results.records import Example

if TYPE_CHECKING:
    from page_parts import Node
    from syrupy.assertion import SnapshotAssertion

CELLS = [
    made_cell("mobilenet", "pretrained", 0.5, speed=100.0),
    made_cell("mobilenet", "random", 0.3, speed=90.0),
]


@pytest.fixture(scope="module")
def report() -> Report:
    run = dataclasses.replace(
        made_run(*CELLS), examples=(Example(0, "a rule", 2, 3, bytes(range(6))),)
    )
    faces = dataclasses.replace(
        run.dataset, name="faces", digest="ab" * 32, split_digest="ef" * 32, split="grouped"
    )
    longer = [made_cell("mobilenet", "pretrained", 0.6), CELLS[1]]
    runs = [run, made_run(*longer, batch_size=8), dataclasses.replace(run, dataset=faces)]
    return Report.of_runs([NamedRun(f"{n}.json", one) for n, one in enumerate(runs)], ["c: gone"])


@pytest.fixture(scope="module")
def shown(report: Report) -> Node:
    figures = [
        dataclasses.replace(figure, key=f"{figure.key}-set-{number}", title=f"{number}")
        for number, analysis in enumerate(report.analyses, start=1)
        for figure in tradeoff_figures(analysis)
    ]
    return read(page(report, figures, {}))


def test_what_differs_is_a_table(report: Report) -> None:
    table = next(one for one in report.tables if one.key == "runs")
    assert [(column.group, column.name) for column in table.columns] == [
        ("data", "data set"),
        ("split", "split"),
        ("protocol", "batch size"),
        ("", "files"),
    ]
    assert {row.label: row.entries for row in table.rows} == {
        "fer2013, batch size 32": ("fer2013", "paper", "32", "0.json"),
        "fer2013, batch size 8": ("fer2013", "paper", "8", "1.json"),
        "faces": ("faces", "grouped", "32", "2.json"),
    }


def test_each_set_of_test_images_is_summarised_by_itself(
    report: Report, snapshot: SnapshotAssertion
) -> None:
    assert dataclasses.asdict(report.summary) == snapshot


def test_tables_of_the_same_test_images_are_combined(report: Report) -> None:
    keys = [table.key for table in report.tables]
    assert len({*keys}) == len(keys)
    tables = {table.key: table for table in report.tables}
    assert [row.label for row in tables["recall-set-1"].rows] == [
        *("MobileNet (batch size 32) pretrained", "MobileNet (batch size 32) random"),
        *("MobileNet (batch size 8) pretrained", "MobileNet (batch size 8) random"),
    ]
    assert [row.label for row in tables["recall-set-2"].rows] == [
        "MobileNet pretrained",
        "MobileNet random",
    ]
    assert [key for key in keys if key.startswith("claims")] == [
        "claims-run-1",
        "claims-run-2",
        "claims-set-2",
    ]
    # Their data are the same, so that one row is enough.
    assert len(tables["table-1-set-1"].rows) == 2


def test_no_pair_is_of_different_test_images(report: Report) -> None:
    sizes = [len(one.rows) for one in report.tables if one.key.startswith("pairs")]
    assert sizes == [6, 1]


def test_rankings_and_ids_of_the_page_are_separate(shown: Node) -> None:
    ids = [node.attributes["id"] for node in shown if "id" in node.attributes]
    assert len(ids) == len(set(ids))
    links = [node.attributes["href"] or "" for node in shown.all("a")]
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)
    ranked = [len(shown.by_id(f"ranking-{number}").rows()) for number in (1, 2)]
    assert ranked == [5, 3]
    assert shown.by_id("answer").all("article", id="table-of-runs")


def test_the_page_names_the_test_images_of_each_part(shown: Node) -> None:
    maps = [node.text() for node in shown.by_id("confusion").all("summary")]
    assert sum("(faces)" in text for text in maps) == 2
    assert sum("(fer2013)" in text for text in maps) == 4
    why = [node.text() for node in shown.all("p", class_="why")]
    assert why == ["fer2013: A rule", "faces: A rule"]
    titles = [node.text() for node in shown.all("h3") if "id" in node.attributes]
    assert len({*titles}) == len(titles)
    assert len(shown.by_id("setup").all("pre")) == 3


def test_the_summary_file_names_run_and_backbone_of_each_cell(report: Report) -> None:
    rows = list(csv.DictReader(io.StringIO(report.files["summary.csv"])))
    names = ["fer2013, batch size 32", "fer2013, batch size 8", "faces"]
    ids = [cell.id for cell in CELLS]
    assert [(row["run"], row["cell"]) for row in rows] == [
        (name, one) for name in names for one in ids
    ]
    assert {row["backbone"] for row in rows} == {"mobilenet"}


def test_the_terminal_ranks_each_set_of_test_images(report: Report) -> None:
    text = terminal_text(report, 100)
    assert text.count("always Happy") >= 2
    assert max(map(len, text.splitlines())) <= 100


def test_runs_that_can_be_merged_are_reported_as_one() -> None:
    runs = [made_run(cell) for cell in CELLS]
    found = Report.of_runs([NamedRun(f"{n}.json", run) for n, run in enumerate(runs)])
    assert found.tables == Report.of(made_run(*CELLS)).tables
    assert found.set_names == ("",)
