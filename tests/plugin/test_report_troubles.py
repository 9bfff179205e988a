"""Files left by a finished session if part of its report fails."""

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner
from made_audits import audited
from made_votes import write_votes

from fer_bench import cli
from fer_bench.data.formats.npz_files import pack_npz
from fer_bench.results import KEY

CONFTEST = f"""
import sys

sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from made_audits import context
from made_runs import made_cell, made_run

from fer_bench.plugin.stash_keys import EXPERIMENT, RECORD

CELL = made_cell("mini", "random", 0.5)


class Measured:
    def run(self, facts=()):
        return made_run(CELL)


def pytest_collection_finish(session):
    session.config.stash[RECORD] = Measured()
    session.config.stash[EXPERIMENT] = context()
"""
BENCHMARK = """
import dataclasses

from conftest import CELL

from fer_bench.results import KEY, measure_record


def test_quality(benchmark):
    quality = dataclasses.replace(CELL.quality, test_loss={loss})
    benchmark.extra_info[KEY] = measure_record(CELL.id, quality)
    benchmark.pedantic(lambda: None)
"""


@pytest.fixture(scope="module")
def made():
    """Made before pytester begins: it forgets what was imported since, numpy's parts among it."""
    return audited()


@pytest.fixture
def session(run_pytest, pytester):
    """Run a session that has measured one cell."""

    def run(loss=1.0, conftest="", arguments=()):
        pytester.makeconftest(CONFTEST + conftest)
        pytester.makepyfile(BENCHMARK.format(loss=loss))
        return run_pytest(*arguments)

    return run


def results(pytester):
    return json.loads((pytester.path / "report" / "results.json").read_text())


def errors(result):
    return [line for line in result.outlines if line.startswith("ERROR: ")]


def test_a_complete_report(session, pytester):
    result = session()
    assert result.ret == pytest.ExitCode.OK
    assert errors(result) == []
    assert sum(line.startswith("always Happy ") for line in result.outlines) == 1
    assert any(line.startswith("report: ") for line in result.outlines)
    for name in ("index.html", "tables.md"):
        assert (pytester.path / "report" / name).exists()
    assert len(results(pytester)["benchmarks"]) == 1


def test_the_data_card_names_what_makes_it_again(made, session, pytester, monkeypatch, tmp_path):
    monkeypatch.setenv("FER_BENCH_CACHE", str(tmp_path / "cache"))
    faces = pytester.path / "faces.npz"
    faces.write_bytes(pack_npz(made.dataset))
    votes = write_votes(pytester.path / "votes.csv", made.votes)
    asked = (f"--dataset={faces}", f"--votes={votes}", "--split=kaggle", "--dedupe=train")
    own = """
from fer_bench.data.prepare import load_data
from fer_bench.plugin.stash_keys import SETTINGS


def pytest_collection_finish(session):
    session.config.stash[RECORD] = Measured()
    session.config.stash[EXPERIMENT] = context(load_data(session.config.stash[SETTINGS].data))
"""
    result = session(conftest=own, arguments=asked)
    assert result.ret == pytest.ExitCode.OK
    report = pytester.path / "report"
    card = (report / "data-card.md").read_text("utf-8")
    line = card.splitlines()[-1].strip()
    options = ["--split=kaggle", "--dedupe=train", f"--votes={votes}", "--report-dir=report"]
    assert line == " ".join(["fer-bench data audit", str(faces), *options])
    facts = dict(re.findall(r"^\| ([\w, ]+?) +\| (.+?) +\|$", card, re.MULTILINE))
    assert facts["digest"] == made.dataset.digest
    assert facts["audited"] == "all images"
    (elsewhere,) = (value for name, value in facts.items() if name.startswith("audited, "))
    assert elsewhere.startswith("4 duplicates")
    page = (report / "index.html").read_text("utf-8")
    assert 'data-file="data-card.md"' in page
    # It makes this card and leaves the report as it is.
    before = {path: path.read_bytes() for path in report.rglob("[!.]*") if path.is_file()}
    monkeypatch.chdir(pytester.path)
    done = CliRunner().invoke(cli.main, shlex.split(line)[1:])
    assert done.exit_code == 0, done.output
    assert (report / "audit-card.md").read_text("utf-8") == card
    assert {path: path.read_bytes() for path in before} == before


