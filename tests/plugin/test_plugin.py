"""The plugin: options, parameters, report."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from fer_bench.plugin import session_report
from fer_bench.plugin.options import OPTIONS
from fer_bench.results import KEY, read_run
from fer_bench.results.fact_names import NOT_TIMED, SPEED

# Looked for, not imported: TensorFlow cannot be loaded twice in one process.
needs_keras = pytest.mark.skipif(find_spec("keras") is None, reason="Keras is not installed")

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
HEAVY = "{'tensorflow', 'keras', 'deepface', 'sklearn', 'pandas', 'h5py'}"


def test_help_explains_each_option_in_its_own_group(pytester):
    text = pytester.runpytest_inprocess("--help").stdout.str()
    _, _, group = text.partition("short names that another plugin ")
    group, _, inis = group.partition("[pytest] ")
    for option in OPTIONS:
        assert f"{option.flag}" in group
        assert f"{option.ini} (" in inis


def test_each_cell_is_a_parameter(bench):
    result = bench("--collect-only", "-q", "--backbone=all", "--init=random")
    names = [line for line in result.stdout.lines if "test_quality" in line]
    assert [name.partition("[")[2] for name in names] == [
        "vggface-random-42]",
        "openface-random-42]",
        "resnet50-random-42]",
        "mobilenet-random-42]",
    ]


def test_all_benchmarks_of_a_cell_share_one_parameter(bench, pytester):
    """Not only equal ones: pytest 8.2 would train the cell for each of them again."""
    pytester.makepyfile(
        shown="def pytest_collection_modifyitems(items):\n"
        "    found = {item.callspec.params['cell']: item for item in items}\n"
        "    same = {id(item.callspec.params['cell']) for item in items}\n"
        "    print('cells', len(found), 'objects', len(same))"
    )
    pytester.syspathinsert()
    result = bench("-p", "shown", "-s", "--collect-only")
    result.stdout.fnmatch_lines(["*cells 2 objects 2"])


def test_speed_is_measured_with_the_first_seed_only(bench):
    names = bench("--collect-only", "-q", "--init=random", "--seed=5", "--seeds=2").stdout.lines
    tests = [name.partition("::")[2] for name in names if "::" in name]
    assert sorted(tests) == [
        "test_inference_speed[mini-random-5-1]",
        "test_inference_speed[mini-random-5-32]",
        "test_network_training_speed[mini-random-5]",
        "test_quality[mini-random-5]",
        "test_quality[mini-random-6]",
        "test_training_speed[mini-random-5]",
    ]


def test_settings_may_stand_in_an_ini_file(bench, pytester):
    pytester.makeini("[pytest]\nfer_backbone = resnet50\nfer_init = random\n")
    result = bench("--collect-only", "-q", f"--config-file={pytester.path / 'tox.ini'}")
    assert "test_quality[resnet50-random-42]" in result.stdout.str()
    overridden = bench(
        "--collect-only", "-q", f"--config-file={pytester.path / 'tox.ini'}", "--backbone=mini"
    )
    assert "test_quality[mini-random-42]" in overridden.stdout.str()


def test_a_mistake_in_an_ini_file_is_reported(bench, pytester):
    pytester.makeini("[pytest]\nfer_epochs = 0\n")
    result = bench("--collect-only", f"--config-file={pytester.path / 'tox.ini'}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "epochs 0 is too small" in result.stderr.str()


@pytest.mark.smoke
@pytest.mark.parametrize(
    "code",
    [
        "import fer_bench, fer_bench.metrics.convergence, fer_bench.report, fer_bench.plugin",
        "import pytest; assert pytest.main(['--collect-only', '-q', BENCHMARKS]) == 0",
    ],
)
def test_heavy_libraries_stay_unloaded(code):
    script = (
        f"BENCHMARKS = {str(BENCHMARKS)!r}\n{code}\nimport sys\nprint({HEAVY} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "set()"


@needs_keras
@pytest.mark.network
def test_a_run_from_data_to_report(bench, pytester, tiny_data):
    arguments = (f"--dataset={tiny_data}", "--epochs=2", "--batch-size=16", "--init=both")
    result = bench(*arguments, "--benchmark-autosave")
    result.assert_outcomes(passed=10)
    text = result.stdout.str()
    assert "always Angry" in text
    assert "Name (time in " not in text
    report = pytester.path / "report"
    assert {path.name for path in report.iterdir()} == {
        ".fer_bench-files",
        "data-card.md",
        "figures",
        "index.html",
        "results.json",
        "summary.csv",
        "tables",
        "tables.csv",
        "tables.md",
        "tables.tex",
    }
    assert "Data warnings" in (report / "index.html").read_text()
    document = json.loads((report / "results.json").read_text())
    run = read_run(document)
    assert len(run.dataset.test_twins) == run.dataset.test
    # What pytest-benchmark keeps itself is known as the same run.
    (kept,) = (pytester.path / ".benchmarks").rglob("*.json")
    saved = json.loads(kept.read_text())
    assert saved["datetime"] == document["datetime"]
    assert read_run(saved) == run
    assert {"threads", "processor", "commit"} <= {name for name, _ in run.environment}
    assert [cell.id for cell in run.cells] == ["mini-pretrained-42", "mini-random-42"]
    for cell in run.cells:
        assert (cell.status, cell.source) == ("ok", "trained")
        assert cell.quality.history.epochs == 2
        assert len(cell.quality.history.batch_validation_accuracy) == 3
        assert 3 <= len(cell.training.seconds) <= 10
        assert [speed.batch_size for speed in cell.inference] == [1, 32]
        for speed in (cell.training, *cell.inference):
            assert len(speed.reference.matrix_product) == 20
            assert len(speed.reference.convolution) == 20
        assert 0 < cell.parameters.trainable < cell.parameters.backbone
    records = [KEY in benchmark["extra_info"] for benchmark in document["benchmarks"]]
    # The training speed of the complete network is in the cells.
    assert records.count(False) == len(run.cells) == 2
    assert all(cell.network_training for cell in run.cells)


@needs_keras
@pytest.mark.network
@pytest.mark.usefixtures("undrawn")
def test_speed_is_measured_in_every_run_and_fresh_trains_again(bench, pytester, tiny_data, small):
    def run(*arguments):
        done = bench(f"--dataset={tiny_data}", "--epochs=2", "--init=random", small, *arguments)
        assert done.ret == pytest.ExitCode.OK
        (cell,) = read_run(json.loads((pytester.path / "report/results.json").read_text())).cells
        return cell

    first = run()
    stored = run()
    assert (first.source, stored.source) == ("trained", "store")
    assert stored.quality == first.quality
    assert stored.training.seconds != first.training.seconds
    trained = run("--no-timing", "--fresh")
    assert trained.source == "trained"
    assert trained.quality == first.quality


OWN = """
def test_own(trained, split, benchmark, measured):
    benchmark.pedantic(lambda: trained.train_epoch(1), rounds=2)
    trained.restore()
    measured.training(len(split.train))
