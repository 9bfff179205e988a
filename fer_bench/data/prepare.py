"""From a data set and a protocol to what cells are trained and tested on."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.data import PARTS, Dataset, Split, by_content, make_split, stratified_rows
from fer_bench.data.audit import LIKENESSES, Audit, Twins, audit, check_votes, voted_labels
from fer_bench.data.audit.row_numbers import renumbered
from fer_bench.data.audit.search_cache import remembered_twins
from fer_bench.data.formats.class_names import CLASS_MAP
from fer_bench.data.formats.detection import enough_memory
from fer_bench.data.formats.ferplus_votes import CATEGORY_NAMES, TIED, voted
from fer_bench.results.records import COPIES, NO_VOTE, SAMPLED
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.progress import silent

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from fer_bench.data.audit import Likeness, Votes
    from fer_bench.protocol.settings import Protocol
    from fer_bench.runtime.progress import Progress


@dataclass(frozen=True)
class SplitFacts:
    """What is known of the test images, of those that are left out and of where labels are from.

    Attributes:
        test_twins: as in ``fer_bench.results.records.DatasetSummary``.
        test_votes: as there.
        left_out: as there.
        class_map: as there.
    """

    test_twins: bytes = b""
    test_votes: bytes = b""
    left_out: tuple[tuple[str, int], ...] = ()
    class_map: str = ""


@dataclass(frozen=True, eq=False)
class PreparedData:
    """A data set as a protocol wants it.

    Attributes:
        protocol: what asked for it.
        loaded: the data set as it came.
        source: all of its images in the same order, with the labels that are learned.
        rows: int64, shape (n,), ascending: the rows of ``source`` that take part.
        votes: on those images, in that order; None where labels are made from them, or none are
            given.
        twins: which of those images show the same picture, in that order.
        order: int64, shape (n,): positions in ``rows``, in the order of the images' contents.
        dataset: the n images in that order: what cells are trained and tested on.
        split: of ``dataset``; without any image where it cannot be split so.
        not_split: why it cannot, one line, else empty.
        not_taken: why images of ``source`` do not take part, and how many.
        copies: number of images that take part and are in none of the split's parts, as copies of
            others.
        no_majority: number of images that take part whose label, made from votes, has half of them
            or fewer.
        facts: what is recorded of the split.
    """

    protocol: Protocol
    loaded: Dataset
    source: Dataset
    rows: NDArray[np.int64]
    votes: Votes | None
    twins: Twins
    order: NDArray[np.int64]
    dataset: Dataset
    split: Split
    not_split: str
    not_taken: tuple[tuple[str, int], ...]
    copies: int
    no_majority: int
    facts: SplitFacts

    @cached_property
    def audited(self) -> Audit:
        """The audit of the images that take part, by the rows that they have in ``source``."""
        parts = (self.order[getattr(self.split, part)] for part in PARTS)
        found = audit(
            _taken(self.source, self.rows),
            Split(self.split.name, *parts),
            self.votes,
            known=self.twins,
        )
        if self.not_split:
            found = dataclasses.replace(found, not_split=self.not_split, leaks=())
        return renumbered(found, self.rows, self.source)


def prepare_data(
    source: Dataset,
    protocol: Protocol,
    *,
    limit: int | None = None,
    votes: Votes | None = None,
    cache_dir: Path | None = None,
    progress: Progress = silent,
    must_split: bool = True,
) -> PreparedData:
    """Labels, samples, orders and splits a data set.

    Args:
        source: the data set as it was loaded.
        protocol: its labels, split and copies to leave out.
        limit: size of a stratified sample, None for all images.
        votes: of FER+'s taggers on each image of ``source``, in its order.
        cache_dir: the cache folder, where draws and the search for twins are remembered.
        progress: told how far the search for twins is.
        must_split: whether it is an error where the data set cannot be split so.

    Raises:
        FerBenchError: the votes do not belong to the images, labels are wanted from votes that
            are not given, or the data set cannot be sampled or, where it must be, split so.
    """
    if votes is not None:
        check_votes(votes, source)
    loaded, not_taken = source, list[tuple[str, int]]()
    rows = np.arange(len(source), dtype=np.int64)
    if protocol.labels == "ferplus":
        if votes is None:
            raise FerBenchError(
                "labels 'ferplus' need FER+'s votes; accepted: --votes=FILE with its "
                "fer2013new.csv, or --labels=fer2013; give one of them"
            )
        source, rows, not_taken = _voted(source, votes)
    dataset = _taken(source, rows)
    if limit is not None and limit < len(dataset):
        order = by_content(dataset)
        sample = stratified_rows(dataset.take(order), limit, protocol.split_seed, cache_dir)
        kept = np.sort(order[sample])
        not_taken.append((SAMPLED, len(rows) - len(kept)))
        dataset, rows = dataset.take(kept), rows[kept]
    with enough_memory(dataset.name):
        twins = remembered_twins(dataset, cache_dir, progress)
    order = by_content(dataset)
    dataset = dataset.take(order)
    pictures = {likeness: twins.numbers[likeness][order] for likeness in LIKENESSES}
    not_split, copies = "", 0
    try:
        split = make_split(
            dataset,
            protocol.split,
            protocol.split_seed,
            cache_dir,
            pictures=pictures["near"],
            dedupe=protocol.dedupe,
        )
    except FerBenchError as error:
        if must_split:
            raise
        split, not_split = Split(protocol.split, *np.empty((len(PARTS), 0), np.int64)), str(error)
    else:
        copies = len(dataset) - len(split.train) - len(split.validation) - len(split.test)
    known, no_majority = None if votes is None else votes.take(rows), 0
    if known is not None and protocol.labels == "ferplus":
        no_majority = int(known.without_majority().sum())
        # Labels that were made from the votes say nothing more beside them.
        known = None
    return PreparedData(
        protocol=protocol,
        loaded=loaded,
        source=source,
        rows=rows,
        votes=known,
        twins=twins,
        order=order,
        dataset=dataset,
        split=split,
        not_split=not_split,
        not_taken=tuple(not_taken),
        copies=copies,
        no_majority=no_majority,
        facts=SplitFacts(
            test_twins=_test_twins(split, pictures),
            test_votes=b"" if known is None else _test_votes(known.take(order), dataset, split),
            left_out=(*not_taken, *([(COPIES, copies)] if copies else [])),
            class_map=dict(loaded.notes).get(CLASS_MAP, ""),
        ),
    )


def _taken(source: Dataset, rows: NDArray[np.int64]) -> Dataset:
    """The images at ``rows``, ascending: the data set itself where these are all of them."""
    return source if len(rows) == len(source) else source.take(rows)


def _voted(
    source: Dataset, votes: Votes
) -> tuple[Dataset, NDArray[np.int64], list[tuple[str, int]]]:
    """The images with the labels that have the most votes, the rows that have one, and why not."""
    labels = voted_labels(votes, source.classes)
    lost = votes.winners()[labels < 0].tolist()
    counted = Counter(TIED if one < 0 else voted(CATEGORY_NAMES[one]) for one in lost)
    named = labels >= 0
    relabelled = dataclasses.replace(
        source, labels=np.where(named, labels, source.labels).astype(np.uint8)
    )
    return relabelled, np.flatnonzero(named), sorted(counted.items())


def _test_twins(split: Split, pictures: Mapping[Likeness, NDArray[np.int64]]) -> bytes:
    found = np.zeros(len(split.test), np.uint8)
    # The strictest likeness is told: it comes last.
    for code, likeness in enumerate(reversed(LIKENESSES), start=1):
        numbers = pictures[likeness]
        found[np.isin(numbers[split.test], numbers[split.train])] = code
    return found.tobytes()


def _test_votes(votes: Votes, dataset: Dataset, split: Split) -> bytes:
    labels = voted_labels(votes, dataset.classes)[split.test]
    return np.where(labels < 0, NO_VOTE, labels).astype(np.uint8).tobytes()
