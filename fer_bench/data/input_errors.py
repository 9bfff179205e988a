"""Error for invalid files and directories of data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from pathlib import Path


def input_error(
    path: Path,
    line: int | None,
    problem: str,
    accepted: str,
    step: str = "correct the file or fetch it again",
) -> FerBenchError:
    """Return the error for an invalid file or directory.

    Args:
        path: the file or directory.
        line: line of the file, from 1; None if the error concerns all of it.
        problem: description of the error, with the offending value.
        accepted: values that would be valid.
        step: action that fixes the error, or is likely to.
    """
    return FerBenchError(problem, accepted, step, path=path, line=line)
