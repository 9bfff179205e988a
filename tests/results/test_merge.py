"""Several runs of one experiment as one run."""

import dataclasses
from itertools import permutations

import pytest
from made_runs import made_settings

from fer_bench.results.fact_names import NOT_TIMED, SPEED
from fer_bench.results.merge import merge_runs
from fer_bench.results.quality import History, Predictions, Quality
from fer_bench.results.records import CellResult, DatasetSummary, Example, Parameters, Run
from fer_bench.results.speeds import InferenceSpeed, Reference, TrainingSpeed
from fer_bench.runtime.errors import FerBenchError

HISTORY = History((0.5,), (1.0,), *[(0.1, 0.2)] * 4)
QUALITY = Quality(HISTORY, 0.5, 1.0, (0.5, 0.5), ((1, 1), (1, 1)))
DATASET = DatasetSummary("sketch", "d", (("a", 9), ("b", 9)), "paper", 10, 4, 4, "s", bytes(4))


def cell(backbone="mini", seed=42, quality=QUALITY, status="ok", **others):
    return CellResult(
        backbone, backbone, "random", "sketch", seed, status, fingerprint="f", quality=quality,
        **others,
    )  # fmt: skip


def run_of(*cells, dataset=DATASET, environment=(), examples=(), **settings):
    return Run(made_settings(**settings), dataset, environment, cells, examples)


def test_one_run_stays_as_it_is():
    run = run_of(cell(), environment=(("python", "3.11"),))
    assert merge_runs([("a", run)]) == run


def test_cells_stand_together_in_their_order():
    whole = merge_runs([("a", run_of(cell("x"), cell("y"))), ("b", run_of(cell("z")))])
    assert [one.backbone for one in whole.cells] == ["x", "y", "z"]


def test_a_run_merged_from_timed_and_untimed_ones_is_untimed_unless_all_its_cells_are_timed():
    untimed = (SPEED, NOT_TIMED)
    timed = run_of(cell("x", training=TrainingSpeed(10, (1.0,), 10.0)))
    for backbone, expected in (("x", ()), ("y", (untimed,))):
        other = run_of(cell(backbone), environment=(untimed,))
        assert merge_runs([("a", timed), ("b", other)]).environment == expected


def test_a_result_counts_wherever_it_stands():
    missing = cell(quality=None, status="skipped")
    speed, calls = TrainingSpeed(10, (1.0,), 10.0), (InferenceSpeed(1, (1.0,), 1.0, None, 1.0),)
    first = run_of(dataclasses.replace(missing, inference=calls))
    second = run_of(cell(training=speed))
    for runs in ([first, second], [second, first]):
        (kept,) = merge_runs([(str(index), run) for index, run in enumerate(runs)]).cells
        assert (kept.status, kept.quality) == ("ok", QUALITY)
        assert (kept.training, kept.inference) == (speed, calls)


@pytest.mark.parametrize("order", [1, -1])
def test_second_classes_that_one_run_lacks_are_kept(order):
    found = [
        dataclasses.replace(QUALITY, predictions=Predictions(bytes(4), bytes(8), second))
        for second in (b"", bytes([1] * 4))
    ]
    runs = [(str(index), run_of(cell(quality=one))) for index, one in enumerate(found)]
    (kept,) = merge_runs(runs[::order]).cells
    assert kept.quality.predictions.second_classes == bytes([1] * 4)


def test_speed_comes_from_the_first_that_measured_it():
    first, second = (TrainingSpeed(10, (s,), 10 / s) for s in (1.0, 2.0))
    (kept,) = merge_runs(
        [("a", run_of(cell(training=first))), ("b", run_of(cell(training=second)))]
    ).cells
    assert kept.training == first


@pytest.mark.parametrize(
    ("fingerprint", "why"),
    [("f", "is the same"), ("g", "different versions")],
)
def test_two_results_of_a_cell_are_refused(fingerprint, why):
    other = dataclasses.replace(
        cell(), quality=dataclasses.replace(QUALITY, test_accuracy=0.6), fingerprint=fingerprint
    )
    with pytest.raises(
        FerBenchError, match=rf"^a and b .* different .*mini random, seed 42, .*{why}"
    ):
        merge_runs([("a", run_of(cell())), ("b", run_of(other))])


