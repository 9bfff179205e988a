"""Print the commits that a GitHub workflow compares, and the cache keys of their stores.

    python scripts/github_commits.py CLONE [--base=NAME] >> "$GITHUB_OUTPUT"

CLONE has the commit under test checked out, with its history. The base is NAME if given; after a
push, the previous commit of the branch, if it is still in the history; otherwise the first parent
of the commit under test. For a pull request that commit is a merge with the target branch, whose
first parent is the target as it was merged: they differ by exactly the pull request's changes.

Prints `base=`, `head=` and their `base-tree=` and `head-tree=`, and `processor=`: the last bits of
results depend on the processor and its number of cores. If one side's results came from a store
and the other's from another machine, they could differ for reasons unrelated to the commits.
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
    """Print the commits and cache keys for a workflow."""
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


def base_commit(clone: Path, options: str, before: str) -> Commit:
    """Return the commit to compare with.

    Args:
        clone: has the commit under test checked out.
        options: branch, tag or hash; empty if none was given.
        before: the branch's commit before the push; empty if nothing was pushed.

    Raises:
        CannotCompareError: there is no such commit.
    """
    if options:
        # Fetched branches exist only as remote-tracking branches.
        remote = f"refs/remotes/origin/{options}"
        known = git(clone, "rev-parse", "--verify", "--quiet", f"{remote}^{{commit}}", wrong="")
        return commit(clone, remote if known else options)
    # A new branch has no previous commit; after a force push it may no longer exist.
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
