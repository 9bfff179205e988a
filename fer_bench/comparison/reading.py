"""From files and folders to a side."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from fer_bench.comparison.sides import Side, timings
from fer_bench.errors import FerBenchError
from fer_bench.results_json import json_files, load_document, load_documents, read_run

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from fer_bench.results import Run


def load_side(paths: Sequence[Path], which: str) -> Side:
    """Reads the runs of one side.

    A folder stands for all results files in it and below it, in the order of their paths. Whole
    JSON without our record, such as plain files of pytest-benchmark, is passed over there. What
    is no whole JSON is not: it may be a results file that was cut off.

    Args:
        paths: results files and folders, one or more.
        which: the side, for errors: ``"base"``.

    Raises:
        FerBenchError: a file or folder cannot be read, a file is no results file (``read_run``
            says what is wrong with it), a folder holds none, or two files hold the same
            measurement, whose repetition would tell of less noise than there is.
    """
    try:
        _check_files(file for path in paths for file in _files(path))
        loaded = [item for path in paths for item in _documents(path)]
        runs = tuple((name, read_run(document, name)) for name, document in loaded)
        _check_measurements(runs)
    except FerBenchError as error:
        raise FerBenchError(f"{which}: {error}") from error
    return Side(runs)


def _documents(path: Path) -> list[tuple[str, Any]]:
    """Each results file that a path stands for: its name and what it holds."""
    if not _is_folder(path):
        return [(str(path), load_document(path))]
    return [(str(file), document) for file, document in load_documents(path)]


def _files(path: Path) -> list[Path]:
    """The file itself, or all files of JSON in a folder and below it, sorted."""
    return json_files(path) if _is_folder(path) else [path]


def _is_folder(path: Path) -> bool:
    # Path.is_dir raises for names that are too long; such a file then fails as any other.
    return os.path.isdir(path)  # noqa: PTH112


def _check_files(files: Iterable[Path]) -> None:
    seen: dict[str, Path] = {}
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
