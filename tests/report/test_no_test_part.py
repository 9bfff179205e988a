"""Reports, verdicts and comparisons of a run on a split without a test part."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from eight_cells import make_run
from made_runs import made_settings

from fer_bench.analysis.comparison import RunSet, compare, default_thresholds
from fer_bench.analysis.run_analysis import analyse
from fer_bench.analysis.summary import summarise
from fer_bench.report import Report, tables, write_page
from fer_bench.report.output import PAGE
from fer_bench.report.plots import figures
from fer_bench.report.summary_table import summary_table
from fer_bench.results import KEY, measure_record, read_run, run_record
from fer_bench.results.records import NO_TEST, Run
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from pathlib import Path


def without_test(quality):
    return dataclasses.replace(
        quality,
        test_accuracy=None,
        test_loss=None,
        recall=(None,) * 7,
        confusion=((0,) * 7,) * 7,
    )


@pytest.fixture
def run() -> Run:
    complete = make_run()
    cells = tuple(
        dataclasses.replace(cell, quality=cell.quality and without_test(cell.quality))
        for cell in complete.cells
    )
    data = dataclasses.replace(
        complete.dataset, split="80-20", train=28710, validation=7177, test=0
    )
    settings = made_settings(split="80-20")
    return dataclasses.replace(complete, protocol=settings, dataset=data, cells=cells)


def document(run: Run) -> dict:
    measured = [
        {"extra_info": {KEY: measure_record(cell.id, cell.quality)}}
        for cell in run.cells
        if cell.quality is not None
    ]
    return json.loads(json.dumps({KEY: run_record(run), "benchmarks": measured}))


def test_results_are_read_as_they_were_written(run: Run) -> None:
    read = read_run(document(run))
    assert [cell.quality for cell in read.cells] == [cell.quality for cell in run.cells]
    assert (read.dataset, read.protocol) == (run.dataset, run.protocol)
    frame = read.to_frame()
    assert frame["test_accuracy"].isna().all()
    assert frame["validation_accuracy"].notna().sum() == 5


@pytest.mark.parametrize(
    ("key", "value"), [("test_accuracy", 0.5), ("test_loss", 1.5), ("predictions", {})]
)
def test_metrics_on_images_that_do_not_exist_are_refused(run: Run, key, value) -> None:
    damaged = document(run)
    if key == "predictions":
        value = {"classes": "", "confidences": ""}
    damaged["benchmarks"][0]["extra_info"][KEY][key] = value
    with pytest.raises(FerBenchError) as raised:
        read_run(damaged)
    assert f".{key} is " in raised.value.problem
    assert raised.value.accepted == "null, as there are no test images"


def test_no_test_images_on_a_split_that_has_some_are_refused(run: Run) -> None:
    damaged = document(run)
    damaged[KEY]["dataset"]["split"] = "paper"
    with pytest.raises(FerBenchError) as raised:
        read_run(damaged)
    assert raised.value.problem.startswith("dataset.test is 0")


def test_each_table_of_the_test_images_says_so(run: Run) -> None:
    found = {table.key: table for table in tables(analyse(run))}
    for key in ("final", "recall", "uncertainty", "calibration"):
        measured = [row for row in found[key].rows if row.label == "MobileNet random"]
        assert [row.missing for row in measured] == [NO_TEST]
        assert measured[0].reason.startswith(f"{NO_TEST}: split '80-20'")
    assert found["pairs"].notes == (f"No pair to compare: {NO_TEST}.",)
    assert f"28,710 / 7,177 / {NO_TEST}" in found["table-1"].notes[0]
    # Metrics of the other parts are there.
    (row,) = (row for row in found["final"].rows if row.label == "MobileNet random")
    shown = dict(
        zip((c.group + " " + c.name for c in found["final"].columns), row.entries, strict=True)
    )
    assert shown["accuracy validation"] == pytest.approx(0.16)
    assert shown["accuracy test"] is None
    assert found["final"].columns[row.place].name == "test"


def test_skipped_cells_keep_their_own_reason(run: Run) -> None:
    (recall,) = (table for table in tables(analyse(run)) if table.key == "recall")
    assert [row.missing for row in recall.rows if row.label.endswith(" pretrained")] == [
        *(NO_TEST, "skipped", "skipped", "failed"),
    ]


def test_networks_are_ranked_by_validation_accuracy(run: Run) -> None:
    found = summarise(analyse(run))
    name = "MobileNet pretrained has the highest validation accuracy on fer2013, 54.0 %."
    assert found.answer[0] == name
    (effect,) = found.answer[1:]
    assert effect.endswith("undecided: one seed and no test part.")
    assert any(NO_TEST in sentence for sentence in found.cautions)


def test_no_network_is_best_if_none_exceeds_the_share_of_the_largest_class(run: Run) -> None:
    cells = tuple(cell for cell in run.cells if cell.label == "MobileNet random")
    (answer,) = summarise(analyse(dataclasses.replace(run, cells=cells))).answer
    assert answer.startswith("No network clearly exceeds the share of Happy (25.0 %) on fer2013.")
    assert answer.endswith("Best: MobileNet random, 16.0 %.")


@pytest.mark.parametrize("width", [80, 120])
def test_the_summary_shows_validation_accuracy(run: Run, width: int) -> None:
    table = summary_table(analyse(run), width)
    assert table.title == "fer2013, split 80-20: 7,177 validation images, no test part"
    assert (table.columns[0].group, table.columns[0].name) == ("validation", "accuracy")
    assert [row.label for row in table.rows[:2]] == ["MobileNet pretrained", "ResNet-50 random"]
    assert table.rows[0].entries[0] == "*54.0"
    assert not {"F1", "UAR", "> base"} & {column.name for column in table.columns}


def test_claims_that_need_a_test_part_are_undecided(run: Run) -> None:
    verdicts = {one.id: one for one in analyse(run).verdicts}
    for claim in ("C1", "C6", "C7", "C9"):
        assert verdicts[claim].outcome == "undecided"
        assert NO_TEST in verdicts[claim].cause
    assert verdicts["C10"].outcome == "supported"


def test_the_page_and_the_figures_are_made(run: Run, tmp_path: Path) -> None:
    write_page(tmp_path, Report.of(run))
    text = (tmp_path / PAGE).read_text("utf-8")
    assert "No test part" in text
    assert "no example images: no test part" in text
    keys = [figure.key for figure in figures(analyse(run))]
    assert "figure-5-mobilenet" in keys
    assert not {"confusion", "calibration"} & set(keys)


def test_runs_are_compared_by_validation_accuracy(run: Run) -> None:
    cells = [*run.cells]
    history = cells[0].quality.history
    worse = dataclasses.replace(
        history,
        validation_accuracy=tuple(np.array(history.validation_accuracy) - 0.1),
    )
    cells[0] = dataclasses.replace(
        cells[0],
        fingerprint="other",
        quality=dataclasses.replace(cells[0].quality, history=worse),
    )
    head = dataclasses.replace(run, cells=tuple(cells))
    rules = default_thresholds()
    outcome = compare(RunSet((("base", run),)), RunSet((("head", head),)), rules)
    (found,) = (
        change
        for change in outcome.changes
        if change.metric is not None
        and (change.cell, change.metric.name) == ("mobilenet-pretrained", "validation.accuracy")
    )
    assert (found.verdict, found.regression) == ("worse", True)
    assert found.change == pytest.approx(-0.1)
    assert not any(change.metric and change.metric.name == "accuracy" for change in outcome.changes)
