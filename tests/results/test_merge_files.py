"""Results files of one run's shards as one results file."""

import copy
import dataclasses
import json

import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from made_runs import as_schema_1, document, made_cell, made_missing, made_run, made_shards
from random_runs import runs

from fer_bench.results import KEY, merge_documents, read_run, run_record
from fer_bench.results.records import SCHEMA, Example
from fer_bench.runtime.errors import FerBenchError

CELLS = [
    made_cell("mobilenet", "pretrained", 0.5, speed=100.0, fingerprint="a"),
    made_cell("mobilenet", "random", 0.3, speed=50.0, fingerprint="b"),
    made_missing("resnet50", "pretrained"),
    made_missing("resnet50", "random", "failed", reason="the loss is NaN"),
    made_cell("mini", "random", 0.4, fingerprint="c"),
]
PICTURE = Example(0, "why", 1, 1, b"a")
RUN = dataclasses.replace(
    made_run(*CELLS), environment=(("python", "3.11"), ("commit", "ab12")), examples=(PICTURE,)
)


def named(*all_of_them):
    """Documents of runs, named a, b, c ..."""
    return list(zip("abcdefgh", map(document, all_of_them), strict=False))


def with_facts(run, **facts):
    return dataclasses.replace(run, environment=tuple(facts.items()))


def measures(made):
    """Cell and kind of each benchmark; the name of one that is none of ours."""
    records = [(one, one["extra_info"].get(KEY)) for one in made["benchmarks"]]
    return [
        one["fullname"] if record is None else f"{record['cell']} {record['kind']}"
        for one, record in records
    ]


@settings(max_examples=examples(20))
@given(runs(), st.data())
def test_shards_merge_to_the_run_that_they_are_of(run, data):
    run = dataclasses.replace(run, environment=tuple(dict(run.environment).items()))
    count = data.draw(st.integers(1, max(1, len(run.cells))))
    order = data.draw(st.permutations(range(count)))
    shards = made_shards(run, count)
    found = merge_documents([(str(number), document(shards[number])) for number in order])
    read = read_run(json.loads(json.dumps(found.document, allow_nan=False)))
    assert dataclasses.replace(read, examples=()) == dataclasses.replace(run, examples=())
    assert [one.pixels for one in read.examples] == [one.pixels for one in run.examples]
    assert found.document["benchmarks"] == document(run)["benchmarks"]
    assert found.document[KEY] == run_record(found.run, with_metrics=True)


@given(st.data())
@settings(max_examples=examples(15))
def test_merging_in_steps_is_merging_at_once(data):
    first, *others = named(*made_shards(RUN, 5))
    others = data.draw(st.permutations(others))
    cut = data.draw(st.integers(0, 3))
    part = merge_documents([first, *others[:cut]]).document
    in_steps = merge_documents([("part", part), *others[cut:]]).document
    assert in_steps["benchmarks"] == document(RUN)["benchmarks"]
    # The images identify their file.
    record = run_record(RUN, with_metrics=True)
    assert {**in_steps[KEY], "examples": []} == {**record, "examples": []}


@given(st.data())
@settings(max_examples=examples(15))
def test_merging_runs_of_several_machines_in_steps_keeps_the_speeds_of_merging_at_once(data):
    machines = data.draw(st.lists(st.sampled_from("XY"), min_size=5, max_size=5))
    shards = (
        with_facts(shard, processor=machine, commit="ab12")
        for shard, machine in zip(made_shards(RUN, 5), machines, strict=True)
    )
    files = named(*shards)
    cut = data.draw(st.integers(1, 5))
    in_steps = merge_documents([("part", merge_documents(files[:cut]).document), *files[cut:]])
    at_once = merge_documents(files)
    assert in_steps.document["benchmarks"] == at_once.document["benchmarks"]
    assert in_steps.run.cells == at_once.run.cells


def test_a_file_alone_stays_as_it_is():
    found = merge_documents([("a", document(RUN))])
    assert found.document == {**document(RUN), KEY: run_record(RUN, with_metrics=True)}
    assert found.run == RUN
    tested = [cell.id for cell in RUN.cells if cell.quality]
    assert [one["cell"] for one in found.document[KEY]["metrics"]] == tested
    assert read_run(found.document) == RUN


def test_the_documents_given_stay_as_they_are():
    documents = named(*made_shards(RUN, 2))
    before = copy.deepcopy(documents)
    merge_documents(documents)
    assert documents == before


def test_a_cell_without_its_shard_is_a_visible_row():
    files = named(*made_shards(RUN, 5))
    found = read_run(merge_documents(files[:1] + files[2:]).document)
    assert [cell.id for cell in found.cells] == [cell.id for cell in RUN.cells]
    assert (found.cells[1].status, found.cells[1].reason) == ("skipped", "in another shard: 2/5")
    assert [cell.status for cell in found.cells] == ["ok", "skipped", "skipped", "failed", "ok"]


def test_a_cell_in_several_files_counts_once_and_the_files_are_reported():
    shards = made_shards(RUN, 2)
    found = merge_documents(named(shards[0], RUN, shards[1]))
    assert found.files == {
        "mobilenet-pretrained-42": ["a", "b"],
        "mobilenet-random-42": ["b", "c"],
        "mini-random-42": ["a", "b"],
    }
    assert found.document["benchmarks"] == document(RUN)["benchmarks"]


def test_of_two_speeds_the_first_file_counts():
    again = dataclasses.replace(
        RUN, cells=(made_cell("mobilenet", "pretrained", 0.5, speed=99.0, fingerprint="a"),)
    )
    assert [
        read_run(merge_documents(named(*pair)).document).cells[0].training.images_per_second
        for pair in ((RUN, again), (again, RUN))
    ] == [100.0, 99.0]


