"""Files that are there whole or not at all, and what their bytes are known by."""

from __future__ import annotations

import contextlib
import hashlib
import os
import uuid
from typing import TYPE_CHECKING

from fer_bench.errors import FerBenchError

if TYPE_CHECKING:
    from pathlib import Path


def file_digest(path: Path, algorithm: str) -> str:
    """Hexadecimal digest of a file's bytes, read piece by piece.

    Args:
        path: the file.
        algorithm: a name that ``hashlib`` knows, for example ``"sha256"``.

    Raises:
        OSError: the file cannot be read.
    """
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def write_atomically(path: Path, content: str | bytes) -> None:
    """Writes a file so that no reader ever sees a part of it.

    The content goes to a new file in the same folder, which then takes the place of ``path``.
    When anything fails, that new file is removed and ``path`` stays as it was. Missing folders
    are made.

    Args:
        path: the file to write.
        content: bytes as they are, text as UTF-8 with its line ends untouched.

    Raises:
        FerBenchError: the folder cannot be made or written to, or the disk is full.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    waiting = path.parent / f".{uuid.uuid4().hex}.part"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with waiting.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            waiting.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                waiting.unlink(missing_ok=True)
            raise
    except OSError as error:
        cause = error.strerror or type(error).__name__
        raise FerBenchError(
            f"cannot write {str(path)!r}: {cause}; accepted: a file in a folder that can be "
            "written to; name another one or make room"
        ) from error
