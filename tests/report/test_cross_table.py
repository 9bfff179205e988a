"""Tests on another data set, in results files, tables and commands."""

import csv
import dataclasses
import io
import json

import numpy as np
import pytest
from made_runs import NAMES, document, made_cell, made_missing, made_run

from fer_bench.analysis.cross_scores import cross_score
from fer_bench.analysis.experiments import Experiment
from fer_bench.analysis.run_analysis import analyse
from fer_bench.report.commands import benchmark_command
from fer_bench.report.summary_csv import summary_csv
from fer_bench.report.summary_table import summary_table
from fer_bench.report.tables import tables
from fer_bench.results import read_run
from fer_bench.results.cross_test import CrossTest, UntrainedClass
from fer_bench.results.merge import merge_runs
from fer_bench.runtime.errors import FerBenchError


def matrix(**counts):
    """Return a confusion matrix from counts such as ``Happy_Sad``, label first."""
    found = np.zeros((7, 7), int)
    for name, count in counts.items():
        label, predicted = map(NAMES.index, name.split("_"))
        found[label, predicted] = count
    return tuple(tuple(map(int, row)) for row in found)


TEST = CrossTest(
    "kdef",
    "ab" * 32,
    is_test_part=False,
    confusion=matrix(Happy_Happy=50, Happy_Sad=10, Sad_Sad=20, Sad_Happy=20),
    deduplicated=matrix(Happy_Happy=40, Happy_Sad=10, Sad_Sad=20, Sad_Happy=20),
    untrained=(UntrainedClass("Contempt", 1200),),
    resized_from="100x120",
    class_map="'map.csv'",
)
CELL = made_cell("mobilenet", "pretrained", cross_test=TEST)
RUN = made_run(CELL, made_cell("mobilenet", "random", 0.3), made_missing("vggface", "random"))


def table(run, key="cross"):
    return next((one for one in tables(analyse(run)) if one.key == key), None)


def test_scores_by_hand():
    found = cross_score(TEST.confusion)
    assert (found.images, found.accuracy.value) == (100, 0.7)
    assert found.baseline == 0.6
    # F1 of Happy: 2 * 50 / (60 + 70), of Sad: 2 * 20 / (40 + 30); the others have no images.
    assert found.macro_f1.value == pytest.approx((100 / 130 + 40 / 70) / 2)
    assert found.accuracy.low == pytest.approx(0.61, abs=0.01)
    assert found.macro_f1.low < found.macro_f1.value < found.macro_f1.high
    assert cross_score(matrix()) is None


def test_the_table_states_images_classes_and_duplicates():
    found = table(RUN)
    first, second, third = found.visible.rows
    assert first.entries[:2] == ("kdef", 100)
    assert [entry.value for entry in (first.entries[2], first.entries[6])] == [0.7, 60 / 90]
    assert first.entries[4::4] == (0.6, 5 / 9)
    assert second.reason == "not tested on another data set"
    assert third.reason == "skipped: no weights"
    words = found.notes[-1]
    for stated in ("Contempt (1,200)", "training: 10.", "always Happy", "100x120", "map.csv"):
        assert stated in words
    absent = words.partition("Classes without images there: ")[2].partition(".")[0]
    assert set(absent.split(", ")) == set(NAMES) - {"Happy", "Sad"}
    assert table(made_run(RUN.cells[1])) is None


def test_images_that_all_have_a_duplicate():
    cell = dataclasses.replace(CELL, cross_test=dataclasses.replace(TEST, deduplicated=matrix()))
    (row,) = table(made_run(cell)).rows
    assert row.entries[5:] == (0, None, None, None)


def test_each_seed_is_a_row_and_the_summary_has_their_mean():
    worse = dataclasses.replace(TEST, confusion=matrix(Happy_Sad=50, Happy_Happy=50))
    worse = dataclasses.replace(worse, deduplicated=worse.confusion)
    other = made_cell("mobilenet", "pretrained", seed=43, cross_test=worse)
    run = made_run(CELL, other, seeds=2)
    assert [row.label for row in table(run).rows] == [CELL.name, other.name]
    found = summary_table(analyse(run))
    place = [column.name for column in found.columns].index("on kdef")
    assert found.rows[0].entries[place] == "60.0"


def test_the_summary_has_a_column_only_if_a_cell_was_tested():
    found = summary_table(analyse(RUN))
    assert found.columns[-1].name == "on kdef"
    assert [row.entries[-1] for row in found.rows if row.label == CELL.label] == ["70.0"]
    assert "on kdef: accuracy on 100 images of it, %; always Happy 60.0." in found.notes[0]
    assert "on kdef" not in {
        one.name for one in summary_table(analyse(made_run(RUN.cells[1]))).columns
    }


def test_the_columns_of_the_csv():
    first, second, _ = csv.DictReader(io.StringIO(summary_csv([(analyse(RUN), [Experiment(RUN)])])))
    assert first["other_dataset"] == "kdef"
    assert float(first["other_accuracy"]) == 0.7
    assert float(first["other_accuracy_deduplicated"]) == 60 / 90
    assert float(first["other_baseline"]) == 0.6
    assert (second["other_dataset"], second["other_accuracy"]) == ("", "")


def test_a_file_is_read_as_it_was_written():
    written = json.loads(json.dumps(document(RUN)))
    assert read_run(written) == RUN
    assert ["cross_test" in cell for cell in written["fer_bench"]["cells"]] == [True, False, False]


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"confusion": [[1]]}, "confusion has another size"),
        ({"confusion": [[-1] * 7] * 7}, "confusion contains -1"),
        ({"confusion": [[0] * 7] * 7, "deduplicated": [[0] * 7] * 7}, "counts no image"),
        ({"deduplicated": [[99] * 7] * 7}, "deduplicated counts more"),
        ({"untrained": [{"name": "Awe", "images": 0}]}, "untrained counts 0"),
        ({"dataset": None}, "cross_test.dataset"),
    ],
)
def test_invalid_records_are_refused(changes, place):
    made = document(RUN)
    made["fer_bench"]["cells"][0]["cross_test"] |= changes
    with pytest.raises(FerBenchError) as raised:
        read_run(made)
    assert place in raised.value.problem
    assert raised.value.accepted


def test_merged_runs_keep_the_test_and_refuse_two():
    without = made_run(dataclasses.replace(CELL, cross_test=None))
    with_test = made_run(CELL)
    assert merge_runs([("a", without), ("b", with_test)]).cells == (CELL,)
    other = made_run(
        dataclasses.replace(CELL, cross_test=dataclasses.replace(TEST, dataset="jaffe"))
    )
    with pytest.raises(FerBenchError, match=r"kdef.*jaffe"):
        merge_runs([("a", with_test), ("b", other)])


def test_the_command_of_a_run_names_the_other_data_set():
    command = benchmark_command(RUN)
    assert "--test-on=OTHER --test-on-class-map=OTHERMAP" in command.line
    assert {word for word, _ in command.unknown} >= {"OTHER", "OTHERMAP"}
    drawn = dataclasses.replace(CELL, cross_test=dataclasses.replace(TEST, dataset="sketch"))
    assert "--test-on=sketch " in benchmark_command(made_run(drawn)).line
