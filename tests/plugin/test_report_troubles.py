"""What a finished session leaves behind where something of its report goes wrong."""

import json
from pathlib import Path

import pytest

CONFTEST = f"""
import sys

sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from made_audits import audited
from made_runs import made_cell, made_run

from fer_bench.plugin.state import DATA, RECORD
from fer_bench.prepared import prepare_data
from fer_bench.protocol import Protocol

CELL = made_cell("mini", "random", 0.5)


class Measured:
    def run(self, facts=()):
        return made_run(CELL)


def pytest_collection_finish(session):
    session.config.stash[RECORD] = Measured()
    session.config.stash[DATA] = prepare_data(audited().dataset, Protocol(split="kaggle"))
"""
BENCHMARK = """
import dataclasses

from conftest import CELL

from fer_bench.results_json import KEY, quality_record


def test_quality(benchmark):
    quality = dataclasses.replace(CELL.quality, test_loss={loss})
    benchmark.extra_info[KEY] = quality_record(CELL.id, quality)
    benchmark.pedantic(lambda: None)
"""


@pytest.fixture
def session(pytester):
    """Runs a session that has measured one cell, in a process of its own."""

    def run(loss=1.0, conftest=""):
        pytester.makeconftest(CONFTEST + conftest)
        pytester.makepyfile(BENCHMARK.format(loss=loss))
        return pytester.runpytest_subprocess("-p", "no:cacheprovider")

    return run


def results(pytester):
    return json.loads((pytester.path / "report" / "results.json").read_text())


def errors(result):
    return [line for line in result.outlines if line.startswith("ERROR: ")]


def test_a_whole_report(session, pytester):
    result = session()
    assert result.ret == pytest.ExitCode.OK
    assert errors(result) == []
    assert result.outlines.count("Networks compared on the same test images") == 1
    assert any(line.startswith("report: ") for line in result.outlines)
    for name in ("index.html", "tables.md"):
        assert (pytester.path / "report" / name).exists()
    assert len(results(pytester)["benchmarks"]) == 1


def test_results_that_cannot_be_read_again_are_kept_and_told(session, pytester):
    result = session(loss=-1.0)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    (line,) = errors(result)
    assert "test_loss is -1.0; accepted: 0 or more" in line
    assert "INTERNALERROR" not in result.stdout.str() + result.stderr.str()
    assert len(results(pytester)["benchmarks"]) == 1


def test_one_file_that_cannot_be_written_leaves_the_others(session, pytester):
    (pytester.path / "report" / "tables.md").mkdir(parents=True)
    result = session()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    (line,) = errors(result)
    assert "tables.md" in line
    assert "How sure the accuracies are" in result.stdout.str()
    assert (pytester.path / "report" / "index.html").exists()
    assert len(results(pytester)["benchmarks"]) == 1


def test_results_that_cannot_be_written_are_told_beside_the_tables(session, pytester):
    (pytester.path / "report").write_text("in the way")
    result = session()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "results.json" in errors(result)[0]
    assert "How sure the accuracies are" in result.stdout.str()


def test_a_bug_in_the_statistics_costs_no_results(session, pytester):
    broken = """
import fer_bench.reporting.findings


def pairs(run):
    raise RuntimeError("a bug")


fer_bench.reporting.findings.pairs = pairs
"""
    result = session(conftest=broken)
    assert result.ret != pytest.ExitCode.OK
    assert "a bug" in result.stdout.str() + result.stderr.str()
    assert len(results(pytester)["benchmarks"]) == 1
