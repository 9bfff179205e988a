"""Runs in projects with a conftest.py, plugins and settings of their own."""

import shutil
import warnings
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
REGISTERING = """
from fer_bench import models as backbones, data as datasets
def build(): ...
def load(cache_dir): ...
backbones.register(
    backbones.Backbone("own", "Own", 48, 1.0, (0.0, 0.0, 0.0), build, "own 1")
)
datasets.register_dataset("faces", load)
"""


@pytest.fixture
def forgetful(small, monkeypatch):
    """Forgets after the test which backbones and data sets it has registered."""
    from fer_bench.data import catalogue

    monkeypatch.setattr(catalogue, "_LOADERS", dict(catalogue._LOADERS))


def test_a_conftest_may_register_in_each_of_several_runs(forgetful, run_pytest, pytester):
    """As in a notebook, which calls pytest.main again and again."""
    pytester.makeconftest(REGISTERING)
    words = (".", str(BENCHMARKS), f"--rootdir={pytester.path}", "--collect-only")
    for _ in range(2):
        result = run_pytest(*words, "--backbone=own", "--dataset=faces")
        assert result.ret == pytest.ExitCode.OK
        assert "test_quality[own-random-42]" in result.stdout.str()


def test_warnings_of_plugins_that_start_end_no_benchmark(bench, pytester):
    pytester.makeini("[pytest]\nfilterwarnings = error\n")
    pytester.makepyfile(
        warner="import warnings\ndef pytest_configure(): warnings.warn('an option is unset')"
    )
    pytester.syspathinsert()
    before = list(warnings.filters)
    result = bench("-p", "warner", "--collect-only", f"--config-file={pytester.path / 'tox.ini'}")
    assert result.ret == pytest.ExitCode.OK
    assert warnings.filters == before


def test_fixtures_of_the_project_leave_the_benchmarks_theirs(run_pytest, pytester):
    names = ("cell", "dataset", "experiment", "measured", "protocol", "split", "trained")
    fixtures = "".join(f"@pytest.fixture\ndef {name}(): return 'mine'\n" for name in names)
    pytester.makeconftest(f"import pytest\n{fixtures}")
    pytester.makepyfile(
        f"def test_mine({', '.join(names)}): assert {{{', '.join(names)}}} == {{'mine'}}"
    )
    shutil.copytree(BENCHMARKS, pytester.path / "benchmarks")
    result = run_pytest("benchmarks", "--collect-only", "--no-timing", "--init=random")
    assert "test_quality[mini-random-42]" in result.stdout.str()
    run_pytest("-k", "test_mine").assert_outcomes(passed=1, deselected=10)