def test_results_that_cannot_be_read_again_are_kept_and_reported(session, pytester):
    result = session(loss=-1.0)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    (line,) = errors(result)
    assert "test_loss is -1.0; accepted: 0 " in line
    assert "INTERNALERROR" not in result.stdout.str() + result.stderr.str()
    assert len(results(pytester)["benchmarks"]) == 1


OTHERS = """

@pytest.mark.parametrize("one", [object()])
def test_of_somebody_else(benchmark, one):
    benchmark.extra_info.update(
        {"share": np.float32(0.5), "file": Path("x"), "loss": [1.0, float("nan")]}
    )
    benchmark.extra_info[1, 2] = {(3, 4): 5}
    benchmark.extra_info["self"] = [benchmark.extra_info]
    benchmark.pedantic(lambda: None)
"""


@pytest.mark.usefixtures("undrawn")
def test_values_of_somebody_else_cost_no_report(session, pytester):
    pytester.makepyfile(
        test_others=f"from pathlib import Path\nimport numpy as np\nimport pytest\n{OTHERS}"
    )
    result = session()
    assert result.ret == pytest.ExitCode.OK
    assert errors(result) == []
    (note,) = (line for line in result.outlines if line.endswith(" stores as null"))
    assert note.startswith("NOTE: ")
    assert ": loss contains NaN, " in note
    ours, theirs = sorted(results(pytester)["benchmarks"], key=lambda one: len(one["extra_info"]))
    assert list(ours["extra_info"]) == [KEY]
    extra = theirs["extra_info"]
    assert "0.5" in extra["share"]
    assert "'x'" in extra["file"]
    assert extra["loss"] == [1.0, None]
    assert extra["(1, 2)"] == "UNSERIALIZABLE[dict]"
    assert extra["self"] == "UNSERIALIZABLE[list]"
    assert theirs["params"]["one"].startswith("UNSERIALIZABLE[<object")


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    ("conftest", "cause"),
    [
        ("def pytest_benchmark_update_json(output_json):\n    raise TypeError('theirs')", "theirs"),
        (
            "import pytest\n@pytest.hookimpl(trylast=True)\n"
            "def pytest_benchmark_update_json(output_json):\n"
            "    output_json['fer_bench']['schema'] = object()",
            "not JSON serializable",
        ),
    ],
)
def test_a_hook_of_somebody_else_ends_in_one_line(session, conftest, cause):
    result = session(conftest=f"\n{conftest}\n")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert cause in errors(result)[0]
    text = result.stdout.str() + result.stderr.str()
    assert "Traceback" not in text
    assert "INTERNALERROR" not in text


def test_one_file_that_cannot_be_written_leaves_the_others(session, pytester):
    (pytester.path / "report" / "tables.md").mkdir(parents=True)
    result = session()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    (line,) = errors(result)
    assert "tables.md" in line
    assert "always Happy" in result.stdout.str()
    assert (pytester.path / "report" / "index.html").exists()
    assert len(results(pytester)["benchmarks"]) == 1


@pytest.mark.usefixtures("undrawn")
def test_results_that_cannot_be_written_are_reported_next_to_the_tables(session, pytester):
    (pytester.path / "report").write_text("in the way")
    result = session()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "results.json" in errors(result)[0]
    assert "always Happy" in result.stdout.str()


def test_a_bug_in_the_statistics_costs_no_results(session, pytester, monkeypatch):
    def analyse(run):
        raise RuntimeError("a bug")

    monkeypatch.setattr("fer_bench.report.report.analyse", analyse)
    result = session()
    assert result.ret != pytest.ExitCode.OK
    assert "a bug" in result.stdout.str() + result.stderr.str()
    assert len(results(pytester)["benchmarks"]) == 1


def test_a_run_interrupted_before_its_first_result_leaves_an_earlier_report(
    bench, pytester, tiny_data
):
    report = pytester.path / "report"
    report.mkdir()
    for name in ("index.html", "results.json", "data-card.md"):
        (report / name).write_text("earlier")
    pytester.makepyfile(
        interrupting="def pytest_runtest_setup(item):\n    raise KeyboardInterrupt\n"
    )
    pytester.syspathinsert()
    result = bench(f"--dataset={tiny_data}", "--init=random", "--no-timing", "-p", "interrupting")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(
        [
            "nothing was measured, so no report is written; the earlier one in '*report' is kept",
            "interrupted; the same command continues from the store",
        ]
    )
    assert {path.name: path.read_text() for path in report.iterdir()} == dict.fromkeys(
        ("index.html", "results.json", "data-card.md"), "earlier"
    )
