"""A cell that is used again after its network was released, or its stored weights were damaged."""

import gc
import os
from pathlib import Path

import pytest

keras = pytest.importorskip("keras")

from fer_bench.data.prepare import load_data  # noqa: E402
from fer_bench.models import get  # noqa: E402
from fer_bench.protocol.data_spec import DataSpec  # noqa: E402
from fer_bench.protocol.settings import Protocol  # noqa: E402
from fer_bench.training.cell_runner import run_cell  # noqa: E402
from fer_bench.training.run_context import RunContext  # noqa: E402
from fer_bench.training.store.checkpoints import Checkpoints  # noqa: E402

pytestmark = pytest.mark.network


@pytest.fixture
def context(tmp_path) -> RunContext:
    return RunContext(load_data(DataSpec(limit=300)), Protocol(epochs=2), tmp_path)


def open_files(directory: Path) -> list[str]:
    fds = Path("/proc/self/fd")
    names = [os.readlink(fd) for fd in fds.iterdir() if fd.is_symlink()]  # noqa: PTH115
    return [name for name in names if name.startswith(str(directory))]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are read from /proc")
def test_a_closed_cell_keeps_no_file_open(context):
    cell = run_cell(context, get("mini"), "random")
    assert open_files(context.store / "features")
    cell.close()
    gc.collect()
    assert open_files(context.store / "features") == []
    assert cell.result.quality is not None


def test_retraining_that_fails_leaves_nothing_behind(context, monkeypatch):
    trained = run_cell(context, get("mini"), "random")
    expected = trained.result.quality
    trained.close()
    stored = run_cell(context, get("mini"), "random")
    assert stored.result.source == "store"
    for file in (context.store / "results").rglob("suffix*"):
        file.write_bytes(b"damaged")

    def stop(*_):
        raise KeyboardInterrupt

    images = context.dataset.images[:9]
    with monkeypatch.context() as patch:
        patch.setattr(Checkpoints, "keep", stop)
        with pytest.raises(KeyboardInterrupt):
            stored.predict(images)
    stored.predict(images)
    assert stored.result.source == "trained"
    assert stored.result.quality == expected