def test_results_that_differ_are_refused():
    other = dataclasses.replace(
        RUN, cells=(made_cell("mini", "random", 0.6, fingerprint="c"),), examples=()
    )
    with pytest.raises(FerBenchError, match=r"^a and b .* different .*mini random, seed 42"):
        merge_documents(named(RUN, other))


def test_tests_of_no_cell_stand_once_at_the_end():
    files = named(*made_shards(RUN, 2))
    for name, made in files:
        for test in ("common", f"of {name}"):
            made["benchmarks"].insert(0, {"fullname": test, "name": name, "extra_info": {}})
    found = merge_documents(files).document
    assert measures(found) == [
        *measures(document(RUN)),
        *("of a", "common", "of b"),
    ]
    assert [one["name"] for one in found["benchmarks"][-3:]] == ["a", "a", "b"]


def test_quality_that_no_benchmark_measured_is_merged():
    first, second = (document(shard) for shard in made_shards(RUN, 2))
    first["benchmarks"] = [
        one for one in first["benchmarks"] if one["extra_info"][KEY]["kind"] != "quality"
    ]
    first[KEY] = run_record(made_shards(RUN, 2)[0], measured=())
    found = merge_documents([("a", first), ("b", second)])
    assert (
        read_run(found.document)
        == found.run
        == read_run(merge_documents(named(*made_shards(RUN, 2)))[0])
    )
    unmeasured = [one["cell"] for one in found.document[KEY]["quality"]]
    assert unmeasured == ["mobilenet-pretrained-42", "mini-random-42"]
    # A benchmark of it in another file takes its place.
    both = merge_documents([("a", first), ("c", document(RUN))])
    assert both.document[KEY]["quality"] == []
    assert read_run(both.document) == both.run


def test_what_pytest_benchmark_says_of_the_run_comes_from_the_first_file():
    files = named(*made_shards(RUN, 2))
    for name, made in files:
        made.update(machine_info={"node": name}, commit_info={"id": name}, datetime=name, version=1)
    found = merge_documents(files[::-1]).document
    assert {key: value for key, value in found.items() if key not in (KEY, "benchmarks")} == {
        "machine_info": {"node": "b"},
        "commit_info": {"id": "b"},
        "datetime": "b",
        "version": 1,
    }


def test_speeds_of_another_machine_lose_their_benchmarks_too(snapshot):
    here, there = made_shards(made_run(*CELLS[:2]), 2)
    here, there = with_facts(here, processor="X"), with_facts(there, processor="Y")
    found = merge_documents(named(here, there))
    assert measures(found.document) == [
        "mobilenet-pretrained-42 quality",
        "mobilenet-pretrained-42 training",
        "mobilenet-pretrained-42 inference",
        "mobilenet-random-42 quality",
    ]
    read = read_run(found.document)
    assert read == found.run
    assert [cell.quality for cell in read.cells] == [cell.quality for cell in CELLS[:2]]
    assert (read.cells[1].training, read.cells[1].inference) == (None, ())
    assert read.environment == snapshot

    whole = with_facts(made_run(*CELLS[:2]), processor="X")
    mended = read_run(merge_documents(named(here, there, whole)).document)
    assert [cell.training for cell in mended.cells] == [cell.training for cell in CELLS[:2]]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("ab12", "cd34"),
        ("ab12", "ab12, with changes that are not committed"),
        ("none: not run in a repository", "ab12"),
        (None, "ab12"),
    ],
)
def test_files_of_two_commits_are_refused(first, second):
    shards = made_shards(RUN, 2)
    files = [
        with_facts(shard, **({} if commit is None else {"commit": commit}))
        for shard, commit in zip(shards, (first, second), strict=True)
    ]
    with pytest.raises(FerBenchError) as raised:
        merge_documents(named(*files))
    places = [
        raised.value.problem.index(fact)
        for fact in ("a was measured", repr(first or "unknown"), "and b at ", repr(second))
    ]
    assert places == sorted(places)
    assert "one commit" in raised.value.accepted


def test_files_of_two_protocols_or_data_are_refused():
    other = made_run(*CELLS, epochs=3)
    with pytest.raises(FerBenchError, match=r"^epochs is 3 in b and 20 in a; "):
        merge_documents(named(made_run(), dataclasses.replace(other, cells=())))
    other = dataclasses.replace(RUN.dataset, split_digest="ef" * 32)
    with pytest.raises(FerBenchError, match=r"^b was .*: .*split digest differs; "):
        merge_documents(named(RUN, dataclasses.replace(RUN, dataset=other)))


def test_runs_of_other_seeds_merge():
    one, other = (made_run(made_cell("mini", "random", seed=seed), seed=seed) for seed in (7, 8))
    read = read_run(merge_documents(named(one, other)).document)
    assert [cell.seed for cell in read.cells] == [7, 8]
    assert {setting.value for setting in read.protocol if setting.name == "seed"} == {"7, 8"}


def test_files_of_schema_1_become_one_of_the_newest():
    files = [
        (name, as_schema_1(made_run(made_cell("mini", "random", share, seed=seed), seed=seed)))
        for name, share, seed in (("a", 0.3, 7), ("b", 0.5, 8))
    ]
    found = merge_documents(files).document
    assert {one["extra_info"][KEY]["schema"] for one in found["benchmarks"]} == {SCHEMA}
    assert read_run(found).cells == (
        read_run(files[0][1]).cells[0],
        read_run(files[1][1]).cells[0],
    )


def test_a_document_that_is_not_ours_is_named():
    with pytest.raises(FerBenchError, match=r"^'b': no 'fer_bench' "):
        merge_documents([("a", document(RUN)), ("b", {"benchmarks": []})])
