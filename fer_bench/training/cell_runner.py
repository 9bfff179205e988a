"""Run of one cell: its result from the store, or trained and stored."""

from __future__ import annotations

import contextlib
import dataclasses
from dataclasses import dataclass
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench import metrics
from fer_bench.models import WeightsRecord, numerical_environment
from fer_bench.models.keras_backend import clear_keras, load_keras
from fer_bench.protocol.cell import display_name
from fer_bench.protocol.head import is_fitted
from fer_bench.results.fact_names import OF_FEATURES
from fer_bench.results.quality import History, Quality
from fer_bench.results.records import EARLY_STOPPING, FROZEN_FEATURES, CellResult
from fer_bench.runtime.locks import locked
from fer_bench.runtime.progress import silent
from fer_bench.runtime.sealed_directories import check_room, log, store_errors
from fer_bench.training import fingerprint
from fer_bench.training.cell_network import CellNetwork
from fer_bench.training.cross_test import add_cross_test, is_tested
from fer_bench.training.few_shot import evaluate_few_shot
from fer_bench.training.store.checkpoints import Checkpoints
from fer_bench.training.store.results import ResultStore, Stored
from fer_bench.training.trained_cell import TrainedCell

if TYPE_CHECKING:
    from collections.abc import Iterator

    import keras

    from fer_bench.models import Backbone, Located
    from fer_bench.models.numerical_environment import Conditions
    from fer_bench.protocol.cell import Cell, Init
    from fer_bench.results.records import Parameters
    from fer_bench.runtime.progress import Progress
    from fer_bench.training.run_context import RunContext

_SAME_LOGITS = 1e-3
"""Largest difference of log probabilities at which a head that is fitted again is the same one."""


def run_cell(
    context: RunContext,
    entry: Backbone,
    init: Init,
    progress: Progress = silent,
    seed: int | None = None,
    head: str | None = None,
) -> TrainedCell:
    """Train a cell, or load its result from the store.

    The seed of random weights, head and image order, and the head's canonical name are by default
    the protocol's first.

    Raises:
        WeightsMissing: the weights of a pretrained cell are not found.
        FerBenchError: the weights are invalid, the disk is full, or training diverged.
    """
    cell, located = context.cell(entry, init, seed, head), context.locate(entry, init)
    adapted = entry.adapted(context.protocol)
    if context.protocol.sweep and not is_fitted(cell.head):
        from fer_bench.training.sweep_runner import SweepRunner

        # Only the chosen trial is tested on another data set.
        own = dataclasses.replace(context, other=None)
        trained = SweepRunner(own, adapted, cell, located, progress).run()
    else:
        trained = CellRunner(context, adapted, cell, located, progress).run()
    add_cross_test(trained, context, progress)
    return trained


def is_stored(
    context: RunContext,
    entry: Backbone,
    init: Init,
    seed: int | None = None,
    head: str | None = None,
) -> bool:
    """Return True if the store has the cell's results, so that no network is needed for them.

    Raises:
        WeightsMissing: the weights of a pretrained cell are not found.
    """
    cell = context.cell(entry, init, seed, head)
    found = context.fingerprint(entry, cell, context.locate(entry, init))
    is_complete = context.other is None or is_tested(context.store, found, context.other)
    return not context.fresh and ResultStore(context.store).holds(found) and is_complete


def check_weights(entry: Backbone, located: Located) -> WeightsRecord:
    """Verify that a weight file fits its backbone, before any cell runs on it.

    Raises:
        FerBenchError: the file does not fit or cannot be read.
    """
    from fer_bench.models import verify

    def build() -> keras.Model:
        load_keras()
        return entry.build()

    try:
        return verify(located, entry, build)
    finally:
        clear_keras()


