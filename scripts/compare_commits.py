"""Compare the benchmarks of two commits on this machine, in runs that take turns.

    python scripts/compare_commits.py BASE HEAD [OPTIONS] [-- ARGUMENTS OF PYTEST]

Run it in a clone of the project under test. Each commit gets its own git worktree, virtual
environment and store, all in a temporary directory: a stored result is identified by its data,
protocol, weights and versions but not by the code that made it, so with a shared store the head
would be given the base's results. First each side trains, untimed; after that every run finds its
results stored and only measures speed, and neither side is measured right after training. Then
come the rounds: base, head, head, base, base, head ... so that other load on the machine, and
throttling as it warms up, affect both alike.

The results directory then holds `base/1/results.json`, `head/1/results.json` and so on, each with
its report next to it, `comparison.md`, and the output of every command in `logs/`. The head's
`fer-bench compare` makes the comparison, with the thresholds in its `pyproject.toml`.

Exit status: that of `fer-bench compare`: 0 nothing got worse, 1 something did, 2 the commits cannot
be compared, which includes commits that cannot be installed or run, and bugs in this script.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import subprocess
import sys
import tempfile
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from commits import CannotCompareError, Commit, checked_out, commit
from environments import CommandFailedError, Environment, fresh, processor, ready, run
from github_log import annotation, fenced

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

CANNOT_COMPARE = 2
INSTALL = "pip install '.[cpu]'"
BENCHMARKS = "benchmarks"
NO_TESTS_RAN = 5
"""Exit status of pytest, accepted if all benchmarks measure speed and are deselected."""


@dataclass(frozen=True)
class Side:
    """A commit that is ready to run.

    Attributes:
        name: ``"base"`` or ``"head"``.
        checkout: the worktree.
        environment: environment it runs in.
        cache: its own cache directory, which contains its store.
    """

    name: str
    checkout: Path
    environment: Environment
    cache: Path

    @property
    def variables(self) -> dict[str, str]:
        """Environment variables of its runs."""
        # Not just the store: the cached splits next to it depend on the code too.
        return {**self.environment.variables, "FER_BENCH_CACHE": str(self.cache)}

    def pytest(self, benchmarks: str | None) -> Sequence[str]:
        """Return the command that runs benchmarks; None for those of the installed fer_bench."""
        if benchmarks is None:
            return [str(self.environment.command("fer-bench")), "run"]
        return [str(self.environment.command("pytest")), benchmarks]


def main(words: Sequence[str]) -> int:
    """Compare two commits.

    Args:
        words: the command line.

    Returns:
        The exit status.
    """
    own, options = _parted(words)
    arguments = _parser().parse_args(own)
    try:
        return compare_commits(arguments, options)
    except CommandFailedError as error:
        why, above = str(error), error.printed
    except (CannotCompareError, OSError) as error:
        why, above = str(error), ""
    except Exception as error:
        # Python's own exit status would be 1, as after a regression.
        why, above = f"a mistake in this script: {error!r}", traceback.format_exc()
    print(_not_compared(why, above, arguments.format), file=sys.stderr)
    return CANNOT_COMPARE


def compare_commits(arguments: argparse.Namespace, options: Sequence[str]) -> int:
    """Check both commits out, install, train, measure in turns, and compare.

    Args:
        arguments: parsed command line.
        options: arguments of pytest.

    Returns:
        The exit status of ``fer-bench compare``.

    Raises:
        CannotCompareError: they cannot be compared.
    """
    named = {"base": arguments.base, "head": arguments.head}
    commits = {name: commit(arguments.repository, text) for name, text in named.items()}
    results = _empty(arguments.results)
    logs = results / "logs"
    with contextlib.ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fer_bench-")))
        sides = []
        for name, one in commits.items():
            print(f"{name}: {one.sha}", flush=True)
            checkout = work / name / "checkout"
            stack.enter_context(checked_out(arguments.repository, one.sha, checkout))
            sides.append(_prepared(name, one, work / name, logs, arguments))
        base, head = sides
        benchmarks = find_benchmarks(base.checkout, head.checkout, arguments.benchmarks)
        if benchmarks is None:
            for side in sides:
                _check_packaged(side)
        for side in sides:
            print(f"{side.name}: trains, where it finds no result stored", flush=True)
            report = work / side.name / "report"
            words = [*side.pytest(benchmarks), *options, "--no-timing"]
            log = logs / f"{side.name}-training.txt"
            _bench(f"training the {side.name}", side, words, report, log, (0, NO_TESTS_RAN))
        for number, side in turns(sides, arguments.rounds):
            print(f"round {number} of {arguments.rounds}: {side.name}", flush=True)
            report = results / side.name / str(number)
            log = logs / f"{side.name}-{number}.txt"
            what = f"round {number} of the {side.name}"
            _bench(what, side, [*side.pytest(benchmarks), *options], report, log)
            if not (report / "results.json").exists():
                raise CannotCompareError(f"the {side.name} wrote no results; see {str(log)!r}")
        return _compare(head, results, arguments.format, arguments.fail_on)


def find_benchmarks(base: Path, head: Path, path: str | None) -> str | None:
    """Return the path of the benchmarks, or None for those of each side's installed fer_bench.

    Args:
        base: worktree of the base.
        head: worktree of the head.
        path: a path in each commit, or an absolute one; None for ``benchmarks`` or, if the head has
            none, those of each side's installed fer_bench.

    Raises:
        CannotCompareError: a side lacks them.
    """
    if path is None and not (head / BENCHMARKS).exists():
        return None
    path = BENCHMARKS if path is None else path
    for side, checkout in (("base", base), ("head", head)):
        if not (checkout / path).exists():
            raise CannotCompareError(
                f"the {side} has no {path!r}; accepted by --benchmarks: a path that both commits "
                "have, or an absolute one"
            )
    return path


def turns(sides: Sequence[Side], rounds: int) -> Iterator[tuple[int, Side]]:
    """Yield the runs in order: each round begins with the side that ended the previous one.

    Args:
        sides: base and head.
        rounds: number of runs of each.

    Yields:
        The round, counted from 1, and the side.
    """
    for number in range(1, rounds + 1):
        for side in sides if number % 2 else reversed(sides):
            yield number, side


def _not_compared(why: str, above: str, form: str) -> str:
    """Return a one-line error, preceded by the output or traceback of the failure."""
    if form == "github":
        return f"{above and fenced(above)}{annotation('error', 'Not compared', why)}"
    return f"{above}compare_commits: {why}"


def _parted(words: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Split the words at the first ``--``."""
    at = words.index("--") if "--" in words else len(words)
    return words[:at], words[at + 1 :]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="compare_commits",
        usage="%(prog)s BASE HEAD [OPTIONS] [-- ARGUMENTS OF PYTEST]",
        description=(__doc__ or "").partition("\n")[0],
        allow_abbrev=False,
    )
    parser.add_argument("base", metavar="BASE", help="branch, tag or hash to compare with")
    parser.add_argument("head", metavar="HEAD", help="branch, tag or hash that may be worse")
    parser.add_argument(
        "--repository", type=Path, default=Path(), metavar="DIR", help="clone (default: here)"
    )
    parser.add_argument(
        "--results",
        type=Path,
        default=Path("comparison"),
        metavar="DIR",
        help="new directory for the results (default: comparison)",
    )
    parser.add_argument(
        "--rounds", type=_rounds, default=5, metavar="N", help="timed runs of each (default: 5)"
    )
    parser.add_argument(
        "--benchmarks",
        metavar="PATH",
        help="in each commit, or absolute (default: benchmarks, or if the head has none, those of "
        "the installed fer_bench)",
    )
    parser.add_argument(
        "--install",
        default=INSTALL,
        metavar="COMMAND",
        help=f"installs a checkout, in a shell at its root (default: {INSTALL})",
    )
    for side in ("base", "head"):
        parser.add_argument(
            f"--python-of-{side}",
            metavar="PYTHON",
            help=f"of an environment that is ready for the {side}: nothing is installed, and the "
            "root of its checkout goes first on Python's path",
        )
    parser.add_argument(
        "--stores",
        type=Path,
        metavar="DIR",
        help="keep stores here for later comparisons, each under the hashes of its commit's files "
        "and of what they ran on (default: keep none)",
    )
    parser.add_argument("--fail-on", metavar="RULES", help="as of fer-bench compare")
    parser.add_argument(
        "--format",
        choices=("terminal", "github"),
        default="terminal",
        help="of what is printed (default: terminal)",
    )
    return parser


