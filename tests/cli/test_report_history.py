"""``fer-bench report --history``: in which stored run a figure first moved."""

from __future__ import annotations

import csv
import json
import re

import pytest
from click.testing import CliRunner
from made_archives import document_of, mini, run_of, write_stored

from fer_bench import cli

pytestmark = pytest.mark.usefixtures("drawn_once")

# No two of them have the same times.
RUNS = [run_of(mini(share, 1000.0 + number)) for number, share in enumerate((0.4, 0.4, 0.3, 0.3))]


def report(*arguments):
    return CliRunner().invoke(cli.main, ["report", *map(str, arguments)])


def text_of(done):
    """Return the printed text without line breaks."""
    return " ".join(done.stdout.split())


def test_the_run_that_moved_a_figure_is_named_everywhere(tmp_path) -> None:
    *_, newest = write_stored(tmp_path / "kept", RUNS)
    before = {path: path.read_bytes() for path in (tmp_path / "kept").rglob("*.json")}
    new = tmp_path / "new"
    done = report(newest, "--history", tmp_path / "kept", "--report-dir", new)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("Changes of each metric ")
    assert done.stdout.endswith(f"\n\nreport: {new / 'index.html'}\n")
    assert "mini pretrained accuracy" in done.stdout
    assert "of a run in another file: 1 file." in text_of(done)
    line = next(
        line
        for line in (new / "tables.md").read_text().splitlines()
        if line.startswith("| mini pretrained accuracy")
    )
    assert "| worse" in line
    assert "40.0 % |" in line
    assert "30.0 % |" in line
    assert "| 3 of 4, 2026-03-03 12:00, no commit, 0002.json |" in line
    rows = csv.reader((new / "tables.csv").read_text().splitlines())
    assert ["trend", "mini-pretrained accuracy", "", "verdict", "worse"] in [
        row[:5] for row in rows
    ]
    assert "Changes of each metric" in (new / "tables" / "trend.tex").read_text()
    assert 'id="trend"' in (new / "index.html").read_text()
    assert {"trend.svg", "trend.png"} <= {path.name for path in (new / "figures").iterdir()}
    after = {path: path.read_bytes() for path in (tmp_path / "kept").rglob("*.json")}
    assert after == before


def test_without_a_history_nothing_is_reported_about_it(tmp_path) -> None:
    *_, newest = write_stored(tmp_path / "kept", RUNS)
    new = tmp_path / "new"
    done = report(newest, "--report-dir", new)
    assert done.stdout.endswith(f"\nreport: {new / 'index.html'}\n")
    assert "change point" not in done.stdout
    for path in new.rglob("*"):
        assert "trend" not in path.name
    for name in ("tables.md", "tables.csv", "index.html"):
        assert not re.search("stored runs|trend-", (new / name).read_text()), name


def test_a_run_that_is_not_stored_yet_is_the_newest_one(tmp_path) -> None:
    *_, newest = write_stored(tmp_path / "kept", RUNS)
    away = newest.rename(tmp_path / "results.json")
    done = report(away, "--history", tmp_path / "kept", "--report-dir", tmp_path / "new")
    assert "over 4 stored runs" in text_of(done)
    assert "another file holds" not in text_of(done)


def test_a_joined_report_is_one_run(tmp_path) -> None:
    both = [run_of(mini(0.4, init=init)) for init in ("pretrained", "random")]
    paths = write_stored(tmp_path / "kept", both)
    done = report(*paths, "--history", tmp_path / "kept", "--report-dir", tmp_path / "new")
    assert done.exit_code == 0
    assert "One stored run" in text_of(done)
    assert "of a run in another file: 2 files." in text_of(done)


