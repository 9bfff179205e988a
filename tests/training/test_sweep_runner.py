"""Swept cells: their trials, the chosen cell, the store, and what a killed run keeps."""

import dataclasses

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from fer_bench.data.prepare import load_data  # noqa: E402
from fer_bench.metrics import softmax  # noqa: E402
from fer_bench.models import get  # noqa: E402
from fer_bench.protocol.data_spec import DataSpec  # noqa: E402
from fer_bench.protocol.head import Heads  # noqa: E402
from fer_bench.protocol.settings import Protocol  # noqa: E402
from fer_bench.protocol.sweep import Sweep  # noqa: E402
from fer_bench.protocol.trainable_layers import TrainableLayers  # noqa: E402
from fer_bench.results.trials import Trial, TrialSetting  # noqa: E402
from fer_bench.runtime.errors import FerBenchError  # noqa: E402
from fer_bench.training import sweep_runner  # noqa: E402
from fer_bench.training.cell_runner import is_stored, run_cell  # noqa: E402
from fer_bench.training.run_context import RunContext  # noqa: E402

pytestmark = [pytest.mark.network, pytest.mark.nightly_on_jax]

FROZEN = TrainableLayers(0, 0)


@pytest.fixture
def context_of(tmp_path):
    data = load_data(DataSpec(limit=300))

    def make(sweep="none", head="linear", fresh=False, **changes):
        protocol = Protocol(
            epochs=2,
            trainable_layers=FROZEN,
            sweep=Sweep.parse(sweep),
            head=Heads.parse(head),
            **changes,
        )
        return RunContext(data, protocol, tmp_path, fresh=fresh)

    return make


def run(context):
    trained = run_cell(context, get("mini"), "pretrained")
    trained.close()
    return trained


def test_one_softmax_layer_is_trained_for_all_trials_at_once(context_of, monkeypatch):
    context = context_of("learning-rate=1e-4,1e-2,weight-decay=0,1")
    swept = run(context)
    result = swept.result
    assert [str(trial) for trial in result.trials] == [
        "learning-rate 0.0001, weight-decay 0",
        "learning-rate 0.0001, weight-decay 1",
        "learning-rate 0.01, weight-decay 0",
        "learning-rate 0.01, weight-decay 1",
    ]
    best = max(result.trials, key=lambda one: (one.validation_accuracy, -one.validation_loss))
    assert result.chosen == best
    assert {"sweep", "frozen features", "training"} <= {name for name, _ in result.parts}
    assert len([*(context.store / "features").iterdir()]) == 1

    # The cell with these settings is the same to the last bit, and its trial to rounding.
    values = {one.name.replace("-", "_"): float(one.value) for one in result.chosen.settings}
    alone = run(context_of(**values)).result
    assert alone.source == "store"
    assert alone.quality == result.quality
    assert alone.fingerprint != result.fingerprint
    history = alone.quality.history
    assert result.chosen.validation_accuracy == pytest.approx(history.validation_accuracy[-1])
    assert result.chosen.validation_loss == pytest.approx(history.validation_loss[-1], rel=1e-4)
    assert result.chosen.test_accuracy == pytest.approx(alone.quality.test_accuracy)
    assert result.chosen.epochs == 2

    # Again, without a network; then with it.
    assert is_stored(context, get("mini"), "pretrained")
    with monkeypatch.context() as patch:
        patch.setattr(sweep_runner, "load_keras", None)
        again = run(context)
    assert again.result == dataclasses.replace(result, source="store")
    images = context.dataset.images[context.split.test]
    np.testing.assert_allclose(again.predict(images), softmax(swept.logits), atol=1e-5)
    assert again.result.trials == result.trials


def test_other_trials_are_cells_that_a_killed_run_keeps(context_of, monkeypatch):
    context = context_of("dropout=0,0.5,learning-rate=1e-2", "mlp:4")
    measure, seen = sweep_runner.trial_of, []

    def killed(candidate, result):
        seen.append(result)
        if len(seen) == 2:
            raise KeyboardInterrupt
        return measure(candidate, result)

    with monkeypatch.context() as patch:
        patch.setattr(sweep_runner, "trial_of", killed)
        with pytest.raises(KeyboardInterrupt):
            run(context)
    assert [one.head for one in seen] == ["mlp:4", "mlp:4d0.5"]
    assert not is_stored(context, get("mini"), "pretrained")
    stages = []
    found = run_cell(
        context, get("mini"), "pretrained", lambda stage, done, total: stages.append(stage)
    )
    found.close()
    assert "training epochs" not in " ".join(stages)
    result = found.result
    assert (result.head, result.id) == ("mlp:4", "mini-pretrained-mlp4-42")
    assert result.source == "trained"
    qualities = [one.quality for one in seen]
    assert [one.test_accuracy for one in result.trials] == [one.test_accuracy for one in qualities]
    place = [one.chosen for one in result.trials].index(True)
    assert result.quality == qualities[place]
    chosen, head = context.chosen(result)
    assert (head, chosen.protocol.sweep) == (seen[place].head, Sweep())
    assert chosen.protocol.learning_rate == 1e-2


def test_a_fitted_head_records_its_grid(context_of):
    plain = run(context_of(head="prototype")).result
    swept = run(context_of("default", head="prototype")).result
    assert plain.trials == ()
    assert swept.fingerprint != plain.fingerprint
    assert swept.quality == plain.quality
    assert [str(one) for one in swept.trials] == [
        "variance 1",
        "variance 0.1",
        "variance 0.01",
        "variance 0.001",
    ]
    assert float(swept.chosen.settings[0].value) == swept.head_value
    history = swept.quality.history
    assert swept.chosen.validation_accuracy == history.validation_accuracy[-1]
    assert swept.chosen.test_accuracy == pytest.approx(swept.quality.test_accuracy)


def test_if_all_trials_diverge_the_cell_fails(context_of, monkeypatch):
    trial = Trial((TrialSetting("learning-rate", "1e+30"),), None, None, None, 0, reason="diverged")
    monkeypatch.setattr(sweep_runner.SweepRunner, "_trials", lambda self: [trial, trial])
    with pytest.raises(FerBenchError, match="all 2 trials of the sweep diverged") as raised:
        run(context_of("learning-rate=1e30,1e31"))
    assert raised.value.hint


def test_the_fingerprint_is_that_of_the_trials(context_of):
    def found(*arguments, **changes):
        context = context_of(*arguments, **changes)
        return context.fingerprint(get("mini"), context.cell(get("mini"), "random"), None)

    swept = found("learning-rate=1,2")
    assert len({found(), swept, found("learning-rate=1,3"), found("weight-decay=1,2")}) == 4
    # Settings that the axes replace do not count, others do.
    assert found("learning-rate=1,2", learning_rate=0.5) == swept
    assert found("learning-rate=1,2", weight_decay=0.5) != swept
    assert found("learning-rate=1,2", "mlp:8") != swept