"""


@needs_keras
@pytest.mark.network
@pytest.mark.usefixtures("undrawn")
def test_the_machine_is_timed_only_afterwards_where_no_marker_says_that_speed_is_measured(
    bench, pytester, tiny_data, small, shared_store
):
    own = pytester.makepyfile(OWN)
    arguments = (f"--dataset={tiny_data}", "--epochs=2", "--init=random", "--no-timing")
    arguments += (small, f"--store={shared_store}")
    bench(str(own), *arguments).assert_outcomes(passed=2, deselected=4)
    (cell,) = read_run(json.loads((pytester.path / "report/results.json").read_text())).cells
    assert len(cell.training.seconds) == 2
    assert len(cell.training.reference.matrix_product) == 10
    assert len(cell.training.reference.convolution) == 10


@needs_keras
@pytest.mark.network
def test_missing_weights_are_a_visible_row(bench, pytester, tiny_data, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    result = bench(f"--dataset={tiny_data}", "--backbone=resnet50", "--init=pretrained")
    result.assert_outcomes(skipped=5)
    (cell,) = read_run(json.loads((pytester.path / "report/results.json").read_text())).cells
    assert cell.status == "skipped"
    assert "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5" in cell.reason
    assert "skipped" in result.stdout.str()


@needs_keras
@pytest.mark.network
def test_a_failing_cell_is_a_visible_row(bench, pytester, tiny_data):
    result = bench(f"--dataset={tiny_data}", "--init=random", "--trainable-layers=999")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    (cell,) = read_run(json.loads((pytester.path / "report/results.json").read_text())).cells
    assert cell.status == "failed"
    assert cell.reason.startswith("999 trainable layers, but mini has ")
    assert "--trainable-layers" in cell.reason


@needs_keras
@pytest.mark.network
def test_a_second_run_without_timing_loads_no_network(bench, pytester, tiny_data, monkeypatch):
    arguments = (f"--dataset={tiny_data}", "--epochs=2", "--no-timing")
    with monkeypatch.context() as patched:
        patched.setattr(session_report, "write_page", lambda *_: None)
        bench(*arguments).assert_outcomes(passed=2, deselected=8)
    lock = pytester.path / "fer-bench.lock"
    locked = lock.stat().st_mtime_ns
    run = read_run(json.loads((pytester.path / "report/results.json").read_text()))
    script = (
        "import sys, pytest\n"
        "code = pytest.main(sys.argv[1:])\n"
        f"print(int(code), {HEAVY} & set(sys.modules))"
    )
    again = pytester.run(
        *(sys.executable, "-c", script, str(BENCHMARKS), "-p", "no:cacheprovider"),
        *(f"--rootdir={pytester.path}", *arguments),
    )
    assert again.outlines[-1] == "0 set()"
    assert lock.stat().st_mtime_ns == locked
    second = read_run(json.loads((pytester.path / "report/results.json").read_text()))
    assert (SPEED, NOT_TIMED) in second.environment
    for cell, stored in zip(run.cells, second.cells, strict=True):
        assert (cell.source, stored.source) == ("trained", "store")
        assert stored.quality == cell.quality
        assert (stored.training, stored.inference) == (None, ())
    assert "img/s" not in again.stdout.str()


@needs_keras
@pytest.mark.network
@pytest.mark.usefixtures("undrawn")
def test_frozen_batch_normalization_is_a_variation(bench, pytester, tiny_data, small):
    arguments = (f"--dataset={tiny_data}", "--epochs=2", "--no-timing", "--init=random", small)
    runs = []
    for mode in ("paper", "frozen"):
        result = bench(*arguments, f"--batchnorm={mode}", "-vv")
        result.assert_outcomes(passed=1, deselected=4)
        runs.append(read_run(json.loads((pytester.path / "report/results.json").read_text())))
    words = " ".join(result.stdout.str().split())
    assert "normalization frozen instead of" in words
    paper, frozen = (run.cells[0] for run in runs)
    assert frozen.source == "trained"
    assert frozen.fingerprint != paper.fingerprint
    assert frozen.parameters.trainable < paper.parameters.trainable
    assert frozen.quality.history.running_loss != paper.quality.history.running_loss
    assert frozen.quality.history.batch_validation_loss == ()


def test_benchmarks_of_speed_can_be_left_out(bench):
    names = bench("--collect-only", "-q", "--init=random", "--no-timing").stdout.str()
    assert "test_quality[mini-random-42]" in names
    assert "speed" not in names


RETRYING = """
import pytest
from _pytest.runner import runtestprotocol


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item, nextitem):
    reports = runtestprotocol(item, nextitem=nextitem, log=False)
    if not all(report.passed for report in reports):
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    return True
"""
SKIPPING = """
import pytest


