"""Audit of a subset, with the row numbers of the complete data set."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fer_bench.data import Dataset
    from fer_bench.data.audit.complete_audit import Audit
    from fer_bench.data.audit.duplicate_groups import DuplicateSummary, ImageRows


def renumbered(found: Audit, rows: NDArray[np.int64], whole: Dataset) -> Audit:
    """Return the audit with the row numbers of the complete data set.

    Args:
        found: audit of a subset.
        rows: int64, shape (n,), ascending: row of each audited image in the complete data set.
        whole: the complete data set.
    """
    numbers = rows.tolist()

    def moved(one: ImageRows) -> ImageRows:
        return tuple(numbers[row] for row in one)

    def copies(one: DuplicateSummary) -> DuplicateSummary:
        return dataclasses.replace(
            one,
            groups=tuple(map(moved, one.groups)),
            conflicts=tuple(map(moved, one.conflicts)),
        )

    blanks, agreement = found.blanks, found.agreement
    if agreement is not None:
        errors = [dataclasses.replace(one, row=numbers[one.row]) for one in agreement.errors]
        agreement = dataclasses.replace(agreement, errors=tuple(errors))
    return dataclasses.replace(
        found,
        copies=tuple(map(copies, found.copies)),
        leaks=tuple(dataclasses.replace(leak, rows=moved(leak.rows)) for leak in found.leaks),
        near_pairs=tuple(
            dataclasses.replace(pair, first=numbers[pair.first], second=numbers[pair.second])
            for pair in found.near_pairs
        ),
        blanks=dataclasses.replace(
            blanks, constant=moved(blanks.constant), nearly=moved(blanks.nearly)
        ),
        agreement=agreement,
        places=whole.places,
    )
