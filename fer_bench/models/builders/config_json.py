"""``config.json`` of a ``.keras`` archive, read in bounded memory and without Keras."""

from __future__ import annotations

import json
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from fer_bench.runtime.errors import FerBenchError

CONFIG = "config.json"

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Compression methods that zipfile decompresses with a limit of the size."""

UNREADABLE = (
    OSError,
    ValueError,
    KeyError,
    EOFError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)
"""Exceptions of zipfile and json on truncated, corrupt, encrypted or hand-made files."""


def read_config_json(
    archive: zipfile.ZipFile, most: int, invalid: Callable[[str, str], FerBenchError]
) -> Any:
    """Return the parsed ``config.json`` of an archive, whose compression is one of ``METHODS``.

    Args:
        archive: the open archive.
        most: largest accepted size, decompressed, in bytes.
        invalid: returns the error for a cause, and what is accepted.

    Raises:
        FerBenchError: it is too large.
        RecursionError: it is nested too deeply.
        Exception: one of ``UNREADABLE``.
    """
    with archive.open(CONFIG) as file:
        text = file.read(most + 1)
    if len(text) > most:
        raise invalid(f"has a {CONFIG} that is too large", f"{most:,} bytes or less")
    return json.loads(text)
