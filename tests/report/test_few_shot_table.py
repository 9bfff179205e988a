"""Few-shot results in tables, results files and merged runs."""

import dataclasses
import json

import numpy as np
import pytest
from made_runs import LABELS, document, made_cell, made_predictions, made_run

from fer_bench.analysis.run_analysis import analyse
from fer_bench.protocol.few_shot import Shots
from fer_bench.protocol.head import Heads
from fer_bench.report import Report, write_report
from fer_bench.report.output import terminal_text
from fer_bench.report.tables import tables
from fer_bench.results import read_run
from fer_bench.results.few_shot import FewShot
from fer_bench.results.merge import merge_runs
from fer_bench.results.quality import History
from fer_bench.runtime.errors import FerBenchError

FITTED = History((), (), (0.5,), (1.0,), (0.4,), (1.2,))
N = len(LABELS)
FEW = FewShot(
    16, False, 25_121, tuple(made_predictions(one).tobytes() for one in (0.3, 0.4)), (1, 3)
)
OWN = np.arange(7178, dtype=np.int64) % 7
MIEB = FewShot(
    16,
    True,
    28_709,
    (OWN.astype(np.uint8).tobytes(),) * 2,
    (4, 6),
    OWN.astype(np.uint8).tobytes(),
    (OWN == 0).astype(np.uint8).tobytes(),
)
HEADS = Heads(("linear", "logreg"))


def run_of(*found):
    fitted = made_cell(
        "mobilenet", "pretrained", head="logreg", history=FITTED, head_value=1.0, few_shot=found
    )
    shots = Shots.parse("16,mieb") if found else Shots()
    return made_run(made_cell("mobilenet", "pretrained"), fitted, head=HEADS, shots=shots)


def found_table(run):
    return next(one for one in tables(analyse(run)) if one.key == "few-shot")


def test_a_row_for_each_number_and_those_that_mieb_publishes():
    rows = {row.label: row.entries for row in found_table(run_of(FEW, MIEB)).rows}
    name = "MobileNet pretrained + logreg"
    clip, dino = "CLIP ViT-B/32, published by MIEB", "DINOv2 base, published by MIEB"
    assert [*rows] == [f"{name}, 16", f"{name}, MIEB", clip, dino]
    accuracy, *_ = rows[f"{name}, 16"]
    assert accuracy.value == pytest.approx(0.35, abs=1e-3)
    assert accuracy.low < 0.3 < 0.4 < accuracy.high
    assert rows[f"{name}, 16"][-4:] == (None, 2 / N, N, 2)
    mieb = rows[f"{name}, MIEB"]
    assert mieb[-4:] == ((OWN == 0).mean(), 5 / 7178, 7178, 2)
    assert [entry.value for entry in mieb[:3]] == [1, 1, 1]
    assert rows[clip][0].value == pytest.approx(0.4288, abs=1e-4)


def test_published_rows_are_of_all_of_fer2013():
    for changed in (
        run_of(FEW),
        run_of(dataclasses.replace(MIEB, **{
            name: getattr(MIEB, name)[:700] for name in ("labels", "duplicates")
        }, predictions=tuple(one[:700] for one in MIEB.predictions))),
    ):  # fmt: skip
        assert len(found_table(changed).rows) == 1


def test_no_table_without_it():
    assert "few-shot" not in {one.key for one in tables(analyse(run_of()))}


def test_report_and_terminal_show_it(tmp_path):
    report = Report.of(run_of(FEW, MIEB))
    write_report(tmp_path, report)
    assert "MobileNet pretrained + logreg, MIEB" in (tmp_path / "index.html").read_text("utf-8")
    assert "MIEB" in (tmp_path / "tables" / "few-shot.tex").read_text("utf-8")
    for width in (80, 120):
        text = terminal_text(report, width, 1)
        assert "Few-shot test accuracy" in text
        assert max(map(len, text.splitlines())) <= width


def test_files_are_read_as_they_were_written():
    for run in (run_of(FEW, MIEB), run_of()):
        assert read_run(json.loads(json.dumps(document(run)))) == run
    assert "few_shot" not in document(run_of())["fer_bench"]["cells"][1]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"shots": 0}, "shots is 0"),
        ({"drawn_from": 0}, "drawn_from is 0"),
        ({"predictions": ()}, "predictions of 0 draws"),
        ({"seen": (1,)}, "seen of 1"),
        ({"seen": (1, N + 1)}, f"seen contains {N + 1}"),
        ({"predictions": (bytes(N), bytes(N - 1))}, f"predictions has {N - 1} bytes"),
        ({"predictions": (bytes(N), bytes([7] * N))}, "predictions contains 7"),
        ({"labels": bytes(N)}, f"labels has {N} bytes"),
        ({"mieb": True}, "labels of test images is 0"),
    ],
)
def test_results_that_contradict_themselves_are_refused(changes, problem):
    with pytest.raises(FerBenchError) as raised:
        read_run(document(run_of(dataclasses.replace(FEW, **changes))))
    assert problem in raised.value.problem
    assert raised.value.accepted


def test_results_are_listed_once():
    with pytest.raises(FerBenchError, match="have the name 'few_shot 16'"):
        read_run(document(run_of(FEW, FEW)))


def test_a_merged_run_keeps_them():
    merged = merge_runs([("a", run_of()), ("b", run_of(FEW))])
    assert merged.cells[1].few_shot == (FEW,)
    assert {row.name: row.value for row in merged.protocol}["shots"] == "16,mieb"
