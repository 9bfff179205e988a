"""``fer-bench paper search``: trials from the store, and the ranked table."""

import contextlib
import dataclasses
import shlex
import types

import numpy as np
import pytest
from click.testing import CliRunner
from made_runs import line, made_cell, made_history

import fer_bench
from fer_bench import cli
from fer_bench.analysis.paper_forensics import DIFFERENCES
from fer_bench.analysis.paper_search import Trial, grid, published_rates, rank
from fer_bench.cli import search_trials
from fer_bench.cli.search_trials import Search
from fer_bench.data import Dataset
from fer_bench.data.formats.npz_files import pack_npz
from fer_bench.data.prepare import load_data
from fer_bench.protocol import published
from fer_bench.protocol.data_spec import DataSpec
from fer_bench.protocol.settings import Protocol
from fer_bench.protocol.trainable_layers import TrainableLayers
from fer_bench.report.paper_tables import search_table
from fer_bench.results.quality import Quality
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.progress import silent
from fer_bench.training.cell_runner import CellRunner


@contextlib.contextmanager
def hidden(subject):
    yield silent


@pytest.fixture
def trained(monkeypatch, tmp_path):
    """Replace training by curves made up from the settings; return the cells trained."""
    cells = []

    def run_cell(context, entry, init, progress, seed):
        protocol = context.protocol
        cells.append((protocol.options(), seed))
        if protocol.optimizer == "sgd":
            raise FerBenchError("training diverged")
        end = (0.9 if protocol.batch_size == 32 else 0.5) + seed / 1e4
        history = made_history(line(0.2, end, protocol.epochs), epochs=protocol.epochs)
        result = made_cell("mobilenet", init, history=history, parts=(("training", 30.0),))
        return types.SimpleNamespace(result=result, close=lambda: None)

    monkeypatch.setattr(search_trials, "run_cell", run_cell)
    monkeypatch.setattr(search_trials, "is_stored", lambda *cell: False)
    monkeypatch.setenv("FER_BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return cells


SMALL = ["paper", "search", "--dataset=faces.npz", "--rows=mobilenet:random"]


@pytest.fixture
def faces(tmp_path):
    """Write 140 different images, 20 of each class."""
    images = np.random.default_rng(0).integers(0, 256, (140, 48, 48), dtype=np.uint8)
    labels = np.repeat(np.arange(7, dtype=np.uint8), 20)
    path = tmp_path / "faces.npz"
    path.write_bytes(pack_npz(Dataset(images, labels, tuple(published.COUNTS), "faces")))
    return path


def test_a_coarse_pass_selects_the_trials_that_are_trained_completely(
    trained, faces, tmp_path, snapshot
):
    options = ["--vary=batch-size=32,64,128", "--vary=optimizer=adam,sgd", "--changes=1"]
    done = CliRunner().invoke(cli.main, [*SMALL, *options, "--coarse-epochs=6", "--keep=1"])
    assert (done.exit_code, done.stderr) == (0, "")
    assert trained == [
        (["--epochs=6", "--seeds=3"], 42),
        (["--epochs=6", "--batch-size=64", "--seeds=3"], 42),
        (["--epochs=6", "--batch-size=128", "--seeds=3"], 42),
        (["--epochs=6", "--optimizer=sgd", "--seeds=3"], 42),
        *((["--batch-size=64", "--seeds=3"], seed) for seed in (42, 43, 44)),
    ]
    assert (tmp_path / "paper-search/paper-search.md").read_text() == snapshot
    csv = (tmp_path / "paper-search/paper-search.csv").read_text().splitlines()
    assert csv[0] == "table,row,group,column,value,reason"
    assert sum("training diverged" in one for one in csv) > 0
    assert "optimizer sgd" in done.stdout


def test_a_grid_without_combinations(trained):
    done = CliRunner().invoke(cli.main, [*SMALL, "--vary=optimizer=sgd", "--changes=0"])
    assert (done.exit_code, trained) == (1, [])
    assert "no combination" in done.stderr


@pytest.mark.parametrize(
    ("option", "problem", "accepted"),
    [
        ("--rows=mini:random", "mini:random", "mobilenet:random"),
        ("--vary=head=svm", "head=svm", "trainable-layers"),
        ("--vary=batch-size=many", "batch-size=many", ""),
        ("--vary=optimizer=lion", "'lion' is unknown", "adam, sgd, rmsprop"),
    ],
)
def test_invalid_options(trained, option, problem, accepted):
    done = CliRunner().invoke(cli.main, [*SMALL, option])
    assert done.exit_code == 1
    assert problem in done.stderr
    assert accepted in done.stderr
    assert not trained


@pytest.mark.parametrize("option", ["--epochs", "--coarse-epochs"])
def test_epochs_are_at_least_those_of_the_first_window(trained, option):
    least = DIFFERENCES[0] + 1
    done = CliRunner().invoke(cli.main, [*SMALL, f"{option}={least - 1}"])
    assert (done.exit_code, trained) == (2, [])
    assert f"x>={least}" in done.stderr


@pytest.mark.parametrize(("optimizers", "status"), [("sgd", 1), ("sgd,adam", 0)])
def test_the_status_is_1_if_every_trial_failed(trained, faces, tmp_path, optimizers, status):
    done = CliRunner().invoke(cli.main, [*SMALL, f"--vary=optimizer={optimizers}"])
    assert done.exit_code == status
    assert ("failed" in done.stderr) == bool(status)
    assert "training diverged" in done.stdout
    assert "training diverged" in (tmp_path / "paper-search/paper-search.md").read_text()


def test_a_defect_is_a_row_and_keeps_its_traceback(trained, faces, tmp_path, monkeypatch):
    def run_cell(context, *cell):
        if context.protocol.batch_size == 64:
            raise RuntimeError("not enough memory")
        return working(context, *cell)

    working = search_trials.run_cell
    monkeypatch.setattr(search_trials, "run_cell", run_cell)
    done = CliRunner().invoke(cli.main, [*SMALL, "--vary=batch-size=64,32"])
    assert done.exit_code == 0
    assert "not enough memory" in (tmp_path / "paper-search/paper-search.md").read_text()
    assert "Traceback (most recent call last)" in done.stderr
    assert "in run_cell" in done.stderr


def test_the_terminal_shows_80_columns(trained, faces, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    varied = ["--vary=batchnorm=frozen", "--vary=trainable-layers=all", "--vary=pooling=average"]
    done = CliRunner().invoke(cli.main, [*SMALL, *varied, "--vary=input-size=96"])
    _, table = done.stdout.split("\n\n", 1)
    table, _ = table.rsplit("\n\n", 1)
    assert max(map(len, table.splitlines())) <= 80
    assert table.count("verdict") == 1


def test_the_next_command_is_quoted_for_a_shell():
    spec = types.SimpleNamespace(split="80-20", limit=None, options=lambda: ["--split=a b"])
    trial = Trial(Protocol(), (made_history(epochs=6),))
    ranking = rank("mobilenet", "random", published_rates("mobilenet", "random"), [trial])
    *_, note = search_table(ranking, spec).notes
    words = shlex.split(note)
    assert words[words.index("fer-bench") :] == [
        *("fer-bench", "run", "--backbone=mobilenet", "--init=random", "--dataset=PATH"),
        "--split=a b",
    ]


@pytest.fixture
def stored(monkeypatch):
    """Replace training by curves made up from the settings, stored as results; return the cells."""
    cells = []

    def train(runner):
        protocol, cell = runner.context.protocol, runner.cell
        cells.append((protocol.optimizer, protocol.epochs, cell.seed))
        history = made_history(epochs=protocol.epochs)
        result = dataclasses.replace(
            made_cell(cell.backbone, cell.init, seed=cell.seed),
            dataset=cell.dataset,
            fingerprint=runner._fingerprint,
            source="trained",
            quality=Quality(history, None, None, (None,) * 7, ((0,) * 7,) * 7, None),
        )
        logits = np.empty((0, 7), np.float32)
        runner._results.save(runner.context.record((result,)), logits, [logits], runner._facts())
        return result, logits

    monkeypatch.setattr(CellRunner, "train", train)
    return cells


def searched(faces, coarse, seeds, *optimizers):
    protocols = grid(Protocol(epochs=8, seeds=seeds), {"optimizer": optimizers})
    data = load_data(DataSpec(str(faces), split="80-20"))
    store = faces.parent / "store"
    search = Search("mobilenet", "random", protocols, data, store, None, coarse, 1, hidden)
    *_, last = search.rankings()
    return last


def test_a_search_that_is_run_again_trains_nothing_twice(faces, stored, monkeypatch):
    monkeypatch.setenv("FER_BENCH_CACHE", str(faces.parent / "cache"))
    searched(faces, 6, 1, "adam")
    assert stored == [("adam", 6, 42), ("adam", 8, 42)]
    # The complete result of one seed takes the place of its first pass.
    found = searched(faces, 6, 2, "adam", "sgd")
    assert stored[2:] == [("sgd", 6, 42), ("adam", 8, 43)]
    assert [(len(one.trial.histories), one.trial.epochs) for one in found.trials] == [
        (2, 8),
        (1, 6),
    ]
    assert searched(faces, 6, 2, "adam", "sgd") == found
    assert len(stored) == 4


@pytest.mark.network
@pytest.mark.soak
def test_trials_are_those_of_the_benchmark(faces, tmp_path, monkeypatch):
    monkeypatch.setenv("FER_BENCH_CACHE", str(tmp_path / "cache"))
    spec, target = DataSpec(str(faces), split="80-20"), {(2, 0): 0.01, (3, 0): -0.02}
    monkeypatch.setattr(search_trials, "published_rates", lambda *row: target)
    base = Protocol(epochs=6, trainable_layers=TrainableLayers(0, 0))
    protocols = grid(base, {"optimizer": ("adam", "rmsprop")})
    store = tmp_path / "store"
    search = Search("mini", "random", protocols, load_data(spec), store, None, None, 0, hidden)
    *_, last = search.rankings()
    for one in last.trials:
        optimizer = one.trial.protocol.optimizer
        cell = fer_bench.run(
            "mini",
            "random",
            faces,
            split="80-20",
            epochs=6,
            trainable_layers=0,
            optimizer=optimizer,
            store=store,
        )
        assert cell.result.source == "store"
        assert (cell.result.quality.history,) == one.trial.histories