def _rounds(text: str) -> int:
    if not re.fullmatch("[1-9][0-9]{0,2}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not accepted; accepted: 1 to 999")
    return int(text)


def _empty(directory: Path) -> Path:
    """Create a results directory; refuse one whose results would be compared as well."""
    directory = directory.absolute()
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise CannotCompareError(
            f"--results {str(directory)!r} is not empty; accepted: a new or empty directory"
        )
    (directory / "logs").mkdir(parents=True, exist_ok=True)
    return directory


def _prepared(
    name: str, one: Commit, work: Path, logs: Path, arguments: argparse.Namespace
) -> Side:
    """Prepare a side for its runs.

    Args:
        name: name of the side.
        one: its commit.
        work: the side's temporary directory, with the commit in ``checkout``.
        logs: directory of the commands' output.
        arguments: parsed command line.

    Raises:
        CannotCompareError: the commit cannot be installed, or has no fer_bench.
    """
    checkout = work / "checkout"
    python = arguments.python_of_base if name == "base" else arguments.python_of_head
    if python is None:
        print(f"{name}: is installed", flush=True)
        log = logs / f"{name}-install.txt"
        environment = fresh(name, work / "venv", checkout, arguments.install, log)
    else:
        environment = ready(python, checkout)
    for command in ("fer-bench", "pytest"):
        if not environment.command(command).exists():
            raise CannotCompareError(
                f"the {name} {one.sha} cannot be run: there is no "
                f"{str(environment.command(command))!r}; accepted: commits whose installation "
                "brings fer_bench"
            )
    if arguments.stores is None:
        return Side(name, checkout, environment, work / "cache")
    made_with = f"{environment.versions()}-{processor()}"
    return Side(name, checkout, environment, arguments.stores.absolute() / one.tree / made_with)


