"""Shards: disjoint subsets of the cells of a run, for several machines."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fer_bench.runtime.errors import FerBenchError

OTHER_SHARD = "in another shard: "
"""Prefix of the reason recorded for a cell left to another shard; the shard follows it."""


@dataclass(frozen=True)
class Shard:
    """Subset of the requested cells: every ``count``-th one, starting with the ``number``-th.

    A cell is never divided between shards; the seeds of one backbone and init may be.

    Attributes:
        number: number of this shard, from 1 to ``count``.
        count: number of shards; 1 if the run has all cells.
    """

    number: int = 1
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Parse ``K/N``.

        Raises:
            FerBenchError: the text has another form, or there is no such shard.
        """
        found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text)
        if not found:
            raise FerBenchError(
                f"--shard {text!r} is not of the form K/N",
                "the K-th of N shards, as in --shard=1/4",
            )
        number, count = map(int, found.groups())
        if count < 1:
            raise FerBenchError(
                f"--shard {text!r} has no shards",
                "K/N with N of 1 or more",
            )
        if not 1 <= number <= count:
            raise FerBenchError(
                f"--shard {text!r} is out of range",
                f"K from 1 to {count}",
            )
        return cls(number, count)

    @classmethod
    def of(cls, index: int, count: int) -> Shard:
        """Return the shard out of ``count`` that runs the cell at ``index``, counted from 0."""
        return cls(index % count + 1, count)

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"
