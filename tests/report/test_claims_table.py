from __future__ import annotations

import dataclasses
import re

import pytest
from made_runs import every_cell, made_cell, made_run, repeated

from fer_bench.analysis.claims import CLAIMS
from fer_bench.analysis.run_analysis import analyse
from fer_bench.report.claims_table import claims_table, count_verdicts, split_by_evidence
from fer_bench.report.latex import latex
from fer_bench.report.table_rendering import terminal, tidy_csv


def table(run):
    return claims_table(analyse(run))


def test_one_row_for_each_claim():
    found = table(made_run(*every_cell()))
    assert [row.label for row in found.rows] == [f"C{number}" for number in range(1, 18)]


def test_a_row_has_statement_both_verdicts_and_certainty():
    run = made_run(*repeated(every_cell({("mobilenet", "pretrained"): {"test": 0.2}})))
    (row,) = (row for row in table(run).rows if row.label == "C7")
    says, paper, verdict, sure, effect = row.entries
    assert says.endswith("performs worse than OpenFace (Discussions)")
    assert paper.startswith("not published: ")
    assert verdict == "supported"
    assert sure.endswith(" (3 seeds)")
    assert effect == pytest.approx(0.2, abs=0.001)


def test_the_evidence_names_its_metric():
    rows = {row.label: row for row in table(made_run(*repeated(every_cell()))).rows}
    for claim, metric in {
        "C1": "test accuracy, pretrained minus random: ",
        "C2": "accuracy MCR, pretrained minus random: ",
        "C3": "accuracy MOFR, pretrained minus random: ",
        "C4": "validation accuracy: ",
        "C16": "accuracy MOFR, random minus pretrained: ",
    }.items():
        assert rows[claim].entries[3].startswith(metric)
    # The evidence of C9 contains it.
    assert not rows["C9"].entries[3].startswith("recall")


def test_what_other_data_cannot_test_has_the_papers_verdict_alone():
    run = made_run(*every_cell())
    run = dataclasses.replace(run, dataset=dataclasses.replace(run.dataset, name="sketch"))
    rows = {row.label: row for row in table(run).rows}
    assert rows.pop("C10").entries[2] == "supported"
    assert {row.entries[2:] for row in rows.values()} == {("not testable here", None, None)}
    assert {row.reason for row in rows.values()} == {"data set sketch instead of fer2013"}
    assert rows["C2"].entries[1].startswith("supported: Table 2")


def test_each_testable_claim_has_its_definition():
    notes = table(made_run(*every_cell(), batch_size=64)).notes
    for claim in CLAIMS:
        assert any(note.startswith(f"{claim.id}. {claim.definition}") for note in notes)
    assert "Deviations of this run from the paper: batch size 64 instead of 32." in notes


def test_the_split_of_the_papers_tables_is_stated_with_its_command():
    run = made_run(*every_cell())
    (note,) = (note for note in table(run).notes if "like for like" in note)
    assert "28,710" in note
    assert note.endswith(" --split=80-20 --no-timing")
    data = dataclasses.replace(run.dataset, split="80-20", train=28_710, validation=7_177, test=0)
    (note,) = (one for one in table(made_run_on(data)).notes if "28,710" in one)
    assert note.startswith("Like those of this run")
    other = dataclasses.replace(run.dataset, name="sketch")
    assert not any("28,710" in note for note in table(made_run_on(other)).notes)


def made_run_on(data):
    return dataclasses.replace(made_run(), dataset=data)


@pytest.mark.parametrize("width", [80, 120])
def test_a_terminal_shows_no_line_wider_than_it(width):
    text = terminal([table(made_run(*repeated(every_cell())))], width)
    assert max(map(len, text.splitlines())) <= width
    assert "effect" not in text.splitlines()[3]


def test_the_effect_is_in_the_csv_file():
    lines = tidy_csv([table(made_run(*repeated(every_cell())))]).splitlines()
    assert any(line.startswith("claims,C7,,effect,0.0") for line in lines)


def test_in_latex_the_reasons_have_the_width():
    text = latex(table(made_run(*every_cell())))
    widths = re.findall(r"p\{([\d.]+)\\linewidth\}", text)
    says, paper, verdict, sure = map(float, widths)
    assert sure > max(says, paper) > verdict
    assert says + paper + verdict + sure < 1


def test_claims_without_evidence_are_a_table_of_their_own():
    run = made_run(made_cell("mobilenet", "pretrained", 0.5), made_cell("mobilenet", "random", 0.4))
    complete = table(run)
    shown, rest = split_by_evidence(complete)
    assert (shown.key, rest.key) == ("claims", "claims-without-evidence")
    assert {row.entries[3] for row in rest.rows} == {"no evidence"}
    assert "no evidence" not in {row.entries[3] for row in shown.rows}
    assert {*shown.rows, *rest.rows} == {*complete.rows}
    everything = table(made_run(*repeated(every_cell())))
    rows = tuple(row for row in everything.rows if row.entries[3] != "no evidence")
    everything = dataclasses.replace(everything, rows=rows)
    assert split_by_evidence(everything) == [everything]


def test_outcomes_are_counted_with_the_networks_that_were_not_run():
    run = made_run(*[one for one in every_cell() if one.backbone != "vggface"])
    found = table(run)
    outcomes = [row.entries[2].partition(":")[0] for row in split_by_evidence(found)[0].rows]
    text = count_verdicts(found, [run])
    testable = f"{len(outcomes)} of 17 claims testable here: "
    assert len(outcomes) < 17
    assert text.startswith(f"{testable}{outcomes.count('supported')} supported, ")
    assert f" {outcomes.count('undecided')} undecided; " in text
    assert text.endswith("; networks not run: VGG-Face pretrained, VGG-Face random.")
    assert "networks" not in count_verdicts(found)