def test_runs_of_several_seeds_join():
    whole = merge_runs([("a", run_of(cell(seed=1), seed=1)), ("b", run_of(cell(seed=2), seed=2))])
    assert [one.seed for one in whole.cells] == [1, 2]
    values = {setting.name: setting.value for setting in whole.protocol}
    assert (values["seed"], values["seeds"]) == ("1, 2", "2")
    assert {one.origin for one in whole.protocol if one.name in ("seed", "seeds")} == {"changed"}


def test_another_protocol_is_refused():
    with pytest.raises(FerBenchError, match=r"^epochs is 3 in b and 20 in a; ") as raised:
        merge_runs([("a", run_of(cell())), ("b", run_of(cell(), epochs=3))])
    assert "one protocol" in raised.value.accepted


def test_a_setting_that_one_lacks_is_reported():
    other = run_of(cell())
    fewer = dataclasses.replace(other, protocol=other.protocol[1:])
    for runs in ([other, fewer], [fewer, other]):
        with pytest.raises(FerBenchError, match=r"^split is .*not recorded in"):
            merge_runs(list(zip("ab", runs, strict=True)))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"digest": "e"}, "digest"),
        ({"counts": (("a", 9), ("c", 9))}, "counts"),
        ({"split_digest": "t"}, "split digest"),
        ({"test": 5}, "test"),
    ],
)
def test_other_data_are_refused(change, what):
    other = run_of(cell("x"), dataset=dataclasses.replace(DATASET, **change))
    with pytest.raises(FerBenchError, match=f"^b was .* and a on .*: {what} differs"):
        merge_runs([("a", run_of(cell())), ("b", other)])


def test_the_name_of_the_data_does_not_count():
    other = run_of(cell("x"), dataset=dataclasses.replace(DATASET, name="faces"))
    assert len(merge_runs([("a", run_of(cell())), ("b", other)]).cells) == 2


def test_facts_that_differ_stand_side_by_side():
    whole = merge_runs(
        [
            ("a", run_of(environment=(("python", "3.11"), ("jax", "0.4")))),
            ("b", run_of(environment=(("python", "3.12"), ("jax", "0.4"), ("gpu", "H100")))),
        ]
    )
    assert whole.environment == (("python", "3.11; 3.12"), ("jax", "0.4"), ("gpu", "H100"))


def test_images_come_from_the_first_that_has_some():
    picture = Example(0, "why", 1, 1, b"a")
    whole = merge_runs([("a", run_of()), ("b", run_of(examples=(picture,)))])
    assert [one.why for one in whole.examples] == ["why, among the 0 of b"]
    again = merge_runs([("whole", whole), ("c", run_of())])
    assert again.examples == whole.examples


REFERENCE = Reference((0.5,), (0.25,))
TIMED = TrainingSpeed(10, (1.0,), 10.0, REFERENCE)
CALLS = (InferenceSpeed(32, (1.0,), 1.0, None, 32.0, REFERENCE),)
HERE, THERE = (("devices", "cpu:0"), ("deepface", "1")), (("devices", "gpu:0"), ("deepface", "2"))


def test_speeds_of_different_machines_never_stand_side_by_side(snapshot):
    first = run_of(cell("x", quality=None))
    here = run_of(cell("y", training=TIMED, inference=CALLS), environment=HERE)
    there = run_of(cell("z", training=TIMED, inference=CALLS), environment=THERE)
    whole = merge_runs([("a", first), ("b", here), ("c", there)])
    assert [(one.training, one.inference) for one in whole.cells] == [
        (None, ()),
        (TIMED, CALLS),
        (None, ()),
    ]
    assert whole.cells[2].quality == QUALITY
    assert dict(whole.environment)["speed"] == snapshot


def test_speeds_of_different_timers_never_stand_side_by_side():
    wall, cpu = (
        run_of(cell(name, training=TIMED), environment=(*HERE, ("timer", timer)))
        for name, timer in (("y", "perf_counter"), ("z", "process_time"))
    )
    whole = merge_runs([("a", wall), ("b", cpu)])
    assert [one.training for one in whole.cells] == [TIMED, None]
    speed = dict(whole.environment)["speed"]
    assert "timer process_time " in speed
    assert speed.endswith(" perf_counter)")


