from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from comparison_runs import made_reference, one_of, side, timed_run

from fer_bench.analysis.comparison import Thresholds, compare, default_thresholds, parse
from fer_bench.results.speeds import Reference

CALL = "inference.median@32"


def outcome(base, head, thresholds=""):
    return compare(
        side(*base), side(*head), default_thresholds() + parse([thresholds], "--fail-on")
    )


def runs(count, factor=1.0, between=0.0, seed=0, **speed):
    """Return runs whose times vary by ``between`` between runs, and by 1 % between rounds."""
    draw = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        run_factor = factor * float(np.exp(between * draw.normal()))
        found.append(
            timed_run(
                epoch=2.0 * run_factor,
                call=0.005 * run_factor,
                spread=0.01,
                seed=int(draw.integers(10**6)),
                **speed,
            )
        )
    return found


def test_a_slower_head_is_worse_in_the_figures_own_unit():
    found = outcome(runs(5), runs(5, 1.25, seed=1))
    training = one_of(found, "training.speed")
    assert training.verdict == "worse"
    assert training.regression
    assert training.base == pytest.approx(500, rel=0.01)
    assert training.head == pytest.approx(400, rel=0.01)
    assert training.change == pytest.approx(-0.2, abs=0.01)
    assert training.interval.low < training.change < training.interval.high < -0.19
    call = one_of(found, "inference.median@32")
    assert call.verdict == "worse"
    assert call.change == pytest.approx(0.25, abs=0.01)
    assert call.base == pytest.approx(0.005, rel=0.01)
    assert found.exit_status == 1


def test_a_faster_head_is_better_and_fails_nothing():
    found = outcome(runs(5), runs(5, 0.8, seed=1))
    assert one_of(found, "training.speed").verdict == "better"
    assert one_of(found, "inference.p99@32").verdict == "better"
    assert found.exit_status == 0


def test_what_is_beyond_noise_but_within_the_rule_is_the_same():
    found = one_of(outcome(runs(5), runs(5, 1.03, seed=1)), "training.speed")
    assert found.verdict == "same"
    assert not found.interval.low <= 0 <= found.interval.high
    assert "within the threshold" in found.why
    strict = outcome(runs(5), runs(5, 1.03, seed=1), "training.speed: 1%")
    assert one_of(strict, "training.speed").verdict == "worse"


def test_what_is_beyond_the_rule_but_within_noise_is_the_same():
    base, head = runs(3, between=0.1), runs(3, 1.1, between=0.1, seed=5)
    found = one_of(outcome(base, head), "training.speed")
    assert found.verdict == "same"
    assert found.why.startswith("within noise")


def test_a_rule_may_be_a_time_or_a_speed():
    head = runs(5, 1.2, seed=1)  # 1 ms a call, 83 images a second
    lenient = "inference.median: 1.5ms, training.speed: 100"
    found = outcome(runs(5), head, lenient)
    assert one_of(found, "inference.median@32").verdict == "same"
    assert one_of(found, "training.speed").verdict == "same"
    strict = outcome(runs(5), head, "inference.median: 0.5ms, training.speed: 50")
    assert one_of(strict, "inference.median@32").regression
    assert one_of(strict, "training.speed").regression


def test_a_figure_without_a_rule_may_be_worse_and_fails_nothing():
    found = outcome(runs(5), runs(5, 1.25, seed=1), "training.speed: off, inference.*: off")
    assert {one_of(found, name).verdict for name in ("training.speed", "inference.p99@32")} == {
        "worse"
    }
    assert found.exit_status == 0


def test_one_run_on_each_side_is_judged_by_its_rounds():
    found = outcome(runs(1), runs(1, 1.25, seed=1))
    call = one_of(found, "inference.median@32")
    assert call.verdict == "worse"
    assert "Mann-Whitney" in call.why
    assert "100 and 100 rounds" in call.why
    few = outcome(runs(1, rounds=3), runs(1, 1.25, seed=1, rounds=3))
    training = one_of(few, "training.speed")
    assert training.verdict == "worse"
    assert "Student's t over 3 and 3 rounds" in training.why


def test_one_run_on_each_side_bounds_no_99th_percentile():
    found = outcome(runs(1), runs(1, 2.0, seed=1), "inference.p99: 10%")
    tail = one_of(found, "inference.p99@32")
    assert tail.verdict == "not comparable"
    assert "6 runs" in tail.why
    assert tail in found.undecided


def test_a_machine_that_is_slower_as_a_whole_is_no_regression():
    base = runs(5, reference=made_reference())
    head = runs(5, 1.4, seed=1, reference=made_reference(1.4))
    found = one_of(outcome(base, head), "inference.median@32")
    assert found.verdict == "same"
    assert found.change == pytest.approx(0, abs=0.01)
    assert found.head == pytest.approx(0.007, rel=0.01)
    assert "40.0% slower, divided out" in found.why


