"""What all tests share."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

REAL_DATA = "FER_BENCH_REAL_DATA"


def pytest_configure(config):
    """Register how long hypothesis looks for a counterexample.

    No lack of time fails a test, since the machines that run them are shared. pytest reads this
    file for its help too, when hypothesis need not be installed.
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
            # What is green today is green tomorrow.
            derandomize=name == "everyday",
            print_blob=True,
        )
    settings.load_profile(config.getoption("--hypothesis-profile") or "dev")


def pytest_sessionstart():
    """Let sessions that tests start measure: those of a worker of pytest-xdist do not."""
    os.environ.pop("PYTEST_XDIST_WORKER", None)
    # Nor do outputs depend on the terminal that the tests are started in.
    os.environ["COLUMNS"] = "120"


@pytest.fixture
def read_only():
    """Lets nobody write to a folder; skips where this process cannot be kept from it."""
    closed, mounted = [], []

    def mount(*arguments):
        done = shutil.which("mount") and subprocess.run(["mount", *arguments], capture_output=True)
        if not done or done.returncode:
            pytest.skip("this process may write to every folder")

    def close(folder):
        closed.append(folder)
        folder.chmod(0o555)
        if os.access(folder, os.W_OK):  # as the superuser may
            mount("--bind", folder, folder)
            mounted.append(folder)
            mount("-o", "remount,bind,ro", folder)

    yield close
    for folder in mounted:
        subprocess.run(["umount", "-l", folder], check=True)
    for folder in closed:
        folder.chmod(0o755)


@pytest.fixture(scope="session")
def needs_structure():
    """Skips where a backbone's structure is nowhere: neither deepface nor an exported file."""
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
def real_folder():
    """The folder that holds the real FER2013 and, perhaps, FER+'s votes on it."""
    folder = os.environ.get(REAL_DATA)
    if not folder:
        pytest.skip(f"{REAL_DATA} names no folder with fer2013.npz")
    return Path(folder)


@pytest.fixture(scope="session")
def real_data(real_folder):
    """The real FER2013."""
    from fer_bench.data.formats.npz_files import load_npz

    return load_npz(real_folder / "fer2013.npz")
