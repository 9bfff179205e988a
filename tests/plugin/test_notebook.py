"""The notebook in ``examples``, whose code cells run here in this process."""

import contextlib
import json
import shlex
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import matplotlib as mpl
import pytest
from made_runs import document, made_cell, made_run

from fer_bench.results import load_run

NOTEBOOK = Path(__file__).parents[2] / "examples" / "notebook.ipynb"
COMMAND = "!fer-bench run "


def execute(command):
    """Run the code cells, ``command`` with the arguments of each command; return their names."""
    names = {}
    with mpl.rc_context({"backend": "agg"}):
        for cell in json.loads(NOTEBOOK.read_text())["cells"]:
            source = "".join(cell["source"])
            if cell["cell_type"] != "code":
                continue
            assert not cell["outputs"]
            if source.startswith(COMMAND):
                command(*shlex.split(source.removeprefix(COMMAND)))
            else:
                exec(source, names)
    assert list(names["table"].index) == ["mini-pretrained-42", "mini-random-42"]
    assert names["comparison"].compared
    assert len(names["axes"].lines) == 2
    return names


def test_the_cells_of_the_notebook_run_on_made_results(bench, pytester, monkeypatch):
    def collect(*arguments):
        assert bench(*arguments, "--collect-only").ret == pytest.ExitCode.OK
        (directory,) = (word.partition("=")[2] for word in arguments if "--report-dir=" in word)
        cells = (made_cell("mini", init) for init in ("pretrained", "random"))
        results = pytester.mkdir(directory) / "results.json"
        results.write_text(json.dumps(document(made_run(*cells))))

    trained = SimpleNamespace(result=made_cell("mini", "pretrained"))
    monkeypatch.setattr("fer_bench._api.run", lambda *_, **__: contextlib.nullcontext(trained))
    execute(collect)


# Looked for, not imported: TensorFlow cannot be loaded twice in one process.
@pytest.mark.skipif(find_spec("keras") is None, reason="Keras is not installed")
@pytest.mark.network
@pytest.mark.soak
def test_the_cells_of_the_notebook_run(bench, pytester):
    def run(*arguments):
        assert bench(*arguments).ret == pytest.ExitCode.OK

    names = execute(run)
    # The cell without pytest is the first one of the run.
    first, _ = load_run(pytester.path / "base" / "results.json").cells
    assert (first.quality, first.source) == (names["quality"], "store")
