"""Cells that come and go, sides of several runs, and what must be said first."""

from __future__ import annotations

import dataclasses

import pytest
from comparison_runs import in_environment, one_of, side, timed_run
from made_runs import made_cell, made_missing, made_run

from fer_bench.analysis.comparison import RunSet, compare, default_thresholds, parse
from fer_bench.protocol.cell import OTHER_SHARD
from fer_bench.results.fact_names import NOT_TIMED, SPEED
from fer_bench.runtime.errors import FerBenchError

OTHER = made_cell("mini", "random")
HEAD = side(timed_run(call=0.007))


def outcome(base, head, thresholds=""):
    return compare(base, head, default_thresholds() + parse([thresholds], "--fail-on"))


def run_of(*cells, **facts):
    return in_environment(made_run(*cells), facts)


def told(found):
    return {change.cell: change for change in found.changes if change.metric is None}


def test_a_cell_that_is_gone_is_a_regression_and_a_new_one_is_none():
    base = side(run_of(made_cell("mini", "pretrained"), made_cell("mini", "random")))
    head = side(run_of(made_cell("mini", "pretrained"), made_cell("openface", "random")))
    found = outcome(base, head)
    assert told(found)["mini-random"].verdict == "gone"
    assert told(found)["mini-random"].regression
    assert told(found)["openface-random"].verdict == "new"
    assert found.exit_status == 1
    assert outcome(base, head, "gone: off").exit_status == 0
    assert outcome(base, head, "mini-r*: gone: off").exit_status == 0
    assert outcome(base, head, "openface*: gone: off").exit_status == 1


@pytest.mark.parametrize("status", ["failed", "skipped"])
def test_a_cell_that_failed_or_was_skipped_is_gone_for_its_reason(status):
    base = side(run_of(made_cell("mini", "pretrained"), made_cell("mini", "random")))
    head = side(
        run_of(
            made_cell("mini", "pretrained"), made_missing("mini", "random", status, reason="NaN")
        )
    )
    row = told(outcome(base, head))["mini-random"]
    assert (row.verdict, row.regression) == ("gone", True)
    assert f"{status}: NaN" in row.why
    assert told(outcome(head, base))["mini-random"].verdict == "new"


def test_a_cell_that_neither_side_measured_is_a_row():
    base = side(run_of(made_cell("mini", "pretrained"), made_missing("vggface", "pretrained")))
    found = outcome(base, base)
    row = told(found)["vggface-pretrained"]
    assert row.verdict == "not comparable"
    assert "no weights" in row.why
    assert found.exit_status == 0


def test_nothing_in_common_is_an_error_that_names_both():
    with pytest.raises(FerBenchError) as caught:
        outcome(
            side(run_of(made_cell("mini", "random"))), side(run_of(made_cell("openface", "random")))
        )
    assert "no cell in common: mini random and OpenFace random" in caught.value.problem


def test_nothing_measured_in_common_cannot_be_compared():
    base = side(run_of(made_missing("mini", "random")))
    assert outcome(base, base).exit_status == 2


def test_several_runs_of_a_side_are_one_experiment():
    base = RunSet((("a", timed_run()), ("b", dataclasses.replace(timed_run(), protocol=()))))
    with pytest.raises(FerBenchError) as caught:
        outcome(base, side(timed_run()))
    assert caught.value.problem.startswith("base: a and b ")
    assert "protocol: split paper" in caught.value.problem
    other = timed_run()
    other = dataclasses.replace(other, dataset=dataclasses.replace(other.dataset, digest="ff"))
    with pytest.raises(FerBenchError, match=r"head: .*data"):
        outcome(side(timed_run()), side(timed_run(), other))


def test_runs_of_one_side_that_disagree_are_not_deterministic_in_any_order():
    same = {"fingerprint": "aa"}
    one = run_of(made_cell("mini", "pretrained", 0.4, **same))
    two = run_of(made_cell("mini", "pretrained", 0.3, **same))
    for base in ((one, two), (two, one)):
        found = outcome(side(*base), side(one))
        row = told(found)["mini-pretrained"]
        assert (row.verdict, row.regression) == ("not deterministic", True)
        assert "run-1.json and run-2.json" in row.why
        assert found.exit_status == 1


def test_runs_of_one_side_with_several_fingerprints_are_told():
    one = run_of(made_cell("mini", "pretrained", 0.4, fingerprint="aa"))
    other = run_of(made_cell("mini", "pretrained", 0.3, fingerprint="bb"))
    found = outcome(side(one, other), side(one))
    assert any("2 fingerprints" in note for note in found.notes)
    assert one_of(found, "accuracy").base == pytest.approx(0.4, abs=0.001)


def test_runs_of_one_side_of_several_commits_are_told():
    found = outcome(side(timed_run(), timed_run(call=0.006, environment={"commit": "def"})), HEAD)
    assert any("2 commits (abc, def)" in note for note in found.notes)


def test_one_measurement_is_not_on_both_sides_of_several():
    with pytest.raises(FerBenchError) as caught:
        outcome(side(timed_run(), timed_run(call=0.006)), side(timed_run(call=0.006)))
    ours, theirs = caught.value.problem.split(" and ")
    assert "run-2.json" in ours
    assert "base" in ours
    assert "run-1.json" in theirs
    assert "head" in theirs
    assert outcome(side(timed_run()), side(timed_run())).exit_status == 0


