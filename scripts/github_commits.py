"""Tells a GitHub workflow which commits it compares, and what keys their stores are cached under.

    python scripts/github_commits.py CLONE [--base=NAME] >> "$GITHUB_OUTPUT"

CLONE has the commit under test checked out, with its history. The base is NAME where one is given;
after a push the commit that the branch stood at before, where it is still in the history;
otherwise the first parent of the commit under test. That of a pull request is a merge with its
target, whose first parent is the target as it was merged: just what the pull request changes lies
between them.

Prints `base=`, `head=` and their `base-tree=` and `head-tree=`, and `processor=`: results depend in
their last bits on the processor and its number of cores, and where one side's came from a store and
the other's from another machine, they would differ for no reason that lies in the commits.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from commits import CannotCompareError, Commit, commit, git
from environments import processor
from github_log import annotation


def main() -> int:
    """Prints what a workflow needs to know of its commits."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("clone", type=Path)
    parser.add_argument("--base", default="", metavar="NAME", help="branch, tag or hash")
    arguments = parser.parse_args()
    try:
        head = commit(arguments.clone, "HEAD")
        base = base_commit(arguments.clone, arguments.base, _before())
    except CannotCompareError as error:
        print(annotation("error", "Which commits to compare", str(error)), file=sys.stderr)
        return 2
    print(f"base={base.sha}\nhead={head.sha}\nbase-tree={base.tree}\nhead-tree={head.tree}")
    print(f"processor={processor()}")
    return 0


def base_commit(clone: Path, given: str, before: str) -> Commit:
    """The commit to compare with.

    Args:
        clone: has the commit under test checked out.
        given: branch, tag or hash; empty where none was asked for.
        before: where the branch stood before it was pushed to; empty where nothing was pushed.

    Raises:
        CannotCompareError: there is no such commit.
    """
    if given:
        # What is fetched as a branch is known by the name of the remote alone.
        remote = f"refs/remotes/origin/{given}"
        known = git(clone, "rev-parse", "--verify", "--quiet", f"{remote}^{{commit}}", wrong="")
        return commit(clone, remote if known else given)
    # A new branch was at no commit before; one that was forced stood at a commit now gone.
    if before and git(clone, "rev-parse", "--verify", "--quiet", f"{before}^{{commit}}", wrong=""):
        return commit(clone, before)
    return commit(clone, "HEAD^1")


def _before() -> str:
    if os.environ.get("GITHUB_EVENT_NAME") != "push":
        return ""
    event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text("utf-8"))
    return str(event["before"])


if __name__ == "__main__":
    sys.exit(main())
