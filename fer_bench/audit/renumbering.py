"""An audit of a part of a data set, with the row numbers of the whole."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fer_bench.audit.auditing import Audit
    from fer_bench.audit.repeats import Copies, Group


def renumbered(found: Audit, rows: NDArray[np.int64]) -> Audit:
    """The audit with other row numbers.

    Args:
        found: the audit of a data set.
        rows: int64, shape (n,), ascending: the row of each of its images in another data set.
    """
    numbers = rows.tolist()

    def group(one: Group) -> Group:
        return tuple(numbers[row] for row in one)

    def copies(one: Copies) -> Copies:
        return dataclasses.replace(
            one,
            groups=tuple(map(group, one.groups)),
            conflicts=tuple(map(group, one.conflicts)),
        )

    blanks, agreement = found.blanks, found.agreement
    if agreement is not None:
        errors = [dataclasses.replace(one, row=numbers[one.row]) for one in agreement.errors]
        agreement = dataclasses.replace(agreement, errors=tuple(errors))
    return dataclasses.replace(
        found,
        copies=tuple(map(copies, found.copies)),
        near_pairs=tuple(
            dataclasses.replace(pair, first=numbers[pair.first], second=numbers[pair.second])
            for pair in found.near_pairs
        ),
        blanks=dataclasses.replace(
            blanks, constant=group(blanks.constant), nearly=group(blanks.nearly)
        ),
        agreement=agreement,
    )
