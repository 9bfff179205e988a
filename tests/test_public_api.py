"""The public API as its users call it."""

import inspect
import json
import math
import subprocess
import sys
import typing
from pathlib import Path

import numpy as np
import pytest
from made_runs import document, made_cell, made_missing, made_run

import fer_bench
from fer_bench import _api
from fer_bench.models import WeightsMissing
from fer_bench.protocol.data_spec import DataSpec
from fer_bench.protocol.settings import Protocol
from fer_bench.protocol.trainable_layers import TrainableLayers
from fer_bench.results.dataframe import CLASS_COLUMNS, COLUMNS
from fer_bench.runtime.cache_directory import cache_root
from fer_bench.runtime.version import __version__


def written(path, run):
    path.write_text(json.dumps(document(run)))
    return path


def test_every_name_is_there_and_documented():
    for name in set(fer_bench.__all__) - {"__version__"}:
        assert inspect.getdoc(getattr(fer_bench, name)), name
    assert set(fer_bench.__all__) <= set(dir(fer_bench))


@pytest.mark.parametrize(
    "name", [name for name in fer_bench.__all__ if inspect.isroutine(getattr(fer_bench, name))]
)
def test_the_types_of_a_function_can_be_resolved(name):
    function = getattr(fer_bench, name)
    found = typing.get_type_hints(function)
    assert found.keys() == {*inspect.signature(function).parameters, "return"}


def test_the_classes_that_functions_return():
    for function, kind in (
        (fer_bench.run, fer_bench.TrainedCell),
        (fer_bench.load_results, fer_bench.Run),
        (fer_bench.compare, fer_bench.ComparisonResult),
    ):
        assert typing.get_type_hints(function)["return"] is kind


def test_the_registered_names():
    assert {"mini", "mobilenet", "vggface"} <= set(fer_bench.backbones())
    assert {"sketch", "fer2013"} <= set(fer_bench.datasets())


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
    run = made_run(made_missing("vggface", "pretrained"))
    table = run.to_frame()
    assert table.dtypes.astype(str).to_dict() == COLUMNS
    assert table["test_accuracy"].isna().all()
    assert run.to_frame("class").dtypes.astype(str).to_dict() == CLASS_COLUMNS


def test_a_table_of_classes():
    run = made_run(made_cell("mobilenet", "pretrained"), made_missing("vggface", "random"))
    table, cells = run.to_frame(by="class"), run.to_frame()
    assert table.dtypes.astype(str).to_dict() == CLASS_COLUMNS
    assert table["class"].tolist() == [name for name, _ in run.dataset.counts]
    assert table["images"].sum() == run.dataset.test
    assert table["f1"].mean() == pytest.approx(cells["macro_f1"][0])
    assert (table["recall_low"] < table["recall"]).all()
    with pytest.raises(ValueError, match="by must be"):
        run.to_frame("seed")


def test_the_report_of_a_results_file(tmp_path):
    missing = made_missing("vggface", "pretrained")
    run = fer_bench.load_results(written(tmp_path / "results.json", made_run(missing)))
    page = fer_bench.write_report(run, str(tmp_path / "report"))
    assert page == tmp_path / "report" / "index.html"
    assert missing.title in page.read_text("utf-8")
    assert (page.parent / "tables.csv").exists()


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
        ({"epochs": 2.0}, "2.0"),
        ({"batch_size": 0}, "0"),
        ({"seed": -1}, "-1"),
        ({"limit": "all"}, "'all'"),
        ({"limit": 1}, "1"),
        ({"trainable_layers": ""}, "''"),
        ({"trainable_layers": 1.5}, "1.5"),
        ({"batchnorm": "off"}, "'off'"),
        ({"optimizer": "lion"}, "'lion'"),
        ({"learning_rate": "1e-3"}, "'1e-3'"),
        ({"weight_decay": -1}, "-1"),
        ({"label_smoothing": 1}, "1"),
        ({"schedule": "step"}, "'step'"),
        ({"class_weight": {0: 2.0}}, "{0: 2.0}"),
        ({"augment": "zoom"}, "'zoom'"),
        ({"augment": ["flip"]}, "['flip']"),
        ({"early_stopping": "soon"}, "'soon'"),
        ({"recipe": ["strong"]}, "['strong']"),
        ({"shots": "few"}, "'few'"),
        ({"shots": 16}, "16"),
        ({"draws": 3}, "3"),
        ({"input_size": 4.5}, "4.5"),
        ({"backbone": 3}, "3"),
        ({"init": ["random"]}, "['random']"),
        ({"dataset": ""}, "''"),
        ({"dataset": 3}, "3"),
        ({"dataset": "missing.csv"}, "missing.csv"),
        ({"class_map": "rafdb"}, "rafdb"),
        ({"test_on": "missing.csv"}, "missing.csv"),
        ({"test_on": 3}, "3"),
        ({"test_on_class_map": "rafdb"}, "'rafdb' needs test_on"),
        ({"dedupe": "some"}, "'some'"),
        ({"labels": "mine"}, "'mine'"),
        ({"labels": "ferplus"}, "votes=FILE"),
        ({"votes": ""}, "''"),
        ({"votes": "missing.csv"}, "missing.csv"),
        ({"store": 3}, "3"),
        ({"store": __file__}, __file__),
        ({"weights_dir": ""}, "''"),
        ({"weights_dir": "missing", "backbone": "vggface"}, "missing"),
        ({"split": "kaggle"}, "kaggle"),
    ],
)
def test_an_argument_that_is_not_accepted(arguments, value, tmp_path):
    with pytest.raises(fer_bench.FerBenchError) as caught:
        fer_bench.run(**{"store": tmp_path, "limit": 70, **arguments})
    assert value in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not options_named(caught.value)


def options_named(error):
    """Return the options of the benchmark, instead of parameters, that an error names."""
    names = (name.replace("_", "-") for name in inspect.signature(fer_bench.run).parameters)
    return [name for name in names if f"--{name}" in str(error)]


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
    monkeypatch.setenv("FER_BENCH_CACHE", str(cache_root()))  # so that sketch is not drawn again
    monkeypatch.setenv("HOME", str(tmp_path))
    fer_bench.run(init="random", limit=700, store="~/store", weights_dir="~/weights")
    ((context, *_),) = asked
    assert (context.store, context.weights_dir) == (tmp_path / "store", tmp_path / "weights")
    written(tmp_path / "results.json", made_run(made_missing("vggface", "pretrained")))
    assert len(fer_bench.load_results("~/results.json").cells) == 1


def test_missing_weights_are_known_before_the_data_is_searched(monkeypatch, tmp_path):
    monkeypatch.setattr(_api, "prepare_data", None)
    for variable in ("FER_BENCH_WEIGHTS", "DEEPFACE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    with pytest.raises(WeightsMissing) as caught:
        fer_bench.run("vggface", store=tmp_path)
    assert "weights_dir" in caught.value.hint
    assert not options_named(caught.value)


def test_nothing_to_compare():
    with pytest.raises(fer_bench.FerBenchError):
        fer_bench.compare([], [])


def test_the_citation_names_this_version():
    text = (Path(__file__).parents[1] / "CITATION.cff").read_text("utf-8")
    assert f"\nversion: {__version__}\n" in text
