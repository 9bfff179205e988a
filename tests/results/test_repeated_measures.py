"""Measures that a session took several times: the last one counts."""

import copy
import dataclasses
import json

from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from made_runs import document, made_cell, made_run

from fer_bench.results import KEY, read_run, without_repeats

RUN = made_run(made_cell("mini", "random", 0.5, speed=100.0), made_cell("mini", "pretrained", 0.4))
MEASURES = document(RUN)["benchmarks"]
OTHER = {"name": "other", "fullname": "other", "extra_info": {"commit": "abc"}}


def of(benchmark):
    record = benchmark["extra_info"].get(KEY)
    return record and (record["kind"], record["cell"], record.get("batch_size"))


@settings(max_examples=examples(50))
@given(st.lists(st.sampled_from([*MEASURES, OTHER]), max_size=12))
def test_the_last_of_each_measure_is_left_and_the_others_are_reported(drawn):
    benchmarks = [{**copy.deepcopy(one), "round": place} for place, one in enumerate(drawn)]
    before = copy.deepcopy(benchmarks)
    left, notes = without_repeats(benchmarks)
    assert benchmarks == before
    assert [one["round"] for one in left] == list(range(len(drawn)))
    known = [of(one) for one in drawn]
    last = {measure: place for place, measure in enumerate(known)}
    for place, (one, measure) in enumerate(zip(left, known, strict=True)):
        kept = measure is None or last[measure] == place
        assert one == (before[place] if kept else {**before[place], "extra_info": {}})
    assert len(notes) == sum(known.count(one) > 1 for one in set(known) - {None})


def test_a_file_of_a_repeated_session_is_read(snapshot):
    later = dataclasses.replace(RUN.cells[0], quality=RUN.cells[1].quality)
    made = document(RUN)
    made["benchmarks"] += document(made_run(later))["benchmarks"]
    made["benchmarks"], notes = without_repeats(made["benchmarks"])
    assert read_run(json.loads(json.dumps(made))).cells == (later, RUN.cells[1])
    assert notes == snapshot