def test_what_older_files_do_not_record_leaves_no_speed_out():
    facts = ("timer", "perf_counter"), ("numeric settings", "default")
    older = run_of(cell("y", training=TIMED), environment=HERE)
    newer = run_of(cell("z", training=TIMED), environment=(*HERE, *facts))
    for runs in ([("a", older), ("b", newer)], [("b", newer), ("a", older)]):
        whole = merge_runs(runs)
        assert [one.training for one in whole.cells] == [TIMED, TIMED]
        assert "speed" not in dict(whole.environment)


def test_speeds_of_one_machine_join_whatever_changes_no_speed():
    here = run_of(cell("y", training=TIMED), environment=HERE)
    again = run_of(cell("z", training=TIMED), environment=(HERE[0], ("deepface", "3")))
    untimed = run_of(cell("w"), environment=THERE)
    whole = merge_runs([("a", untimed), ("b", here), ("c", again)])
    assert [one.training for one in whole.cells] == [None, TIMED, TIMED]
    assert "speed" not in dict(whole.environment)


def test_whose_speed_was_left_out_is_still_reported_when_a_joined_run_is_joined_again(snapshot):
    here, there = (run_of(cell(name, training=TIMED), environment=facts) for name, facts in
                   (("y", HERE), ("z", THERE)))  # fmt: skip
    whole = merge_runs([("a", here), ("b", there)])
    again = merge_runs([("ab", whole), ("c", run_of(cell("w")))])
    note = dict(whole.environment)["speed"]
    assert note == snapshot
    assert [value for name, value in again.environment if name == "speed"] == [note]
    last = merge_runs([("ab", whole), ("c", run_of(cell("w", training=TIMED), environment=THERE))])
    (speed,) = (value for name, value in last.environment if name == "speed")
    assert speed.startswith(f"{note}; of ab only; left out: c ")
    assert speed.endswith("devices gpu:0 instead of cpu:0)")


@pytest.mark.parametrize("first", [True, False])
def test_a_merged_run_and_a_run_of_the_machine_of_its_speeds_both_keep_them(first):
    untimed, here, there, again = (
        run_of(cell(name, training=timed), environment=facts)
        for name, timed, facts in (
            ("w", None, THERE), ("x", TIMED, HERE), ("y", TIMED, THERE), ("z", TIMED, HERE)
        )
    )  # fmt: skip
    merged = merge_runs([("a", untimed), ("b", here), ("c", there)])
    assert dict(merged.environment)["devices of the speeds"] == "cpu:0"
    assert "deepface of the speeds" not in dict(merged.environment)
    runs = [("abc", merged), ("d", again)]
    found = merge_runs(runs if first else runs[::-1])
    assert {one.backbone: one.training for one in found.cells} == {
        "w": None, "x": TIMED, "y": None, "z": TIMED
    }  # fmt: skip
    assert dict(found.environment)["devices of the speeds"] == "cpu:0"


def test_a_fact_that_the_run_of_the_speeds_lacks_stays_unknown():
    here, there = (
        run_of(cell(name, training=TIMED), environment=facts)
        for name, facts in (("x", HERE), ("y", (*HERE, ("gpu", "H100"))))
    )
    merged = merge_runs([("a", here), ("b", there)])
    assert dict(merged.environment)["gpu of the speeds"] == "unknown"
    for facts, speed in ((HERE, TIMED), ((*HERE, ("gpu", "H100")), None)):
        later = run_of(cell("z", training=TIMED), environment=facts)
        assert merge_runs([("ab", merged), ("c", later)]).cells[-1].training == speed


