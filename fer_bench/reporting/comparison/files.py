"""The files of a comparison in a report's folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.errors import FerBenchError
from fer_bench.files import cause_of, write_atomically
from fer_bench.reporting.comparison.record import FORMAT, json_text
from fer_bench.reporting.comparison.text import MARK, markdown_text

if TYPE_CHECKING:
    from pathlib import Path

    from fer_bench.comparison.outcome import Outcome

_STARTS = {"comparison.md": MARK, "comparison.json": f'{{\n "format": "{FORMAT}"'}
"""How each of the files begins where it is ours."""


def write_comparison(folder: Path, outcome: Outcome) -> None:
    """Writes ``comparison.md`` and ``comparison.json``, each atomically, once both are made.

    Raises:
        FerBenchError: a file cannot be written.
    """
    made = {"comparison.md": markdown_text(outcome), "comparison.json": json_text(outcome)}
    for name, text in made.items():
        write_atomically(folder / name, text)


def remove_comparison(folder: Path) -> None:
    """Removes the files that an earlier comparison left in the folder, and no others.

    Raises:
        FerBenchError: one cannot be removed.
    """
    for name, start in _STARTS.items():
        path = folder / name
        try:
            with path.open("rb") as file:
                ours = file.read(len(start)) == start.encode("utf-8")
            if ours:
                path.unlink()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            continue
        except OSError as error:
            raise FerBenchError(
                f"{path} may be of an earlier comparison and cannot be removed: "
                f"{cause_of(error)}; remove it, or name another folder with --report-dir"
            ) from error
