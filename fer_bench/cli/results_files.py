"""Results files that a command reads: files, and directories of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.terminal import echo

if TYPE_CHECKING:
    from collections.abc import Callable

    from fer_bench.analysis.experiments import NamedRun
    from fer_bench.analysis.history.archive import StoredRun

T = TypeVar("T", "NamedRun", "StoredRun")


def read_named(paths: tuple[Path, ...]) -> tuple[list[NamedRun], list[str]]:
    """Read runs as ``read`` does, each with the name of its file."""
    from fer_bench.analysis.experiments import NamedRun
    from fer_bench.results import read_run, written_at

    def named(document: Any, name: str) -> NamedRun:
        return NamedRun(name, read_run(document, name), written_at(document))

    return read(paths, named)


def read(paths: tuple[Path, ...], convert: Callable[[Any, str], T]) -> tuple[list[T], list[str]]:
    """Read results files and directories of them, and warn about unreadable files in the latter.

    Args:
        paths: files and directories.
        convert: function that converts a document, given the path that it was read from.

    Returns:
        The runs, and for each unreadable file in a directory, the reason.

    Raises:
        FerBenchError: a file cannot be read, a directory has no readable one, or one is given
            twice.
    """
    from fer_bench.results import load_document, read_directory

    runs: list[T] = []
    problems: list[str] = []
    for path in paths:
        if path.is_dir():
            found = read_directory(path, convert)
            runs += [run for _, run in found.read]
            problems += found.unreadable
        else:
            runs.append(convert(load_document(path), str(path)))
    known: dict[str, str] = {}
    for run in runs:
        first = known.setdefault(os.path.realpath(run.name), run.name)
        if first is not run.name:
            raise FerBenchError(f"the same file as {first!r}", "each run once", path=Path(run.name))
    for problem in problems:
        echo(f"WARNING: left out: {problem}", err=True)
    return runs, problems
