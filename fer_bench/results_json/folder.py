"""Results files in a folder and below it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_bench.errors import FerBenchError
from fer_bench.files import cause_of
from fer_bench.results_json.reading import load_document
from fer_bench.results_json.schema import KEY

if TYPE_CHECKING:
    from collections.abc import Iterator


def json_files(folder: Path) -> list[Path]:
    """All files of JSON in a folder and below it, sorted.

    Raises:
        FerBenchError: the folder, or one below it, cannot be read.
    """

    def fail(error: OSError) -> None:
        raise FerBenchError(
            f"{error.filename}: {cause_of(error)}; needed is a folder that can be read"
        ) from error

    return sorted(
        Path(place, name)
        for place, _, names in os.walk(folder, onerror=fail)
        for name in names
        if name.endswith(".json")
    )


def load_documents(folder: Path) -> Iterator[tuple[Path, Any]]:
    """Reads all results files in a folder and below it, for ``read_run``, one after the other.

    Whole JSON without our record, such as plain files of pytest-benchmark, is passed over. What
    is no whole JSON is not: it may be a results file that was cut off.

    Yields:
        The path of each results file and what it holds, in the order of the paths.

    Raises:
        FerBenchError: the folder, one below it or a file cannot be read, a file is no whole JSON,
            or there is no results file.
    """
    found, files = 0, json_files(folder)
    for path in files:
        document = load_document(path)
        if isinstance(document, dict) and KEY in document:
            found += 1
            yield path, document
    if not found:
        raise FerBenchError(
            f"no results file in the folder {str(folder)!r}, nor below it ({len(files)} other "
            "files of JSON); accepted: a results.json of fer_bench, or a folder that holds some"
        )
