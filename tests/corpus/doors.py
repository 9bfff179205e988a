"""Commands that read user input, by the kind of input."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bad_records import GOOD, OTHER
from bad_votes import DATA

if TYPE_CHECKING:
    from collections.abc import Callable

CHILD = Path(__file__).with_name("corpus_child.py")
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

Call = list[str]


@dataclass(frozen=True)
class Door:
    """Commands that read one kind of input.

    Attributes:
        calls: given a path, return all commands that must reject bad input there.
        accepts: given a path, return the command that must accept valid input there.
    """

    calls: Callable[[Path], list[Call]]
    accepts: Callable[[Path], Call]


def _info(path: Path) -> Call:
    return ["fer-bench", "data", "info", str(path)]


def _audit(path: Path) -> Call:
    return ["fer-bench", "data", "audit", str(path)]


def _pytest(path: Path) -> Call:
    options = [
        "-p",
        "no:cacheprovider",
        "--rootdir=.",
        "--init=random",
        "--no-timing",
        "--assert=plain",
    ]
    return ["pytest", str(BENCHMARKS), *options, f"--dataset={path}"]


def _mapped(path: Path) -> Call:
    return ["fer-bench", "data", "info", str(path.parent / DATA), f"--class-map={path}"]


def _votes(path: Path) -> Call:
    return ["fer-bench", "data", "audit", str(path.parent / DATA), f"--votes={path}"]


def _beside_good(command: str, path: Path) -> Call:
    return ["fer-bench", command, str(path.parent / GOOD), str(path)]


def _rules(path: Path) -> Call:
    return ["fer-bench", "compare", GOOD, OTHER]


def _history(path: Path) -> Call:
    return ["fer-bench", "report", str(path.parent / GOOD), f"--history={path}"]


def _lock(path: Path) -> Call:
    return ["fer-bench", "weights", "verify", "mini", f"--weights-lock={path}"]


DOORS = {
    "data": Door(lambda path: [_info(path), _audit(path)], _info),
    # A pytest run reports the same about a file's content, but takes ten times as long.
    "run": Door(lambda path: [_info(path), _audit(path), _pytest(path)], _info),
    "class map": Door(lambda path: [_mapped(path)], _mapped),
    "votes": Door(lambda path: [_votes(path)], _votes),
    "results": Door(
        lambda path: [
            ["fer-bench", "report", str(path)],
            _beside_good("compare", path),
            _beside_good("merge", path),
        ],
        lambda path: _beside_good("merge", path),
    ),
    "history": Door(
        lambda path: [_history(path)],
        lambda path: ["call", "fer_bench.analysis.history.archive:read_stored_runs", str(path)],
    ),
    "rules": Door(lambda path: [_rules(path)], _rules),
    # Verifying weights takes a network; reading the lock or a structure does not.
    "lock": Door(
        lambda path: [_lock(path)],
        lambda path: ["call", "fer_bench.models.weights.lock_file:read", str(path)],
    ),
    "structure": Door(
        lambda path: [["call", "fer_bench.models.builders.structure_files:read", str(path)]],
        lambda path: ["call", "fer_bench.models.builders.structure_files:read", str(path)],
    ),
    "weights": Door(
        lambda path: [["fer-bench", "weights", "verify", "mini", f"--weights-dir={path}"]],
        lambda path: ["fer-bench", "weights", "verify", "mini", f"--weights-dir={path}"],
    ),
}


@dataclass(frozen=True)
class Job:
    """A command for the child.

    Attributes:
        call: the command.
        directory: working directory of the command; the cache is inside it.
        unprivileged: if True, root cannot ignore file modes either.
    """

    call: Call
    directory: str
    unprivileged: bool = False


@dataclass(frozen=True)
class Outcome:
    """Outcome of a command.

    Attributes:
        status: exit status, None if the process ended because it hit a limit.
        out: standard output.
        err: standard error.
        grown: growth of the process at its memory peak, in bytes.
    """

    status: int | None
    out: str = ""
    err: str = ""
    grown: int = 0


class Commands:
    """Runner of commands, one after the other in one child process, restarted if it ends.

    Args:
        packages: packages that the child imports before the first command, besides fer_bench.
    """

    def __init__(self, *packages: str) -> None:
        self._packages = packages
        self._child: subprocess.Popen[str] | None = None
        self._warm: set[str] = set()

    def __enter__(self) -> Commands:
        return self

    def __exit__(self, *_: object) -> None:
        if self._child is not None:
            self._ended()

    def is_warm(self, door: str) -> bool:
        """Return True if the process has already loaded what the commands of a door need."""
        return self._child is not None and door in self._warm

    def warm_up(self, door: str, job: Job) -> None:
        """Run a job so that the imports of its door do not count as memory of a later job."""
        self.run(job)
        self._warm.add(door)

    def run(self, job: Job) -> Outcome:
        """Run a command and return its outcome."""
        if self._child is None:
            self._child, self._warm = self._started(), set()
        self._child.stdin.write(json.dumps(asdict(job)) + "\n")
        self._child.stdin.flush()
        answer = self._child.stdout.readline()
        return Outcome(**json.loads(answer)) if answer else Outcome(None, err=self._ended())

    def _started(self) -> subprocess.Popen[str]:
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("FER_BENCH")},
            "FER_BENCH_OFFLINE": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "PYTHONPATH": os.pathsep.join(sys.path),
            "COLUMNS": "100",
        }
        self._errors = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 - see _ended
        return subprocess.Popen(
            [sys.executable, str(CHILD), *self._packages],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

    def _ended(self) -> str:
        """Wait for the process to end, and return its standard error."""
        self._child.communicate()
        self._child = None
        with self._errors:
            self._errors.seek(0)
            return self._errors.read()
