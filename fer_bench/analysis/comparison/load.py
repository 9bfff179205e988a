"""From files and directories to a side."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from fer_bench.analysis.comparison.base_and_head import Side, timings
from fer_bench.results import load_run, read_folder, read_run
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from fer_bench.results.records import Run


def load_side(paths: Sequence[Path], which: str) -> Side:
    """Reads the runs of one side.

    A directory stands for all results files in it and below it, in the order of their paths; the
    side says which of them cannot be read. A file that is named must be readable.

    Args:
        paths: results files and directories, one or more.
        which: the side, for errors: ``"base"``.

    Raises:
        FerBenchError: a file or directory cannot be read, a file is no results file (``read_run``
            says what is wrong with it), a directory holds none, or two files hold the same
            measurement, whose repetition would tell of less noise than there is.
    """
    runs: list[tuple[str, Run]] = []
    unreadable: list[str] = []
    try:
        _check_files(map(str, paths))
        for path in paths:
            if _is_folder(path):
                found = read_folder(path, read_run)
                runs += [(str(file), run) for file, run in found.read]
                unreadable += found.unreadable
            else:
                runs.append((str(path), load_run(path)))
        _check_files(name for name, _ in runs)
        _check_measurements(runs)
    except FerBenchError as error:
        raise FerBenchError(f"{which}: {error}") from error
    return Side(tuple(runs), tuple(unreadable))


def _is_folder(path: Path) -> bool:
    # Path.is_dir raises for names that are too long; such a file then fails as any other.
    return os.path.isdir(path)  # noqa: PTH112


def _check_files(files: Iterable[str]) -> None:
    seen: dict[str, str] = {}
    for file in files:
        real = os.path.realpath(file)
        if real in seen:
            raise FerBenchError(
                f"{file} is the same file as {seen[real]}; accepted: each file once"
            )
        seen[real] = file


def _check_measurements(runs: Iterable[tuple[str, Run]]) -> None:
    """Makes sure that no two files are copies, or one of them was made of the other."""
    seen: dict[tuple[str, str, tuple[float, ...]], str] = {}
    for name, run in runs:
        for cell in run.cells:
            for what, seconds in timings(cell):
                other = seen.setdefault((cell.id, what, seconds), name)
                if other != name:
                    raise FerBenchError(
                        f"{name} and {other} hold the same times of {what} of {cell.id!r}; "
                        "accepted: each measurement once"
                    )
