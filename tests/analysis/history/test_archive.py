"""Stored results files: which count, in which order, and what is said of the others."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime, timedelta, timezone

import pytest
from made_archives import START, document_of, mini, run_of, stored, write_stored

from fer_bench.analysis.history.archive import (
    StoredRun,
    build_archive,
    merge_stored_runs,
    read_stored_runs,
    stored_run,
)
from fer_bench.results import load_document
from fer_bench.runtime.errors import FerBenchError

SHA = "0123456789abcdef0123456789abcdef01234567"


def names(archive):
    return [one.name for one in archive.runs]


def at(hours, name, commit=""):
    facts = {"commit": commit} if commit else {}
    return StoredRun(name, START + timedelta(hours=hours), run_of(mini(), facts=facts))


def test_runs_stand_in_the_order_of_time_and_then_of_names() -> None:
    found = [at(2, "b"), at(1, "z", "two"), at(1, "a", "one")]
    assert names(build_archive(found, at(1.5, "reported"))) == ["a", "z", "reported", "b"]


def test_a_run_of_one_time_and_commit_counts_once() -> None:
    reported = at(3, "reported", "x")
    archive = build_archive([at(3, "same", "x"), at(1, "b", "y"), at(1, "a", "y")], reported)
    assert names(archive) == ["a", "reported"]
    assert archive.duplicates == 2
    # Of another commit at that time, or of that commit at another time, it is another run.
    others = build_archive([at(3, "one", "y"), at(4, "two", "x")], reported)
    assert names(others) == ["one", "reported", "two"]
    assert others.duplicates == 0


def test_the_parts_of_a_joined_run_count_no_further_time() -> None:
    parts = [
        StoredRun(f"{name}.json", START + timedelta(hours=hours), run_of(mini(init=name)))
        for hours, name in enumerate(("pretrained", "random"))
    ]
    reported = merge_stored_runs(parts)
    assert reported.name == "pretrained.json and 1 more"
    assert reported.time == parts[1].time
    assert [cell.init for cell in reported.run.cells] == ["pretrained", "random"]
    assert merge_stored_runs(parts[:1]) is parts[0]
    archive = build_archive(parts, reported, parts)
    assert names(archive) == ["pretrained.json and 1 more"]
    assert archive.duplicates == 2


def test_a_merged_file_stands_for_its_parts() -> None:
    def shard(hours, *inits):
        cells = [mini(speed=1000.0 + len(init), init=init) for init in inits]
        return StoredRun(f"{'-'.join(inits)}.json", START + timedelta(hours=hours), run_of(*cells))

    parts = [shard(1, "pretrained"), shard(2, "random")]
    merged = shard(1, "pretrained", "random")
    # It has the time of its first part; whichever stands first, nothing is lost.
    for found in ([*parts, merged], [merged, *parts]):
        archive = build_archive(found, at(5, "reported"))
        assert names(archive) == ["pretrained-random.json", "reported"]
        assert archive.duplicates == 2
    assert names(build_archive([*parts, merged], merged)) == ["pretrained-random.json"]


def test_runs_without_times_are_known_by_their_own_alone() -> None:
    # A second run of what is stored has the same figures, and is another run.
    archive = build_archive([at(1, "a"), at(2, "b")], at(3, "c"))
    assert names(archive) == ["a", "b", "c"]


def test_runs_of_another_experiment_are_left_out_and_say_why() -> None:
    def with_data(**changes):
        run = run_of(mini())
        return dataclasses.replace(run, dataset=dataclasses.replace(run.dataset, **changes))

    found = [
        stored(run_of(mini(), batch_size=8), 1),
        stored(with_data(digest="other"), 2),
        stored(with_data(split_digest="other"), 3),
        stored(run_of(mini(seed=7), seed=7), 4),
        stored(run_of(mini(), facts={"processor": "another"}), 5),
    ]
    archive = build_archive(found, stored(run_of(mini())), others=3)
    assert names(archive) == ["0000.json", "0004.json", "0005.json"]
    assert archive.others == 3
    told = dict(archive.left_out)
    assert list(told) == ["0001.json", "0002.json", "0003.json"]
    assert told["0001.json"].startswith("protocol: ")
    assert told["0001.json"].endswith(": batch size 8 instead of 32")
    assert told["0002.json"].startswith("data fer2013, 35,887 images, ")
    assert " split paper instead of " in told["0002.json"]
    assert told["0003.json"].startswith("split fer2013, ")


@pytest.mark.parametrize(
    ("commit", "short"),
    [
        (SHA, "0123456"),
        (f"{SHA}, with changes that are not committed", "0123456+"),
        ("none: not run in a repository", ""),
        ("<script>", ""),
        ("", ""),
        (f"{SHA}; {SHA}, with changes that are not committed; none: not", "0123456/0123456+"),
    ],
)
def test_short_commits(commit, short) -> None:
    assert at(0, "a", commit).short_commit == short


# -- files


def test_results_files_are_found_at_any_depth(tmp_path) -> None:
    runs = [run_of(mini(share, 1000.0)) for share in (0.4, 0.3)]
    write_stored(tmp_path, runs)
    (tmp_path / "plain.json").write_text('{"benchmarks": [], "machine_info": {}}')
    (tmp_path / "list.json").write_text('["fer_bench"]')
    (tmp_path / "notes.txt").write_text("{")
    (tmp_path / "folder.json").mkdir()
    kept = read_stored_runs(tmp_path)
    found = [one for _, one in kept.read]
    assert (kept.others, kept.unreadable) == (2, ())
    assert [one.name for one in found] == ["machine-0/0000.json", "machine-1/0001.json"]
    assert [one.run for one in found] == runs
    assert [one.time for one in found] == [START, START + timedelta(days=1)]


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2026-03-01T12:30:00.123456+00:00", 12),
        ("2026-03-01T12:30:00+02:00", 10),
        # As pytest-benchmark 4 wrote it.
        ("2026-03-01T12:30:00.123456", 12),
    ],
)
def test_times_are_in_utc(tmp_path, text, hour) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps(document_of(run_of(mini()), text)))
    found = stored_run(load_document(path), str(path))
    assert (found.name, found.time.tzinfo) == (str(path), timezone.utc)
    assert found.time.replace(microsecond=0) == datetime(2026, 3, 1, hour, 30, tzinfo=timezone.utc)


@pytest.mark.parametrize("time", [None, "yesterday", 5, "", [], "0001-01-01T00:00:00+23:00"])
def test_a_file_without_a_time_is_one_line(tmp_path, time) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps({**document_of(run_of(mini()), None), "datetime": time}))
    with pytest.raises(FerBenchError) as raised:
        stored_run(load_document(path), str(path))
    problem = raised.value.problem
    assert problem.startswith(f"{path}: 'datetime' ")
    assert problem.endswith(f" is {time!r}")
    assert "\n" not in str(raised.value)
    write_stored(tmp_path, [run_of(mini())])
    (why,) = read_stored_runs(tmp_path).unreadable
    assert why.startswith(f"{problem}; ")


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "not valid JSON"),
        (b'{"fer_bench": {', "not valid JSON"),
        (b'{"fer_bench": {"schema": 99}}', "update fer_bench"),
    ],
)
def test_a_broken_file_among_good_ones_is_left_out(tmp_path, content, cause) -> None:
    (good,) = write_stored(tmp_path, [run_of(mini())])
    (tmp_path / "a.json").write_bytes(content)
    kept = read_stored_runs(tmp_path)
    assert [path for path, _ in kept.read] == [good]
    (why,) = kept.unreadable
    assert why.startswith(f"'{tmp_path / 'a.json'}': ")
    assert cause in why
    reported = at(5, "reported")
    runs = [one for _, one in kept.read]
    assert build_archive(runs, reported, unreadable=kept.unreadable).unreadable == (why,)


def test_a_folder_without_results_files_is_one_line(tmp_path) -> None:
    def problem(folder):
        with pytest.raises(FerBenchError) as raised:
            read_stored_runs(folder)
        assert raised.value.path == folder
        assert "\n" not in str(raised.value)
        return raised.value.problem

    assert problem(tmp_path) == "no results file here or in a subdirectory"
    (tmp_path / "plain.json").write_text("{}")
    assert "(1 other JSON file)" in problem(tmp_path)
    assert "Not a directory" in problem(tmp_path / "plain.json")
    assert "No such file" in problem(tmp_path / "nowhere")
