"""Preparation of a data set for a protocol: labels, sample, order and split."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.data import PARTS, Dataset, Split, by_content, make_split, stratified_rows
from fer_bench.data.audit import SIMILARITIES, Audit, Duplicates, audit, check_votes, voted_labels
from fer_bench.data.audit.row_numbers import renumbered
from fer_bench.data.audit.search_cache import cached_duplicates
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

    from fer_bench.data.audit import Similarity, Votes
    from fer_bench.protocol.settings import Protocol
    from fer_bench.runtime.progress import Progress


@dataclass(frozen=True)
class SplitFacts:
    """Facts on test images, left-out images and the class map, as recorded with results.

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
    """A data set prepared for a protocol.

    Attributes:
        protocol: protocol that the data set is prepared for.
        loaded: the data set as loaded.
        source: all of its images in the same order, with the labels used for training.
        rows: int64, shape (n,), ascending: rows of ``source`` that are used.
        votes: FER+ votes on those images, in that order; None if the labels are made from them, or
            none are given.
        twins: duplicates among those images, in that order.
        order: int64, shape (n,): positions in ``rows``, in the order of the images' contents.
        dataset: the n images in that order, used for training and testing.
        split: split of ``dataset``; all parts are empty if it cannot be split as requested.
        not_split: reason why it cannot be split, one line, else empty.
        not_taken: reasons why images of ``source`` are not used, with their counts.
        copies: number of used images that are in no part of the split because they are duplicates.
        no_majority: number of used images whose label, made from votes, has half of the votes or
            fewer.
        facts: facts on the split to be recorded.
    """

    protocol: Protocol
    loaded: Dataset
    source: Dataset
    rows: NDArray[np.int64]
    votes: Votes | None
    twins: Duplicates
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
        """Audit of the used images, by their rows in ``source``."""
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
    """Label, sample, order and split a data set.

    Args:
        source: the data set as loaded.
        protocol: determines labels, split and duplicates to leave out.
        limit: size of a stratified sample, None for all images.
        votes: FER+ votes on each image of ``source``, in its order.
        cache_dir: cache directory, in which draws and the duplicate search are cached.
        progress: callback for the progress of the duplicate search.
        must_split: if True, raise an error if the data set cannot be split as requested.

    Raises:
        FerBenchError: the votes do not belong to the images, the protocol's labels need votes but
            none are given, or the data set cannot be sampled or, if ``must_split``, be split as
            requested.
    """
    if votes is not None:
        check_votes(votes, source)
    loaded, not_taken = source, list[tuple[str, int]]()
    rows = np.arange(len(source), dtype=np.int64)
    if protocol.labels == "ferplus":
        if votes is None:
            raise FerBenchError(
                "labels 'ferplus' need FER+'s votes",
                "--votes=FILE with its fer2013new.csv, or --labels=fer2013",
                "give one of them",
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
        twins = cached_duplicates(dataset, cache_dir, progress)
    order = by_content(dataset)
    dataset = dataset.take(order)
    pictures = {likeness: twins.numbers[likeness][order] for likeness in SIMILARITIES}
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
        # Votes add no information to labels that were made from them.
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
    """Return the images at ``rows``, ascending; the data set itself if these are all images."""
    return source if len(rows) == len(source) else source.take(rows)


def _voted(
    source: Dataset, votes: Votes
) -> tuple[Dataset, NDArray[np.int64], list[tuple[str, int]]]:
    """Return the data set relabelled by votes, the rows with a label, and why others have none."""
    labels = voted_labels(votes, source.classes)
    lost = votes.winners()[labels < 0].tolist()
    counted = Counter(TIED if one < 0 else voted(CATEGORY_NAMES[one]) for one in lost)
    named = labels >= 0
    relabelled = dataclasses.replace(
        source, labels=np.where(named, labels, source.labels).astype(np.uint8)
    )
    return relabelled, np.flatnonzero(named), sorted(counted.items())


def _test_twins(split: Split, pictures: Mapping[Similarity, NDArray[np.int64]]) -> bytes:
    found = np.zeros(len(split.test), np.uint8)
    # The strictest level wins: it is written last.
    for code, likeness in enumerate(reversed(SIMILARITIES), start=1):
        numbers = pictures[likeness]
        found[np.isin(numbers[split.test], numbers[split.train])] = code
    return found.tobytes()


def _test_votes(votes: Votes, dataset: Dataset, split: Split) -> bytes:
    labels = voted_labels(votes, dataset.classes)[split.test]
    return np.where(labels < 0, NO_VOTE, labels).astype(np.uint8).tobytes()