def test_a_part_that_is_not_for_this_cell(cell):
    pytest.skip("not for this one")


def test_trained(trained, benchmark):
    benchmark.pedantic(lambda: None, rounds=2)
"""
FLAKY = """
tries = []


def test_flaky(trained, benchmark):
    tries.append(trained)
    benchmark.pedantic(lambda: None, rounds=2)
    if len(tries) <= {failures}:
        raise OSError(f"fault {{len(tries)}}")
"""


@needs_keras
@pytest.mark.network
@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    ("failures", "status", "reason"), [(1, "ok", ""), (2, "failed", "OSError: fault 2")]
)
def test_a_cell_is_as_the_last_try_of_its_tests_left_it(
    bench, pytester, tiny_data, small, shared_store, failures, status, reason
):
    """As plugins that run failed tests again have it."""
    pytester.makepyfile(second_tries=RETRYING)
    pytester.syspathinsert()
    own = pytester.makepyfile(FLAKY.format(failures=failures))
    arguments = (f"--dataset={tiny_data}", "--epochs=2", "--init=random", "--no-timing")
    bench(str(own), *arguments, small, f"--store={shared_store}", "-p", "second_tries")
    (cell,) = read_run(json.loads((pytester.path / "report/results.json").read_text())).cells
    assert (cell.status, cell.reason) == (status, reason)
    assert cell.quality is not None


@needs_keras
@pytest.mark.network
@pytest.mark.usefixtures("undrawn")
def test_a_cell_with_a_result_is_not_skipped(bench, pytester, tiny_data, small, shared_store):
    own = pytester.makepyfile(SKIPPING)
    arguments = (f"--dataset={tiny_data}", "--epochs=2", "--init=random", "--no-timing")
    bench(str(own), *arguments, small, f"--store={shared_store}").assert_outcomes(
        passed=2, skipped=1, deselected=4
    )
    (cell,) = read_run(json.loads((pytester.path / "report/results.json").read_text())).cells
    assert (cell.status, cell.reason) == ("ok", "")
