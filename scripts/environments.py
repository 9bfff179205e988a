"""Environments that commits run in, and digests of what results depend on in them."""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from commits import CannotCompareError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

CPU_INFO = Path("/proc/cpuinfo")
LINES_OF_A_FAILURE = 40

LIST_INSTALLED = """
import json, sys
from importlib.metadata import distributions
print(sys.version)
for one in distributions():
    origin = json.loads(one.read_text("direct_url.json") or "{}")
    print(one.metadata["Name"], one.version, origin.get("vcs_info"), origin.get("archive_info"))
"""
"""Program that prints versions, and commits of packages from repositories.

It prints no paths, which change.
"""


class CommandFailedError(CannotCompareError):
    """A command failed.

    Attributes:
        printed: the last lines of its output, ending with a newline.
    """

    def __init__(self, why: str, printed: str) -> None:
        super().__init__(why)
        self.printed = printed


@dataclass(frozen=True)
class Environment:
    """A Python interpreter with its installed packages.

    Attributes:
        python: the interpreter.
        variables: environment variables of everything that runs in it.
    """

    python: Path
    variables: Mapping[str, str]

    def command(self, name: str) -> Path:
        """Return the path of an installed command, which need not exist."""
        return self.python.parent / name

    def versions(self) -> str:
        """Return a short digest of the versions of Python and all packages.

        Raises:
            CannotCompareError: the interpreter does not run.
        """
        done = subprocess.run(
            [str(self.python), "-c", LIST_INSTALLED],
            cwd=self.python.parent,
            env=self.variables,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            message = " ".join(done.stderr.strip().splitlines()[-1:])
            raise CannotCompareError(f"{str(self.python)!r} does not run: {message}")
        return _short("\n".join(sorted(done.stdout.splitlines())))


def ready(python: str, checkout: Path) -> Environment:
    """Return an existing environment, with a checkout's code first on Python's path.

    Raises:
        CannotCompareError: there is no such Python.
    """
    found = shutil.which(python)
    if found is None:
        raise CannotCompareError(f"{python!r} is no program; accepted: the path of a Python")
    path = [str(checkout), *filter(None, [os.environ.get("PYTHONPATH")])]
    # Not resolved: a virtual environment's python links to one that lacks its packages.
    return _environment(Path(found).absolute(), PYTHONPATH=os.pathsep.join(path))


def fresh(side: str, directory: Path, checkout: Path, install: str, log: Path) -> Environment:
    """Create a virtual environment with a checkout installed in it.

    Args:
        side: name of its side, for error messages.
        directory: directory to create it in.
        checkout: root of the project.
        install: shell command that installs the project, run at its root.
        log: file for the output.

    Raises:
        CommandFailedError: the command fails.
    """
    venv = [sys.executable, "-m", "venv", str(directory)]
    run(f"making a virtual environment of the {side}", venv, log)
    made = _environment(directory / "bin" / "python", VIRTUAL_ENV=str(directory))
    variables = {
        name: value
        for name, value in made.variables.items()
        if name not in ("PYTHONPATH", "PYTHONHOME")
    }
    run(f"installing the {side}", ["sh", "-ec", install], log, checkout, variables)
    return Environment(made.python, variables)


def run(
    what: str,
    command: Sequence[str],
    log: Path,
    directory: Path | None = None,
    variables: Mapping[str, str] | None = None,
    fine: Collection[int] = (0,),
) -> None:
    """Run a command.

    Args:
        what: purpose of the command in one line, for error messages.
        command: the program and its arguments.
        log: file that the output is appended to.
        directory: directory to run in; None for the current one.
        variables: environment variables; None for those of this process.
        fine: accepted exit statuses.

    Raises:
        CommandFailedError: it fails.
    """
    started = time.monotonic()
    with log.open("a", encoding="utf-8") as file:
        print(f"$ {shlex.join(command)}", file=file, flush=True)
        done = subprocess.run(
            command,
            cwd=directory,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            check=False,
        )
        print(f"({time.monotonic() - started:.0f} s)", file=file)
    if done.returncode not in fine:
        lines = log.read_text("utf-8", errors="replace").splitlines()
        raise CommandFailedError(
            f"{what} ended with exit status {done.returncode}; see {str(log)!r}",
            "".join(f"{line}\n" for line in lines[-LINES_OF_A_FAILURE:]),
        )


def processor() -> str:
    """Return a short digest of this machine's processor and number of cores."""
    lines = CPU_INFO.read_text("utf-8").splitlines() if CPU_INFO.exists() else []
    model = sorted({line for line in lines if line.startswith(("model name", "flags"))})
    return _short(repr([platform.machine(), platform.processor(), os.cpu_count(), *model]))


def _environment(python: Path, **more: str) -> Environment:
    path = os.pathsep.join([str(python.parent), os.environ.get("PATH", os.defpath)])
    return Environment(python, {**os.environ, "PATH": path, **more})


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
