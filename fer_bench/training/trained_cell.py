"""One cell from its backbone to its result: weights, features, training and the store."""

from __future__ import annotations

import contextlib
import dataclasses
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench import metrics
from fer_bench.models import load, numerics
from fer_bench.models.keras_backend import load_keras
from fer_bench.results.environment_facts import OF_FEATURES
from fer_bench.results.records import CellResult, Predictions, Quality
from fer_bench.runtime.locks import locked
from fer_bench.runtime.sealed_directories import check_room, log, told
from fer_bench.training import fingerprint
from fer_bench.training.store.checkpoints import Checkpoints
from fer_bench.training.store.features import FeatureStore
from fer_bench.training.store.results import ResultStore, Stored
from fer_bench.training.store.shard_files import Wanted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from fer_bench.models import Backbone, Located
    from fer_bench.models.numerics import Conditions
    from fer_bench.models.transfer import Network
    from fer_bench.protocol.cells import Cell
    from fer_bench.runtime.progress import Progress
    from fer_bench.training.experiment import Experiment
    from fer_bench.training.store.stored_tensor import StoredTensor
    from fer_bench.training.trainer import Trainer

SHARD_PIXELS = 128 * 96 * 96
"""Input pixels in one pass through a frozen prefix; bounds memory for every input size."""


