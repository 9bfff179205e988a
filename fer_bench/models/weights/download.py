"""Atomic download of a file from one of several URLs."""

from __future__ import annotations

import contextlib
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
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

TIMEOUT = 10.0
"""Seconds to wait for a connection and for each chunk of the response."""

WINDOW_S, LEAST = 60.0, 1 << 16
"""Minimum transfer rate: at least ``LEAST`` bytes per ``WINDOW_S`` seconds."""


class DownloadFailed(Exception):  # noqa: N818 - the name states what happened
    """A failed download; the message gives the reason in one line."""


def download(
    urls: Sequence[str], target: Path, check: Callable[[Path], None], most: int
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
        most: maximum size of the file in bytes.

    Returns:
        The URL of the download, or None if another process has downloaded the file meanwhile.

    Raises:
        DownloadFailed: every URL failed, or the file cannot be written.
    """
    with _alone(target):
        if target.exists():
            return None
        reasons = []
        for url in urls:
            reason = _attempt(url, target, check, most)
            if reason is None:
                return url
            reasons.append(f"{url}: {reason}")
    raise DownloadFailed(f"the download failed ({'; '.join(reasons)})")


@contextlib.contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Hold an interprocess lock for the download of a file.

    Raises:
        DownloadFailed: the process that holds the lock does not respond, or a directory is not
            writable.
    """
    key = hashlib.sha256(os.fsencode(target.resolve())).hexdigest()[:16]
    with contextlib.ExitStack() as stack:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DownloadFailed(f"the download failed ({error})") from error
        try:
            stack.enter_context(locked(cache_root(), "download", key))
        except OSError as error:
            raise DownloadFailed(
                f"no download is begun, as the cache {str(cache_root())!r} cannot be written to: "
                f"{cause_of(error)}; name another one with {CACHE_VARIABLE}"
            ) from error
        except StoreError as error:
            raise DownloadFailed(str(error)) from error
        yield


def _attempt(url: str, target: Path, check: Callable[[Path], None], most: int) -> str | None:
    """Try one URL and return the reason of the failure, or None if it succeeded."""
    try:
        _fetch(url, target, check, most)
    # urllib raises ValueError for invalid URLs and headers from a server.
    except (OSError, HTTPException, ValueError, DownloadFailed) as error:
        return next(iter(str(error).splitlines()), type(error).__name__)
    return None


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
        kinds = (req.type, urlsplit(newurl).scheme)
        if kinds[1] != "https" and kinds != ("http", "http"):
            fp.close()
            raise DownloadFailed(f"{req.full_url} redirects to {newurl}; accepted: https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _fetch(url: str, target: Path, check: Callable[[Path], None], most: int) -> None:
    opener = urllib.request.build_opener(_Redirects)
    part = target.with_name(f".{target.name}.fer-bench.part")
    part.unlink(missing_ok=True)
    try:
        # Opened first: no request is sent if the file cannot be written.
        with part.open("xb") as file:
            with _opened(opener, url) as answer:
                total = _announced(answer.headers.get("Content-Length"), most)
                _receive(answer, file, target.name, total, most)
            file.flush()
            os.fsync(file.fileno())
            own = os.fstat(file.fileno())
        check(part)
        # The lock is in the user's cache, but other users may share the directory of the target.
        if not os.path.samestat(own, part.stat()):
            raise DownloadFailed("another user's process downloads the same file")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _opened(opener: urllib.request.OpenerDirector, url: str) -> Any:
    """Open a URL and return the response, with a limit on the total time until its header.

    urllib's timeout does not suffice, as it applies to each read of the header separately.

    Raises:
        DownloadFailed: the header takes too long.
        OSError: as raised by ``opener.open``; its other exceptions are also passed on.
    """
    found: queue.SimpleQueue[Any] = queue.SimpleQueue()
    is_late = threading.Event()

    def ask() -> None:
        try:
            answer = opener.open(url, timeout=TIMEOUT)
        except Exception as error:
            found.put(error)
            return
        if is_late.is_set():
            answer.close()
        else:
            found.put(answer)

    # urllib's wait cannot be interrupted; the thread ends with the connection or the process.
    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = found.get(timeout=WINDOW_S)
    except queue.Empty:
        is_late.set()
        raise DownloadFailed(f"no whole header arrived in {WINDOW_S:.0f} seconds") from None
    try:
        if isinstance(answer, Exception):
            raise answer
        return answer
    finally:
        # Break the reference cycle of exception and frame, which would keep the connection open.
        del answer


def _announced(length: str | None, most: int) -> int | None:
    """Parse the Content-Length header of a response.

    Raises:
        DownloadFailed: it is not a number of bytes, or too large.
    """
    if length is None:
        return None
    if not length.isdecimal() or len(length) > 20:
        raise DownloadFailed(f"the answer's Content-Length {length[:60]!r} is no number of bytes")
    if int(length) > most:
        raise DownloadFailed(f"it has {int(length):,} bytes; accepted: {most:,} at most")
    return int(length)


def _receive(answer: Any, file: IO[bytes], name: str, total: int | None, most: int) -> None:
    """Write a response to a file.

    Raises:
        DownloadFailed: the size differs from Content-Length, or the response is too large or slow.
    """
    from fer_bench.runtime.progress_bar import progress_bar

    before, since = 0, time.monotonic()
    with progress_bar(name, total, unit="B", unit_scale=True) as progress:
        while piece := answer.read1(1 << 16):
            file.write(piece)
            progress.update(len(piece))
            received = file.tell()
            if received > most:
                raise DownloadFailed(f"it has no end; accepted: {most:,} bytes at most")
            if time.monotonic() - since > WINDOW_S:
                if received - before < LEAST:
                    raise DownloadFailed(
                        f"only {received - before} bytes arrived in {WINDOW_S:.0f} seconds"
                    )
                before, since = received, time.monotonic()
    if total is not None and file.tell() != total:
        raise DownloadFailed(f"only {file.tell()} of {total} bytes arrived")
