"""Report files in a directory, tracked by a manifest of their digests.

The manifest ``.fer_bench-files`` records the SHA-256 of each file's content. If the process ended
while a file was being written, it records the digests of both the old and the new content. A file
that does not match its entry belongs to the user: it is never removed, and is renamed before a
report file takes its place.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import stat
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import cause_of, file_digest, read_regular, set_aside, write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    Known = Mapping[str, str]

log = logging.getLogger("fer_bench.report")

MANIFEST = ".fer_bench-files"

_FORMAT = "fer_bench report files 1"
_LARGEST = 1 << 26


def write_files(directory: Path, files: Mapping[str, str | bytes]) -> list[Path]:
    """Write contents by path relative to a report's directory, each atomically; return the paths.

    An existing file that is not in the manifest, or has changed since it was written, is renamed
    and a warning logged, unless it already has the new content.

    Raises:
        FerBenchError: a file cannot be written, or an existing one cannot be renamed.
    """
    known = _known(directory)
    contents = {
        name: content.encode() if isinstance(content, str) else content
        for name, content in files.items()
    }
    written = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    both = {name: f"{known.get(name, '')} {digest}" for name, digest in written.items()}
    try:
        for name in files:
            if _is_foreign(directory / name, both[name]):
                kept = set_aside(directory / name, PurePosixPath(name).name)
                log.warning(
                    "%s was not written by a report: it was renamed to %s", directory / name, kept
                )
    except OSError as error:
        raise FerBenchError(
            f"{str(error.filename or directory)!r} is in the way of the report and cannot be "
            f"renamed: {cause_of(error)}",
            hint="move it, or choose another directory with --report-dir",
        ) from error
    with contextlib.suppress(FerBenchError):  # a persistent error is raised below
        _save(directory, {**known, **both})
    done: dict[str, str] = {}
    try:
        for name, content in contents.items():
            write_atomically(directory / name, content)
            done[name] = written[name]
    finally:
        if done:
            _save(directory, {**known, **done})
    return [directory / name for name in files]


def remove_files(
    directory: Path, is_meant: Callable[[str], bool], kept: Collection[Path] = ()
) -> None:
    """Remove files that earlier reports wrote, unless they have changed since or are ``kept``.

    ``is_meant`` gets the path relative to the directory. Emptied directories are removed too.

    Raises:
        FerBenchError: a file cannot be removed.
    """
    known = _known(directory)
    gone = [name for name in known if is_meant(name) and directory / name not in kept]
    for name in gone:
        path = directory / name
        try:
            if _is_as_written(path, known[name]):
                path.unlink()
            elif os.path.lexists(path):
                log.warning("%s was kept: it is from an earlier report but has changed since", path)
        except OSError as error:
            raise FerBenchError(
                f"{str(path)!r} is from an earlier report and cannot be removed: {cause_of(error)}",
                hint="remove it, or choose another directory with --report-dir",
            ) from error
    for parent in {(directory / name).parent for name in gone} - {directory}:
        with contextlib.suppress(OSError):  # it holds other files
            parent.rmdir()
    if gone:
        _save(directory, {name: known[name] for name in known if name not in gone})


def _known(directory: Path) -> Known:
    """Return the digests in the manifest by file name; empty if it is missing or invalid."""
    try:
        noted = json.loads(read_regular(directory / MANIFEST, _LARGEST))
    except (OSError, ValueError, RecursionError):
        noted = None
    files = noted.get("files") if isinstance(noted, dict) else None
    if not isinstance(files, dict) or noted.get("format") != _FORMAT:
        return {}
    return {
        name: digest
        for name, digest in files.items()
        if _is_inside(name) and isinstance(digest, str)
    }


def _is_inside(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return 1 <= len(parts) <= 2 and not {"/", "//", ".."} & set(parts) and "\0" not in name


def _save(directory: Path, known: Known) -> None:
    text = json.dumps({"format": _FORMAT, "files": known}, indent=1, sort_keys=True)
    write_atomically(directory / MANIFEST, text + "\n")


def _is_as_written(path: Path, digests: str) -> bool:
    """Check if a file's SHA-256 is one of the given digests, which are separated by spaces."""
    try:
        is_file = stat.S_ISREG(path.lstat().st_mode)
        return is_file and file_digest(path, "sha256") in digests.split()
    except (OSError, ValueError):  # ValueError: the name is not valid for a file
        return False


def _is_foreign(path: Path, digests: str) -> bool:
    """Check if a path exists, is not a directory, and does not match the given digests."""
    if not os.path.lexists(path) or (path.is_dir() and not path.is_symlink()):
        return False
    return not _is_as_written(path, digests)
