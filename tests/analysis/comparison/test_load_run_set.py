"""Sides out of files and folders: what is read, what is passed over, and what is refused."""

import dataclasses
import errno
import json
import math
import os

import pytest
from made_runs import document, made_cell, made_run

from fer_bench.analysis.comparison import compare, default_thresholds, load_run_set
from fer_bench.results import KEY
from fer_bench.results.records import SCHEMA
from fer_bench.runtime.errors import FerBenchError

RUN = made_run(made_cell("mini", "random", 0.5))


def timed(speed):
    return made_run(made_cell("mini", "random", 0.5, speed=speed))


def put(path, run=RUN, **changes):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document(run) | changes))
    return path


def left_out(folder, good, bad, cause):
    """Leave out a file or directory in a directory, and read the other one."""
    side = load_run_set([folder], "base")
    assert [name for name, _ in side.runs] == [str(good)]
    (why,) = side.unreadable
    assert why.startswith(f"'{bad}': ")
    assert cause in why


def refused(paths, *words, path=None):
    with pytest.raises(FerBenchError) as raised:
        load_run_set(paths, "base")
    assert raised.value.path == path
    assert raised.value.problem.endswith(" (base)")
    text = str(raised.value)
    assert "\n" not in text
    for word in words:
        assert word in text


# -- what is read


def test_files_in_their_order(tmp_path):
    paths = [put(tmp_path / f"{name}.json") for name in "ba"]
    assert load_run_set(paths, "base").runs == tuple((str(path), RUN) for path in paths)


def test_a_folder_stands_for_all_results_files_in_it_and_below(tmp_path):
    paths = [put(tmp_path / name) for name in ("2/results.json", "1/b.json", "1/a.json")]
    names = [name for name, _ in load_run_set([tmp_path], "base").runs]
    assert names == sorted(map(str, paths))


def test_other_files_in_a_folder_are_passed_over(tmp_path):
    path = put(tmp_path / "results.json")
    (tmp_path / "plain.json").write_text(json.dumps({"benchmarks": [], "machine_info": {}}))
    (tmp_path / "list.json").write_text("[1]")
    (tmp_path / "comparison.json").write_text('{\n "format": "fer_bench comparison"}')
    (tmp_path / "tables.md").write_text(f'{{"{KEY}": ')
    (tmp_path / "folder.json").mkdir()
    assert [name for name, _ in load_run_set([tmp_path], "base").runs] == [str(path)]


def test_a_file_of_schema_1_is_read(tmp_path):
    made = document(RUN)
    made[KEY]["schema"] = 1
    made[KEY]["cells"][0]["id"] = "mini-random"
    made["benchmarks"][0]["extra_info"][KEY] |= {"schema": 1, "cell": "mini-random"}
    path = tmp_path / "results.json"
    path.write_text(json.dumps(made))
    ((_, run),) = load_run_set([path], "base").runs
    assert run.cells[0].quality.test_accuracy == RUN.cells[0].quality.test_accuracy


def test_repeated_runs_of_one_commit_are_several(tmp_path):
    paths = [put(tmp_path / f"{index}.json", timed(100.0 + index)) for index in range(3)]
    assert len(load_run_set(paths, "base").runs) == 3


# -- what is refused


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (None, "No such file"),
        (b"", "not valid JSON"),
        (b'{"fer_bench": {', "not valid JSON"),
        (b"\xff\xfe\x00", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b"[]", "no 'fer_bench' at top level"),
        (b'{"benchmarks": [], "machine_info": {}}', "no 'fer_bench' at top level"),
    ],
)
def test_a_file_that_is_no_results_file(tmp_path, content, cause):
    path = tmp_path / "other.json"
    if content is not None:
        path.write_bytes(content)
    refused([put(tmp_path / "good.json"), path], cause, path=path)


def test_half_a_file(tmp_path):
    path = put(tmp_path / "results.json")
    path.write_bytes(path.read_bytes()[:-100])
    refused([path], "not valid JSON", path=path)
    refused([tmp_path], "not valid JSON", f"no other results file in '{tmp_path}'", path=path)


def schema(made):
    made[KEY]["schema"] = SCHEMA + 1


def metric(made):
    made["benchmarks"][0]["extra_info"][KEY]["test_loss"] = math.nan


