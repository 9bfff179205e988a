"""Atomic download of a file from one of several URLs."""

from __future__ import annotations

import hashlib
import os
import queue
import threading
import time
import urllib.request
from http.client import HTTPException
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fer_bench.runtime.cache_directory import CACHE_VARIABLE, cache_root
from fer_bench.runtime.files import cause_of
from fer_bench.runtime.locks import locked
from fer_bench.runtime.sealed_directories import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

TIMEOUT = 10.0
"""Seconds to wait for a connection and for each part of the response."""

WINDOW_S, MIN_BYTES = 60.0, 1 << 16
"""Minimum transfer rate: at least ``MIN_BYTES`` bytes per ``WINDOW_S`` seconds."""


class DownloadFailed(Exception):  # noqa: N818 - the name states what happened
    """A failed download; the message gives the reason in one line."""


def download(
    urls: Sequence[str], target: Path, check: Callable[[Path], None], max_bytes: int
) -> str | None:
    """Download a file, trying each URL once.

    The file appears under its name only after it is complete and checked. A progress bar is shown
    if the output is a terminal. Only one process at a time downloads a file; it removes the partial
    file of a killed process.

    Args:
        urls: http(s) URLs of the same file, in order of preference.
        target: path of the file; its directory is created.
        check: function called with the path of the complete temporary file; it raises
            ``DownloadFailed`` if the content is not as expected.
        max_bytes: maximum size of the file.

    Returns:
        The URL of the download, or None if another process has downloaded the file meanwhile.

    Raises:
        DownloadFailed: every URL failed, or the file cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DownloadFailed(f"the download failed ({error})") from error
    key = hashlib.sha256(os.fsencode(target.resolve())).hexdigest()[:16]
    reasons = []
    try:
        with locked(cache_root(), "download", key):
            if target.exists():
                return None
            for url in urls:
                try:
                    _fetch(url, target, check, max_bytes)
                # urllib raises ValueError for invalid URLs and headers from a server.
                except (OSError, HTTPException, ValueError, DownloadFailed) as error:
                    reason = next(iter(str(error).splitlines()), type(error).__name__)
                    reasons.append(f"{url}: {reason}")
                else:
                    return url
    except OSError as error:
        raise DownloadFailed(
            f"cannot lock the download in the cache directory {str(cache_root())!r}: "
            f"{cause_of(error)}; name another one with {CACHE_VARIABLE}"
        ) from error
    except StoreError as error:
        raise DownloadFailed(str(error)) from error
    raise DownloadFailed(f"the download failed ({'; '.join(reasons)})")


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Redirect handler that never downgrades https and accepts only http(s) targets."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: Any,
        newurl: str,
    ) -> urllib.request.Request | None:
        schemes = (req.type, urlsplit(newurl).scheme)
        if schemes[1] != "https" and schemes != ("http", "http"):
            fp.close()
            raise DownloadFailed(f"{req.full_url} redirects to {newurl}, which is not https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _fetch(url: str, target: Path, check: Callable[[Path], None], max_bytes: int) -> None:
    opener = urllib.request.build_opener(_Redirects)
    part = target.with_name(f".{target.name}.fer-bench.part")
    part.unlink(missing_ok=True)
    try:
        # Opened first: no request is sent if the file cannot be written.
        with part.open("xb") as file:
            with _opened(opener, url) as response:
                total = _content_length(response.headers.get("Content-Length"), max_bytes)
                _receive(response, file, target.name, total, max_bytes)
            file.flush()
            os.fsync(file.fileno())
            own = os.fstat(file.fileno())
        check(part)
        # The lock is in the user's cache, but other users may share the directory of the target.
        if not os.path.samestat(own, part.stat()):
            raise DownloadFailed("another user's process is downloading the same file")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _opened(opener: urllib.request.OpenerDirector, url: str) -> Any:
    """Open a URL, with a limit on the total time until the response's header is complete.

    urllib's timeout applies to each read of the header separately.
    """
    found: queue.SimpleQueue[Any] = queue.SimpleQueue()
    is_late = threading.Event()

    def request() -> None:
        try:
            response = opener.open(url, timeout=TIMEOUT)
        except Exception as error:
            found.put(error)
            return
        if is_late.is_set():
            response.close()
        else:
            found.put(response)

    # urllib's wait cannot be interrupted; the thread ends with the connection or the process.
    threading.Thread(target=request, daemon=True).start()
    try:
        response = found.get(timeout=WINDOW_S)
    except queue.Empty:
        is_late.set()
        raise DownloadFailed(f"no complete response header within {WINDOW_S:.0f} seconds") from None
    try:
        if isinstance(response, Exception):
            raise response
        return response
    finally:
        # Break the reference cycle of exception and frame, which would keep the connection open.
        del response


def _content_length(length: str | None, max_bytes: int) -> int | None:
    """Parse the Content-Length header of a response."""
    if length is None:
        return None
    if not length.isdecimal() or len(length) > 20:
        raise DownloadFailed(f"Content-Length {length[:60]!r} is not a number of bytes")
    if int(length) > max_bytes:
        raise DownloadFailed(f"{int(length):,} bytes exceed the limit of {max_bytes:,}")
    return int(length)


def _receive(response: Any, file: IO[bytes], name: str, total: int | None, max_bytes: int) -> None:
    """Write a response to a file."""
    from fer_bench.runtime.progress_bar import progress_bar

    before, since = 0, time.monotonic()
    with progress_bar(name, total, unit="B", unit_scale=True) as progress:
        while piece := response.read1(1 << 16):
            file.write(piece)
            progress.update(len(piece))
            received = file.tell()
            if received > max_bytes:
                raise DownloadFailed(f"the response exceeds the limit of {max_bytes:,} bytes")
            if time.monotonic() - since > WINDOW_S:
                if received - before < MIN_BYTES:
                    raise DownloadFailed(
                        f"only {received - before} bytes received within {WINDOW_S:.0f} seconds"
                    )
                before, since = received, time.monotonic()
    if total is not None and file.tell() != total:
        raise DownloadFailed(f"only {file.tell()} of {total} bytes received")
