"""Command by which a process was started."""

import sys

import pytest

from fer_bench.runtime.invocation import benchmark_program


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("/venv/bin/pytest benchmarks --epochs=2", "pytest benchmarks"),
        ("/pytest/__main__.py ../benchmarks/test_quality.py::test", "pytest benchmarks"),
        # What ``fer-bench run`` starts, in a clone and without one.
        ("/venv/pytest/__main__.py --pyargs benchmarks", "fer-bench run"),
        ("/venv/pytest/__main__.py --pyargs fer_bench.benchmarks", "fer-bench run"),
        ("/venv/bin/pytest tests", "fer-bench run"),
        ("/venv/bin/fer-bench report benchmarks/results.json", "fer-bench run"),
        ("", "fer-bench run"),
    ],
)  # fmt: skip
def test_the_command_is_the_one_that_started_the_process(monkeypatch, words, expected):
    monkeypatch.setattr(sys, "argv", words.split(" "))
    assert " ".join(benchmark_program()) == expected
