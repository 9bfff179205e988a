"""From files and folders to a side."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_bench.comparison.sides import Side
from fer_bench.errors import FerBenchError
from fer_bench.files import cause_of
from fer_bench.results_json import KEY, load_document, read_run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fer_bench.results import CellResult, Run


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


def _documents(path: Path) -> Iterator[tuple[str, Any]]:
    """Each results file that a path stands for: its name and what it holds."""
    if not _is_folder(path):
        yield str(path), load_document(path)
        return
    files = _files(path)
    found = 0
    for file in files:
        document = load_document(file)
        if isinstance(document, dict) and KEY in document:
            found += 1
            yield str(file), document
    if not found:
        raise FerBenchError(
            f"no results file in the folder {str(path)!r}, nor below it ({len(files)} other files "
            "of JSON); accepted: a results.json of fer_bench, or a folder that holds some"
        )


def _files(path: Path) -> list[Path]:
    """The file itself, or all files of JSON in a folder and below it, sorted."""
    if not _is_folder(path):
        return [path]

    def fail(error: OSError) -> None:
        raise FerBenchError(
            f"{error.filename}: {cause_of(error)}; needed is a folder that can be read"
        ) from error

    return sorted(
        Path(folder, name)
        for folder, _, names in os.walk(path, onerror=fail)
        for name in names
        if name.endswith(".json")
    )


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
            for what, seconds in _timings(cell):
                other = seen.setdefault((cell.id, what, seconds), name)
                if other != name:
                    raise FerBenchError(
                        f"{name} and {other} hold the same times of {what} of {cell.id!r}; "
                        "accepted: each measurement once"
                    )


def _timings(cell: CellResult) -> Iterator[tuple[str, tuple[float, ...]]]:
    if cell.training is not None:
        yield "training", cell.training.seconds
    for speed in cell.inference:
        yield f"inference, batch {speed.batch_size}", speed.seconds
