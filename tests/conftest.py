"""Fixtures and configuration shared by all tests."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

REAL_DATA = "FER_BENCH_REAL_DATA"


def pytest_configure(config):
    """Register and load the Hypothesis profiles, which set the number of examples.

    There is no deadline: on a shared machine it would fail tests at random. pytest loads this file
    even for ``--help``, so Hypothesis may be missing here.
    """
    if not config.pluginmanager.hasplugin("hypothesispytest"):
        return
    from budget import EXAMPLES
    from hypothesis import HealthCheck, settings

    for name, examples in EXAMPLES.items():
        settings.register_profile(
            name,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
            max_examples=examples,
            # Everyday runs are reproducible.
            derandomize=name == "everyday",
            print_blob=True,
        )
    settings.load_profile(config.getoption("--hypothesis-profile") or "dev")


def pytest_sessionstart():
    """Prepare the environment of the sessions and commands that tests start."""
    # A session in a pytest-xdist worker does not measure.
    os.environ.pop("PYTEST_XDIST_WORKER", None)
    # Output must not depend on the width of the terminal.
    os.environ["COLUMNS"] = "120"


@pytest.fixture
def read_only():
    """Return a function that makes a directory read-only; skip if this process can still write."""
    closed, mounted = [], []

    def mount(*arguments):
        done = shutil.which("mount") and subprocess.run(["mount", *arguments], capture_output=True)
        if not done or done.returncode:
            pytest.skip("this process may write to every directory")

    def close(directory):
        closed.append(directory)
        directory.chmod(0o555)
        if os.access(directory, os.W_OK):  # as root can
            mount("--bind", directory, directory)
            mounted.append(directory)
            mount("-o", "remount,bind,ro", directory)

    yield close
    for directory in mounted:
        subprocess.run(["umount", "-l", directory], check=True)
    for directory in closed:
        directory.chmod(0o755)


@pytest.fixture(scope="session")
def needs_structure():
    """Return a function that skips a test if neither deepface nor an exported structure exists."""
    pytest.importorskip("keras")
    from fer_bench.models.builders import structure_files
    from fer_bench.runtime.errors import FerBenchError

    def check(name):
        missing = structure_files.missing_packages()
        if name in ("vggface", "openface") and missing:
            try:
                structure_files.find(name, missing)
            except FerBenchError as error:
                pytest.skip(str(error))

    return check


@pytest.fixture(scope="session")
def real_directory():
    """Return the directory with the real FER2013 and, optionally, FER+'s votes; skip if unset."""
    directory = os.environ.get(REAL_DATA)
    if not directory:
        pytest.skip(f"{REAL_DATA} names no directory with fer2013.npz")
    return Path(directory)


@pytest.fixture(scope="session")
def real_data(real_directory):
    """Return the real FER2013 data set."""
    from fer_bench.data.formats.npz_files import load_npz

    return load_npz(real_directory / "fer2013.npz")