def _check_packaged(side: Side) -> None:
    """Check that a side's fer_bench can run its own benchmarks.

    Raises:
        CannotCompareError: it cannot: it is older than the command.
    """
    command = [*side.pytest(None), "--help"]
    done = subprocess.run(
        command, cwd=side.checkout, env=side.variables, capture_output=True, check=False
    )
    if done.returncode:
        raise CannotCompareError(
            f"the {side.name} has no {BENCHMARKS!r}, and its fer_bench has no command 'run'; "
            "accepted: a version that has it, or --benchmarks with a path that both commits have"
        )


def _bench(
    what: str,
    side: Side,
    words: Sequence[str],
    report: Path,
    log: Path,
    fine: Collection[int] = (0,),
) -> None:
    """Run one side's benchmarks once.

    Args:
        what: purpose of the run, for error messages.
        side: the side to run.
        words: command and arguments of pytest.
        report: directory of the report.
        log: file for the output.
        fine: accepted exit statuses.

    Raises:
        CommandFailedError: pytest ends with another exit status.
    """
    command = [
        *words,
        f"--report-dir={report}",
        f"--store={side.cache / 'store'}",
    ]
    run(what, command, log, side.checkout, side.variables, fine)


def _compare(head: Side, results: Path, form: str, fail_on: str | None) -> int:
    """Run the head's ``fer-bench compare``, once for standard output and once for a file.

    Raises:
        CannotCompareError: it breaks off.
    """
    command = [
        str(head.environment.command("fer-bench")),
        "compare",
        str(results / "base"),
        str(results / "head"),
        *([] if fail_on is None else [f"--fail-on={fail_on}"]),
    ]
    file, log = results / "comparison.md", results / "logs" / "comparison.txt"
    # Run at the root of the checkout to find the thresholds in the head's pyproject.toml.
    shown = subprocess.run(
        [*command, f"--format={form}"], cwd=head.checkout, env=head.variables, check=False
    )
    with log.open("w", encoding="utf-8") as printed:
        written = subprocess.run(
            [*command, "--format=markdown", f"--output={file}"],
            cwd=head.checkout,
            env=head.variables,
            stdout=printed,
            stderr=subprocess.STDOUT,
            check=False,
        )
    judged = shown.returncode in (0, 1) and file.exists()
    if shown.returncode != written.returncode or not (judged or shown.returncode == CANNOT_COMPARE):
        raise CannotCompareError(
            "the head's fer-bench compare broke off: it ended with exit status "
            f"{shown.returncode}, and {written.returncode} for {str(file)!r}; see {str(log)!r}"
        )
    return shown.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
