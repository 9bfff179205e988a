"""Data, protocol and store shared by all cells of a run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.data.cross_test import prepare_other
from fer_bench.models import check_drawn, locate
from fer_bench.protocol.cell import Cell
from fer_bench.protocol.head import is_fitted
from fer_bench.protocol.trials import candidates
from fer_bench.results.records import CellResult, DatasetSummary, Example, Run
from fer_bench.runtime.cache_directory import cache_root
from fer_bench.runtime.progress import silent
from fer_bench.training import fingerprint
from fer_bench.training.few_shot import check_shots
from fer_bench.training.sweep_trials import candidate_of, check_optuna

if TYPE_CHECKING:
    from pathlib import Path

    from fer_bench.data import Dataset, Split
    from fer_bench.data.cross_test import OtherData
    from fer_bench.data.prepare import PreparedData
    from fer_bench.models import Backbone, Located
    from fer_bench.protocol.cell import Init
    from fer_bench.protocol.settings import Protocol
    from fer_bench.runtime.progress import Progress


@dataclass(frozen=True)
class RunContext:
    """Data, protocol and store shared by all cells of a run.

    Attributes:
        store: directory of the stored features, checkpoints and results.
        weights_dir: directory to look for pretrained weights in first.
        fresh: if True, stored features and results are computed again.
        other: another data set that trained cells are tested on, too.

    Raises:
        FerBenchError: the data could not be split, or lack the images of few-shot evaluation, or
            Optuna is needed and not installed.
    """

    data: PreparedData
    protocol: Protocol
    store: Path
    weights_dir: Path | None = None
    fresh: bool = False
    other: OtherData | None = None

    def __post_init__(self) -> None:
        if self.data.split_error is not None:
            raise self.data.split_error
        if self.protocol.sweep.trials is not None:
            check_optuna()
        check_shots(self.protocol.shots, self.data)

    def tested_on(self, source: Dataset, progress: Progress = silent) -> RunContext:
        """Return the context with another data set as loaded, on which its cells are tested, too.

        Raises:
            FerBenchError: as ``prepare_other``.
        """
        training = self.dataset.take(self.split.train)
        other = prepare_other(source, training, cache_dir=cache_root(), progress=progress)
        return replace(self, other=other)

    @property
    def dataset(self) -> Dataset:
        """Images and labels."""
        return self.data.dataset

    @property
    def split(self) -> Split:
        """Training, validation and test images."""
        return self.data.split

    @property
    def training_counts(self) -> tuple[int, ...]:
        """Number of training images of each class."""
        labels = self.dataset.labels[self.split.train]
        return tuple(np.bincount(labels, minlength=len(self.dataset.classes)).tolist())

    def record(
        self,
        cells: tuple[CellResult, ...],
        environment: tuple[tuple[str, str], ...] = (),
        examples: tuple[Example, ...] = (),
    ) -> Run:
        """Return these cells' results as a run, with the settings and data they share."""
        summary = DatasetSummary(
            name=self.dataset.name,
            digest=self.dataset.digest,
            counts=tuple(self.split.counts(self.dataset).items()),
            split=self.split.name,
            train=len(self.split.train),
            validation=len(self.split.validation),
            test=len(self.split.test),
            split_digest=fingerprint.split_digest(self.dataset, self.split),
            test_labels=self.dataset.labels[self.split.test].tobytes(),
            test_twins=self.data.test_duplicates,
            test_votes=self.data.test_votes,
            left_out=self.data.left_out,
            class_map=self.data.class_map,
        )
        settings = (*self.data.spec.settings(), *self.protocol.settings())
        return Run(settings, summary, environment, cells, examples)

    def cell(
        self, entry: Backbone, init: Init, seed: int | None = None, head: str | None = None
    ) -> Cell:
        """Return the cell for a backbone and init; default: the protocol's first seed and head."""
        seed = self.protocol.seed if seed is None else seed
        return Cell(entry.name, init, self.dataset.name, seed, head or self.protocol.head.names[0])

    def fingerprint(self, entry: Backbone, cell: Cell, located: Located | None) -> str:
        """Return a digest of everything that determines the result of a cell.

        Raises:
            FerBenchError: the file of its weights cannot be read.
        """
        adapted = entry.adapted(self.protocol)
        weights = fingerprint.weights_facts(entry, cell, located)

        def of(cell: Cell, protocol: Protocol) -> str:
            return fingerprint.result_fingerprint(
                adapted, cell, weights, protocol, self.dataset, self.split
            )

        if not self.protocol.sweep or is_fitted(cell.head):
            return of(cell, self.protocol)
        trials = [
            of(replace(cell, head=one.head), one.protocol)
            for one in candidates(self.protocol, cell, is_frozen=entry.is_frozen)
        ]
        return fingerprint.sweep_fingerprint(trials, self.protocol)

    def chosen(self, result: CellResult) -> tuple[RunContext, str]:
        """Return context and head of the network that a cell ended with.

        They are those of the run, unless a sweep chose others.
        """
        if result.chosen is None or is_fitted(result.head):
            return self, result.head
        one = candidate_of(self.protocol, result.head, result.chosen)
        return replace(self, protocol=one.protocol), one.head

    def locate(self, entry: Backbone, init: Init) -> Located | None:
        """Return the file of a pretrained cell's weights, None for a random cell.

        Raises:
            WeightsMissing: the file is not found, or the network cannot have random weights.
        """
        if init == "random":
            check_drawn(entry)
        return locate(entry, self.weights_dir) if init == "pretrained" else None
