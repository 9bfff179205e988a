"""Commits of a clone, and worktrees of them."""

from __future__ import annotations

import contextlib
import shlex
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class CannotCompareError(Exception):
    """Reason that two commits cannot be compared, in one line."""


@dataclass(frozen=True)
class Commit:
    """One commit of a repository.

    Attributes:
        sha: hash of the commit.
        tree: hash of its tree: commits with the same files share it.
    """

    sha: str
    tree: str


def commit(repository: Path, name: str) -> Commit:
    """Return the commit that a branch, tag or hash names.

    Raises:
        CannotCompareError: there is none.
    """
    found = git(repository, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", wrong="")
    if not found:
        raise CannotCompareError(
            f"{name!r} names no commit in {str(repository)!r}; accepted: a branch, tag or hash "
            "that is in this clone, fetched if need be"
        )
    return Commit(found, git(repository, "rev-parse", f"{found}^{{tree}}"))


def git(repository: Path, *words: str, wrong: str | None = None) -> str:
    """Run a git command and return its standard output.

    Args:
        repository: directory to run it in.
        words: the command.
        wrong: value to return if it fails.

    Raises:
        CannotCompareError: it fails, and ``wrong`` is None.
    """
    command = ["git", "-C", str(repository), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return done.stdout.strip()
    if wrong is None:
        message = " ".join(done.stderr.split()) or f"exit status {done.returncode}"
        raise CannotCompareError(f"{shlex.join(command)} failed: {message}")
    return wrong


@contextlib.contextmanager
def checked_out(repository: Path, sha: str, directory: Path) -> Iterator[Path]:
    """Check out a commit in a worktree, and remove the worktree at the end.

    If the removal fails, git prunes the worktree later, once its directory is gone.

    Raises:
        CannotCompareError: git cannot create it.
    """
    git(repository, "worktree", "add", "--detach", str(directory), sha)
    try:
        yield directory
    finally:
        git(repository, "worktree", "remove", "--force", str(directory), wrong="")
