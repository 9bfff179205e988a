from __future__ import annotations

import dataclasses

import pytest
from made_runs import made_cell, made_run

from fer_bench.analysis.run_analysis import analyse
from fer_bench.analysis.timing_noise import noise_text, timing_noise

PRETRAINED, RANDOM, OTHER = (
    made_cell("mini", "pretrained"),
    made_cell("mini", "random"),
    made_cell("openface", "random"),
)


def found(*networks):
    groups = analyse(made_run(*(cell for cell, _ in networks))).groups
    return timing_noise(zip(groups, (times for _, times in networks), strict=True))


def test_networks_of_the_same_work_show_the_noise():
    slow, fast = (PRETRAINED, [2.0, 30.0, None]), (RANDOM, [3.0, 33.0, 1.0])
    assert found(slow, fast, (OTHER, [90.0, 1.0, 1.0])) == pytest.approx(0.5)
    assert "up to 50 %" in noise_text(0.5)
    assert ["unreliable" in noise_text(noise) for noise in (0.25, 0.26)] == [False, True]


def test_networks_of_different_work_show_none():
    more = dataclasses.replace(RANDOM.parameters, trainable=RANDOM.parameters.trainable + 1)
    trained = dataclasses.replace(RANDOM, parameters=more)
    unknown = dataclasses.replace(RANDOM, parameters=None)
    for other in (OTHER, trained, unknown):
        assert found((PRETRAINED, [2.0]), (other, [3.0])) is None
    assert noise_text(None) == ""
