"""Run of a swept cell: its trials, the choice among them, and the cell with the chosen settings.

A trial is a cell with its own fingerprint, so that a run that was killed does not repeat it, and
the cell with the chosen settings is the same to the last bit as one that is run with them. Only the
trials of one softmax layer on frozen features are trained together (``stacked_heads``); the chosen
one is then trained as a cell. The store keeps the trials with the swept cell's result.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

from fer_bench.models.keras_backend import clear_keras, load_keras
from fer_bench.protocol.trials import axes_of, candidate, candidates
from fer_bench.results.records import EARLY_STOPPING, CellResult
from fer_bench.results.trials import SWEEP, Trial, best
from fer_bench.runtime.errors import FerBenchError
from fer_bench.training.cell_network import CellNetwork
from fer_bench.training.cell_runner import CellRunner, run_cell
from fer_bench.training.sweep_trials import DIVERGED, candidate_of, trial_of, trial_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.protocol.sweep import Settings
    from fer_bench.protocol.trainable_layers import Trainable
    from fer_bench.protocol.trials import Candidate
    from fer_bench.runtime.progress import Progress
    from fer_bench.training.trained_cell import TrainedCell

_OF_TRIAL = ("compiling", "training", "evaluation", EARLY_STOPPING)
"""Parts of the time of a trial that it does not share with others."""


@dataclass(eq=False)
class SweepRunner(CellRunner):
    """Search in the store, trials and choice of one swept cell.

    Attributes:
        together: time of the trials that were trained together, without frozen features.
        alone: time of each trial that was trained as a cell, by its fingerprint.
    """

    together: float = field(default=0.0, init=False)
    alone: dict[str, float] = field(default_factory=dict, init=False)
    _trained: set[Candidate] = field(default_factory=set, init=False)
    _depths: set[Trainable] = field(default_factory=set, init=False)

    def run(self) -> TrainedCell:
        """Return the cell with the chosen settings, whose record has all trials.

        Raises:
            FerBenchError: as of ``run_cell``, or all trials diverged.
        """
        with self.locked():
            stored = self.find()
            if stored is None or stored.result.chosen is None:
                return self._measured()
            trained = self._run(self._candidate(stored.result.chosen), self.progress)
            trained.describe_by(partial(self._described, of=stored.result))
            return trained

    def _measured(self) -> TrainedCell:
        """Train and store all trials and the chosen cell."""
        trials = self._trials()
        place = best(trials)
        if place is None:
            raise FerBenchError(
                f"{self.name}: all {len(trials)} trials of the sweep diverged",
                hint="sweep lower learning rates, as in --sweep=learning-rate=1e-5,1e-4",
            )
        trials[place] = dataclasses.replace(trials[place], chosen=True)
        trained = self._run(self._candidate(trials[place]), self.progress)
        result = trained.result
        others = (spent for key, spent in self.alone.items() if key != result.fingerprint)
        parts = (*result.parts, (SWEEP, self.together + sum(others)))
        of = dataclasses.replace(result, trials=tuple(trials), parts=parts, source="trained")
        trained.describe_by(partial(self._described, of=of))
        self._results.save(
            self.context.record((trained.result,)), trained.logits, (), self._facts()
        )
        return trained

    def _described(self, result: CellResult, of: CellResult) -> CellResult:
        """Return a record of the chosen trial's cell as that of the swept one.

        What only the swept cell has comes from ``of``.
        """
        return dataclasses.replace(
            result,
            head=self.cell.head,
            fingerprint=self._fingerprint,
            trials=of.trials,
            parts=of.parts,
            source=of.source,
        )

    def _candidate(self, trial: Trial) -> Candidate:
        return candidate_of(self.context.protocol, self.cell.head, trial)

    def _facts(self) -> dict[str, Any]:
        facts = super()._facts()
        changed = {**facts.get("changed", {}), "sweep": str(self.context.protocol.sweep)}
        return {**facts, "changed": changed}

    def _trials(self) -> list[Trial]:
        """Return the trials of the complete grid, or of those that Optuna draws."""
        protocol, cell, is_frozen = self.context.protocol, self.cell, self.entry.is_frozen
        every = candidates(protocol, cell, is_frozen=is_frozen)
        cheap = [one for one in every if one.is_linear_map(cell, is_frozen=is_frozen)]
        if protocol.sweep.trials is not None and len(cheap) < len(every):
            from fer_bench.training.sweep_trials import draw_trials

            axes = axes_of(protocol, cell, is_frozen=is_frozen)
            return draw_trials(axes, protocol.sweep.trials, cell.seed, self._drawn)
        found: dict[Candidate, Trial] = {}
        if len(cheap) > 1:
            found.update(zip(cheap, self._side_by_side(cheap), strict=True))
        for number, one in enumerate(every, start=1):
            if one not in found:
                found[one] = self._alone(one, number, len(every))
        return [found[one] for one in every]

    def _run(self, one: Candidate, progress: Progress) -> TrainedCell:
        """Train the cell of a candidate, or load it from the store.

        If the sweep is to be computed again, each cell is trained once, and the features of each
        depth are computed once.
        """
        cell = self.cell
        context = dataclasses.replace(self.context, protocol=one.protocol, fresh=False)
        depth = one.protocol.trainable_layers.of(cell.init)
        if self.context.fresh and one not in self._trained:
            context = dataclasses.replace(context, fresh=depth not in self._depths)
            self._forget(one)
        self._trained.add(one)
        self._depths.add(depth)
        return run_cell(context, self.entry, cell.init, progress, cell.seed, one.head)

    def _forget(self, one: Candidate) -> None:
        context = dataclasses.replace(self.context, protocol=one.protocol)
        cell = dataclasses.replace(self.cell, head=one.head)
        stored = CellRunner(context, self.entry, cell, self.located, self.progress)
        with stored.locked():
            stored.find()

    def _drawn(self, settings: Settings, number: int, count: int) -> Trial:
        return self._alone(
            candidate(self.context.protocol, self.cell.head, settings), number, count
        )

    def _alone(self, one: Candidate, number: int, count: int) -> Trial:
        from fer_bench.training.trainer import TrainingDivergedError

        def progress(stage: str, done: int, total: int) -> None:
            self.progress(f"trial {number} of {count}: {stage}", done, total)

        try:
            trained = self._run(one, progress)
        except TrainingDivergedError:
            return Trial(trial_settings(one), None, None, None, 0, reason=DIVERGED)
        finally:
            clear_keras()
        trained.close()
        parts = dict(trained.result.parts)
        self.alone[trained.result.fingerprint] = sum(parts.get(name, 0.0) for name in _OF_TRIAL)
        return trial_of(one, trained.result)

    def _side_by_side(self, cheap: Sequence[Candidate]) -> list[Trial]:
        load_keras()
        from fer_bench.training.stacked_heads import train_side_by_side

        protocol = cheap[0].protocol
        context = dataclasses.replace(self.context, protocol=protocol)
        network = CellNetwork(context, self.entry, self.cell, self.located, self.progress)
        self._depths.add(protocol.trainable_layers.of(self.cell.init))
        started = perf_counter()
        network.make_room()
        trials = train_side_by_side(network, cheap, self.progress)
        spent = perf_counter() - started
        if network.extraction is not None and network.extraction.computed:
            spent -= network.extraction.seconds
        self.together += spent
        network.discard()
        clear_keras()
        return trials
