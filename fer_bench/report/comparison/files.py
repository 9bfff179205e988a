"""Files of a comparison in the report directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.report.comparison.json_record import json_text
from fer_bench.report.comparison.text import markdown_text
from fer_bench.report.output_files import remove_files, write_files

if TYPE_CHECKING:
    from pathlib import Path

    from fer_bench.analysis.comparison.comparison_result import ComparisonResult

_NAMES = ("comparison.md", "comparison.json")


def write_comparison(folder: Path, outcome: ComparisonResult) -> None:
    """Write ``comparison.md`` and ``comparison.json``, each atomically, after rendering both.

    Raises:
        FerBenchError: a file cannot be written.
    """
    texts = (markdown_text(outcome), json_text(outcome))
    write_files(folder, dict(zip(_NAMES, texts, strict=True)))


def remove_comparison(folder: Path) -> None:
    """Remove only the files that an earlier comparison wrote to the directory.

    Raises:
        FerBenchError: a file cannot be removed.
    """
    remove_files(folder, _NAMES.__contains__)
