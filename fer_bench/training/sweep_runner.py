"""Run of a swept cell: its trials, the choice among them, and the cell with the chosen settings.

A trial is a cell with its own fingerprint, so that a run that was killed does not repeat it, and
the cell with the chosen settings is the same to the last bit as one that is run with them. Only the
trials of one softmax layer on frozen features are trained together (``side_by_side``); the chosen
one is then trained as a cell. The store keeps the trials with the swept cell's result.
"""

from __future__ import annotations

import dataclasses
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


class SweepRunner(CellRunner):
    """Search in the store, trials and choice of one swept cell."""

    def run(self) -> TrainedCell:
        """Return the cell with the chosen settings, whose record has all trials.

        Raises:
            FerBenchError: as of ``run_cell``, or all trials diverged.
        """
        with self.locked():
            stored = self.find()
            if stored is None or stored[0].chosen is None:
                return self._measured()
            result, _ = stored
            trained = _Trials(self).run(self._candidate(stored[0].chosen), self.progress)
            return trained.described(partial(self._described, of=result))

    def _measured(self) -> TrainedCell:
        """Train and store all trials and the chosen cell."""
        runs = _Trials(self)
        trials = runs.measure()
        place = best(trials)
        if place is None:
            raise FerBenchError(
                f"{self.name}: all {len(trials)} trials of the sweep diverged",
                hint="sweep lower learning rates, as in --sweep=learning-rate=1e-5,1e-4",
            )
        trials[place] = dataclasses.replace(trials[place], chosen=True)
        trained = runs.run(self._candidate(trials[place]), self.progress)
        result = dataclasses.replace(
            trained.result,
            trials=tuple(trials),
            parts=(*trained.result.parts, (SWEEP, runs.seconds_without(trained.result))),
            source="trained",
        )
        trained = trained.described(partial(self._described, of=result))
        self._results.save(
            self.context.record((trained.result,)), trained.logits, (), self._facts()
        )
        return trained

    def _described(self, result: CellResult, of: CellResult) -> CellResult:
        """Return the record of the chosen trial's cell as that of the swept one.

        Args:
            result: the record.
            of: source of what only the swept cell has.
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


class _Trials:
    """Trials of one swept cell.

    Args:
        runner: the cell's.

    Attributes:
        together: time of the trials that were trained together, without frozen features.
        alone: time of each trial that was trained as a cell, by its fingerprint.
    """

    def __init__(self, runner: SweepRunner) -> None:
        self._runner = runner
        self._trained: set[Candidate] = set()
        self._depths: set[Trainable] = set()
        self.together = 0.0
        self.alone: dict[str, float] = {}

    def measure(self) -> list[Trial]:
        """Return the trials of the complete grid, or of those that Optuna draws."""
        runner = self._runner
        protocol, cell, is_frozen = runner.context.protocol, runner.cell, runner.entry.is_frozen
        every = candidates(protocol, cell, is_frozen=is_frozen)
        cheap = [one for one in every if one.is_linear_map(cell, is_frozen=is_frozen)]
        if protocol.sweep.trials is not None and len(cheap) < len(every):
            from fer_bench.training.drawn_trials import draw_trials

            axes = axes_of(protocol, cell, is_frozen=is_frozen)
            return draw_trials(axes, protocol.sweep.trials, cell.seed, self._drawn)
        found: dict[Candidate, Trial] = {}
        if len(cheap) > 1:
            found.update(zip(cheap, self._side_by_side(cheap), strict=True))
        for number, one in enumerate(every, start=1):
            if one not in found:
                found[one] = self._alone(one, f"trial {number} of {len(every)}")
        return [found[one] for one in every]

    def run(self, one: Candidate, progress: Progress) -> TrainedCell:
        """Train the cell of a candidate, or load it from the store.

        If the sweep is to be computed again, each cell is trained once, and the features of each
        depth are computed once.
        """
        runner = self._runner
        context = dataclasses.replace(runner.context, protocol=one.protocol, fresh=False)
        depth = one.protocol.trainable_layers.of(runner.cell.init)
        if runner.context.fresh and one not in self._trained:
            context = dataclasses.replace(context, fresh=depth not in self._depths)
            self._forget(one)
        self._trained.add(one)
        self._depths.add(depth)
        cell = runner.cell
        return run_cell(context, runner.entry, cell.init, progress, cell.seed, one.head)

    def seconds_without(self, chosen: CellResult) -> float:
        """Return the time of all trials but that of the chosen cell, if it was trained as one."""
        others = (spent for key, spent in self.alone.items() if key != chosen.fingerprint)
        return self.together + sum(others)

    def _forget(self, one: Candidate) -> None:
        runner = self._runner
        context = dataclasses.replace(runner.context, protocol=one.protocol)
        cell = dataclasses.replace(runner.cell, head=one.head)
        stored = CellRunner(context, runner.entry, cell, runner.located, runner.progress)
        with stored.locked():
            stored.find()

    def _alone(self, one: Candidate, name: str) -> Trial:
        """Train the cell of a candidate."""
        from fer_bench.training.trainer import TrainingDivergedError

        def progress(stage: str, done: int, total: int) -> None:
            self._runner.progress(f"{name}: {stage}", done, total)

        try:
            trained = self.run(one, progress)
        except TrainingDivergedError:
            return Trial(trial_settings(one), None, None, None, 0, reason=DIVERGED)
        finally:
            clear_keras()
        trained.close()
        parts = dict(trained.result.parts)
        self.alone[trained.result.fingerprint] = sum(parts.get(name, 0.0) for name in _OF_TRIAL)
        return trial_of(one, trained.result)

    def _drawn(self, settings: Settings, number: int, count: int) -> Trial:
        runner = self._runner
        one = candidate(runner.context.protocol, runner.cell.head, settings)
        return self._alone(one, f"trial {number} of {count}")

    def _side_by_side(self, cheap: Sequence[Candidate]) -> list[Trial]:
        runner, first = self._runner, cheap[0]
        load_keras()
        from fer_bench.training.side_by_side import train_side_by_side

        context = dataclasses.replace(runner.context, protocol=first.protocol)
        network = CellNetwork(context, runner.entry, runner.cell, runner.located, runner.progress)
        self._depths.add(first.protocol.trainable_layers.of(runner.cell.init))
        started = perf_counter()
        network.make_room()
        trials = train_side_by_side(context, network, cheap, runner.progress)
        spent = perf_counter() - started
        if network.extraction is not None and network.extraction.computed:
            spent -= network.extraction.seconds
        self.together += spent
        network.discard()
        clear_keras()
        return trials
