"""Files of reports in a directory, known there by what was written.

``.fer_bench-files`` names each of them with the SHA-256 of its content. What is not as it says
belongs to somebody else: it is not removed, and what takes its place sets it aside first.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import stat
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from fer_bench.errors import FerBenchError
from fer_bench.files import cause_of, file_digest, read_regular, set_aside, write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    Known = Mapping[str, str]

log = logging.getLogger("fer_bench.reporting")

MANIFEST = ".fer_bench-files"

_FORMAT = "fer_bench report files 1"
_LARGEST = 1 << 26

_TABLES = ("tables.md", "tables.tex", "tables.csv")

_DRAWN = b"fer_bench"
_MARKS = {
    "results.json": b'"fer_bench": {',
    "index.html": b"<title>fer_bench on ",
    "audit.html": b"<title>Audit of ",
    "comparison.md": b"<!-- fer_bench comparison -->",
    "comparison.json": b'"format": "fer_bench comparison"',
    "data-card.md": b"# Data card: ",
    "audit-card.md": b"# Data card: ",
}
"""What stands in the files of earlier versions, which kept no list of them."""


def write_files(folder: Path, files: Mapping[str, str | bytes]) -> list[Path]:
    """Writes files of a report, each atomically, and notes that they are ours.

    A file in the place of one that is not ours, or was changed since it was written, is kept
    under another name, which is told.

    Args:
        folder: of the report.
        files: contents by the path from there.

    Returns:
        The files written.

    Raises:
        FerBenchError: a file cannot be written, or one in its place not renamed.
    """
    known = _known(folder)
    contents = {
        name: content.encode() if isinstance(content, str) else content
        for name, content in files.items()
    }
    try:
        for name in files:
            if _is_foreign(folder / name, known.get(name)):
                kept = set_aside(folder / name, PurePosixPath(name).name)
                log.warning("%s was not as a report wrote it: it is now %s", folder / name, kept)
    except OSError as error:
        raise FerBenchError(
            f"{str(error.filename or folder)!r} stands where the report goes, and cannot be kept "
            f"under another name: {cause_of(error)}; move it, or name another directory with "
            "--report-dir"
        ) from error
    done: dict[str, str] = {}
    try:
        for name, content in contents.items():
            write_atomically(folder / name, content)
            done[name] = hashlib.sha256(content).hexdigest()
    finally:
        if done:
            _save(folder, {**known, **done})
    return [folder / name for name in files]


def remove_files(
    folder: Path, is_meant: Callable[[str], bool], kept: Collection[Path] = ()
) -> None:
    """Removes files that earlier reports wrote, if they are as they were written.

    Args:
        folder: of the report.
        is_meant: which files, by the path from there.
        kept: files of this report.

    Raises:
        FerBenchError: a file cannot be removed.
    """
    known = _known(folder)
    gone = [name for name in known if is_meant(name) and folder / name not in kept]
    for name in gone:
        path = folder / name
        try:
            if _is_as_written(path, known[name]):
                path.unlink()
            elif os.path.lexists(path):
                log.warning("%s was kept: it is of an earlier report, and has changed since", path)
        except OSError as error:
            raise FerBenchError(
                f"{path} belongs to an earlier report and cannot be removed: {cause_of(error)}; "
                "remove it, or name another folder with --report-dir"
            ) from error
    if gone:
        _save(folder, {name: known[name] for name in known if name not in gone})


def _known(folder: Path) -> Known:
    """What is noted of the files, or can be seen of them where nothing is."""
    try:
        noted = json.loads(read_regular(folder / MANIFEST, _LARGEST))
    except (OSError, ValueError, RecursionError):
        noted = None
    files = noted.get("files") if isinstance(noted, dict) else None
    if not isinstance(files, dict) or noted.get("format") != _FORMAT:
        return _of_earlier_version(folder)
    return {
        name: digest
        for name, digest in files.items()
        if _is_inside(name) and isinstance(digest, str)
    }


def _is_inside(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return 1 <= len(parts) <= 2 and not {"/", "//", ".."} & set(parts) and "\0" not in name


def _save(folder: Path, known: Known) -> None:
    text = json.dumps({"format": _FORMAT, "files": known}, indent=1, sort_keys=True)
    write_atomically(folder / MANIFEST, text + "\n")


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def _is_as_written(path: Path, digest: str | None) -> bool:
    return _is_regular(path) and file_digest(path, "sha256") == digest


def _is_foreign(path: Path, digest: str | None) -> bool:
    """Whether something of somebody else is in a file's place; a directory stays there."""
    if not os.path.lexists(path) or (path.is_dir() and not path.is_symlink()):
        return False
    # Figures of earlier versions, which kept no list of them, carry a mark.
    is_older = digest is None and _is_regular(path) and _DRAWN in path.read_bytes()[:400]
    return not is_older and not _is_as_written(path, digest)


def _is_marked(path: Path) -> bool:
    return _is_regular(path) and _MARKS[path.name] in path.read_bytes()


def _of_earlier_version(folder: Path) -> Known:
    """Files of a report by a version that kept no list: with marks, and the tables beside them."""
    found = [name for name in _MARKS if _is_marked(folder / name)]
    if found:
        found += [name for name in _TABLES if _is_regular(folder / name)]
    return {name: file_digest(folder / name, "sha256") for name in found}
