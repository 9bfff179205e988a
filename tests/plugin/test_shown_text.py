"""Summary of pytest with hostile names, on terminals of several encodings."""

import os
import re
from pathlib import Path

import pytest
from hostile_text import NAME, is_safe, obeyed

SIGNS = "\xd7 \u2013 \u2026 \xe9"
CONFTEST = f"""
import dataclasses
import logging
import sys

import pytest

sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from hostile_text import NAME
from made_audits import context
from made_runs import made_cell, made_missing, made_run

from fer_bench.runtime.errors import FerBenchError
from fer_bench.plugin.stash_keys import EXPERIMENT, PROBLEMS, RECORD

CELL = dataclasses.replace(made_cell("mini", "random", 0.5), title=f"Net {SIGNS}{{NAME}}")
MISSING = made_missing("resnet50", "random", reason=NAME)


class Measured:
    def run(self, facts=()):
        run = made_run(CELL, MISSING)
        return dataclasses.replace(run, dataset=dataclasses.replace(run.dataset, name=NAME))

    def begun(self, *_):
        pass

    ended = begun


@pytest.fixture
def breaks():
    raise FerBenchError(f"::error::{SIGNS} {{NAME}}")


def pytest_collection_finish(session):
    session.config.stash[RECORD] = Measured()
    session.config.stash[EXPERIMENT] = context()
    session.config.stash[PROBLEMS].append(NAME)
    logging.getLogger("fer_bench.training.store").warning("a note: %s%s", {SIGNS!r}, NAME)
"""
BENCHMARK = """
from conftest import CELL

from fer_bench.results import KEY, measure_record


def test_quality(benchmark):
    benchmark.extra_info[KEY] = measure_record(CELL.id, CELL.quality)
    benchmark.pedantic(lambda: None)


def test_breaking(breaks):
    pass
"""
ARGUMENTS = ("-p", "no:cacheprovider", f"--report-dir=out{NAME}", "-rA", "--log-cli-level=INFO")


@pytest.fixture
def session(pytester):
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(BENCHMARK)


def ours(output):
    """Return the part of what a session shows that is the plugin's."""
    start = output.index(" fer_bench ==")
    return output[output.index("\n", start) + 1 : output.index("short test summary", start)]


@pytest.mark.usefixtures("session", "undrawn")
@pytest.mark.parametrize("arguments", [(), ("-s",)])
def test_nothing_of_a_hostile_name_reaches_the_terminal(run_pytest, arguments):
    output = run_pytest(*ARGUMENTS, *arguments).stdout.str()
    assert is_safe(ours(output))
    assert obeyed(output) == []
    assert SIGNS in ours(output)
    notes = [line for line in output.splitlines() if line.startswith("NOTE: a note: ")]
    assert notes == [
        f"NOTE: a note: {SIGNS}\\x1b]0;t\\x07\\x1b[31m\\u202e\\u200b\\n::error::x\\r  "
        "::set-output name=a::b\\x85# #[error]y\\u2028\xe9\\udcff"
    ]
    assert any(line.startswith("ERROR: \\x1b]0;t") for line in output.splitlines())


@pytest.mark.usefixtures("session", "undrawn")
def test_colours_are_only_ours(run_pytest):
    output = ours(run_pytest(*ARGUMENTS, "--color=yes").stdout.str())
    shown, codes = re.subn(r"\x1b\[\d\d?m", "", output)
    assert codes >= 4
    assert is_safe(shown)


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize(("encoding", "signs"), [("ascii", "x - ... \\xe9")])
def test_a_terminal_gets_the_signs_that_it_has(pytester, monkeypatch, encoding, signs):
    """In a process of its own, as the encoding is fixed when Python starts."""
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parents[2])]))
    output = pytester.runpytest_subprocess(*ARGUMENTS).stdout.str()
    assert f"Net {signs}" in output
    (line,) = (line for line in output.splitlines() if line.startswith("report: "))
    assert "/out\\x1b]0;t" in line
    assert is_safe(ours(output))
    assert max(map(len, ours(output).splitlines())) < 400
    assert (pytester.path / f"out{NAME}" / "tables.md").read_text("utf-8").count(SIGNS) > 3
