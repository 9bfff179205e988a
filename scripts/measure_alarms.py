"""Measure how often a comparison alarms for nothing, and how often it catches a slowdown.

    python scripts/measure_alarms.py OUT [--runs 30] [--slowdown 0.1] [-- PYTEST ARGUMENTS]

Runs the benchmarks ``--runs`` times unchanged and as often with every timed call prolonged by a
sleep of ``--slowdown`` times its own duration, both in turns, so that other load on the machine
affects both alike. Each run is a process of its own, and its results go to ``OUT``; existing runs
are not repeated. Then runs are compared with each other as ``fer-bench compare`` does, with its
default thresholds: windows of 2k consecutive runs of one kind, alternately assigned to base and
head, give the false alarms; plain runs against as many slowed ones give the detections. Windows
overlap, so with several runs a side the rates rest on fewer independent cases than are counted:
about ``--runs`` over k.

The default is ``mini`` on ``sketch``, pretrained, whose results come from the store after the
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

from fer_bench.analysis.comparison import Change, RunSet, compare, default_thresholds
from fer_bench.results import load_run
from fer_bench.results.records import Run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent
SIDES = (1, 2, 3, 5)
"""Numbers of runs per side to evaluate."""

Named = tuple[str, Run]


def run_once(directory: Path, slowdown: float, arguments: Sequence[str]) -> None:
    """Run the benchmarks once in a process of their own."""
    command = [
        *(sys.executable, "-m", "pytest", str(ROOT / "benchmarks"), f"--rootdir={ROOT}", "-q"),
        *("-p", "no:cacheprovider", "-p", "slowed", f"--report-dir={directory}", *arguments),
    ]
    paths = [str(ROOT / "scripts"), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "FER_BENCH_SLOWDOWN": str(slowdown),
    }
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)


def sides(
    base: Sequence[Named], head: Sequence[Named], size: int
) -> Iterator[tuple[RunSet, RunSet]]:
    """Yield pairs of sides of ``size`` runs each, from windows of consecutive runs."""
    if base is head:
        for start in range(len(base) - 2 * size + 1):
            window = base[start : start + 2 * size]
            yield RunSet(tuple(window[::2])), RunSet(tuple(window[1::2]))
            yield RunSet(tuple(window[1::2])), RunSet(tuple(window[::2]))
    else:
        for start in range(min(len(base), len(head)) - size + 1):
            chosen = slice(start, start + size)
            yield RunSet(tuple(base[chosen])), RunSet(tuple(head[chosen]))


def rates(base: Sequence[Named], head: Sequence[Named], size: int) -> dict[str, tuple[int, int]]:
    """Return the numbers of alarms and of cases for each speed metric.

    The key ``any figure of a comparison`` counts comparisons with at least one regression.
    """
    found: dict[str, tuple[int, int]] = {}
    for one, other in sides(base, head, size):
        outcome = compare(one, other, default_thresholds())
        for name, alarm in [
            *((_name(change), change.regression) for change in _watched(outcome.changes)),
            ("any figure of a comparison", bool(outcome.regressions)),
        ]:
            alarms, cases = found.get(name, (0, 0))
            found[name] = alarms + alarm, cases + 1
    return found


def _watched(changes: Sequence[Change]) -> list[Change]:
    return [change for change in changes if change.metric and change.metric.speed]


def _name(change: Change) -> str:
    return f"{change.cell} {change.name}"


def main() -> None:
    """Run the missing benchmarks, then count alarms."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--slowdown", type=float, default=0.1)
    parser.add_argument("arguments", nargs="*", default=["--init=pretrained"])
    asked = parser.parse_args()
    kinds: dict[float, list[Named]] = {0.0: [], asked.slowdown: []}
    for number in range(asked.runs):
        for slowdown, runs in kinds.items():
            directory = asked.out / f"{number:03}-slowed-by-{slowdown:g}"
            if not (directory / "results.json").exists():
                run_once(directory, slowdown, asked.arguments)
            runs.append((str(directory), load_run(directory / "results.json")))
            print(f"\r{directory.name}", end="", file=sys.stderr)
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
