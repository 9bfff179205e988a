"""The commands that read what people give them, by the kind of thing that they read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bad_records import GOOD, OTHER
from bad_votes import DATA

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CHILD = Path(__file__).with_name("corpus_child.py")
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

Call = list[str]


@dataclass(frozen=True)
class Door:
    """What reads one sort of input.

    Attributes:
        calls: for a path, all commands that must refuse what is bad there.
        accepts: for a path, the command that must accept what is sound there.
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
    # A run says the same of a file's content, and takes ten times as long to say it.
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
        lambda path: ["call", "fer_bench.archive:stored_runs", str(path)],
    ),
    "rules": Door(lambda path: [_rules(path)], _rules),
    # To prove weights takes a network; to read the lock, and the structure of one, does not.
    "lock": Door(
        lambda path: [_lock(path)], lambda path: ["call", "fer_bench.weights_lock:read", str(path)]
    ),
    "structure": Door(
        lambda path: [["call", "fer_bench.backbones.structure_files:read", str(path)]],
        lambda path: ["call", "fer_bench.backbones.structure_files:read", str(path)],
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
        name: unique in a batch.
        call: the command.
        folder: where it is run; the cache lies in it.
        unprivileged: whether the modes of files bind the superuser too.
    """

    name: str
    call: Call
    folder: str
    unprivileged: bool = False


@dataclass(frozen=True)
class Outcome:
    """How a command ended.

    Attributes:
        status: its exit status, None where it was ended for it took too long or too much.
        out: what it wrote to standard output.
        err: what it wrote to standard error.
        grown: bytes by which it made the process grow at its largest.
    """

    status: int | None
    out: str = ""
    err: str = ""
    grown: int = 0


def run(jobs: Sequence[Job], scratch: Path) -> dict[str, Outcome]:
    """Runs commands one after the other in as few processes as they let live.

    Args:
        jobs: the first ones warm the process up, so that what others take is theirs.
        scratch: an empty folder.
    """
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("FER_BENCH")},
        "FER_BENCH_OFFLINE": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONPATH": os.pathsep.join(sys.path),
        "COLUMNS": "100",
    }
    waiting, found = list(jobs), {}
    while waiting:
        (scratch / "jobs.json").write_text(json.dumps([asdict(job) for job in waiting]))
        (scratch / "outcomes").write_text("")
        ended = subprocess.run(
            [sys.executable, str(CHILD), str(scratch)], env=environment, capture_output=True
        )
        lines = (scratch / "outcomes").read_text().splitlines()
        for job, line in zip(waiting, lines, strict=False):
            found[job.name] = Outcome(**json.loads(line))
        waiting = waiting[len(lines) :]
        if waiting:
            found[waiting.pop(0).name] = Outcome(None, err=ended.stderr.decode(errors="replace"))
    return found
