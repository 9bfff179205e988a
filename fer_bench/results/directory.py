"""Recursive reading of the results files in a directory."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from fer_bench.results.read import load_document
from fer_bench.results.schema import KEY
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import cause_of

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


@dataclass(frozen=True)
class ResultsDirectory(Generic[T]):
    """Content of a directory tree that contains results files.

    Attributes:
        read: path and content of each results file, ordered by path.
        unreadable: reason for each file and directory that cannot be read: one line that begins
            with its path.
        others: number of JSON files without a fer_bench record.
    """

    read: tuple[tuple[Path, T], ...]
    unreadable: tuple[str, ...]
    others: int


def read_directory(folder: Path, read: Callable[[Any, str], T]) -> ResultsDirectory[T]:
    """Read all results files in a directory and its subdirectories.

    Valid JSON without a fer_bench record, such as plain pytest-benchmark files, is skipped. A file
    that cannot be read, for example a truncated one or one of a newer fer_bench, is reported and
    does not prevent the others from being read.

    Args:
        folder: the directory.
        read: function that converts a document, given the path that it was read from.

    Raises:
        FerBenchError: the directory cannot be read, or contains no readable results file.
    """
    unreadable: list[str] = []

    def fail(error: OSError) -> None:
        text = f"{error.filename}: {cause_of(error)}; needed is a directory that can be read"
        if error.filename == os.fspath(folder):
            raise FerBenchError(text) from error
        unreadable.append(text)

    files = sorted(
        Path(place, name)
        for place, _, names in os.walk(folder, onerror=fail)
        for name in names
        if name.endswith(".json")
    )
    found, others = [], 0
    for path in files:
        try:
            document = load_document(path)
            if isinstance(document, dict) and KEY in document:
                found.append((path, read(document, str(path))))
            else:
                others += 1
        except FerBenchError as error:
            unreadable.append(str(error))
    if found:
        return ResultsDirectory(tuple(found), tuple(unreadable), others)
    if unreadable:
        more = f" (and {len(unreadable) - 1} more)" if len(unreadable) > 1 else ""
        raise FerBenchError(f"no file in {str(folder)!r} can be read: {unreadable[0]}{more}")
    raise FerBenchError(
        f"no results file in the folder {str(folder)!r}, nor below it ({others} other "
        "files of JSON)",
        "a results.json of fer_bench, or a folder that holds some",
    )