def test_cells_that_have_speeds_alone_are_compared_by_them():
    def bare(run):
        return dataclasses.replace(
            run, cells=tuple(dataclasses.replace(cell, quality=None) for cell in run.cells)
        )

    found = outcome(side(bare(timed_run())), side(bare(timed_run(call=0.05, spread=0.01))))
    assert one_of(found, "inference.median@32").verdict == "worse"
    assert found.exit_status == 1
    without = outcome(side(timed_run()), side(bare(timed_run())))
    assert one_of(without, "accuracy").verdict == "gone"
    assert without.exit_status == 1
    lost = outcome(
        side(dataclasses.replace(bare(timed_run()), cells=(*bare(timed_run()).cells, OTHER))),
        side(dataclasses.replace(timed_run(), cells=(OTHER,))),
    )
    assert told(lost)["mini-pretrained"].regression


def untimed(*cells):
    return run_of(*cells, **{SPEED: NOT_TIMED})


def test_speeds_that_the_head_was_requested_not_to_measure_are_a_note():
    head = untimed(made_cell("mini", "pretrained"))
    found = outcome(side(timed_run()), side(head))
    assert {change.verdict for change in found.changes} == {"same"}
    assert found.exit_status == 0
    (note,) = (note for note in found.notes if "not compared" in note)
    for word in ("training.speed", "inference.median", "inference.p99", "mini pretrained"):
        assert word in note
    assert not any("not compared" in note for note in outcome(side(head), side(head)).notes)


def test_speeds_that_vanished_or_failed_are_gone():
    cell = made_cell("mini", "pretrained")
    failed = dataclasses.replace(cell, status="failed", reason="out of memory")
    partly = dataclasses.replace(timed_run().cells[0], training=None)
    for head in (run_of(cell), untimed(failed), untimed(partly)):
        found = outcome(side(timed_run()), side(head))
        assert one_of(found, "training.speed").regression
        assert not any("not compared" in note for note in found.notes)


def test_cells_of_other_shards_are_not_gone():
    base = side(run_of(made_cell("mini", "pretrained"), made_cell("mini", "random")))
    elsewhere = made_missing("mini", "random", reason=f"{OTHER_SHARD}2/2")
    found = outcome(base, side(run_of(made_cell("mini", "pretrained"), elsewhere)))
    assert told(found)["mini-random"].verdict == "not comparable"
    assert found.exit_status == 0


@pytest.mark.parametrize(
    ("entry", "accepted"),
    [
        ("recall.Hapy: 1pp", "recall.Happy"),
        ("inference.p99@23: 2ms", "inference.p99@32"),
        ("mini*: inference.median@1: 2ms", "inference.median@32"),
    ],
)
def test_a_rule_about_what_no_file_has_is_an_error(entry, accepted):
    with pytest.raises(FerBenchError) as caught:
        outcome(side(timed_run()), side(timed_run()), entry)
    assert repr(entry) in caught.value.problem
    assert accepted in caught.value.accepted


def test_a_rule_waits_for_figures_and_cells_that_no_file_has_yet():
    untimed = side(run_of(made_cell("mini", "pretrained")))
    assert outcome(untimed, untimed, "inference.p99@32: 2ms").notes == ()
    (note,) = outcome(untimed, untimed, "vgface*: accuracy: 1pp").notes
    assert "'vgface*: accuracy: 1pp'" in note


def test_a_pattern_of_figures_is_not_about_whole_cells():
    base = side(run_of(made_cell("mini", "pretrained"), made_cell("mini", "random")))
    head = side(run_of(made_cell("mini", "pretrained")))
    assert outcome(base, head, "*: off").exit_status == 1
    assert outcome(base, head, "gone: off, *: 10%").exit_status == 0


def test_a_side_of_several_machines_is_on_another_machine_than_any():
    sides = [
        side(timed_run(call=call), timed_run(call=call + 1, environment={"processor": "EPYC"}))
        for call in (0.005, 0.006)
    ]
    assert [each.what for each in outcome(*sides).differences] == ["processor"]


def test_a_result_that_only_one_run_of_a_side_has_counts():
    base = side(
        run_of(made_missing("mini", "pretrained")), run_of(made_cell("mini", "pretrained", 0.4))
    )
    found = outcome(base, side(run_of(made_cell("mini", "pretrained", 0.4))))
    assert one_of(found, "accuracy").verdict == "same"


def test_surroundings_are_told_in_order_of_weight():
    base = side(timed_run())
    head = side(
        timed_run(
            environment={
                "keras": "3.16.0",
                "threads": "OMP_NUM_THREADS=1",
                "processor": "EPYC",
                "devices": "gpu:0",
                "commit": "def",
            }
        )
    )
    found = outcome(base, head)
    assert [each.what for each in found.differences] == [
        "processor",
        "threads",
        "devices",
        "keras",
    ]
    assert (found.differences[0].base, found.differences[0].head) == ("Xeon", "EPYC")
    assert "run-1.json (commit abc)" in found.base
    assert "(commit def)" in found.head


def test_what_one_side_does_not_tell_is_no_difference():
    bare = dataclasses.replace(timed_run(), environment=())
    assert outcome(side(bare), side(timed_run())).differences == ()


def test_a_side_names_all_its_values():
    head = side(timed_run(), timed_run(call=0.006, environment={"processor": "EPYC"}))
    (difference,) = outcome(HEAD, head).differences
    assert (difference.base, difference.head) == ("Xeon", "EPYC; Xeon")