@dataclass(eq=False)
class CellRunner:
    """Search in the store, training and restoring of one cell.

    Attributes: as of ``CellNetwork``.
    """

    context: RunContext
    entry: Backbone
    cell: Cell
    located: Located | None
    progress: Progress

    @cached_property
    def network(self) -> CellNetwork:
        """Network and trainer of the cell."""
        return CellNetwork(self.context, self.entry, self.cell, self.located, self.progress)

    @property
    def name(self) -> str:
        """Display name of the cell."""
        return display_name(self.entry.title, self.cell.init, self.cell.seed, self.cell.head)

    @property
    def _results(self) -> ResultStore:
        return ResultStore(self.context.store)

    @cached_property
    def _fingerprint(self) -> str:
        return self.context.fingerprint(self.entry, self.cell, self.located)

    @cached_property
    def _checkpoints(self) -> Checkpoints:
        return Checkpoints(self.context.store, self._fingerprint, self._facts())

    def run(self) -> TrainedCell:
        """Return the cell, trained or from the store."""
        with self.locked():
            stored = self.find()
            result, logits = stored or self.train()
        labels = self.context.dataset.labels[self.context.split.test]
        return TrainedCell(result, logits, labels, self.network, self.restore, stored is None)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the cell's lock, so that no other process trains the same cell meanwhile."""
        store = self.context.store
        with contextlib.ExitStack() as stack:
            with store_errors(store):
                stack.enter_context(locked(store, "cell", self._fingerprint, self.progress))
            yield

    def find(self) -> Stored | None:
        """Return the cell's stored result; discard it if ``fresh`` is set."""
        with store_errors(self.context.store):
            if self.context.fresh:
                self._results.discard(self._fingerprint)
                self._checkpoints.discard()
            stored = self._results.find(self._fingerprint, self.cell, self.context.record)
            if stored is None:
                return None
            # Left behind by a process that was killed just after it saved the result.
            self._checkpoints.discard()
        # The same images may have been stored under another data set name.
        result = dataclasses.replace(stored.result, source="store", dataset=self.cell.dataset)
        return Stored(result, stored.logits)

    def train(self) -> Stored:
        """Train the cell and store its result."""
        self.progress("loading Keras", 0, 0)
        load_keras()
        if is_fitted(self.cell.head):
            return self._fit()
        from fer_bench.training.compiled_suffix import copy_variables

        context, split, checkpoints = self.context, self.context.split, self._checkpoints
        conditions = numerical_environment.conditions()
        with store_errors(context.store):
            self.network.discards_features |= checkpoints.begin(conditions)
        trainer, network = self.network.trainer, self.network.network
        computed_on = self._computed_on()
        seconds = self._seconds_before()
        with store_errors(context.store):
            checkpoints.begin(conditions, self._features_on())
            start = checkpoints.latest(trainer.expected)
            needed = trainer.written_bytes - checkpoints.size
        if start is not None:
            log.info("%s: training resumed after epoch %d", self.name, start.history.epochs)
        check_room(context.store, needed, "checkpoints and result")
        seconds["compiling"] = trainer.warm_up()
        history, spent = trainer.train(split.validation, self.progress, start, checkpoints.keep)
        seconds.update(training=spent.training, evaluation=spent.evaluation)
        if spent.after_best:
            seconds[EARLY_STOPPING] = spent.after_best
        classes, labels = len(context.dataset.classes), context.dataset.labels[split.test]
        logits = np.empty((0, classes), np.float32)
        if len(labels):
            logits = trainer.logits(split.test)
        if trainer.suffix is not network.suffix:
            copy_variables(trainer.suffix, network.suffix)
        result = self._result(
            Quality.of(history, logits, labels), network.parameters, seconds, computed_on
        )
        weights = (weight.numpy() for weight in network.suffix.weights)
        self._results.save(context.record((result,)), logits, weights, self._facts())
        with store_errors(context.store):
            checkpoints.discard()
        return Stored(result, logits)

    def _fit(self) -> Stored:
        from fer_bench.training.fitted_head import choose_head
        from fer_bench.training.sweep_trials import fitted_trials

        context, split, classes = self.context, self.context.split, self.context.dataset.classes
        train, validation, test = (
            (self.network.features(rows), context.dataset.labels[rows])
            for rows in (split.train, split.validation, split.test)
        )
        computed_on = self._computed_on()
        head, of_validation, fitting, choosing, every = choose_head(
            self.cell.head, train, validation, len(classes), self.cell.seed, self.progress
        )
        trials = fitted_trials(every, head, test) if context.protocol.sweep else ()
        started = perf_counter()
        of_train, logits = (
            head.logits(features) if len(features) else np.empty((0, len(classes)), np.float32)
            for features, _ in (train, test)
        )
        evaluated = choosing + perf_counter() - started
        seconds = {**self._seconds_before(), "training": fitting, "evaluation": evaluated}
        history = History(
            running_accuracy=(),
            running_loss=(),
            train_accuracy=(metrics.accuracy(of_train, train[1]),),
            train_loss=(metrics.cross_entropy(of_train, train[1]),),
            validation_accuracy=(metrics.accuracy(of_validation, validation[1]),),
            validation_loss=(metrics.cross_entropy(of_validation, validation[1]),),
        )
        counts = dataclasses.replace(self.network.network.parameters, head=head.parameters)
        result = dataclasses.replace(
            self._result(Quality.of(history, logits, test[1]), counts, seconds, computed_on),
            head_value=head.value,
            trials=trials,
            few_shot=evaluate_few_shot(
                context, self.cell, (train[0], test[0]), self.network.features, self.progress
            ),
        )
        self._results.save(context.record((result,)), logits, (), self._facts())
        self.network.fitted_head = head
        return Stored(result, logits)

    def _refit(self) -> Stored | None:
        """Fit the stored result's head again, or return another one if that is not reproduced."""
        from fer_bench.training.fitted_head import fit_head

        split, labels = self.context.split, self.context.dataset.labels
        with store_errors(self.context.store):
            stored = self._results.find(self._fingerprint, self.cell, self.context.record)
        if stored is None or stored.result.head_value is None:
            return self.train()
        train = self.network.features(split.train), labels[split.train]
        classes = len(self.context.dataset.classes)
        head = fit_head(self.cell.head, stored.result.head_value, train, classes, self.cell.seed)
        if len(split.test):
            logits = head.logits(self.network.features(split.test))
            if not np.allclose(logits, stored.logits, atol=_SAME_LOGITS):
                log.warning("%s: the stored head is not reproduced; it is chosen again", self.name)
                return self.train()
        self.network.fitted_head = head
        return None

    def _result(
        self,
        quality: Quality,
        parameters: Parameters,
        seconds: dict[str, float],
        computed_on: Conditions,
    ) -> CellResult:
        return CellResult(
            backbone=self.entry.name,
            title=self.entry.title,
            init=self.cell.init,
            dataset=self.cell.dataset,
            seed=self.cell.seed,
            head=self.cell.head,
            status="ok",
            fingerprint=self._fingerprint,
            source="trained",
            weights=self.network.weights,
            parameters=parameters,
            quality=quality,
            parts=tuple(seconds.items()),
            computed_on=computed_on,
        )

    def restore(self) -> Stored | None:
        """Load the stored result's weights into the network, or train again if they are damaged."""
        if is_fitted(self.cell.head):
            with self.locked():
                return self._refit()
        network = self.network.network
        layout = [
            (tuple(weight.shape), np.dtype(weight.dtype)) for weight in network.suffix.weights
        ]
        with self.locked():
            with store_errors(self.context.store):
                weights = self._results.suffix_weights(self._fingerprint, layout)
            if weights is None:
                try:
                    return self.train()
                except BaseException:
                    # Partly trained: the next attempt has to start from the initial weights.
                    self.network.discard()
                    raise
        network.suffix.set_weights(weights)
        return None

    def _features_on(self) -> Conditions:
        extraction = self.network.extraction
        return () if extraction is None else extraction.conditions

    def _computed_on(self) -> Conditions:
        """Return the conditions of a result, and those of its stored features that differ."""
        now = numerical_environment.conditions()
        others = [
            (name + OF_FEATURES, value)
            for name, value in self._features_on()
            if dict(now).get(name, value) != value
        ]
        return (*now, *others)

    def _seconds_before(self) -> dict[str, float]:
        """Return the seconds spent before training, by part."""
        seconds, extraction = dict(self.network.seconds), self.network.extraction
        if extraction is None:
            seconds[FROZEN_FEATURES] = 0.0
        elif extraction.conditions == numerical_environment.conditions():
            # Stored ones count too: the cell cannot be trained without them.
            seconds[FROZEN_FEATURES] = extraction.seconds
        return seconds

    def _facts(self) -> dict[str, Any]:
        """Return a description of the result, for users who inspect the store."""
        protocol = self.context.protocol
        fitted = is_fitted(self.cell.head)
        changed = protocol.changed(
            *("batch_size", "learning_rate", "optimizer", "weight_decay", "schedule"),
            "mixed_precision",
            *("class_weight", "label_smoothing", "augment", "early_stopping"),
            *("input_size", "preprocessing", "pooling"),
        )
        return {
            "cell": self.cell.id,
            "seed": self.cell.seed,
            "dataset": self.cell.dataset,
            "images": len(self.context.dataset),
            "split": self.context.split.name,
            "trainable_layers": 0 if fitted else protocol.trainable_layers.of(self.cell.init),
            "batch_normalization": protocol.batch_normalization,
            "epochs": 0 if fitted else protocol.epochs,
            **({"changed": changed} if changed else {}),
            "versions": fingerprint.results_versions(),
        }
