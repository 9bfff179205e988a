"""Results files in a directory and below it."""

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
class Folder(Generic[T]):
    """The content of a directory that holds results files.

    Attributes:
        read: each results file with what was read of it, in the order of the paths.
        unreadable: for each file and directory that cannot be read, why: one line that begins with
            its path.
        others: number of files of JSON without our record.
    """

    read: tuple[tuple[Path, T], ...]
    unreadable: tuple[str, ...]
    others: int


def read_folder(folder: Path, read: Callable[[Any, str], T]) -> Folder[T]:
    """Reads all results files in a directory and below it.

    Whole JSON without our record, such as plain files of pytest-benchmark, is passed over. A file
    that cannot be read is left out, as one that was cut off or is of a newer fer_bench: it costs
    none of the others.

    Args:
        folder: the directory.
        read: makes something of a document and the path that it was read from.

    Raises:
        FerBenchError: the directory cannot be read, or nothing in it can be.
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
        return Folder(tuple(found), tuple(unreadable), others)
    if unreadable:
        more = f" (and {len(unreadable) - 1} more)" if len(unreadable) > 1 else ""
        raise FerBenchError(f"no file in {str(folder)!r} can be read: {unreadable[0]}{more}")
    raise FerBenchError(
        f"no results file in the folder {str(folder)!r}, nor below it ({others} other "
        "files of JSON); accepted: a results.json of fer_bench, or a folder that holds some"
    )
