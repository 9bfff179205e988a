"""Cells with other heads than the paper's, in tables, figures, comparisons and results files."""

import csv
import dataclasses
import io
import json

import pytest
from made_runs import document, made_cell, made_missing, made_run

from fer_bench.analysis.comparison import RunSet, compare, default_thresholds
from fer_bench.analysis.experiments import Experiment
from fer_bench.analysis.run_analysis import analyse
from fer_bench.analysis.summary import summarise
from fer_bench.protocol.head import Heads
from fer_bench.report import Report, write_report
from fer_bench.report.page.chart_data import chart_data
from fer_bench.report.plots.initial_metrics import initial_figures
from fer_bench.report.plots.labels import short_label
from fer_bench.report.plots.learning_curves import curve_figures
from fer_bench.report.summary_csv import summary_csv
from fer_bench.report.tables import tables
from fer_bench.results import read_run
from fer_bench.results.merge import merge_runs
from fer_bench.results.quality import History
from fer_bench.runtime.errors import FerBenchError

FITTED = History((), (), (0.5,), (1.0,), (0.4,), (1.2,))
NAMES = ("linear", "mlp:64d0.3", "knn", "prototype")


def cell(head, test=0.4, backbone="mobilenet", **other):
    if head in ("knn", "prototype"):
        other = {"history": FITTED, "head_value": 10.0, **other}
    parts = (("frozen features", 2.0), ("training", 1.0), ("evaluation", 1.0))
    return made_cell(backbone, "random", test, head=head, parts=parts, **other)


CELLS = tuple(cell(head, 0.4 + 0.02 * place, speed=9.0) for place, head in enumerate(NAMES))
RUN = made_run(*CELLS, head=Heads(NAMES))


def table(run, key):
    return next(one for one in tables(analyse(run)) if one.key == key)


def test_a_file_of_them_is_read_as_it_was_written():
    assert read_run(json.loads(json.dumps(document(RUN)))) == RUN


def test_the_papers_head_has_no_key_in_files():
    heads = [one.get("head") for one in document(RUN)["fer_bench"]["cells"]]
    assert heads == [None, "mlp:64d0.3", "knn", "prototype"]


@pytest.mark.parametrize("head", ["lstm", "mlp:64,32", "mlp:64d0.30", ""])
def test_unknown_heads_in_files_are_refused(head):
    made = document(RUN)
    made["fer_bench"]["cells"][1]["head"] = head
    with pytest.raises(FerBenchError) as raised:
        read_run(made)
    assert repr(head) in raised.value.problem
    assert raised.value.accepted


def test_a_head_of_a_package_that_is_not_installed_here():
    """Its parameter is known from the protocol of the file."""
    rows = tuple(
        dataclasses.replace(row, name="head_bayes", value="smoothing of 1, 0.5")
        if row.name == "head_knn"
        else row
        for row in RUN.protocol
    )
    own = dataclasses.replace(CELLS[2], head="bayes", head_value=0.5)
    skipped = dataclasses.replace(made_missing("vggface", "pretrained"), head="bayes")
    run = dataclasses.replace(RUN, cells=(own, skipped), protocol=rows)
    assert read_run(json.loads(json.dumps(document(run)))) == run
    assert table(run, "cells").rows[0].entries[-1] == "smoothing 0.5"


def test_a_head_with_the_name_of_a_setting():
    rows = tuple(
        dataclasses.replace(row, name="head_seed", value="smoothing of 1, 0.5")
        if row.name == "head_knn"
        else row
        for row in RUN.protocol
    )
    own = dataclasses.replace(CELLS[2], head="seed", head_value=0.5)
    run = dataclasses.replace(RUN, cells=(own,), protocol=rows)
    assert table(run, "cells").rows[0].entries[-1] == "smoothing 0.5"


def test_only_fitted_heads_have_no_epochs():
    with pytest.raises(FerBenchError, match=r"running_accuracy has 0 values"):
        read_run(document(made_run(cell("linear", history=FITTED))))
    with pytest.raises(FerBenchError, match=r"running_accuracy has 20 values"):
        read_run(document(made_run(cell("knn", history=CELLS[0].quality.history))))


def test_each_head_is_a_row_and_is_compared():
    analysis = analyse(RUN)
    assert [group.id for group in analysis.groups] == [
        "mobilenet-random",
        "mobilenet-random-mlp64d0.3",
        "mobilenet-random-knn",
        "mobilenet-random-prototype",
    ]
    assert len(analysis.pairs) == 6
    assert analysis.standings[0].group.label == "MobileNet random + prototype"
    assert "MobileNet random + prototype" in summarise(analysis).answer[0]


