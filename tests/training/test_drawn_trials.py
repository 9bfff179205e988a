"""Trials that Optuna draws."""

import importlib.util
import math

import pytest

from fer_bench.protocol.sweep import Sweep
from fer_bench.results.trials import Trial, TrialSetting
from fer_bench.runtime.errors import FerBenchError
from fer_bench.training import sweep_trials
from fer_bench.training.sweep_trials import check_optuna, draw_trials

AXES = Sweep.parse("learning-rate=1e-4,1e-1,weight-decay=0,0.1,trainable-layers=0,4,all").axes


def test_without_optuna_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(sweep_trials, "find_spec", lambda name: None)
    with pytest.raises(FerBenchError) as raised:
        check_optuna()
    assert "Optuna" in raised.value.problem
    assert "pip install optuna" in raised.value.hint


@pytest.mark.skipif(importlib.util.find_spec("optuna") is None, reason="optuna is not installed")
class TestDraws:
    def drawn(self, seed=1, count=12, axes=AXES, diverging=lambda settings: False):
        asked = []

        def measure(settings, number, total):
            asked.append((number, total))
            values = dict(settings)
            named = tuple(TrialSetting(name, str(value)) for name, value in settings)
            if diverging(values):
                return Trial(named, None, None, None, 0, reason="diverged")
            share = 0.5 if values.get("trainable-layers") == "all" else 0.1
            return Trial(named, share, 1.0, None, 1)

        return draw_trials(axes, count, seed, measure), asked

    def test_values_are_those_of_the_axes_and_rates_between_their_ends(self):
        trials, asked = self.drawn()
        found = [{one.name: one.value for one in trial.settings} for trial in trials]
        rates = [float(one["learning-rate"]) for one in found]
        assert all(1e-4 <= rate <= 1e-1 for rate in rates)
        assert len({*rates} - {1e-4, 1e-1}) > 5
        assert {one["weight-decay"] for one in found} == {"0.0", "0.1"}
        assert {one["trainable-layers"] for one in found} <= {"0.0", "4.0", "all"}
        assert asked[0] == (1, 12)
        assert asked[-1][0] <= 12

    def test_a_seed_draws_the_same(self):
        assert self.drawn()[0] == self.drawn()[0] != self.drawn(seed=2)[0]

    def test_high_validation_accuracies_are_looked_for(self):
        rates = []

        def measure(settings, *_):
            rates.append(dict(settings)["learning-rate"])
            return Trial((), 1 - abs(math.log10(rates[-1]) + 2) / 3, 1.0, None, 1)

        draw_trials(Sweep.parse("learning-rate=1e-4,1e-1").axes, 40, 1, measure)
        # Uniform draws are 0.83 decades from the best rate, 1e-2, on average.
        assert sum(abs(math.log10(one) + 2) for one in rates[20:]) / 20 < 0.5

    def test_a_combination_is_measured_once(self):
        trials, asked = self.drawn(axes=Sweep.parse("dropout=0,0.5").axes)
        assert len(trials) == len(asked) == 2

    def test_trials_that_diverge_are_kept(self):
        trials, _ = self.drawn(diverging=lambda values: values["learning-rate"] > 1e-2)
        assert {trial.reason for trial in trials} == {"", "diverged"}
