"""``fer-bench merge``: from the results files of shards to one."""

import dataclasses
import json
import subprocess
import sys

import pytest
from click.testing import CliRunner
from made_runs import document, made_cell, made_missing, made_run, made_shards

from fer_bench import cli
from fer_bench.results import KEY, load_run, run_record
from fer_bench.results.fact_names import NOT_TIMED, SPEED

CELLS = [
    made_cell("mobilenet", "pretrained", 0.5, speed=100.0, fingerprint="a"),
    made_missing("resnet50", "pretrained", reason="no weights"),
    made_cell("mobilenet", "random", 0.3, speed=50.0, fingerprint="b"),
    made_cell("mini", "random", 0.4, fingerprint="c"),
]
RUN = dataclasses.replace(made_run(*CELLS), environment=(("processor", "X"), ("commit", "ab12")))


def written(directory, *all_of_them):
    """Results files of runs, named a.json, b.json ..."""
    paths = [directory / f"{name}.json" for name in "abcdefgh"[: len(all_of_them)]]
    for path, run in zip(paths, all_of_them, strict=True):
        path.write_text(json.dumps(document(run)))
    return paths


@pytest.fixture
def merge(tmp_path, monkeypatch):
    """Run the command in a directory of its own."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(cli.main, ["merge", *map(str, arguments)])


def is_one_line(done, *words):
    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1
    for word in words:
        assert word in done.stderr


def test_shards_become_one_file(merge, tmp_path, snapshot):
    paths = written(tmp_path, *made_shards(RUN, 2))
    before = [path.read_bytes() for path in paths]
    done = merge("a.json", "b.json")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == snapshot
    assert load_run("merged.json") == RUN
    assert [path.read_bytes() for path in paths] == before


def test_shards_run_without_timing_are_merged_without_a_warning(merge, tmp_path):
    untimed = dataclasses.replace(
        RUN,
        cells=tuple(cell.without_speed() for cell in RUN.cells),
        environment=(*RUN.environment, (SPEED, NOT_TIMED)),
    )
    written(tmp_path, *made_shards(untimed, 2))
    done = merge("a.json", "b.json")
    assert (done.exit_code, done.stderr) == (0, "")
    assert load_run("merged.json").environment == untimed.environment


def test_a_missing_shard_and_a_cell_in_two_files_are_reported(merge, tmp_path, snapshot):
    shards = made_shards(RUN, 4)
    written(tmp_path, shards[0], shards[0], shards[1], shards[2])
    done = merge("a.json", "b.json", "c.json", "d.json", "--output", "new/all.json")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == snapshot
    assert load_run("new/all.json").cells[:3] == RUN.cells[:3]


def test_speeds_that_are_left_out_are_reported_loudly(merge, tmp_path, snapshot):
    shards = made_shards(RUN, 3)
    shards[2] = dataclasses.replace(shards[2], environment=(("processor", "Y"), ("commit", "ab12")))
    written(tmp_path, *shards)
    done = merge("a.json", "b.json", "c.json")
    assert done.exit_code == 0
    assert done.stderr == snapshot
    read = load_run("merged.json")
    assert [cell.training is None for cell in read.cells] == [False, True, True, True]
    assert read.cells[2].quality == RUN.cells[2].quality


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (None, "No such file"),
        (b"", "not valid JSON"),
        (b"\x08\xff", "not valid JSON: not UTF-8 text"),
        (json.dumps(document(RUN)).encode()[:5000], "not valid JSON"),
        (b"name,seconds\n", "not valid JSON"),
        (b"[]", "no 'fer_bench'"),
        (b'{"benchmarks": [], "machine_info": {}}', "no 'fer_bench'"),
        (b'{"fer_bench": {"schema": 99}, "benchmarks": []}', "update fer_bench"),
    ],
)
def test_a_file_that_is_none_of_ours_is_one_line(merge, tmp_path, content, cause):
    written(tmp_path, RUN)
    if content is not None:
        (tmp_path / "b.json").write_bytes(content)
    is_one_line(merge("a.json", "b.json"), "'b.json': ", cause)
    assert not (tmp_path / "merged.json").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"protocol": made_run(batch_size=8).protocol},
            ["size is 8 in b.json and 32 in a.json"],
        ),
        (
            {"dataset": dataclasses.replace(RUN.dataset, split_digest="e")},
            ["b.json was measured on", "split digest"],
        ),
        (
            {"environment": (("commit", "cd34"),)},
            ["a.json was ", "commit 'ab12' and b.json at 'cd34'"],
        ),
        (
            {"cells": (made_cell("mini", "random", 0.5, fingerprint="c"),)},
            ["a.json and b.json ", "different results of mini random, seed 42"],
        ),
    ],
)
def test_files_that_do_not_fit_are_one_line(merge, tmp_path, change, words):
    written(tmp_path, RUN, dataclasses.replace(RUN, **change))
    is_one_line(merge("a.json", "b.json"), *words)
    assert not (tmp_path / "merged.json").exists()


@pytest.mark.parametrize("output", ["b.json", "./b.json", "new/../b.json", "link.json"])
def test_no_file_is_written_over_that_is_merged(merge, tmp_path, output):
    _, path = written(tmp_path, *made_shards(RUN, 2))
    before = path.read_bytes()
    (tmp_path / "new").mkdir()
    (tmp_path / "link.json").symlink_to(path)
    is_one_line(merge("a.json", "b.json", "--output", output), "is one of the", "to merge")
    assert path.read_bytes() == before


def test_an_output_that_cannot_be_written_is_one_line(merge, tmp_path):
    written(tmp_path, RUN)
    (tmp_path / "file").write_text("in the way")
    is_one_line(merge("a.json", "--output", "file/all.json"), "cannot write 'file/all.json'")


def test_a_number_that_json_has_not_is_one_line(merge, tmp_path):
    made = document(RUN)
    made["benchmarks"][0]["stats"] = {"mean": float("nan")}
    (tmp_path / "a.json").write_text(json.dumps(made))
    is_one_line(merge("a.json"), "cannot represent", "finite numbers")
    assert not (tmp_path / "merged.json").exists()


def test_no_file_is_bad_usage(merge):
    done = merge()
    assert done.exit_code == 2
    assert "Usage: " in done.stderr


def test_pytest_benchmark_compares_the_merged_file(merge, pytester):
    records = [one["extra_info"] for one in document(RUN)["benchmarks"]]
    pytester.makepyfile(
        f"""
        import pytest

        @pytest.mark.parametrize("measure", range({len(records)}))
        def test_of_a_cell(benchmark, measure):
            benchmark.pedantic(lambda: None)
        """
    )
    unsharded = pytester.path / "unsharded.json"
    pytester.runpytest_subprocess(
        "-p", "no:cacheprovider", "-p", "no:fer_bench", f"--benchmark-json={unsharded}"
    ).assert_outcomes(passed=len(records))
    whole = json.loads(unsharded.read_text())
    for benchmark, record in zip(whole["benchmarks"], records, strict=True):
        benchmark["extra_info"] = record
    for name, shard in zip("ab", made_shards(RUN, 2), strict=True):
        own = {cell.id for cell in shard.cells if cell.quality}
        made = {
            **whole,
            KEY: run_record(shard),
            "benchmarks": [
                one for one in whole["benchmarks"] if one["extra_info"][KEY]["cell"] in own
            ],
        }
        (pytester.path / f"{name}.json").write_text(json.dumps(made))
    assert merge("a.json", "b.json").exit_code == 0
    timed = dataclasses.replace(RUN, environment=(*RUN.environment, ("timer", "perf_counter")))
    assert json.loads((pytester.path / "merged.json").read_text()) == {
        **whole,
        KEY: run_record(timed, with_metrics=True),
    }
    compared = subprocess.run(
        [sys.executable, "-m", "pytest_benchmark", "compare", "unsharded.json", "merged.json"],
        cwd=pytester.path,
        capture_output=True,
        text=True,
        check=True,
    )
    for index in range(len(records)):
        assert compared.stdout.count(f"test_of_a_cell[{index}]") == 2
