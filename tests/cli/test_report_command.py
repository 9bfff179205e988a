"""``fer-bench report``: from results files to a report, without a network."""

import json

import pytest
from click.testing import CliRunner

from fer_bench import cli
from fer_bench.protocol.settings import Protocol
from fer_bench.results import KEY, measure_record, run_record
from fer_bench.results.quality import History, Quality
from fer_bench.results.records import CellResult, DatasetSummary, Run

pytestmark = pytest.mark.usefixtures("drawn_once")

HISTORY = History((0.5,), (1.0,), *[(0.1, 0.2)] * 4)
QUALITY = Quality(HISTORY, 0.5, 1.0, (0.5, 0.5), ((1, 1), (1, 1)))
DATASET = DatasetSummary("sketch", "d", (("a", 9), ("b", 9)), "paper", 10, 4, 4, "s", b"\0\0\1\1")
WHOLE = {
    ".fer_bench-files",
    "figures",
    "index.html",
    "summary.csv",
    "tables",
    "tables.csv",
    "tables.md",
    "tables.tex",
}


def write_results(path, backbone="mini", **settings):
    cell = CellResult(backbone, backbone, "random", "sketch", 42, "ok", quality=QUALITY)
    run = Run(tuple(Protocol(epochs=1, **settings).settings()), DATASET, (), (cell,))
    record = {"extra_info": {KEY: measure_record(cell.id, QUALITY)}}
    path.write_text(json.dumps({KEY: run_record(run), "benchmarks": [record]}))
    return path


def report(*arguments):
    return CliRunner().invoke(cli.main, ["report", *map(str, arguments)])


def test_a_results_file_becomes_a_report(tmp_path):
    results = write_results(tmp_path / "results.json")
    before = results.read_bytes()
    done = report(results, "--report-dir", tmp_path / "new")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.endswith(f"\nreport: {tmp_path / 'new' / 'index.html'}\n")
    assert "Verdicts on the paper's claims" not in done.stdout
    assert "Verdicts on the paper's claims" in (
        report(results, "-vv", "--report-dir", tmp_path / "new").stdout
    )
    assert {path.name for path in (tmp_path / "new").iterdir()} == WHOLE
    assert results.read_bytes() == before


@pytest.mark.parametrize("name", ["loop", "loop/report", "a" * 300, f"new/{'a' * 300}"])
def test_a_report_where_none_can_be_made_is_one_line(tmp_path, name):
    results = write_results(tmp_path / "results.json")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    done = report(results, "--report-dir", tmp_path / name)
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: cannot write ")
    assert done.stderr.count("\n") == 1


def test_several_files_are_one_report(tmp_path):
    files = [write_results(tmp_path / f"{name}.json", name) for name in ("left", "right")]
    assert report(*files, "--report-dir", tmp_path / "new").exit_code == 0
    text = (tmp_path / "new" / "tables.md").read_text()
    assert "left random" in text
    assert "right random" in text


def test_two_backbones_of_one_title_keep_their_names_when_joined(tmp_path):
    files = [write_results(tmp_path / f"{name}.json", name) for name in ("left", "right")]
    for path in files:
        document = json.loads(path.read_text())
        document[KEY]["cells"][0]["title"] = "Net"
        path.write_text(json.dumps(document))
    assert report(*files, "--report-dir", tmp_path / "new").exit_code == 0
    for name in ("tables.md", "index.html"):
        text = (tmp_path / "new" / name).read_text()
        assert "Net (left) random" in text
        assert "Net (right) random" in text
        assert "Net random" not in text


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (None, "No such file"),
        (b"", "not valid JSON"),
        (b'{"fer_bench": {', "not valid JSON"),
        (b"\xff\xfe\x00", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b"[]", "no 'fer_bench'"),
        (b'{"benchmarks": [], "machine_info": {}}', "no 'fer_bench'"),
        (b'{"fer_bench": {"schema": 99}}', "update fer_bench"),
    ],
)
def test_a_file_that_is_none_of_ours_is_one_line(tmp_path, content, cause):
    path = tmp_path / "results.json"
    if content is not None:
        path.write_bytes(content)
    done = report(path, "--report-dir", tmp_path / "new")
    assert done.exit_code == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"Error: '{path}': ")
    assert cause in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("key", "value", "cause"),
    [
        ("test_accuracy", 5.0, "accuracy is 5.0; accepted: 0 to 1"),
        ("confusion", [[0, 0], [0, 0]], "confusion counts 0 images; accepted: 4"),
        ("confusion", [[2, 0], [2, 0]], "recall[0] is 0.5; accepted: 1.0"),
        ("confusion", [[-1, 3], [1, 1]], "a count in confusion is -1"),
        (
            "predictions",
            {"classes": "AAEAAQ==", "confidences": ""},
            "need 8 bytes of conf",
        ),
        ("predictions", {"classes": "AAEAAQ==", "confidences": "AAAAAAAAAAA="}, "is 0.00000"),
    ],
)
def test_an_edited_file_is_one_line(tmp_path, key, value, cause):
    path = write_results(tmp_path / "results.json")
    document = json.loads(path.read_text())
    document["benchmarks"][0]["extra_info"][KEY][key] = value
    path.write_text(json.dumps(document))
    done = report(path, "--report-dir", tmp_path / "new")
    assert done.exit_code == 1
    assert done.stderr.startswith(f"Error: '{path}': ")
    assert cause in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("place", ["new", "new/index.html", "new/tables.md", "new/figures"])
