"""Fetches a file from one of several addresses, whole or not at all."""

from __future__ import annotations

import urllib.request
import uuid
from http.client import HTTPException
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

TIMEOUT = 10.0
"""Seconds to wait for a connection and for each piece of the answer."""


class DownloadFailed(Exception):  # noqa: N818 - it tells what happened
    """The file could not be had; the text says why, in one line."""


def download(urls: Sequence[str], target: Path, check: Callable[[Path], None]) -> str:
    """Downloads a file, each address tried once.

    The file appears under its name only once it is complete and checked. A progress bar is shown
    where the output is a terminal.

    Args:
        urls: http(s) addresses of the same file, in the order of preference.
        target: where the file goes; its folder is made.
        check: is given the complete file under a temporary name and raises ``DownloadFailed``
            where it is not what was wanted.

    Returns:
        The address it came from.

    Raises:
        DownloadFailed: no address gave the file, or it cannot be written.
    """
    reasons = []
    for url in urls:
        reason = _attempt(url, target, check)
        if reason is None:
            return url
        reasons.append(f"{url}: {reason}")
    raise DownloadFailed(f"the download failed ({'; '.join(reasons)})")


def _attempt(url: str, target: Path, check: Callable[[Path], None]) -> str | None:
    """Why one address did not give the file, None where it did."""
    try:
        _fetch(url, target, check)
    except (OSError, HTTPException, DownloadFailed) as error:
        return next(iter(str(error).splitlines()), type(error).__name__)
    return None


def _fetch(url: str, target: Path, check: Callable[[Path], None]) -> None:
    from fer_bench.progress_bar import progress_bar

    with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:  # noqa: S310 - https and http only
        length = answer.headers.get("Content-Length")
        total = int(length) if length else None
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
        try:
            with (
                part.open("xb") as file,
                progress_bar(target.name, total, unit="B", unit_scale=True) as progress,
            ):
                while piece := answer.read(1 << 16):
                    file.write(piece)
                    progress.update(len(piece))
                received = file.tell()
            if total is not None and received != total:
                raise DownloadFailed(f"only {received} of {total} bytes arrived")
            check(part)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
