"""Tables of classification metrics, summary.csv, and how intervals and small numbers are shown."""

import csv
import dataclasses
import io

import numpy as np
import pytest
from made_runs import LABELS, NAMES, made_cell, made_missing, made_run

from fer_bench.analysis.experiments import Experiment
from fer_bench.analysis.run_analysis import analyse
from fer_bench.protocol.data_spec import RATES_SPLIT
from fer_bench.report.metrics_tables import class_metrics_table, metrics_table
from fer_bench.report.summary_csv import COLUMNS, summary_csv
from fer_bench.report.table import Bracketed, Column, Row, Table
from fer_bench.report.table_rendering import body, entry_text, tidy_csv
from fer_bench.results.metric_estimates import estimate_metrics

RUN = made_run(
    made_cell("mobilenet", "pretrained", 0.5, speed=100.0),
    made_cell("mobilenet", "random", predicted=np.full_like(LABELS, 3, np.uint8)),
    made_missing("vggface", "random"),
)


def shown(table, label):
    """Return the texts of a row by heading, as a person reads them."""
    table = table.visible
    made = body(table)
    texts = made.cells[made.labels.index(label)]
    return dict(zip([column.name for column in table.columns], texts, strict=True))


def test_metrics_of_all_classes():
    table = metrics_table(analyse(RUN))
    known = estimate_metrics((RUN.cells[0].quality,), RUN.dataset)
    found = shown(table, "MobileNet pretrained")
    one = known.macro_f1
    assert found["macro F1"] == (
        f"{100 * one.value:.1f} [{100 * one.low:.1f}, {100 * one.high:.1f}]"
    )
    assert found["MCC"] == f"{known.mcc.value:.2f} [{known.mcc.low:.2f}, {known.mcc.high:.2f}]"
    assert found["ECE"] == f"{100 * known.ece.value:.1f}"
    # No network has second classes.
    assert "top-2 accuracy" not in found
    assert shown(table, "MobileNet random")["balanced accuracy"] == f"{100 / 7:.1f}"
    assert shown(table, "VGG-Face random")["accuracy"] == "skipped"


def test_metrics_of_each_class():
    table = class_metrics_table(analyse(RUN))
    images = [row.entries[-1] for row in table.rows if row.label.startswith("MobileNet random")]
    assert images == np.bincount(LABELS).tolist()
    always = shown(table, f"MobileNet random, {NAMES[3]}")
    assert always["recall"].startswith("100.0 [99.")
    assert shown(table, f"MobileNet random, {NAMES[0]}")["precision"] == "\N{EN DASH}"
    assert table.rows[-1].missing == "skipped"


def test_the_file_of_all_tables_has_numbers_and_limits():
    rows = list(csv.DictReader(io.StringIO(tidy_csv([metrics_table(analyse(RUN))]))))
    found = {row["column"]: row["value"] for row in rows if row["row"] == "MobileNet_pretrained"}
    one = estimate_metrics((RUN.cells[0].quality,), RUN.dataset).macro_f1
    limits = [float(found[name]) for name in ("macro F1", "macro F1 low", "macro F1 high")]
    assert limits == [one.value, one.low, one.high]


def test_without_a_test_part_a_row_says_so():
    dataset = dataclasses.replace(RUN.dataset, split=RATES_SPLIT, test=0, test_labels=b"")
    table = metrics_table(analyse(dataclasses.replace(RUN, dataset=dataset)))
    assert table.rows[0].missing == "no test part"


@pytest.mark.parametrize(
    ("entry", "column", "text"),
    [
        (0.54039, Column("x", decimals=1, style="percent"), "54.0"),
        (-0.0004, Column("x", decimals=1, style="percent"), "0.0"),
        (0.00005, Column("p", decimals=4, style="p"), "< 0.0001"),
        (0.0001, Column("p", decimals=4, style="p"), "0.0001"),
        (Bracketed(0.5, 0.4, 0.6), Column("x", decimals=2), "0.50 [0.40, 0.60]"),
        (Bracketed(0.5, None, None), Column("x", decimals=2), "0.50"),
        (Bracketed(None, -0.4, 0.6), Column("x", decimals=2), "[-0.40, 0.60]"),
        (Bracketed(0.5, 0.4, 0.6, (0.3, 0.7)), Column("x", decimals=2), "0.50 [0.30, 0.70]"),
    ],
)
def test_no_more_digits_than_a_reader_needs(entry, column, text):
    assert entry_text(entry, column) == text


