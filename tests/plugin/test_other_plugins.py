"""Small runs together with other plugins of pytest: they change no result and lose no report.

Each run is a process of its own, in which those of the plugins that are not looked at are blocked.
"""

import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

from fer_bench.results import load_run

pytestmark = [pytest.mark.soak, pytest.mark.network]

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
QUICK = ["--limit=500", "--epochs=1", "--fresh"]
PASSING = {
    "randomly": ["--randomly-seed=3"],
    "xdist": [],
    "repeat": ["--count=2"],
    "rerunfailures": ["--reruns=1"],
    "timeout": ["--timeout=600"],
    "cov": ["--cov=benchmarks", "--cov-report=xml"],
    "sugar": [],
    "html": ["--html=tests.html", "--self-contained-html"],
    "json-report": ["--json-report"],
    "asyncio": [],
    "split": ["--splits=1", "--group=1"],
    "forked": [],
}
# What shows that a plugin was at work.
WRITTEN = {"cov": "coverage.xml", "html": "tests.html", "json-report": ".report.json"}
SHOWN = {
    "randomly": r"random seed: 3|--randomly-seed=3",
    "repeat": r"\b4 passed",
    "timeout": r"timeout: 600",
    "asyncio": r"asyncio: mode=",
}


class Project:
    """A directory with the benchmarks, whose settings take each warning for an error."""

    def __init__(self, directory, cache):
        self.directory = directory
        self.cache = cache
        shutil.copytree(BENCHMARKS, directory / "benchmarks")
        (directory / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")

    def run(self, plugins, *arguments):
        """Run the benchmarks with plugins, and return the exit status and the output."""
        for name in plugins:
            if not entry_points(name):
                # Where all are said to be there, none is left out unseen.
                tell = pytest.fail if os.environ.get("FER_BENCH_PLUGINS") == "all" else pytest.skip
                tell(f"{name} is not installed")
        others = {f"pytest-{name}" for name in PASSING}.difference(plugins)
        words = [f"-pno:{point}" for name in others for point in entry_points(name)]
        # What the tests themselves do without.
        dropped = "PYTEST_DISABLE_PLUGIN_AUTOLOAD"
        inherited = {name: text for name, text in os.environ.items() if name != dropped}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "benchmarks", *QUICK, *words, *arguments],
            cwd=self.directory,
            env={**inherited, "FER_BENCH_CACHE": str(self.cache), "FER_BENCH_OFFLINE": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return done.returncode, done.stdout

    @property
    def results(self):
        return self.directory / "report" / "results.json"

    def qualities(self):
        """Of each cell that was measured: what does not depend on the time it took."""
        return {
            cell.id: (cell.quality.test_accuracy, cell.quality.test_loss)
            for cell in load_run(self.results).cells
            if cell.status == "ok" and cell.quality is not None
        }


def entry_points(name):
    """Return the names of a distribution's plugins; none if it is not installed."""
    try:
        found = distribution(name).entry_points
    except PackageNotFoundError:
        return []
    return [point.name for point in found if point.group == "pytest11"]


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Draw the faces once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def project(tmp_path, cache):
    return Project(tmp_path, cache)


@pytest.fixture(scope="module")
def alone(tmp_path_factory, cache):
    """Return the record of a run without other plugins."""
    project = Project(tmp_path_factory.mktemp("alone"), cache)
    status, output = project.run([], "--no-timing")
    assert status == 0, output
    measured = project.qualities()
    assert measured.keys() == {"mini-pretrained-42", "mini-random-42"}
    return measured


@pytest.mark.parametrize("plugin", PASSING)
def test_one_plugin(project, alone, plugin):
    status, output = project.run([f"pytest-{plugin}"], *PASSING[plugin], "--no-timing")
    assert status == 0, output
    assert project.qualities() == alone
    if plugin in WRITTEN:
        assert (project.directory / WRITTEN[plugin]).stat().st_size > 0
    if plugin in SHOWN:
        assert re.search(SHOWN[plugin], output), output


def test_all_plugins_and_timing(project, alone):
    together = {name: words for name, words in PASSING.items() if name != "repeat"}
    words = [word for words in together.values() for word in words]
    status, output = project.run([f"pytest-{name}" for name in PASSING], *words)
    assert status == 0, output
    assert project.qualities() == alone
    for cell in load_run(project.results).cells:
        assert cell.training is not None
        assert {speed.batch_size for speed in cell.inference} == {1, 32}


@pytest.mark.parametrize("seed", [1, 2])
def test_any_order_of_all_benchmarks(project, alone, seed):
    status, output = project.run(["pytest-randomly"], f"--randomly-seed={seed}")
    assert status == 0, output
    assert project.qualities() == alone
    assert all(cell.training and cell.inference for cell in load_run(project.results).cells)


def test_a_part_of_the_benchmarks(project, alone):
    status, output = project.run(["pytest-split"], "--splits=2", "--group=1", "--no-timing")
    assert status == 0, output
    measured = project.qualities()
    assert len(measured) == 1
    assert measured.items() <= alone.items()


def test_a_retry_that_passes(project, alone):
    (project.directory / "benchmarks" / "test_flaky.py").write_text(
        "seen = set()\n"
        "def test_flaky(trained):\n"
        "    if trained not in seen:\n"
        "        seen.add(trained)\n"
        "        raise OSError('a passing fault')\n"
    )
    status, output = project.run(["pytest-rerunfailures"], "--reruns=2", "--no-timing")
    assert status == 0, output
    assert project.qualities() == alone


@pytest.mark.parametrize(
    ("plugin", "words", "status"),
    [
        ("pytest-xdist", ["-n2"], pytest.ExitCode.TESTS_FAILED),
        ("pytest-forked", ["--forked"], pytest.ExitCode.USAGE_ERROR),
    ],
)
def test_processes_that_cannot_report_leave_an_earlier_report(project, plugin, words, status):
    earlier = '{"a": "run of hours"}'
    project.results.parent.mkdir()
    project.results.write_text(earlier)
    found, output = project.run([plugin], *words, "--no-timing", "--init=random", "-Wdefault")
    assert found == status, output
    assert project.results.read_text() == earlier
