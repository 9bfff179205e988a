"""The public API as its users call it."""

import inspect
import json
import math
import subprocess
import sys

import numpy as np
import pytest
from made_runs import document, made_cell, made_missing, made_run

import fer_bench


def written(path, run):
    path.write_text(json.dumps(document(run)))
    return path


def test_every_name_is_there_and_documented():
    for name in set(fer_bench.__all__) - {"__version__"}:
        assert inspect.getdoc(getattr(fer_bench, name)), name
    assert set(fer_bench.__all__) <= set(dir(fer_bench))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'nothing'"):
        _ = fer_bench.nothing


def test_importing_it_loads_nothing_heavy():
    code = "import sys, fer_bench; print({'numpy', 'pandas', 'keras', 'pytest'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_results_file_as_a_table(tmp_path):
    good, missing = (
        made_cell("mobilenet", "pretrained", speed=1000.0),
        made_missing("vggface", "pretrained"),
    )
    path = written(tmp_path / "results.json", made_run(good, missing))
    table = fer_bench.load_results(path).to_frame()
    assert table["cell"].tolist() == [good.id, missing.id]
    assert table["status"].tolist() == ["ok", "skipped"]
    assert table["test_accuracy"][0] == good.quality.test_accuracy
    assert table["balanced_accuracy"][0] == pytest.approx(np.mean(good.quality.recall))
    assert table["reason"][1] == missing.reason
    assert math.isnan(table["test_accuracy"][1])
    for speed in good.inference:
        assert table[f"inference_median_seconds_{speed.batch_size}"][0] == speed.median


def test_a_table_without_measured_cells():
    table = made_run(made_missing("vggface", "pretrained")).to_frame()
    assert len(table) == 1
    assert "test_accuracy" not in table


@pytest.mark.parametrize("several", [False, True])
def test_two_results_files_compared(tmp_path, several):
    better = made_cell("mobilenet", "pretrained", 0.5)
    worse = made_cell("mobilenet", "pretrained", 0.3)
    base = written(tmp_path / "base.json", made_run(better))
    head = written(tmp_path / "head.json", made_run(worse))
    given = [base] if several else str(base)
    assert fer_bench.compare(given, head).exit_status == 1
    assert fer_bench.compare(head, given).exit_status == 0
    assert fer_bench.compare(given, head, fail_on=["accuracy: off", "loss: off"]).exit_status == 0


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        ({"backbone": "nothing"}, "nothing"),
        ({"init": "zeros"}, "zeros"),
        ({"dataset": "nothing"}, "nothing"),
        ({"epochs": 0}, "0"),
        ({"split": "mixed"}, "mixed"),
    ],
)
def test_an_argument_that_is_not_accepted(arguments, value):
    with pytest.raises(fer_bench.FerBenchError) as caught:
        fer_bench.run(**arguments)
    assert value in str(caught.value)
    assert "\n" not in str(caught.value)
