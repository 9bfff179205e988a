"""Votes in the format of FER+."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fer_bench.data import EMOTIONS, USAGES
from fer_bench.data.audit import Votes
from fer_bench.data.audit.votes import CATEGORY_OF
from fer_bench.data.formats.ferplus_votes import CATEGORIES

if TYPE_CHECKING:
    from pathlib import Path

HEADER = f"Usage,Image name,{','.join(CATEGORIES)}"


def row(usage: str = "Training", **counts: int) -> str:
    votes = ",".join(str(counts.get(name, 0)) for name in CATEGORIES)
    return f"{usage},fer0000000.png,{votes}"


def votes_of(*rows: dict[str, int], usage=None) -> Votes:
    counts = [[one.get(name, 0) for name in CATEGORIES] for one in rows]
    known = np.zeros(len(rows), np.uint8) if usage is None else np.asarray(usage, np.uint8)
    return Votes(np.array(counts, np.uint8), known, "votes.csv")


def unanimous(labels: np.ndarray) -> Votes:
    """Return ten votes for the label of each image."""
    return votes_of(*({CATEGORIES[CATEGORY_OF[EMOTIONS[label]]]: 10} for label in labels))


def write_votes(path: Path, votes: Votes) -> Path:
    lines = [
        f"{USAGES[usage]},fer.png,{','.join(map(str, counts))}"
        for usage, counts in zip(votes.usage, votes.counts.tolist(), strict=True)
    ]
    path.write_text("\n".join([HEADER, *lines, ""]))
    return path
