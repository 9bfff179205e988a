"""Libraries that stay unloaded until a report is made."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

pytestmark = pytest.mark.smoke

HEAVY = {"keras", "tensorflow", "deepface", "pandas", "sklearn", "tabulate", "h5py"}
HEAVY |= {"scipy", "statsmodels", "matplotlib", "jinja2", "PIL"}
MODULES = [
    "fer_bench.analysis.run_analysis",
    "fer_bench.report",
    "fer_bench.report.page",
    "fer_bench.report.plots",
    "fer_bench.results",
    "fer_bench.metrics",
]


@pytest.fixture(scope="module")
def loaded() -> dict[str, list[str]]:
    """Return the heavy libraries loaded after the import of each module, in one process."""
    code = (
        "import importlib, json, sys\n"
        "heavy, modules, found = set(json.loads(sys.argv[1])), json.loads(sys.argv[2]), {}\n"
        "for module in modules:\n"
        "    importlib.import_module(module)\n"
        "    found[module] = sorted(heavy & set(sys.modules))\n"
        "print(json.dumps(found))"
    )
    arguments = [json.dumps(sorted(HEAVY)), json.dumps(MODULES)]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("module", MODULES)
def test_an_import_loads_nothing_heavy(loaded: dict[str, list[str]], module: str) -> None:
    assert loaded[module] == []


@pytest.mark.parametrize(
    ("named", "backend"),
    [
        pytest.param(
            "module://matplotlib_inline.backend_inline",
            "agg",
            marks=pytest.mark.skipif(
                find_spec("matplotlib_inline") is not None, reason="matplotlib-inline is installed"
            ),
        ),
        ("svg", "svg"),
    ],
)
def test_the_backend_of_a_notebook_does_not_matter(named, backend):
    """Matplotlib cannot be imported if the variable names one that is not installed."""
    code = (
        "import os\n"
        "from fer_bench.report.plots.figure import import_matplotlib\n"
        "matplotlib = import_matplotlib()\n"
        "print(os.environ['MPLBACKEND'], matplotlib.get_backend(), sep=';')"
    )
    variables = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**variables, "MPLBACKEND": named},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == f"{named};{backend}"