def test_hidden_columns_are_not_shown_and_optional_ones_if_there_is_a_value():
    columns = (Column("SD", optional=True), Column("x"), Column("hidden", hidden=True))
    table = Table("k", "t", "Model", columns, (Row("a", (None, 0.5, 3), "why", "never", place=0),))
    assert [column.name for column in table.visible.columns] == ["x"]
    (row,) = table.visible.rows
    assert (row.entries, row.place) == ((0.5,), None)
    known = dataclasses.replace(table, rows=(Row("a", (1, 0.5, 3), place=1),))
    assert [column.name for column in known.visible.columns] == ["SD", "x"]
    assert known.visible.rows[0].place == 1


def test_a_row_without_entries_has_a_gap_in_each_column():
    table = Table("k", "t", "Model", (Column("x"), Column("y")), (Row("a", ()),))
    assert table.rows[0].entries == (None, None)


@pytest.mark.parametrize(
    ("column", "entry", "recorded"),
    [
        (Column("x", "g", limits=True), Bracketed(1.0, 0.5, 2.0, (0.4, 3.0)),
         [("g", "x", 1.0), ("g", "x low", 0.5), ("g", "x high", 2.0)]),
        (Column("x", "g", limits=True, keys=("k", "x")), None,
         [("k", "x", None), ("k", "low", None), ("k", "high", None)]),
        (Column("CI", "g", interval="by seeds"), Bracketed(None, 0.5, 2.0),
         [("g", "low by seeds", 0.5), ("g", "high by seeds", 2.0)]),
        (Column("x", shown_only=True), 1, []),
    ],
)  # fmt: skip
def test_limits_are_numbers_of_their_own_in_the_file_of_all_tables(column, entry, recorded):
    assert column.recorded(entry) == recorded


def test_the_summary_has_a_typed_row_for_each_cell():
    rows = list(csv.DictReader(io.StringIO(summary_csv([(analyse(RUN), [Experiment(RUN)])]))))
    assert tuple(rows[0]) == COLUMNS
    assert [row["cell"] for row in rows] == [cell.id for cell in RUN.cells]
    assert {row["run"] for row in rows} == {""}
    best, constant, missing = rows
    cell = RUN.cells[0]
    assert float(best["test_accuracy"]) == cell.quality.test_accuracy
    assert float(best["test_accuracy_low"]) < cell.quality.test_accuracy
    assert int(best["parameters_total"]) == cell.parameters.backbone + cell.parameters.head
    assert (float(best["images_per_second"]), best["batch_size"]) == (100.0, "32")
    assert [row["beats_majority_baseline"] for row in rows] == ["true", "false", ""]
    assert constant["balanced_accuracy_low"] == ""
    assert (missing["status"], missing["reason"]) == ("skipped", "no weights")
    assert missing["macro_f1"] == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [(10_151.5, "10,200"), (99.96, "100"), (17.494, "17.5"), (0.2468, "0.247"), (0.0, "0")],
)
def test_speeds_have_three_significant_digits(value, text):
    assert entry_text(value, Column("x", style="speed")) == text


def seeds_of(*shares):
    return made_run(
        *(made_cell("mini", "random", one, seed=seed) for seed, one in enumerate(shares))
    )


def test_intervals_of_several_seeds_cover_their_spread():
    """Those of tables.csv stay intervals over the images."""
    run = seeds_of(0.3, 0.4, 0.5)
    group = analyse(run).groups[0]
    table = metrics_table(analyse(run))
    images, spread = group.metrics.accuracy, group.spread_metrics.accuracy
    # Student's t for 2 degrees of freedom, of a standard deviation of 0.1.
    half = np.hypot(4.3027 * 0.1 / np.sqrt(3), (images.high - images.low) / 2)
    assert (spread.high - spread.low) / 2 == pytest.approx(half, abs=0.001)
    assert shown(table, "mini random")["accuracy"] == (
        f"40.0 [{100 * spread.low:.1f}, {100 * spread.high:.1f}]"
    )
    recorded = {
        row["column"]: float(row["value"])
        for row in csv.DictReader(io.StringIO(tidy_csv([table])))
        if row["column"].startswith("accuracy")
    }
    assert recorded == {
        "accuracy": images.value,
        "accuracy low": images.low,
        "accuracy high": images.high,
    }


@pytest.mark.parametrize("seeds", [1, 3, 6])
def test_recalls_of_each_seed(seeds):
    run = seeds_of(*(0.3 + 0.05 * seed for seed in range(seeds)))
    found = shown(class_metrics_table(analyse(run)), f"mini random, {NAMES[3]}")
    known = [f"{100 * cell.quality.recall[3]:.1f}" for cell in run.cells]
    expected = {1: None, 3: " / ".join(known), 6: f"{known[0]} to {known[-1]}"}
    assert found.get("recall by seed") == expected[seeds]
