"""Print the slowest tests of several test runs from their JUnit files.

Tests that every run skipped are listed too: they were not tested at all.

python scripts/slowest_tests.py .tox/*.xml
"""

from __future__ import annotations

import heapq
import itertools
import sys
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

COUNT = 25


class Timed(NamedTuple):
    """One test.

    Attributes:
        seconds: time of its setup, call and teardown.
        skipped: True if it was skipped.
        run: stem of its JUnit file.
        name: name of the test, with its module.
    """

    seconds: float
    run: str
    name: str
    skipped: bool


def tests_in(path: Path) -> list[Timed]:
    """Read the tests of one run.

    Args:
        path: a JUnit file, as ``pytest --junit-xml`` writes it.

    Raises:
        OSError: the file cannot be read.
        xml.etree.ElementTree.ParseError: it is not XML.
    """
    cases = ElementTree.parse(path).iter("testcase")  # noqa: S314 - our own file
    return [
        Timed(
            float(case.get("time", 0)),
            path.stem,
            f"{case.get('classname')}::{case.get('name')}",
            case.find("skipped") is not None,
        )
        for case in cases
    ]


def skipped_everywhere(tests: list[Timed]) -> list[str]:
    """Return the tests that no run executed, and the modules skipped entirely in every run.

    Args:
        tests: tests of all runs. For a module that is skipped entirely, pytest writes one entry
            without a class name.
    """
    ran = {test.name for test in tests if not test.skipped}
    modules = {f"::{name.partition('::')[0]}" for name in ran}
    return sorted({test.name for test in tests} - ran - modules)


def main(paths: list[str]) -> int:
    """Print the totals of each run, the slowest tests, and those that were skipped everywhere."""
    if not paths:
        print("Error: no files; accepted: what pytest --junit-xml wrote", file=sys.stderr)
        return 2
    runs = {path: tests_in(Path(path)) for path in paths}
    for path, tests in runs.items():
        seconds = sum(test.seconds for test in tests)
        print(f"{Path(path).stem}: {len(tests):,} tests, {seconds:,.0f} s in them")
    print(f"the {COUNT} slowest:")
    tests = list(itertools.chain(*runs.values()))
    for seconds, run, name, _ in heapq.nlargest(COUNT, tests):
        print(f"{seconds:7.1f} s  {run:4}  {ascii(name)[1:-1][:150]}")
    nowhere = skipped_everywhere(tests)
    print(f"skipped in every run: {len(nowhere)}")
    for name in nowhere:
        print(f"  {ascii(name)[1:-1][:150]}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
