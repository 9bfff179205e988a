"""Section of the page on how the paper's rates were made, by their printed digits."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from fer_bench.analysis.paper_forensics import examine
from fer_bench.report.forensics_tables import forensics_sentences, forensics_tables
from fer_bench.report.page.table_view import grid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.report.page.table_view import Grid


class DigitsSection(NamedTuple):
    """Content of the section.

    Attributes:
        answer: the conclusion.
        details: what is arithmetic, then what is inference.
        hypotheses: tested numbers of images and differences, with hits and chance.
        gains: exact gains in each window, in training and in validation.
    """

    answer: str
    details: Sequence[str]
    hypotheses: Grid
    gains: Sequence[Grid]


@cache
def digits_section() -> DigitsSection:
    """Return the content of the section, which is the same for every run."""
    forensics = examine()
    answer, *details = forensics_sentences(forensics)
    hypotheses, *gains = map(grid, forensics_tables(forensics))
    return DigitsSection(answer, details, hypotheses, gains)