def cells(made):
    made[KEY]["cells"] *= 2


def measures(made):
    made["benchmarks"] *= 2


@pytest.mark.parametrize(
    ("damage", "cause"),
    [
        (schema, "; update fer_bench"),
        (metric, "accepted: a finite number"),
        (cells, "'mini-random-42' is listed twice"),
        (measures, "measures 'mini-random-42' again"),
    ],
)
def test_a_broken_record_is_refused_alone_and_left_out_of_a_folder(tmp_path, damage, cause):
    good = put(tmp_path / "good.json")
    made = document(RUN)
    damage(made)
    path = tmp_path / "results.json"
    path.write_text(json.dumps(made))
    refused([path], cause, path=path)
    refused([tmp_path, path], cause, path=path)
    left_out(tmp_path, good, path, cause)


def test_a_folder_without_a_results_file(tmp_path):
    (tmp_path / "plain.json").write_text('{"benchmarks": []}')
    refused([tmp_path], "no results file", "(1 other JSON file)", path=tmp_path)


def test_a_broken_file_of_others_in_a_folder_may_be_a_results_file(tmp_path):
    good = put(tmp_path / "good.json")
    (tmp_path / "empty.json").touch()
    left_out(tmp_path, good, tmp_path / "empty.json", "not valid JSON")


def test_a_link_to_nothing_in_a_folder(tmp_path):
    good = put(tmp_path / "good.json")
    (tmp_path / "link.json").symlink_to(tmp_path / "gone.json")
    left_out(tmp_path, good, tmp_path / "link.json", "No such file")


def test_a_pipe_in_a_folder(tmp_path):
    good = put(tmp_path / "good.json")
    os.mkfifo(tmp_path / "pipe.json")
    left_out(tmp_path, good, tmp_path / "pipe.json", "it is a pipe")


def test_a_folder_below_that_cannot_be_read(tmp_path, monkeypatch):
    good, below = put(tmp_path / "good.json"), put(tmp_path / "below" / "other.json").parent
    entries = os.scandir

    def scandir(path):
        if os.fspath(path) == str(below):
            raise PermissionError(errno.EACCES, "Permission denied", str(below))
        return entries(path)

    monkeypatch.setattr(os, "scandir", scandir)
    left_out(tmp_path, good, below, "Permission denied")
    refused([below], "Permission denied", path=below)


def test_files_that_are_left_out_are_noted(tmp_path):
    sides = [tmp_path / "base", tmp_path / "head"]
    for side in sides:
        put(side / "good.json")
        (side / "cut.json").write_text("{")
    base, head = (load_run_set([side], "") for side in sides)
    told = compare(base, head, default_thresholds()).notes
    assert [note.partition(": Expecting")[0] for note in told[:2]] == [
        f"left out of the {side.name}: '{side / 'cut.json'}': not valid JSON" for side in sides
    ]


# -- nothing counts twice


def test_the_same_file_twice(tmp_path):
    path = put(tmp_path / "results.json")
    refused([path, path], "is the same file as")
    refused([path, tmp_path], "is the same file as")
    refused([tmp_path / "." / "x" / ".." / "results.json", path], "is the same file as")
    link = tmp_path / "link.json"
    link.symlink_to(path)
    refused([path, link], f"{link} is the same file as {path}")


def test_a_copy_of_a_measurement(tmp_path):
    path = put(tmp_path / "results.json", timed((100.0, 101.0, 99.0)))
    copy = put(tmp_path / "copy.json", timed((100.0, 101.0, 99.0)), datetime="another")
    refused([path, copy], f"{copy} and {path} ", "same times of training of mini random, seed 42")


def test_a_file_that_another_was_merged_into(tmp_path):
    run = timed((100.0, 101.0, 99.0))
    other = made_cell("mini", "pretrained", 0.5, speed=(50.0, 51.0, 52.0))
    merged = dataclasses.replace(run, cells=(*run.cells, other))
    paths = [put(tmp_path / "part.json", run), put(tmp_path / "merged.json", merged)]
    refused(paths, "contain the same times")


def test_untimed_results_from_one_store_may_be_alike(tmp_path):
    paths = [put(tmp_path / f"{name}.json") for name in "ab"]
    assert len(load_run_set(paths, "base").runs) == 2
