"""Trials of ``fer-bench paper search``: each seed of a trial is a cell of the store."""

from __future__ import annotations

import dataclasses
import math
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_bench.analysis.deviations import on_rates_split
from fer_bench.analysis.paper_search import Ranking, Trial, published_rates, rank
from fer_bench.models import get
from fer_bench.models.keras_backend import clear_keras
from fer_bench.protocol.cell import display_name
from fer_bench.runtime.errors import FerBenchError, shown
from fer_bench.runtime.terminal import echo_lines
from fer_bench.training.cell_runner import is_stored, run_cell
from fer_bench.training.run_context import RunContext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from fer_bench.data.prepare import PreparedData
    from fer_bench.protocol.cell import Init
    from fer_bench.protocol.settings import Protocol
    from fer_bench.runtime.progress import Progress


@dataclass(frozen=True)
class Search:
    """Search for the settings of one row of the paper's tables.

    Attributes:
        protocols: settings of the trials, with epochs and seeds of a complete one.
        coarse_epochs: epochs of a first pass with one seed; None to train all trials completely.
        keep: number of nearest trials that are trained completely after the first pass.
        showing: opens the progress display of a cell, given its description.
    """

    backbone: str
    init: Init
    protocols: Sequence[Protocol]
    data: PreparedData
    store: Path
    weights_dir: Path | None
    coarse_epochs: int | None
    keep: int
    showing: Callable[[str], AbstractContextManager[Progress]]

    def rankings(self) -> Iterator[Ranking]:
        """Yield the ranking so far after each trial; the last one is the result."""
        trials: dict[Protocol, Trial] = {}
        selected = self.protocols
        if self.coarse_epochs is not None:
            for number, protocol in enumerate(selected, start=1):
                found = self._coarse(protocol, f"{number}/{len(selected)}")
                trials[protocol] = dataclasses.replace(found, protocol=protocol)
                yield self._rank(trials)
            nearest = self._rank(trials).nearest[: self.keep]
            selected = [one.trial.protocol for one in nearest]
        for number, protocol in enumerate(selected, start=1):
            place = f"{number}/{len(selected)}"
            trials[protocol] = self._train(protocol, protocol.every_seed, place)
            yield self._rank(trials)

    def _rank(self, trials: dict[Protocol, Trial]) -> Ranking:
        target = published_rates(self.backbone, self.init)
        return rank(
            self.backbone,
            self.init,
            target,
            trials.values(),
            like_for_like=on_rates_split(self._context(self.protocols[0]).record(())),
        )

    def _coarse(self, protocol: Protocol, place: str) -> Trial:
        """Train the first seed for a few epochs, or load the seeds with a complete result."""
        entry, complete = get(self.backbone), self._context(protocol)
        try:
            stored = [
                seed for seed in protocol.every_seed if is_stored(complete, entry, self.init, seed)
            ]
        except FerBenchError as error:
            return Trial(protocol, failure=str(error))
        if stored:
            return self._train(protocol, stored, place)
        epochs = min(self.coarse_epochs or protocol.epochs, protocol.epochs)
        return self._train(dataclasses.replace(protocol, epochs=epochs), [protocol.seed], place)

    def _train(self, protocol: Protocol, seeds: Sequence[int], place: str) -> Trial:
        """Train the cells of a trial, or load them from the store."""
        context, histories, seconds = self._context(protocol), [], []
        for seed in seeds:
            try:
                entry = get(self.backbone)
                name = display_name(entry.title, self.init, seed)
                with self.showing(f"{place} {name}") as progress:
                    trained = run_cell(context, entry, self.init, progress, seed)
                trained.close()
            except FerBenchError as error:
                return Trial(protocol, failure=str(error))
            # A search of hours continues with the next trial, for example if memory is exhausted.
            # A defect keeps its traceback.
            except Exception as error:
                echo_lines(traceback.format_exc(), err=True)
                return Trial(protocol, failure=f"{type(error).__name__}: {shown(str(error), 200)}")
            finally:
                clear_keras()
            if trained.result.quality is not None:
                histories.append(trained.result.quality.history)
            seconds += [spent for _, spent in trained.result.parts]
        return Trial(protocol, tuple(histories), math.fsum(seconds))

    def _context(self, protocol: Protocol) -> RunContext:
        return RunContext(self.data, protocol, self.store, self.weights_dir)