def test_a_slower_machine_hides_no_regression():
    base = runs(5, reference=made_reference())
    head = runs(5, 1.4 * 1.1, seed=1, reference=made_reference(1.4))
    found = one_of(outcome(base, head), "inference.median@32")
    assert found.verdict == "worse"
    assert found.change == pytest.approx(0.1, abs=0.01)


def test_what_runs_are_assumed_to_vary_by_shrinks_with_their_number():
    widths = []
    for base, head in ((1, 1), (2, 1), (2, 2), (3, 2)):
        row = one_of(outcome(runs(base), runs(head, seed=1)), CALL)
        widths.append(row.interval.high - row.interval.low)
    assert widths == sorted(widths, reverse=True)
    # 2.576 standard deviations of 5 % each way, on either side.
    assert widths[0] == pytest.approx(2 * 2.576 * 0.05 * 2**0.5, rel=0.1)


def test_a_machine_that_differs_a_little_is_not_divided_out():
    base = runs(5, reference=made_reference())
    head = runs(5, 1.1, seed=1, reference=made_reference(1.1))
    found = one_of(outcome(base, head), CALL)
    assert found.verdict == "worse"
    assert "divided" not in found.why


def test_a_disturbed_round_of_the_reference_does_not_count():
    odd = Reference((0.004,) * 5 + (0.009,) * 15, (0.003,) * 20)
    base, head = runs(5, reference=made_reference()), runs(5, 1.1, seed=1, reference=odd)
    assert one_of(outcome(base, head), CALL).verdict == "worse"


def test_a_reference_that_is_slower_in_all_runs_of_a_side_is_said():
    base = [timed_run(reference=made_reference(1 + number / 1000)) for number in range(5)]
    head = [
        timed_run(epoch=2.1, reference=made_reference(1.6 + number / 1000)) for number in range(5)
    ]
    (note,) = outcome(base, head).notes
    assert "60% slower" in note
    assert outcome(base, runs(5, seed=1, reference=made_reference())).notes == ()


def test_other_threads_are_not_divided_away():
    base = runs(5, reference=made_reference())
    head = runs(
        5,
        1.5,
        seed=1,
        reference=made_reference(1.5),
        environment={"threads": "OMP_NUM_THREADS=1"},
    )
    assert one_of(outcome(base, head), CALL).verdict == "worse"


def test_few_runs_are_said_to_know_no_noise_from_run_to_run():
    assert any("assumed to vary by 5%" in note for note in outcome(runs(2), runs(3, seed=1)).notes)
    assert outcome(runs(3), runs(3, seed=1)).notes == ()


def test_noise_that_would_hide_what_the_rule_forbids_is_told():
    base, head = runs(3, between=0.1), runs(3, between=0.1, seed=5)
    assert one_of(outcome(base, head), "training.speed").too_noisy
    assert not one_of(outcome(runs(5), runs(5, seed=1)), "training.speed").too_noisy


def test_where_the_parts_of_the_reference_disagree_the_interval_is_wider():
    base = runs(5, reference=made_reference())
    head = runs(5, 1.5, seed=1, reference=made_reference(1.3, convolution=1.6))
    found = one_of(outcome(base, head), "inference.median@32")
    # The factors are 1.3 and 1.6: their mean is 1.442, and half of their disagreement 10.4 %.
    assert found.change == pytest.approx(1.5 / (1.3 * 1.6) ** 0.5 - 1, abs=0.01)
    assert found.interval.high - found.interval.low > 0.2
    assert found.verdict == "same"


def test_other_software_on_the_same_machine_is_not_divided_away():
    base = runs(5, reference=made_reference())
    head = runs(
        5,
        1.3,
        seed=1,
        reference=made_reference(1.3),
        environment={"backend": "tensorflow 2.22.0"},
    )
    found = one_of(outcome(base, head), "inference.median@32")
    assert found.verdict == "worse"
    assert "divided" not in found.why


def test_different_machines_need_a_reference():
    head = {"environment": {"processor": "EPYC"}}
    bare = outcome(runs(5), runs(5, seed=1, **head))
    assert one_of(bare, "training.speed").verdict == "not comparable"
    assert "without a reference workload" in one_of(bare, "training.speed").why
    assert bare.exit_status == 2
    known = outcome(
        runs(5, reference=made_reference()),
        runs(5, 0.5, seed=1, reference=made_reference(0.5), **head),
    )
    assert one_of(known, "training.speed").verdict == "same"
    assert known.exit_status == 0


