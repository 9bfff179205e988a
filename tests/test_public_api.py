"""The public API as its users call it."""

import inspect
import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from made_runs import document, made_cell, made_missing, made_run

import fer_bench
from fer_bench import _api
from fer_bench.protocol.data_spec import DataSpec
from fer_bench.protocol.settings import Protocol, TrainableLayers
from fer_bench.results.frame import COLUMNS
from fer_bench.runtime.version import __version__


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
    assert table.columns.tolist() == list(COLUMNS)
    assert table["test_accuracy"].isna().all()


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
    assert fer_bench.compare(given, head, fail_on="accuracy: off").exit_status == 0


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        ({"backbone": "nothing"}, "nothing"),
        ({"init": "zeros"}, "zeros"),
        ({"dataset": "nothing"}, "nothing"),
        ({"epochs": 0}, "0"),
        ({"split": "mixed"}, "mixed"),
        ({"epochs": "20"}, "'20'"),
        ({"epochs": True}, "True"),
        ({"seed": 1.5}, "1.5"),
        ({"trainable_layers": ""}, "''"),
    ],
)
def test_an_argument_that_is_not_accepted(arguments, value):
    with pytest.raises(fer_bench.FerBenchError) as caught:
        fer_bench.run(**arguments)
    assert value in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.fixture
def asked(monkeypatch):
    """Record the arguments that ``run`` passes to the runner: context, entry and init."""
    found = []
    monkeypatch.setattr(_api, "run_cell", lambda *arguments: found.append(arguments))
    return found


def test_the_defaults_are_those_of_the_benchmark(asked, tmp_path):
    fer_bench.run(limit=700, store=tmp_path)
    ((context, entry, init),) = asked
    assert (context.data.spec, context.protocol) == (DataSpec(limit=700), Protocol())
    assert (entry.name, init) == ("mini", "pretrained")
    assert (context.dataset.name, len(context.dataset)) == ("sketch", 700)
    assert not context.fresh


def test_numbers_of_numpy_and_layers_as_a_number(asked, tmp_path):
    fer_bench.run(
        init="random", limit=np.int64(700), seed=np.int64(7), trainable_layers=0, store=tmp_path
    )
    ((context, *_),) = asked
    assert (context.protocol.seed, type(context.protocol.seed)) == (7, int)
    assert context.protocol.trainable_layers == TrainableLayers.parse("0")


def test_a_tilde_is_the_home_directory(asked, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    fer_bench.run(init="random", limit=700, store="~/store", weights_dir="~/weights")
    ((context, *_),) = asked
    assert (context.store, context.weights_dir) == (tmp_path / "store", tmp_path / "weights")
    written(tmp_path / "results.json", made_run(made_missing("vggface", "pretrained")))
    assert len(fer_bench.load_results("~/results.json").cells) == 1


def test_missing_weights_are_known_before_the_data_is_searched(monkeypatch, tmp_path):
    monkeypatch.setattr(_api, "prepare_data", None)
    monkeypatch.setenv("FER_BENCH_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(fer_bench.FerBenchError):
        fer_bench.run("vggface", store=tmp_path)


def test_nothing_to_compare():
    with pytest.raises(fer_bench.FerBenchError):
        fer_bench.compare([], [])


def test_the_citation_names_this_version():
    text = (Path(__file__).parents[1] / "CITATION.cff").read_text("utf-8")
    assert f"\nversion: {__version__}\n" in text