class TrainedCell:
    """A cell whose learning result is known, and whose network can be used.

    The network is built when it is first needed: loading a stored result does not need it.

    Args:
        experiment: data, protocol and store.
        entry: the cell's backbone.
        cell: the cell.
        located: the file of its pretrained weights, None if they are random.
        progress: callback for the progress of extraction and training.

    Attributes:
        result: the record of the cell, without timings.
        logits: float32, shape (images, classes): the trained network's output for the test images.

    Raises:
        FerBenchError: the weights are invalid, the disk is full, or training diverged.
    """

    def __init__(
        self,
        experiment: Experiment,
        entry: Backbone,
        cell: Cell,
        located: Located | None,
        progress: Progress,
    ) -> None:
        self._experiment = experiment
        self._entry = entry
        self._cell = cell
        self._located = located
        self._progress = progress
        self._fingerprint = experiment.fingerprint(entry, cell, located)
        self._results = ResultStore(experiment.store)
        self._checkpoints = Checkpoints(experiment.store, self._fingerprint, self._facts())
        self._trained_weights: list[NDArray[Any]] | None = None
        self._weights = f"random, seed {cell.seed}"
        self._seconds: dict[str, float] = {}
        self._features_on: Conditions = ()
        self._discards_features = experiment.fresh
        with self._alone():
            stored = self._found()
            self._is_stored = stored is not None
            if stored is not None:
                # The same images may have been stored under another data set name.
                self.result = dataclasses.replace(
                    stored.result, source="store", dataset=cell.dataset
                )
                self.logits = stored.logits
            else:
                self.result, self.logits = self._train()
                self._is_stored = True

    @property
    def test_labels(self) -> NDArray[np.uint8]:
        """Labels of the test images in the order of ``logits``; uint8, shape (images,)."""
        return self._experiment.dataset.labels[self._experiment.split.test]

    def predict(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return probabilities, shape (n, classes), of uint8 images, shape (n, height, width)."""
        import keras

        whole = self.network.whole
        return np.asarray(keras.ops.convert_to_numpy(whole.predict_on_batch(images)))

    def train_epoch(self, number: int) -> None:
        """Train one more epoch in the image order of epoch ``number``, for timing only.

        The weights change: call ``restore`` afterwards.
        """
        trainer = self.trainer
        if self._trained_weights is None:
            self._trained_weights = [weight.numpy() for weight in trainer.suffix.weights]
        trainer.epoch(number)

    def restore(self) -> None:
        """Reset the suffix to the weights of the result."""
        if self._trained_weights is not None:
            self.trainer.suffix.set_weights(self._trained_weights)

    def close(self) -> None:
        """Release the network; keep its compiled suffix for the next cell of the same structure.

        If the network is used again, it is built again.
        """
        trainer = self.__dict__.pop("trainer", None)
        self.__dict__.pop("network", None)
        self._trained_weights = None
        if trainer is not None:
            from fer_bench.training import compiled_suffix

            compiled_suffix.keep(self._structure(), trainer.compiled)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the cell's lock, so that no other process trains the same cell meanwhile."""
        store = self._experiment.store
        with contextlib.ExitStack() as stack:
            with told(store):
                stack.enter_context(locked(store, "cell", self._fingerprint, self._progress))
            yield

    def _found(self) -> Stored | None:
        """Return the cell's stored result, or None; discard it if ``fresh`` is set."""
        with told(self._experiment.store):
            if self._experiment.fresh:
                self._results.discard(self._fingerprint)
                self._checkpoints.discard()
            stored = self._results.find(self._fingerprint, self._cell, self._experiment.record)
            if stored is not None:
                # Left behind by a process that was killed just after it saved the result.
                self._checkpoints.discard()
        return stored

    def _computed_on(self) -> Conditions:
        """Return the conditions of the result, and differing ones of stored features."""
        now = numerics.conditions()
        others = [
            (name + OF_FEATURES, value)
            for name, value in self._features_on
            if dict(now).get(name, value) != value
        ]
        return (*now, *others)

    def _facts(self) -> dict[str, Any]:
        """Return a description of the result, for users who inspect the store."""
        return {
            "cell": self._cell.id,
            "seed": self._cell.seed,
            "dataset": self._cell.dataset,
            "images": len(self._experiment.dataset),
            "split": self._experiment.split.name,
            "trainable_layers": self._experiment.protocol.trainable_layers.of(self._cell.init),
            "batch_normalization": self._experiment.protocol.batch_normalization,
            "epochs": self._experiment.protocol.epochs,
            "versions": fingerprint.results_versions(),
        }

    def _train(self) -> tuple[CellResult, NDArray[np.float32]]:
        load_keras()
        from fer_bench.training.compiled_suffix import copy_variables

        experiment, split = self._experiment, self._experiment.split
        conditions = numerics.conditions()
        with told(experiment.store):
            self._discards_features |= self._checkpoints.begin(conditions)
        trainer, network = self.trainer, self.network
        computed_on = self._computed_on()
        with told(experiment.store):
            self._checkpoints.begin(conditions, self._features_on)
            start = self._checkpoints.latest(trainer.expected)
            needed = trainer.written_bytes - self._checkpoints.size
        if start is not None:
            log.info("%s: training went on after epoch %d", self._cell.id, start.history.epochs)
        check_room(experiment.store, needed, "checkpoints and result")
        self._seconds["compiling"] = trainer.warm_up()
        history, spent = trainer.train(
            split.validation, self._progress, start, self._checkpoints.keep
        )
        self._seconds.update(dataclasses.asdict(spent))
        logits, labels = trainer.logits(split.test), self.test_labels
        if trainer.suffix is not network.suffix:
            copy_variables(trainer.suffix, network.suffix)
        confusion = metrics.confusion(
            labels, logits.argmax(axis=1), len(experiment.dataset.classes)
        )
        result = CellResult(
            backbone=self._entry.name,
            title=self._entry.title,
            init=self._cell.init,
            dataset=self._cell.dataset,
            seed=self._cell.seed,
            status="ok",
            fingerprint=self._fingerprint,
            source="trained",
            weights=self._weights,
            parameters=network.parameters,
            quality=Quality(
                history=history,
                test_accuracy=metrics.accuracy(logits, labels),
                test_loss=metrics.cross_entropy(logits, labels),
                recall=metrics.recall(confusion),
                confusion=tuple(tuple(int(count) for count in row) for row in confusion),
                predictions=Predictions.of(logits),
            ),
            parts=tuple(self._seconds.items()),
            computed_on=computed_on,
        )
        weights = (weight.numpy() for weight in network.suffix.weights)
        self._results.save(experiment.record((result,)), logits, weights, self._facts())
        with told(experiment.store):
            self._checkpoints.discard()
        return result, logits

    @cached_property
    def network(self) -> Network:
        """Network of the cell, with trained weights if the result comes from the store."""
        load_keras()
        from fer_bench.models.random_weights import seeded
        from fer_bench.models.transfer import transfer

        started = perf_counter()
        is_random = self._located is None
        backbone = seeded(self._entry, self._cell.seed, is_random=is_random)
        if self._located is not None:
            self._weights = str(load(self._located, self._entry, backbone))
        dataset = self._experiment.dataset
        network = transfer(
            self._entry,
            backbone,
            self._experiment.protocol.trainable_layers.of(self._cell.init),
            dataset.images.shape[1:],
            len(dataset.classes),
            self._experiment.protocol.batch_normalization,
        )
        self._seconds["building the network"] = perf_counter() - started
        if self._is_stored:
            self._set_stored_weights(network)
        return network

    def _set_stored_weights(self, network: Network) -> None:
        """Load the result's weights into the suffix; train it again if they are damaged."""
        layout = [
            (tuple(weight.shape), np.dtype(weight.dtype)) for weight in network.suffix.weights
        ]
        with self._alone():
            with told(self._experiment.store):
                weights = self._results.suffix_weights(self._fingerprint, layout)
            if weights is None:
                # Set the cached property by hand: ``_train`` needs the network.
                vars(self)["network"] = network
                self.result, self.logits = self._train()
            else:
                network.suffix.set_weights(weights)

    @cached_property
    def trainer(self) -> Trainer:
        """Trainer of the suffix, or of a kept compiled one of the same structure.

        Frozen features that are not stored are computed.
        """
        load_keras()
        from fer_bench.training import compiled_suffix
        from fer_bench.training.trainer import Trainer

        # Before the network is built, to free the memory of a suffix of another structure.
        compiled_suffix.keep_only(self._structure())
        experiment, network = self._experiment, self.network
        if "trainer" in vars(self):
            # The stored weights were damaged, and the network was trained again.
            return self.trainer
        suffix = compiled_suffix.take(self._structure())
        if suffix is None:
            suffix = compiled_suffix.CompiledSuffix(
                network.suffix, experiment.protocol.learning_rate
            )
        else:
            suffix.start_from(network.suffix)
        return Trainer(
            suffix,
            experiment.protocol,
            self._cell.seed,
            self._tensors(network),
            experiment.dataset.labels,
            experiment.split.train,
        )

    def _structure(self) -> tuple[Any, ...]:
        """Return everything that determines the compiled suffix but its weights and states."""
        import keras

        experiment = self._experiment
        return (
            self._entry,
            self._cell.init,
            experiment.protocol,
            experiment.dataset.images.shape[1:],
            len(experiment.dataset.classes),
            keras.config.dtype_policy().name,
        )

    def _tensors(self, network: Network) -> Sequence[NDArray[Any] | StoredTensor]:
        """Return the suffix's inputs: stored features, or the images if nothing is frozen."""
        images, prefix = self._experiment.dataset.images, network.prefix
        if prefix is None:
            return (images,)
        import keras

        def extract(rows: slice) -> Sequence[Any]:
            values = keras.tree.flatten(prefix.predict_on_batch(images[rows]))
            return [keras.ops.convert_to_numpy(value) for value in values]

        store = FeatureStore(self._experiment.store)
        key = fingerprint.features_key(
            self._entry,
            fingerprint.weights_facts(self._entry, self._cell, self._located),
            self._experiment.dataset,
            network.boundary,
        )
        if self._discards_features:
            store.discard(key)
            # Features stored from now on were computed by this process.
            self._discards_features = False
        wanted = Wanted(
            images=len(images),
            shapes=tuple(tensor.shape[1:] for tensor in keras.tree.flatten(prefix.output)),
            shard=shard_images(self._entry.input_size),
            facts={
                "backbone": self._entry.name,
                "weights": self._cell.init
                if self._located is not None
                else f"random, seed {self._cell.seed}",
                "dataset": self._cell.dataset,
                "versions": fingerprint.features_versions(),
            },
            conditions=numerics.conditions(),
        )
        extraction = store.extract(key, wanted, extract, self._progress)
        self._features_on = extraction.conditions
        # A run that resumes from an earlier run's epochs includes that run's feature time.
        if extraction.computed or self._checkpoints.size:
            self._seconds["frozen features"] = extraction.seconds
        return extraction.tensors


def shard_images(input_size: int) -> int:
    """Return the number of images per pass through a prefix, for an input side in pixels."""
    return max(8, min(512, SHARD_PIXELS // input_size**2))