@pytest.mark.parametrize(
    "facts", [{"devices": "gpu:0"}, {"backend": "jax 0.8.0"}], ids=["device", "backend"]
)
def test_speeds_of_different_devices_are_not_compared(facts):
    found = outcome(
        runs(5, reference=made_reference()),
        runs(5, seed=1, reference=made_reference(0.1), environment=facts),
    )
    assert one_of(found, "inference.median@32").verdict == "not comparable"
    assert found.exit_status == 2


WALL, CPU = {"timer": "perf_counter"}, {"timer": "process_time"}


def test_cpu_seconds_are_not_compared_with_wall_clock_seconds():
    found = outcome(runs(5, environment=WALL), runs(5, 0.5, seed=1, environment=CPU))
    for metric in ("training.speed", CALL, "inference.p99@32"):
        assert one_of(found, metric).verdict == "not comparable"
    (difference,) = found.differences
    assert (difference.what, difference.base, difference.head) == (
        "timer",
        "perf_counter",
        "process_time",
    )
    assert found.exit_status == 2


def test_runs_of_one_side_with_different_timers_are_compared_with_nothing():
    mixed = [*runs(3, environment=WALL), *runs(3, environment=CPU)]
    found = outcome(mixed, runs(5, seed=1, environment=WALL))
    assert one_of(found, CALL).verdict == "not comparable"
    alike = [*runs(3, seed=2, environment=WALL), *runs(3, seed=3, environment=CPU)]
    assert one_of(outcome(mixed, alike), CALL).verdict == "not comparable"


@pytest.mark.parametrize(
    ("ours", "theirs"), [(CPU, CPU), (WALL, {"timer": "monotonic"}), (WALL, {}), ({}, CPU)]
)
def test_what_counts_the_same_or_does_not_tell_is_compared(ours, theirs):
    found = outcome(runs(5, environment=ours), runs(5, 1.25, seed=1, environment=theirs))
    assert one_of(found, CALL).verdict == "worse"
    assert found.differences == ()


def test_other_numeric_settings_are_told_and_not_divided_away():
    base = runs(5, reference=made_reference(), environment={"numeric settings": "default"})
    head = runs(
        5,
        1.5,
        seed=1,
        reference=made_reference(1.5),
        environment={"numeric settings": "TF_ENABLE_ONEDNN_OPTS=0"},
    )
    found = outcome(base, head)
    assert one_of(found, CALL).verdict == "worse"
    (difference,) = found.differences
    assert (difference.what, difference.head) == ("numeric settings", "TF_ENABLE_ONEDNN_OPTS=0")
    assert outcome(runs(5), head).differences == ()


def test_epochs_of_other_lengths_are_compared_by_the_image():
    found = outcome(runs(5), [dataclasses.replace(run) for run in runs(5, seed=1)])
    longer = [timed_run(epoch=4.0, images=2000, spread=0.01, seed=seed) for seed in range(5)]
    assert one_of(found, "training.speed").verdict == "same"
    assert one_of(outcome(runs(5), longer), "training.speed").change == pytest.approx(0, abs=0.01)


def test_a_speed_that_only_one_side_measured_is_told():
    with_calls = runs(2)
    without = [
        dataclasses.replace(
            run, cells=tuple(dataclasses.replace(cell, inference=()) for cell in run.cells)
        )
        for run in with_calls
    ]
    gone = outcome(with_calls, without)
    assert one_of(gone, "inference.median@32").verdict == "gone"
    assert one_of(gone, "inference.median@32").regression
    assert not one_of(gone, "inference.p99@32").regression
    assert gone.exit_status == 1
    assert outcome(with_calls, without, "gone: off").exit_status == 0
    new = outcome(without, with_calls)
    assert one_of(new, "inference.p99@32").verdict == "new"
    assert new.exit_status == 0


def simulated(factor, count, between, trials):
    """Share of comparisons in which the training speed of the head is a regression."""
    caught = 0
    for trial in range(trials):
        base = runs(count, between=between, seed=trial)
        head = runs(count, factor, between=between, seed=10_000 + trial)
        found = compare(side(*base), side(*head), Thresholds(default_thresholds().entries))
        caught += one_of(found, "training.speed").regression
    return caught / trials


@pytest.mark.parametrize("trials", [20, pytest.param(150, marks=pytest.mark.soak)])
def test_noise_of_two_percent_from_run_to_run_neither_alarms_nor_hides_a_tenth(trials):
    assert simulated(1.0, count=5, between=0.02, trials=trials) <= 0.02
    assert simulated(1.15, count=5, between=0.02, trials=trials) >= 0.95
