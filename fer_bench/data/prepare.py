"""Data of a run: read, labelled, sampled, ordered and split as a ``DataSpec`` says."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.data import (
    PARTS,
    Dataset,
    Split,
    by_content,
    load_dataset,
    make_split,
    stratified_rows,
)
from fer_bench.data.audit import (
    SIMILARITIES,
    Audit,
    Duplicates,
    audit,
    check_votes,
    load_votes,
    voted_labels,
)
from fer_bench.data.audit.complete_audit import renumbered
from fer_bench.data.audit.duplicates import cached_duplicates
from fer_bench.data.formats.class_names import CLASS_MAP
from fer_bench.data.formats.detection import enough_memory
from fer_bench.data.formats.ferplus_votes import CATEGORY_NAMES, TIED, voted
from fer_bench.results.records import COPIES, NO_VOTE, SAMPLED
from fer_bench.runtime.cache_directory import cache_root
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.progress import silent

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from fer_bench.data.audit import Votes
    from fer_bench.protocol.data_spec import DataSpec
    from fer_bench.runtime.progress import Progress


@dataclass(frozen=True, eq=False)
class PreparedData:
    """Data of a run, prepared as its specification says.

    Attributes:
        spec: specification of the data.
        loaded: the data set as loaded.
        source: all of its images in the same order, with the labels used for training.
        rows: int64, shape (n,), ascending: rows of ``source`` that are used.
        unused: reasons why other images are not used, and their numbers.
        votes: FER+ votes on the used images, in the order of ``rows``; None if none are given.
        duplicates: duplicates among the used images, in the order of ``rows``.
        order: int64, shape (n,): positions in ``rows``, in the order of the images' contents.
        dataset: the used images in that order, for training and testing.
        split: split of ``dataset``; all parts are empty if it cannot be split as requested.
        split_error: reason why it cannot be split, else None.
    """

    spec: DataSpec
    loaded: Dataset
    source: Dataset
    rows: NDArray[np.int64]
    unused: tuple[tuple[str, int], ...]
    votes: Votes | None
    duplicates: Duplicates
    order: NDArray[np.int64]
    dataset: Dataset
    split: Split
    split_error: FerBenchError | None

    @property
    def removed_duplicates(self) -> int:
        """Number of used images that are in no part of the split because they are duplicates."""
        parts = sum(len(getattr(self.split, part)) for part in PARTS)
        return len(self.dataset) - parts if self.split_error is None else 0

    @property
    def left_out(self) -> tuple[tuple[str, int], ...]:
        """Reasons why images of the source are in no part of the split, and their numbers."""
        removed = self.removed_duplicates
        return (*self.unused, *([(COPIES, removed)] if removed else []))

    @property
    def class_map(self) -> str:
        """Class map that the data set was loaded with, one line; empty for the default."""
        return dict(self.loaded.notes).get(CLASS_MAP, "")

    @property
    def no_majority(self) -> int:
        """Number of used images whose label, made from votes, has half of them or fewer."""
        if self.votes is None or self.spec.labels != "ferplus":
            return 0
        return int(self.votes.without_majority().sum())

    @property
    def _further_votes(self) -> Votes | None:
        """The votes, unless the labels are made from them, so that they add no information."""
        return None if self.spec.labels == "ferplus" else self.votes

    @property
    def test_duplicates(self) -> bytes:
        """Duplicate codes of the test images, as in ``DatasetSummary.test_twins``."""
        return self.duplicate_codes(self.split.test, self.split.train).tobytes()

    def duplicate_codes(
        self, rows: NDArray[np.int64], among: NDArray[np.int64]
    ) -> NDArray[np.uint8]:
        """Return the code of the closest duplicate of each image among others.

        Args:
            rows: rows of ``dataset``, shape (n,).
            among: rows of the others.

        Returns:
            uint8, shape (n,), 0 to 3 as in ``DatasetSummary.test_twins``.
        """
        found = np.zeros(len(rows), np.uint8)
        # The strictest level wins: it is written last.
        for code, similarity in enumerate(reversed(SIMILARITIES), start=1):
            groups = self.duplicates.numbers[similarity][self.order]
            found[np.isin(groups[rows], groups[among])] = code
        return found

    @property
    def test_votes(self) -> bytes:
        """Classes with the most votes, as in ``DatasetSummary.test_votes``."""
        if self._further_votes is None:
            return b""
        labels = voted_labels(self._further_votes, self.dataset.classes)[self.order]
        tested = labels[self.split.test]
        return np.where(tested < 0, NO_VOTE, tested).astype(np.uint8).tobytes()

    @cached_property
    def audit(self) -> Audit:
        """Audit of the used images, by their rows in ``source``."""
        parts = (self.order[getattr(self.split, part)] for part in PARTS)
        found = audit(
            _at(self.source, self.rows),
            Split(self.split.name, *parts),
            self._further_votes,
            known=self.duplicates,
        )
        if self.split_error is not None:
            found = dataclasses.replace(found, not_split=str(self.split_error), leaks=())
        return renumbered(found, self.rows, self.source)


def load_data(
    spec: DataSpec, *, progress: Progress = silent, must_split: bool = True
) -> PreparedData:
    """Read and prepare the data of a run.

    Args:
        spec: specification of the data.
        progress: callback for the progress of the duplicate search.
        must_split: if True, raise an error if the data set cannot be split as requested.

    Raises:
        FerBenchError: as ``load_source`` and ``prepare_data``.
    """
    source, votes = load_source(spec)
    return prepare_data(
        source,
        spec,
        votes=votes,
        cache_dir=cache_root(),
        progress=progress,
        must_split=must_split,
    )


def load_source(spec: DataSpec) -> tuple[Dataset, Votes | None]:
    """Read the data set and, if the specification names any, the votes on it.

    Raises:
        FerBenchError: as ``load_dataset`` and ``load_votes``.
    """
    source = load_dataset(spec.dataset, class_map=spec.class_map)
    return source, None if spec.votes is None else load_votes(spec.votes)


def prepare_data(
    source: Dataset,
    spec: DataSpec,
    *,
    votes: Votes | None = None,
    cache_dir: Path | None = None,
    progress: Progress = silent,
    must_split: bool = True,
) -> PreparedData:
    """Label, sample, order and split a data set.

    Args:
        source: the data set as loaded.
        spec: determines labels, sample, split and duplicates to leave out.
        votes: FER+ votes on each image of ``source``, in its order.
        cache_dir: cache directory, in which draws and the duplicate search are cached.
        progress: callback for the progress of the duplicate search.
        must_split: if True, raise an error if the data set cannot be split as requested.

    Raises:
        FerBenchError: the votes do not belong to the images, the labels need votes but none are
            given, or the data set cannot be sampled or, if ``must_split``, be split as requested.
    """
    if votes is not None:
        check_votes(votes, source)
    loaded, unused = source, list[tuple[str, int]]()
    rows = np.arange(len(source), dtype=np.int64)
    if spec.labels == "ferplus":
        if votes is None:
            raise FerBenchError(
                "labels 'ferplus' need FER+'s votes",
                "--votes=FILE with FER+'s fer2013new.csv, or --labels=fer2013",
            )
        source, rows, unused = _voted(source, votes)
    dataset = _at(source, rows)
    is_by_content = spec.row_order == "content"
    if spec.limit is not None and spec.limit < len(dataset):
        order = by_content(dataset) if is_by_content else np.arange(len(dataset))
        sample = stratified_rows(dataset.take(order), spec.limit, spec.split_seed, cache_dir)
        kept = np.sort(order[sample])
        unused.append((SAMPLED, len(rows) - len(kept)))
        dataset, rows = dataset.take(kept), rows[kept]
    with enough_memory(dataset.name):
        duplicates = cached_duplicates(dataset, cache_dir, progress)
    numbers = duplicates.numbers["near"]
    order, split_error = by_content(dataset), None
    ordered = dataset.take(order)
    try:
        split = make_split(
            ordered if is_by_content else dataset,
            spec.split,
            spec.split_seed,
            cache_dir,
            groups=numbers[order] if is_by_content else numbers,
            dedupe=spec.dedupe,
            row_order="given",
        )
        # Features are stored in the order of the content, whatever the order of the draw.
        split = split if is_by_content else split.at(np.argsort(order))
    except FerBenchError as error:
        if must_split:
            raise
        split = Split(spec.split, *np.empty((len(PARTS), 0), np.int64))
        split_error = error
    return PreparedData(
        spec=spec,
        loaded=loaded,
        source=source,
        rows=rows,
        unused=tuple(unused),
        votes=None if votes is None else votes.take(rows),
        duplicates=duplicates,
        order=order,
        dataset=ordered,
        split=split,
        split_error=split_error,
    )


def _at(source: Dataset, rows: NDArray[np.int64]) -> Dataset:
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
