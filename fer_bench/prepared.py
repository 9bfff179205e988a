"""From a data set and a protocol to what cells are trained and tested on."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.audit import (
    LIKENESSES,
    Audit,
    NearPair,
    audit,
    check_votes,
    majority_labels,
    twins,
)
from fer_bench.audit.remembering import remembered_near_twins
from fer_bench.audit.renumbering import renumbered
from fer_bench.audit.votes import CATEGORIES
from fer_bench.datasets import PARTS, Dataset, Split, by_content, make_split, stratified_rows
from fer_bench.errors import FerBenchError
from fer_bench.progress import silent
from fer_bench.results import NO_VOTE

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from fer_bench.audit import Votes
    from fer_bench.progress import Progress
    from fer_bench.protocol import Protocol


@dataclass(frozen=True)
class SplitFacts:
    """What is known of the test images and of those that are left out.

    Attributes:
        test_twins: as in ``fer_bench.results.DatasetSummary``.
        test_votes: as there.
        left_out: as there.
    """

    test_twins: bytes = b""
    test_votes: bytes = b""
    left_out: tuple[tuple[str, int], ...] = ()


UNKNOWN = SplitFacts()
"""Where nobody looked."""


@dataclass(frozen=True, eq=False)
class PreparedData:
    """A data set as a protocol wants it.

    Attributes:
        source: all images in their own order, with the labels that are learned.
        rows: int64, shape (n,), ascending: the rows of ``source`` that take part.
        votes: on those images, in that order; None where labels are made from them, or none are
            given.
        near: their groups of nearly identical pictures and the pairs that make them, in that
            order, as ``fer_bench.audit.likeness.near_twins`` gives them.
        order: int64, shape (n,): positions in ``rows``, in the order of the images' contents.
        dataset: the n images in that order: what cells are trained and tested on.
        split: of ``dataset``.
        facts: what is recorded of the split.
    """

    source: Dataset
    rows: NDArray[np.int64]
    votes: Votes | None
    near: tuple[NDArray[np.int64], tuple[NearPair, ...]]
    order: NDArray[np.int64]
    dataset: Dataset
    split: Split
    facts: SplitFacts

    @cached_property
    def audited(self) -> Audit:
        """The audit of the images that take part, by the rows that they have in ``source``."""
        parts = (self.order[getattr(self.split, part)] for part in PARTS)
        found = audit(
            _taken(self.source, self.rows),
            Split(self.split.name, *parts),
            self.votes,
            near=self.near,
        )
        return renumbered(found, self.rows)


def prepare_data(
    source: Dataset,
    protocol: Protocol,
    *,
    limit: int | None = None,
    votes: Votes | None = None,
    cache_dir: Path | None = None,
    progress: Progress = silent,
) -> PreparedData:
    """Labels, samples, orders and splits a data set.

    Args:
        source: the data set as it was loaded.
        protocol: its labels, split and copies to leave out.
        limit: size of a stratified sample, None for all images.
        votes: of FER+'s taggers on each image of ``source``, in its order.
        cache_dir: the cache folder, where draws and the search for twins are remembered.
        progress: told how far the search for twins is.

    Raises:
        FerBenchError: the votes do not belong to the images, labels are wanted from votes that
            are not given, or the data set cannot be sampled or split so.
    """
    if votes is not None:
        check_votes(votes, source)
    left_out: list[tuple[str, int]] = []
    rows = np.arange(len(source), dtype=np.int64)
    if protocol.labels == "ferplus":
        if votes is None:
            raise FerBenchError(
                "labels 'ferplus' need FER+'s votes; accepted: --votes=FILE with its "
                "fer2013new.csv, or --labels=fer2013; give one of them"
            )
        source, rows, left_out = _voted(source, votes)
    dataset = _taken(source, rows)
    if limit is not None and limit < len(dataset):
        order = by_content(dataset)
        sample = stratified_rows(dataset.take(order), limit, protocol.split_seed, cache_dir)
        kept = np.sort(order[sample])
        left_out.append(("not in the sample", len(rows) - len(kept)))
        dataset, rows = dataset.take(kept), rows[kept]
    near = remembered_near_twins(dataset, cache_dir, progress)
    order = by_content(dataset)
    dataset = dataset.take(order)
    pictures = near[0][order]
    split = make_split(
        dataset,
        protocol.split,
        protocol.split_seed,
        cache_dir,
        pictures=pictures,
        dedupe=protocol.dedupe,
    )
    copies = len(dataset) - len(split.train) - len(split.validation) - len(split.test)
    if copies:
        left_out.append(("copies of other images", copies))
    # Labels that were made from the votes say nothing more beside them.
    known = None if votes is None or protocol.labels == "ferplus" else votes.take(rows)
    return PreparedData(
        source=source,
        rows=rows,
        votes=known,
        near=near,
        order=order,
        dataset=dataset,
        split=split,
        facts=SplitFacts(
            test_twins=_test_twins(dataset, split, pictures),
            test_votes=b"" if known is None else _test_votes(known.take(order), dataset, split),
            left_out=tuple(left_out),
        ),
    )


def _taken(source: Dataset, rows: NDArray[np.int64]) -> Dataset:
    """The images at ``rows``, ascending: the data set itself where these are all of them."""
    return source if len(rows) == len(source) else source.take(rows)


def _voted(
    source: Dataset, votes: Votes
) -> tuple[Dataset, NDArray[np.int64], list[tuple[str, int]]]:
    """The images with the labels that most taggers give, the rows that have one, and why not."""
    labels = majority_labels(votes, source.classes)
    lost = votes.winners()[labels < 0].tolist()
    counted = Counter("votes tied" if one < 0 else f"voted {CATEGORIES[one]}" for one in lost)
    named = labels >= 0
    relabelled = dataclasses.replace(
        source, labels=np.where(named, labels, source.labels).astype(np.uint8)
    )
    return relabelled, np.flatnonzero(named), sorted(counted.items())


def _test_twins(dataset: Dataset, split: Split, near: NDArray[np.int64]) -> bytes:
    found = np.zeros(len(split.test), np.uint8)
    # The strictest likeness is told: it comes last.
    for code, likeness in enumerate(reversed(LIKENESSES), start=1):
        numbers = near if likeness == "near" else twins(dataset, likeness)
        found[np.isin(numbers[split.test], numbers[split.train])] = code
    return found.tobytes()


def _test_votes(votes: Votes, dataset: Dataset, split: Split) -> bytes:
    labels = majority_labels(votes, dataset.classes)[split.test]
    return np.where(labels < 0, NO_VOTE, labels).astype(np.uint8).tobytes()
