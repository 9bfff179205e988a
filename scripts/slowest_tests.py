"""Prints the slowest tests of several test runs, by the JUnit files that they wrote.

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
        seconds: of its setup, call and teardown.
        run: stem of the file that it stands in.
        name: of the test, with its module.
    """

    seconds: float
    run: str
    name: str


def tests_in(path: Path) -> list[Timed]:
    """Reads the tests of one run.

    Args:
        path: a JUnit file, as ``pytest --junit-xml`` writes it.

    Raises:
        OSError: the file cannot be read.
        xml.etree.ElementTree.ParseError: it is no XML.
    """
    cases = ElementTree.parse(path).iter("testcase")  # noqa: S314 - our own file
    return [
        Timed(float(case.get("time", 0)), path.stem, f"{case.get('classname')}::{case.get('name')}")
        for case in cases
    ]


def main(paths: list[str]) -> int:
    """Prints the totals of each run, and the slowest tests of all."""
    if not paths:
        print("Error: no files; accepted: what pytest --junit-xml wrote", file=sys.stderr)
        return 2
    runs = {path: tests_in(Path(path)) for path in paths}
    for path, tests in runs.items():
        seconds = sum(test.seconds for test in tests)
        print(f"{Path(path).stem}: {len(tests):,} tests, {seconds:,.0f} s in them")
    print(f"the {COUNT} slowest:")
    for seconds, run, name in heapq.nlargest(COUNT, itertools.chain(*runs.values())):
        print(f"{seconds:7.1f} s  {run:4}  {ascii(name)[1:-1][:150]}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