def test_the_papers_tables_and_claims_are_of_its_head():
    assert [row.label for row in table(RUN, "table-2").rows] == ["MobileNet random"]
    others = table(made_run(*CELLS[1:3], head=Heads(NAMES[1:3])), "table-2")
    assert {*others.rows[1].entries} == {None}
    assert others.rows[1].reason == "no epochs: the head is fitted in one step"
    assert not any("Early stopping" in note for note in others.notes)
    only = made_run(CELLS[2], head=Heads(("knn",)))
    assert not any(one.key.startswith("table-") for one in tables(analyse(only))[1:])
    without = analyse(only).verdicts
    assert without == analyse(made_run(head=Heads(("knn",)))).verdicts


def test_fitted_heads_have_dashes_for_epochs():
    for key in ("initial", "learning-speed", "final"):
        rows = {row.label: row for row in table(RUN, key).rows}
        assert None in rows["MobileNet random + knn"].entries
        assert None not in rows["MobileNet random"].entries
    cells = {row.label: row for row in table(RUN, "cells").rows}
    assert cells["MobileNet random + knn"].entries[-1] == "neighbours 10"
    assert cells["MobileNet random + mlp:64d0.3"].entries[-1] is None


def test_figures_of_curves_leave_fitted_heads_out():
    analysis = analyse(RUN)
    keys = [figure.key for figure in curve_figures(analysis)]
    assert [key.partition("-mobilenet")[2] for key in keys][:1] == [""]
    assert len(keys) == 2
    assert all(len(figure.data.rows) == 2 for figure in initial_figures(analysis))
    data = chart_data([analysis])
    assert [one["series"] for one in data["cells"]] == [0, 1, 2, 3]
    assert {curve["cell"] for curve in data["sets"][0]["curves"]} == {0, 1}
    assert [len(curve["seconds"]) for curve in data["sets"][0]["time"]["curves"]] == [21, 21, 1, 1]


def test_the_head_is_a_column():
    rows = list(csv.DictReader(io.StringIO(summary_csv([(analyse(RUN), [Experiment(RUN)])]))))
    assert [row["head"] for row in rows] == [*NAMES]
    frame = RUN.to_frame()
    assert list(frame["head"]) == [*NAMES]
    assert list(frame["epochs"]) == [20, 20, 0, 0]


def test_a_run_is_compared_head_by_head():
    worse = (*CELLS[:2], cell("knn", 0.2), CELLS[3])
    result = compare(
        RunSet((("base", RUN),)),
        RunSet((("head", made_run(*worse, head=Heads(NAMES))),)),
        default_thresholds(),
    )
    assert result.exit_status == 1
    assert {change.cell for change in result.changes if change.regression} == {
        "mobilenet-random-knn"
    }
    assert not result.differences


def test_runs_with_other_heads_are_one_experiment():
    linear, knn = made_run(CELLS[0]), made_run(CELLS[2], head=Heads(("knn",)))
    merged = merge_runs([("a", linear), ("b", knn)])
    rows = {row.name: row for row in merged.protocol}
    assert rows["head"].value == "linear,knn"
    assert "head_knn" in rows
    assert [one.id for one in merged.cells] == ["mobilenet-random-42", "mobilenet-random-knn-42"]
    result = compare(RunSet((("a", linear),)), RunSet((("ab", merged),)), default_thresholds())
    assert not [one for one in result.differences if one.of_experiment]
    other = dataclasses.replace(
        knn,
        protocol=tuple(
            dataclasses.replace(row, value="neighbours of 5") if row.name == "head_knn" else row
            for row in knn.protocol
        ),
    )
    with pytest.raises(FerBenchError) as raised:
        merge_runs([("a", knn), ("b", other)])
    assert "head knn" in raised.value.problem


def test_the_report_is_written(tmp_path):
    write_report(tmp_path, Report.of(RUN))
    page = (tmp_path / "index.html").read_text("utf-8")
    assert "MobileNet random + mlp:64d0.3" in page
    assert 'id="learning-curves"' in page


def test_a_page_without_epochs_has_no_chart_of_them(tmp_path):
    write_report(tmp_path, Report.of(made_run(CELLS[2], head=Heads(("knn",)))))
    assert 'id="learning-curves"' not in (tmp_path / "index.html").read_text("utf-8")


def test_short_names_keep_init_and_head():
    assert short_label("MobileNet random + knn") == "MobileNet random + knn"
    assert short_label("EfficientNetV2B0 pretrained + prototype").endswith(
        " pretrained + prototype"
    )
    assert len(short_label("EfficientNetV2B0 pretrained + prototype")) < 32
