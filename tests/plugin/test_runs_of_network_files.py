"""Runs of networks in files that are named by their paths."""

import onnx_writer
import pytest

from fer_bench import models
from fer_bench.models.network_files import by_path
from fer_bench.plugin.preparation import note_use
from fer_bench.protocol.settings import Protocol
from fer_bench.protocol.trainable_layers import TrainableLayers


@pytest.fixture(autouse=True)
def _no_files_known(monkeypatch):
    monkeypatch.setattr(by_path, "_found", {})


@pytest.fixture
def onnx(pytester):
    metadata = {"fer_bench": '{"pixel_range": [0, 1]}'}
    pytester.path.joinpath("net.onnx").write_bytes(onnx_writer.means((None, 3, 48, 48), metadata))
    return "--backbone=net.onnx"


def test_random_cells_alone_are_refused_before_anything_runs(bench, onnx):
    result = bench(onnx, "--init=random")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines("ERROR: backbone 'onnx-net' has no random weights: *")


def test_a_file_that_is_not_there_is_one_line(bench):
    result = bench("--backbone=absent.onnx")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines("ERROR: '*absent.onnx': cannot be read: No such file or directory")


@pytest.mark.parametrize(
    ("layers", "notes"), [(None, 1), ("0", 1), ("random:2,pretrained:0", 1), ("all", 2)]
)
def test_the_use_of_an_onnx_file_is_noted(layers, notes, onnx, pytester, caplog):
    (entry,) = models.select(str(pytester.path / "net.onnx"))
    chosen = {} if layers is None else {"trainable_layers": TrainableLayers.parse(layers)}
    caplog.set_level("INFO")
    note_use(entry, Protocol(**chosen))
    assert caplog.messages[0].startswith("net.onnx: frozen, 0 trained layers; input NCHW; grey")
    meaningless = "net.onnx: --trainable-layers=all has no meaning for an ONNX file: only the head "
    assert caplog.messages[1:] == [f"{meaningless}is trained"][: notes - 1]


@pytest.mark.soak
@pytest.mark.network
def test_random_cells_among_others_are_skipped_and_layers_not_trained(bench, onnx):
    pytest.importorskip("onnxruntime")
    result = bench(onnx, "--limit=300", "--epochs=1", "--no-timing", "--trainable-layers=2", "-rs")
    result.assert_outcomes(passed=1, skipped=1, deselected=8)
    result.stdout.fnmatch_lines(
        [
            "NOTE: net.onnx: frozen, 0 trained layers; *",
            "NOTE: net.onnx: --trainable-layers=2 has no meaning for an ONNX file: *",
        ]
    )
    result.stdout.fnmatch_lines("SKIPPED * backbone 'onnx-net' has no random weights: *")
