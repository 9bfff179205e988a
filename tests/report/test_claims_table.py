from __future__ import annotations

import dataclasses
import re

from made_runs import every_cell, made_run

from fer_bench.analysis.run_analysis import analyse
from fer_bench.report.claims_table import claims_table
from fer_bench.report.latex import latex


def table(run):
    return claims_table(analyse(run).verdicts)


def test_one_row_for_each_claim():
    found = table(made_run(*every_cell()))
    assert [row.label for row in found.rows] == [f"C{number}" for number in range(1, 11)]


def test_what_other_data_cannot_test_is_one_row():
    run = made_run(*every_cell())
    run = dataclasses.replace(run, dataset=dataclasses.replace(run.dataset, name="sketch"))
    first, last = table(run).rows
    assert first.label == "C1 to C9"
    _, verdict, why, value = first.entries
    assert verdict == "not testable here"
    assert why.endswith("sketch instead of fer2013")
    assert value is None
    assert last.label == "C10"


def test_the_thresholds_are_reported():
    notes = " ".join(table(made_run(*every_cell())).notes)
    for threshold in ("less than 0.002 per epoch", "within 0.02", "more than 10%"):
        assert threshold in notes


def test_in_latex_the_reasons_have_the_width():
    text = latex([table(made_run(*every_cell()))])
    says, because = (float(share) for share in re.findall(r"\\hsize=([\d.]+)\\hsize", text))
    assert because > 1 > says
    assert abs(says + because - 2) < 0.011
    # The verdict, in one piece.
    assert re.search(r"X\s*l>\{", text)
