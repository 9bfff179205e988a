"""Metadata of exported cells: the settings that they were trained with."""

from made_runs import made_cell

from fer_bench.data.prepare import load_data
from fer_bench.export.description import trained_settings
from fer_bench.protocol.data_spec import DataSpec
from fer_bench.protocol.settings import Protocol
from fer_bench.protocol.sweep import Sweep
from fer_bench.results.trials import Trial, TrialSetting
from fer_bench.training.run_context import RunContext


def test_a_swept_cell_has_the_settings_that_were_chosen(tmp_path):
    sweep = Sweep.parse("learning-rate=0.001,0.01,trainable-layers=0")
    context = RunContext(load_data(DataSpec(limit=300)), Protocol(epochs=3, sweep=sweep), tmp_path)
    values = (TrialSetting("learning-rate", "0.01"), TrialSetting("trainable-layers", "0"))
    cell = made_cell("mini", "random", trials=(Trial(values, 0.5, 1.0, 0.4, 3, chosen=True),))
    found = dict(trained_settings(context, cell))
    assert (found["learning_rate"], found["trainable_layers"]) == ("0.01", "0")
    assert (found["epochs"], found["sweep"]) == ("3", str(sweep))

    plain = RunContext(context.data, Protocol(epochs=3), tmp_path)
    listed = tuple((one.name, one.value) for one in plain.record(()).protocol)
    assert trained_settings(plain, made_cell("mini", "random")) == listed
