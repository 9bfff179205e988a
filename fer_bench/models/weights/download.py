"""Fetches a file from one of several addresses, whole or not at all."""

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
"""Seconds to wait for a connection and for each piece of the answer."""

WINDOW_S, LEAST = 60.0, 1 << 16
"""In so many seconds, so many bytes must arrive."""


class DownloadFailed(Exception):  # noqa: N818 - it tells what happened
    """The file could not be had; the text says why, in one line."""


def download(
    urls: Sequence[str], target: Path, check: Callable[[Path], None], most: int
) -> str | None:
    """Downloads a file, each address tried once.

    The file appears under its name only once it is complete and checked. A progress bar is shown
    where the output is a terminal. One process at a time downloads a file, and removes what a
    killed one has left of it.

    Args:
        urls: http(s) addresses of the same file, in the order of preference.
        target: where the file goes; its folder is made.
        check: is given the complete file under a temporary name and raises ``DownloadFailed``
            where it is not what was wanted.
        most: bytes that the file may have.

    Returns:
        The address it came from, None where another process has fetched it meanwhile.

    Raises:
        DownloadFailed: no address gave the file, or it cannot be written.
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
    """Keeps other processes from downloading the same file.

    Raises:
        DownloadFailed: another one does and shows no sign of life, or a directory cannot be
            written to.
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
    """Why one address did not give the file, None where it did."""
    try:
        _fetch(url, target, check, most)
    # A ValueError is that of an address or a header that a server made up.
    except (OSError, HTTPException, ValueError, DownloadFailed) as error:
        return next(iter(str(error).splitlines()), type(error).__name__)
    return None


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows no redirect to where anybody on the way can change what arrives."""

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
        # Opened first: nobody is asked for what cannot be written.
        with part.open("xb") as file:
            with _opened(opener, url) as answer:
                total = _announced(answer.headers.get("Content-Length"), most)
                _receive(answer, file, target.name, total, most)
            file.flush()
            os.fsync(file.fileno())
            own = os.fstat(file.fileno())
        check(part)
        # The lock lies in the cache of one user, and others may share the target's directory.
        if not os.path.samestat(own, part.stat()):
            raise DownloadFailed("another user's process downloads the same file")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _opened(opener: urllib.request.OpenerDirector, url: str) -> Any:
    """The answer of a server, once its header is there.

    Raises:
        DownloadFailed: it takes too long, as each byte of it may take as long as the time-out.
        OSError: as ``opener.open`` does, whose other errors come through too.
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

    # Nothing can end urllib's wait; the thread ends with the connection or the process.
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
        # Else the error and this frame would keep each other, and a connection open.
        del answer


def _announced(length: str | None, most: int) -> int | None:
    """The size that a server announces.

    Raises:
        DownloadFailed: it is no number of bytes, or too large.
    """
    if length is None:
        return None
    if not length.isdecimal() or len(length) > 20:
        raise DownloadFailed(f"the answer's Content-Length {length[:60]!r} is no number of bytes")
    if int(length) > most:
        raise DownloadFailed(f"it has {int(length):,} bytes; accepted: {most:,} at most")
    return int(length)


def _receive(answer: Any, file: IO[bytes], name: str, total: int | None, most: int) -> None:
    """Writes an answer into a file.

    Raises:
        DownloadFailed: it has another size than was announced, is too large, or too slow.
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
