"""Trained cells tested on another data set."""

import dataclasses

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from fer_bench.data import Dataset  # noqa: E402
from fer_bench.data.cross_test import prepare_other  # noqa: E402
from fer_bench.data.prepare import load_data  # noqa: E402
from fer_bench.data.synthetic import sketch  # noqa: E402
from fer_bench.models import get  # noqa: E402
from fer_bench.protocol.data_spec import DataSpec  # noqa: E402
from fer_bench.protocol.settings import Protocol  # noqa: E402
from fer_bench.training.cell_network import CellNetwork  # noqa: E402
from fer_bench.training.cell_runner import is_stored, run_cell  # noqa: E402
from fer_bench.training.run_context import RunContext  # noqa: E402

pytestmark = [pytest.mark.network, pytest.mark.nightly_on_jax]

CLASSES = ("Happy", "Neutral", "Contempt", "Angry")


def other_sketch():
    """Return another sketch with fewer classes in another order, one of them unknown."""
    drawn = sketch(150, seed=7)
    names = np.array(drawn.classes)[drawn.labels]
    names[names == "Sad"] = "Contempt"
    rows = np.flatnonzero(np.isin(names, CLASSES))
    labels = np.array([CLASSES.index(name) for name in names[rows]], np.uint8)
    return Dataset(drawn.images[rows], labels, CLASSES, "drawn")


@pytest.mark.parametrize("head", ["linear", "mlp:8", "knn"])
def test_a_cell_is_tested_on_another_data_set(tmp_path, head, monkeypatch, caplog):
    data = load_data(DataSpec(limit=300))
    own = RunContext(data, Protocol(epochs=1), tmp_path)
    training = own.dataset.take(own.split.train)
    context = dataclasses.replace(own, other=prepare_other(other_sketch(), training))
    entry, tested = get("mini"), context.other.dataset
    before = run_cell(own, entry, "pretrained", head=head)
    before.close()
    assert before.result.cross_test is None
    assert is_stored(own, entry, "pretrained", head=head)
    assert not is_stored(context, entry, "pretrained", head=head)

    with run_cell(context, entry, "pretrained", head=head) as cell:
        assert (cell.result.source, cell.result.fingerprint) == ("store", before.result.fingerprint)
        found, predicted = cell.result.cross_test, cell.predict(tested.images[:]).argmax(axis=1)
    counts = np.zeros((7, 7), int)
    np.add.at(counts, (tested.labels, predicted), 1)
    assert np.array_equal(found.confusion, counts)
    assert found.duplicates == context.other.duplicated.sum()
    assert [one.name for one in found.untrained] == ["Contempt"]

    with monkeypatch.context() as patch:
        patch.setattr(CellNetwork, "network", None)
        assert is_stored(context, entry, "pretrained", head=head)
        stored = run_cell(context, entry, "pretrained", head=head)
        assert stored.result.cross_test == found
    for file in (tmp_path / "cross-tests").rglob("predicted.npz"):
        file.write_bytes(b"damaged")
    with run_cell(context, entry, "pretrained", head=head) as again:
        assert again.result.cross_test == found
    assert "the images are classified again" in caplog.text