def test_a_merged_file_of_an_older_fer_bench_does_not_record_the_machine_of_its_speeds():
    facts = (("devices", "cpu:0; gpu:0"), ("deepface", "1; 2"))
    older = run_of(cell("x", training=TIMED), environment=facts)
    later = run_of(cell("z", training=TIMED), environment=HERE)
    assert merge_runs([("ab", older), ("c", later)]).cells[-1].training is None


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(
    "own",
    [
        cell(quality=None, status="skipped", reason="the weights are nowhere"),
        cell(quality=None, status="skipped", reason="an end", weights="drawn", source="trained"),
        cell(quality=None, status="failed", reason="the loss is NaN"),
        cell(),
    ],
)
def test_a_cell_is_taken_from_its_own_shard_only(own, order):
    other = dataclasses.replace(
        cell(quality=None, status="skipped", reason="in another shard: 2/2"), fingerprint=""
    )
    runs = [("a", run_of(other)), ("b", run_of(own))]
    assert merge_runs(runs[::order]).cells == (own,)


ENDED = [
    cell(quality=None, status="skipped", reason="no weights"),
    cell(status="failed", reason="boom in timing"),
    cell(quality=None, training=TIMED, parameters=Parameters(1, 2, 3)),
    cell(quality=None, inference=CALLS),
    cell(quality=None, inference=(InferenceSpeed(1, (1.0,), 1.0, None, 1.0),)),
]


@pytest.mark.parametrize("order", list(permutations(range(5)))[::7])
def test_the_order_of_the_files_does_not_matter(order):
    (kept,) = merge_runs([(str(index), run_of(ENDED[index])) for index in order]).cells
    assert (kept.status, kept.reason) == ("ok", "")
    assert (kept.quality, kept.training, kept.parameters) == (QUALITY, TIMED, Parameters(1, 2, 3))
    assert [speed.batch_size for speed in kept.inference] == [1, 32]


@pytest.mark.parametrize("order", [1, -1])
def test_an_end_is_reported_whichever_file_comes_first(order):
    runs = [("a", run_of(ENDED[0])), ("b", run_of(ENDED[1]))]
    (kept,) = merge_runs(runs[::order]).cells
    assert (kept.status, kept.reason) == ("failed", "boom in timing")


@pytest.mark.parametrize("order", [1, -1])
def test_a_file_that_does_not_record_its_images_is_not_said_to_differ(order):
    unknown = dataclasses.replace(DATASET, split_digest="", test_labels=b"")
    older = run_of(cell("x"), dataset=unknown)
    runs = [("new", run_of(cell())), ("old", older)]
    with pytest.raises(FerBenchError, match=r"^old was .* older ") as raised:
        merge_runs(runs[::order])
    assert "differs" not in str(raised.value)
    assert "whether new was measured" in raised.value.problem


FOUND = {
    "test_twins": (bytes([0, 3, 0, 1]), bytes([0, 3, 0, 0])),
    "test_votes": (bytes([0, 1, 255, 1]), bytes([0, 1, 0, 1])),
    "left_out": ((("copies", 3),), (("copies", 2),)),
}


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("what", list(FOUND))
def test_what_one_run_knows_of_the_data_holds_for_all(what, order):
    known = dataclasses.replace(DATASET, **{what: FOUND[what][0]})
    runs = [run_of(cell("x"), dataset=known), run_of(cell("y")), run_of(cell("z"), dataset=known)]
    assert merge_runs([(str(index), runs[index]) for index in order]).dataset == known


def test_several_class_maps_that_gave_the_same_labels_are_all_reported():
    maps = ["", "rafdb", "'map.csv' (SHA-256 ...)", "rafdb"]
    sets = [dataclasses.replace(DATASET, class_map=one) for one in maps]
    runs = [(str(n), run_of(cell("wxyz"[n]), dataset=one)) for n, one in enumerate(sets)]
    assert merge_runs(runs).dataset.class_map == "rafdb; 'map.csv' (SHA-256 ...)"


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("what", list(FOUND))
def test_contradicting_knowledge_of_the_data_is_refused(what, order):
    one, other = (dataclasses.replace(DATASET, **{what: value}) for value in FOUND[what])
    runs = [run_of(cell("x"), dataset=one), run_of(cell("y")), run_of(cell("z"), dataset=other)]
    with pytest.raises(FerBenchError, match=f"{what.replace('_', ' ')} differs; accepted"):
        merge_runs([("abc"[index], runs[index]) for index in order])
