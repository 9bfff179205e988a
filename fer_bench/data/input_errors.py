"""The error for what is wrong with a file or folder of data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from pathlib import Path


def wrong(
    path: Path,
    line: int | None,
    what: str,
    accepted: str,
    step: str = "correct the file or fetch it again",
) -> FerBenchError:
    """The error for a file or folder.

    Args:
        path: the file or folder.
        line: of the file, from 1; None where all of it is meant.
        what: what is wrong, with the offending value.
        accepted: what could stand in its place.
        step: what mends it, or is likely to.
    """
    where = repr(str(path)) if line is None else f"{str(path)!r}, line {line}"
    return FerBenchError(f"{where}: {what}; accepted: {accepted}; {step}")
