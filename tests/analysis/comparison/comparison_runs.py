"""Handmade base and head of comparisons, each run from a few metrics."""

from __future__ import annotations

import dataclasses

import numpy as np
from made_runs import LABELS, made_cell, made_run

from fer_bench.analysis.comparison import RunSet
from fer_bench.results.speeds import InferenceSpeed, Reference, TrainingSpeed

ENVIRONMENT = (
    ("fer_bench", "0.1.0"),
    ("python", "3.11.7"),
    ("platform", "Linux"),
    ("cpu cores available", "2"),
    ("threads", "not limited"),
    ("numpy", "2.4.6"),
    ("keras", "3.15.1"),
    ("backend", "tensorflow 2.21.0"),
    ("devices", "cpu:0"),
    ("processor", "Xeon"),
    ("commit", "abc"),
)


def made_reference(factor: float = 1.0, convolution: float | None = None) -> Reference:
    """Return the reference of a machine ``factor`` times as slow; convolutions may differ."""
    other = factor if convolution is None else convolution
    return Reference((0.004 * factor,) * 20, (0.003 * other,) * 20)


def with_speed(
    cell,
    *,
    epoch=2.0,
    call=0.005,
    rounds=10,
    calls=100,
    spread=0.0,
    seed=0,
    reference=None,
    images=1000,
):
    """Return the cell with rounds around those times, with log-normal noise of ``spread``."""
    draw = np.random.default_rng(seed)
    epochs = epoch * np.exp(spread * draw.normal(size=rounds))
    times = call * np.exp(spread * draw.normal(size=calls))
    return dataclasses.replace(
        cell,
        training=TrainingSpeed.of(images, epochs.tolist(), reference),
        inference=(InferenceSpeed.of(32, times.tolist(), reference),),
    )


def timed_run(environment=None, **speed):
    """Return a run of one cell with a speed."""
    cell = with_speed(made_cell("mini", "pretrained"), **speed)
    return in_environment(made_run(cell), environment)


def in_environment(run, facts=None):
    """Return the run with these environment facts instead of the default ones."""
    return dataclasses.replace(
        run, environment=tuple(({**dict(ENVIRONMENT), **(facts or {})}).items())
    )


def side(*runs, name="run"):
    """Return these runs as one side of a comparison."""
    return RunSet(tuple((f"{name}-{number}.json", run) for number, run in enumerate(runs, 1)))


def one_of(outcome, metric, cell="mini-pretrained"):
    """Return the change of one metric, by its full name."""
    (found,) = [
        change for change in outcome.changes if (change.cell, change.name) == (cell, metric)
    ]
    return found


def losing(predicted, images):
    """Return predictions that recognise ``images`` fewer images."""
    changed = predicted.copy()
    right = np.flatnonzero(predicted == LABELS)[:images]
    changed[right] = (LABELS[right] + 1) % 7
    return changed
