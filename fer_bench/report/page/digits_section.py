"""Section of the page on how the paper's rates were made, by their printed digits."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from fer_bench.analysis.paper_forensics import examine
from fer_bench.report.page.table_view import grid
from fer_bench.report.paper_tables import forensics_sentences, forensics_tables

if TYPE_CHECKING:
    from fer_bench.report.page.table_view import Grid


@cache
def digits_section() -> tuple[list[str], list[Grid]]:
    """Return the sentences of the section and its tables, which are the same for every run."""
    forensics = examine()
    return forensics_sentences(forensics), list(map(grid, forensics_tables(forensics)))
