from __future__ import annotations

import pytest
from made_session import BENCHMARK, CONFTEST

OWN = """
def test_own(benchmark):
    benchmark(lambda: 1)
"""
TABLE = "Name (time in "


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    ("arguments", "own", "shown"),
    [
        ((), "", False),
        (("--benchmark-columns=min",), "", True),
        (("--benchmark-sort=name",), "", True),
        ((), OWN, True),
    ],
)
def test_tables_of_pytest_benchmark(pytester, run_pytest, arguments, own, shown):
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(BENCHMARK + own)
    text = run_pytest(*arguments, "--benchmark-max-time=0.01").stdout.str()
    assert (TABLE in text) == shown
    assert "always " in text