def test_a_report_that_cannot_be_written_is_one_line(tmp_path, place):
    results = write_results(tmp_path / "results.json")
    (tmp_path / place).parent.mkdir(exist_ok=True)
    if place in ("new", "new/figures"):
        (tmp_path / place).write_text("in the way")
    else:
        (tmp_path / place).mkdir()
    done = report(results, "--report-dir", tmp_path / "new")
    assert done.exit_code in (1, 2)
    assert str(tmp_path / "new") in done.stderr
    assert [line for line in done.stderr.splitlines() if line.startswith("Error: ")] != []
    assert "Traceback" not in done.stderr
    assert isinstance(done.exception, SystemExit)


def test_a_directory_stands_for_the_results_files_in_it(tmp_path):
    (tmp_path / "runs").mkdir()
    for name in ("left", "right"):
        write_results(tmp_path / "runs" / f"{name}.json", name)
    assert report(tmp_path / "runs", "--report-dir", tmp_path / "new").exit_code == 0
    text = (tmp_path / "new" / "tables.md").read_text()
    assert "left random" in text
    assert "right random" in text


def test_a_directory_without_results_files_is_one_line(tmp_path):
    (tmp_path / "runs").mkdir()
    done = report(tmp_path / "runs", "--report-dir", tmp_path / "new")
    assert done.exit_code == 1
    assert "no results file" in done.stderr
    assert done.stderr.count("\n") == 1


def test_runs_that_differ_are_next_to_each_other(tmp_path):
    one = write_results(tmp_path / "a.json")
    other = write_results(tmp_path / "b.json", batch_size=8)
    done = report(one, other, "--report-dir", tmp_path / "new")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.count("mini (batch size 32) random") >= 1
    text = (tmp_path / "new" / "tables.md").read_text()
    assert "mini (batch size 8) random" in text
    assert "What differs between the runs" in text


def test_a_file_of_a_directory_that_cannot_be_read_is_left_out_and_named(tmp_path):
    (tmp_path / "runs").mkdir()
    write_results(tmp_path / "runs" / "a.json")
    cut = tmp_path / "runs" / "cut.json"
    cut.write_text("{")
    done = report(tmp_path / "runs", "--report-dir", tmp_path / "new")
    assert done.exit_code == 0
    assert done.stderr.startswith(f"WARNING: left out: '{cut}': ")
    assert done.stderr.count("\n") == 1
    assert "cut.json" in (tmp_path / "new" / "index.html").read_text()


@pytest.mark.parametrize("content", [None, "{"])
def test_a_named_file_that_cannot_be_read_is_an_error(tmp_path, content):
    results = write_results(tmp_path / "a.json")
    wrong = tmp_path / "wrong.json"
    if content is not None:
        wrong.write_text(content)
    done = report(results, wrong, "--report-dir", tmp_path / "new")
    assert done.exit_code == 1
    assert done.stderr.startswith(f"Error: '{wrong}': ")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "new").exists()


def test_runs_of_which_none_can_be_read_are_one_line(tmp_path):
    done = report(tmp_path / "a.json", tmp_path / "b.json", "--report-dir", tmp_path / "new")
    assert done.exit_code == 1
    assert done.stderr.startswith(f"Error: '{tmp_path / 'a.json'}': ")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("again", ["a.json", "link.json", "."])
def test_a_file_that_is_given_twice_is_one_line(tmp_path, again):
    results = write_results(tmp_path / "a.json")
    (tmp_path / "link.json").symlink_to(results)
    done = report(results, tmp_path / again, "--report-dir", tmp_path / "new")
    assert done.exit_code == 1
    assert f"the same file as '{results}'" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "new").exists()
