"""Show a comparison on a pull request, in one comment that each run updates.

    python scripts/github_comment.py COMPARISON.md --pull-request=NUMBER --name=NAME

NAME distinguishes the comments of several comparisons. If GitHub denies write access, as for pull
requests from forks, a notice is printed and the exit status is still 0: the comparison is also in
the workflow's summary. Reads GITHUB_TOKEN, GITHUB_REPOSITORY, GITHUB_RUN_ID and the URLs in
GITHUB_API_URL and GITHUB_SERVER_URL.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import Any

from github_log import annotation

AUTHOR = "github-actions[bot]"
LONGEST = 65_536
"""GitHub's limit for the length of a comment, in characters."""

PER_PAGE = 100
SECONDS = 30


def main() -> int:
    """Write the comment, or print why not."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("comparison", type=Path)
    parser.add_argument("--pull-request", type=int, required=True, metavar="NUMBER")
    parser.add_argument("--name", required=True)
    arguments = parser.parse_args()
    mark = f"<!-- fer_bench compare: {arguments.name} -->"
    text = comment(mark, arguments.comparison.read_text("utf-8"), _run_page())
    try:
        print(f"comment: {put(arguments.pull_request, mark, text)}")
    except urllib.error.HTTPError as error:
        hint = "; it takes permissions: pull-requests: write" if error.code in (403, 404) else ""
        print(_no_comment(f"GitHub answered {error.code} {error.reason}{hint}"))
    except (OSError, HTTPException, ValueError) as error:
        print(_no_comment(f"GitHub gave no answer to go by: {error}"))
    return 0


def comment(mark: str, comparison: str, page: str) -> str:
    """Return the text of a comment.

    Args:
        mark: hidden marker by which the comment is found again.
        comparison: Markdown.
        page: URL of the workflow run.
    """
    link = f"[This run]({page})"
    text = f"{mark}\n{comparison.strip()}\n\n{link}\n"
    if len(text) <= LONGEST:
        return text
    return f"{mark}\nThe comparison is too long for a comment: it stands in the summary. {link}\n"


def put(pull_request: int, mark: str, text: str) -> str:
    """Update the comment with the mark, or create one.

    Args:
        pull_request: its number.
        mark: first characters of the comment.
        text: text of the comment.

    Returns:
        The URL of the comment.

    Raises:
        OSError: GitHub cannot be reached, or (HTTPError) denies the request.
        HTTPException: the response is not HTTP.
        ValueError: the response is not JSON.
    """
    comments = f"/issues/{pull_request}/comments"
    page = 1
    while True:
        found = _ask("GET", f"{comments}?per_page={PER_PAGE}&page={page}")
        for one in found:
            if _is_ours(one, mark):
                return str(_ask("PATCH", f"/issues/comments/{one['id']}", text)["html_url"])
        if len(found) < PER_PAGE:
            return str(_ask("POST", comments, text)["html_url"])
        page += 1


def _is_ours(one: Any, mark: str) -> bool:
    """Return True if a comment from GitHub's API was written by this script with the mark."""
    # Null if the account was deleted, or if the comment is empty.
    author, body = one["user"] or {"login": ""}, one["body"] or ""
    # Anyone can write the mark into a comment, but not under this account.
    return bool(author["login"] == AUTHOR and body.startswith(mark))


def _no_comment(why: str) -> str:
    return annotation("notice", "No comment", why)


def _ask(method: str, path: str, text: str | None = None) -> Any:
    """Send a request about this repository to GitHub's API and return the response."""
    request = urllib.request.Request(  # noqa: S310 - the runner gives the address
        f"{os.environ['GITHUB_API_URL']}/repos/{os.environ['GITHUB_REPOSITORY']}{path}",
        data=None if text is None else json.dumps({"body": text}).encode(),
        headers={
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {os.environ['GITHUB_TOKEN']}",
            "Content-Type": "application/json",
        },
        method=method,
    )
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
        return json.load(answer)


def _run_page() -> str:
    server, repository = os.environ["GITHUB_SERVER_URL"], os.environ["GITHUB_REPOSITORY"]
    return f"{server}/{repository}/actions/runs/{os.environ['GITHUB_RUN_ID']}"


if __name__ == "__main__":
    sys.exit(main())
