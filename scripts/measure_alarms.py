"""Measures how often a comparison alarms for nothing, and how often it catches a slowdown.

    python scripts/measure_alarms.py OUT [--runs 30] [--slowdown 0.1] [-- PYTEST ARGUMENTS]

Runs the benchmarks ``--runs`` times as they are and as often with every timed call made longer by
a sleep of ``--slowdown`` of its own time, both in turns, so that what else the machine does hits
all alike; each run is a process of its own, and its results go to ``OUT``. What is there already
is not run again. Then runs are compared with each other as ``fer-bench compare`` does, with its
default rules: windows of 2k runs of one kind that follow each other, every second one to either
side, count false alarms; and as many plain runs against slowed ones count what is caught. Windows
overlap, so that the rates of several runs a side rest on fewer independent cases than are
counted; ``--runs`` over k are independent.

By default it is ``mini`` on ``sketch``, pretrained, whose results come from the store after the
first run, so that each run only measures speed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tabulate import tabulate

from fer_bench.analysis.comparison import Change, Side, compare, default_rules
from fer_bench.results import load_run
from fer_bench.results.records import Run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent
SIDES = (1, 2, 3, 5)
"""Numbers of runs a side that are tried."""

Named = tuple[str, Run]


def run_once(folder: Path, slowdown: float, arguments: Sequence[str]) -> None:
    """One run of the benchmarks in a process of its own."""
    command = [
        *(sys.executable, "-m", "pytest", str(ROOT / "benchmarks"), f"--rootdir={ROOT}", "-q"),
        *("-p", "no:cacheprovider", "-p", "slowed", f"--report-dir={folder}", *arguments),
    ]
    paths = [str(ROOT / "scripts"), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "FER_BENCH_SLOWDOWN": str(slowdown),
    }
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)


def sides(base: Sequence[Named], head: Sequence[Named], size: int) -> Iterator[tuple[Side, Side]]:
    """Pairs of sides of ``size`` runs each, taken in turns from runs that follow each other."""
    if base is head:
        for start in range(len(base) - 2 * size + 1):
            window = base[start : start + 2 * size]
            yield Side(tuple(window[::2])), Side(tuple(window[1::2]))
            yield Side(tuple(window[1::2])), Side(tuple(window[::2]))
    else:
        for start in range(min(len(base), len(head)) - size + 1):
            chosen = slice(start, start + size)
            yield Side(tuple(base[chosen])), Side(tuple(head[chosen]))


def rates(base: Sequence[Named], head: Sequence[Named], size: int) -> dict[str, tuple[int, int]]:
    """How many changes of each figure are regressions, of how many; ``any`` is of comparisons."""
    found: dict[str, tuple[int, int]] = {}
    for one, other in sides(base, head, size):
        outcome = compare(one, other, default_rules())
        for name, alarm in [
            *((_name(change), change.regression) for change in _watched(outcome.changes)),
            ("any figure of a comparison", bool(outcome.regressions)),
        ]:
            alarms, cases = found.get(name, (0, 0))
            found[name] = alarms + alarm, cases + 1
    return found


def _watched(changes: Sequence[Change]) -> list[Change]:
    return [change for change in changes if change.figure and change.figure.speed]


def _name(change: Change) -> str:
    return f"{change.cell} {change.name}"


def main() -> None:
    """Runs what is missing, then counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--slowdown", type=float, default=0.1)
    parser.add_argument("arguments", nargs="*", default=["--init=pretrained"])
    asked = parser.parse_args()
    kinds: dict[float, list[Named]] = {0.0: [], asked.slowdown: []}
    for number in range(asked.runs):
        for slowdown, runs in kinds.items():
            folder = asked.out / f"{number:03}-slowed-by-{slowdown:g}"
            if not (folder / "results.json").exists():
                run_once(folder, slowdown, asked.arguments)
            runs.append((str(folder), load_run(folder / "results.json")))
            print(f"\r{folder.name}", end="", file=sys.stderr)
    print(file=sys.stderr)
    plain, slowed = kinds.values()
    rows = []
    counted: dict[str, dict[str, dict[str, tuple[int, int]]]] = {}
    for size in SIDES:
        if 2 * size > asked.runs:
            continue
        false, caught = rates(plain, plain, size), rates(plain, slowed, size)
        counted[str(size)] = {"false alarms": false, "caught": caught}
        rows += [
            [size, name, *(f"{alarms} of {cases}" for alarms, cases in (false[name], caught[name]))]
            for name in false
        ]
    headings = ["runs a side", "figure", "false alarms", f"caught, {asked.slowdown:.0%} slower"]
    print(tabulate(rows, headings, tablefmt="simple"))
    (asked.out / "rates.json").write_text(json.dumps(counted, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
