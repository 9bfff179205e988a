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
            with its quoted path.
        others: number of JSON files without a fer_bench record.
    """

    read: tuple[tuple[Path, T], ...]
    unreadable: tuple[str, ...]
    others: int


def read_directory(directory: Path, read: Callable[[Any, str], T]) -> ResultsDirectory[T]:
    """Read all results files in a directory and its subdirectories.

    Valid JSON without a fer_bench record, such as plain pytest-benchmark files, is skipped. A file
    that cannot be read, for example a truncated one or one of a newer fer_bench, is reported and
    does not prevent the others from being read.

    Args:
        directory: the directory.
        read: function that converts a document, given the path that it was read from.

    Raises:
        FerBenchError: the directory cannot be read, or contains no readable results file.
    """
    unreadable: list[FerBenchError] = []

    def fail(error: OSError) -> None:
        path = Path(error.filename)
        found = FerBenchError(cause_of(error), "a directory that can be read", path=path)
        if path == directory:
            raise found from error
        unreadable.append(found)

    files = sorted(
        Path(place, name)
        for place, _, names in os.walk(directory, onerror=fail)
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
            unreadable.append(error)
    if found:
        return ResultsDirectory(tuple(found), tuple(map(str, unreadable)), others)
    if unreadable:
        first = unreadable[0]
        elsewhere = f"and no other results file in {str(directory)!r} is readable"
        raise first.revised(problem=f"{first.problem} ({elsewhere})")
    count = f" ({others} other JSON file{'' if others == 1 else 's'})" if others else ""
    raise FerBenchError(
        f"no results file here or in a subdirectory{count}",
        "a results.json of fer_bench, or a directory that contains some",
        path=directory,
    )