def test_a_directory_is_reported_with_a_history(tmp_path) -> None:
    write_stored(tmp_path / "kept", RUNS[:3])
    write_stored(tmp_path / "runs", [run_of(mini(0.4, init=one)) for one in ("random",)])
    (tmp_path / "runs" / "cut.json").write_text("{")
    new = tmp_path / "new"
    done = report(tmp_path / "runs", "--history", tmp_path / "kept", "--report-dir", new)
    assert done.exit_code == 0
    assert done.stderr.startswith(f"WARNING: left out: '{tmp_path / 'runs' / 'cut.json'}': ")
    assert done.stderr.count("\n") == 1
    assert "mini random" in (new / "tables.md").read_text()


def test_runs_that_differ_have_no_common_history(tmp_path) -> None:
    paths = write_stored(tmp_path / "kept", [RUNS[0], run_of(mini(), batch_size=8)])
    done = report(*paths, "--history", tmp_path / "kept", "--report-dir", tmp_path / "new")
    assert done.exit_code == 1
    assert done.stderr.startswith(
        "Error: --history reports one experiment, but batch size is 8 in "
    )
    assert "leave out --history" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "new").exists()


def test_what_does_not_belong_there_is_reported(tmp_path) -> None:
    kept = tmp_path / "kept"
    other = run_of(mini(), batch_size=8)
    *_, newest = write_stored(kept, [*RUNS[:2], other, RUNS[3]])
    (kept / "plain.json").write_text('{"benchmarks": []}')
    (kept / "cut.json").write_text("{")
    done = report(newest, "--history", kept, "--report-dir", tmp_path / "new")
    assert done.exit_code == 0
    assert "over 3 stored runs" in text_of(done)
    assert "/0002.json (protocol: batch size 8 " in text_of(done)
    assert " instead of 32)" in text_of(done)
    assert "Left out, as unreadable: " in text_of(done)
    assert f": '{kept / 'cut.json'}': not valid JSON" in text_of(done)
    assert "not results of fer_bench: 1 file." in text_of(done)


@pytest.mark.parametrize(
    ("name", "content", "cause"),
    [
        ("", None, "No such file or directory"),
        ("", b"", "Not a directory"),
        ("a.txt", b"{", "no results file"),
        ("a.json", b"{}", "no results file"),
        ("a.json", b"{", "not valid JSON"),
        ("a.json", b'{"fer_bench": {"schema": 99}}', "update fer_bench"),
        ("a.json", json.dumps(document_of(RUNS[0], None)).encode(), "'datetime' "),
    ],
)
def test_a_history_that_cannot_be_used_is_one_line(tmp_path, name, content, cause) -> None:
    (results,) = write_stored(tmp_path, RUNS[:1])
    history = tmp_path / "kept"
    if content is not None:
        path = history / name if name else history
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    done = report(results, "--history", history, "--report-dir", tmp_path / "new")
    assert done.exit_code == 1
    assert done.stdout == ""
    assert done.stderr.startswith("Error: ")
    assert str(history) in done.stderr
    assert cause in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "new").exists()


def test_a_report_without_a_time_has_no_place_in_a_history(tmp_path) -> None:
    write_stored(tmp_path / "kept", RUNS)
    path = tmp_path / "results.json"
    path.write_text(json.dumps(document_of(RUNS[0], None)))
    done = report(path, "--history", tmp_path / "kept", "--report-dir", tmp_path / "new")
    assert done.exit_code == 1
    assert done.stderr.startswith(f"Error: {path}: 'datetime' ")
    assert " is None; " in done.stderr
    # Alone it needs none.
    assert report(path, "--report-dir", tmp_path / "new").exit_code == 0


def test_the_same_run_found_under_two_names_is_one(tmp_path) -> None:
    *_, newest = write_stored(tmp_path / "kept", RUNS)
    (tmp_path / "kept" / "copy.json").write_bytes(newest.read_bytes())
    done = report(newest, "--history", tmp_path / "kept", "--report-dir", tmp_path / "new")
    assert "over 4 stored runs" in text_of(done)
    assert "of a run in another file: 2 files." in text_of(done)
