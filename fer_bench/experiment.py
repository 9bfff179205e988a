"""One cell from its backbone to its result: the way of the data in one place."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench import evaluation, fingerprint
from fer_bench.backbones import Located, WeightsRecord, identity, load, locate
from fer_bench.cells import Cell
from fer_bench.features import FeatureStore
from fer_bench.progress import silent
from fer_bench.result_store import ResultStore
from fer_bench.results import CellResult, DatasetSummary, Quality, Run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from fer_bench.backbones import Backbone
    from fer_bench.cells import Init
    from fer_bench.datasets import Dataset, Split
    from fer_bench.progress import Progress
    from fer_bench.protocol import Protocol
    from fer_bench.training import Trainer
    from fer_bench.transfer import Network


@dataclass(frozen=True)
class Experiment:
    """What all cells of a run share.

    Attributes:
        protocol: how each cell is trained.
        dataset: the images.
        split: which of them are trained on, validated on and tested on.
        store: folder of the stored features and results.
        weights_dir: folder to look for pretrained weights in first.
        fresh: whether stored features and results are computed again.
    """

    protocol: Protocol
    dataset: Dataset
    split: Split
    store: Path
    weights_dir: Path | None = None
    fresh: bool = False

    def record(
        self, cells: tuple[CellResult, ...], environment: tuple[tuple[str, str], ...] = ()
    ) -> Run:
        """These cells' results with what they share."""
        summary = DatasetSummary(
            name=self.dataset.name,
            digest=self.dataset.digest,
            counts=tuple(self.dataset.counts.items()),
            split=self.split.name,
            train=len(self.split.train),
            validation=len(self.split.validation),
            test=len(self.split.test),
        )
        return Run(tuple(self.protocol.settings()), summary, environment, cells)

    def cell(self, entry: Backbone, init: Init) -> Cell:
        """The cell of this experiment with that backbone and init."""
        return Cell(entry.name, init, self.dataset.name, self.protocol.seed)

    def run(self, entry: Backbone, init: Init, progress: Progress = silent) -> TrainedCell:
        """Trains a cell, or finds its result in the store.

        Args:
            entry: the backbone.
            init: ``"pretrained"`` or ``"random"``.
            progress: told how far extraction and training are.

        Raises:
            WeightsMissing: a pretrained cell whose weights are nowhere.
            FerBenchError: the weights are not sound, the disk is full, or training diverged.
        """
        located = locate(entry, self.weights_dir) if init == "pretrained" else None
        return TrainedCell(self, entry, self.cell(entry, init), located, progress)


class TrainedCell:
    """A cell whose learning result is known, and whose network can be used.

    The network is built when it is first needed: knowing a stored result needs none.

    Attributes:
        result: the record of the cell, without timings.
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
        self._weights_facts = fingerprint.weights_facts(
            entry, cell, identity(located.path) if located else None
        )
        self._fingerprint = fingerprint.result_fingerprint(
            entry,
            cell,
            self._weights_facts,
            experiment.protocol,
            experiment.dataset,
            experiment.split,
        )
        self._results = ResultStore(experiment.store / "results")
        self._network: Network | None = None
        self._trainer: Trainer | None = None
        self._weights = f"random, seed {cell.seed}"
        self._seconds: dict[str, float] = {}
        stored = None if experiment.fresh else self._results.find(self._fingerprint)
        self._is_stored = stored is not None
        self.result = dataclasses.replace(stored, source="store") if stored else self._train()

    def predict(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities, shape (n, classes), of uint8 images, shape (n, height, width)."""
        import keras

        whole = self._ready_network().whole
        return np.asarray(keras.ops.convert_to_numpy(whole.predict_on_batch(images)))

    def score_test(self) -> tuple[float, float]:
        """Accuracy and loss of the trained suffix on the test images."""
        return self._ready_trainer().evaluate(self._experiment.split.test)

    def train_epoch(self, number: int) -> None:
        """Trains one more epoch, in the order of the epoch ``number``, for its time only.

        The weights move on: call ``restore`` afterwards.
        """
        self._ready_trainer().epoch(number)

    def restore(self) -> None:
        """Sets the suffix back to the weights of the result."""
        self._ready_network().suffix.set_weights(self._results.suffix_weights(self._fingerprint))

    def _train(self) -> CellResult:
        experiment, split = self._experiment, self._experiment.split
        trainer, network = self._ready_trainer(), self._ready_network()
        started = perf_counter()
        history = trainer.train(split.validation, self._progress)
        self._seconds["training"] = perf_counter() - started
        labels = experiment.dataset.labels[split.test]
        logits = trainer.logits(split.test)
        confusion = evaluation.confusion(
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
                test_accuracy=evaluation.accuracy(logits, labels),
                test_loss=evaluation.cross_entropy(logits, labels),
                recall=evaluation.recall(confusion),
                confusion=tuple(tuple(int(count) for count in row) for row in confusion),
            ),
            parts=tuple(self._seconds.items()),
        )
        self._results.save(experiment.record((result,)), network.suffix.get_weights())
        return result

    def _ready_network(self) -> Network:
        """The network, trained if the result comes from the store."""
        if self._network is None:
            import keras

            from fer_bench.transfer import transfer

            started = perf_counter()
            keras.utils.set_random_seed(self._cell.seed)
            backbone = self._entry.build()
            if self._located is not None:
                self._weights = str(load(self._located, self._entry, backbone))
            dataset = self._experiment.dataset
            self._network = transfer(
                self._entry,
                backbone,
                self._experiment.protocol.trainable_layers.of(self._cell.init),
                dataset.images.shape[1:],
                len(dataset.classes),
            )
            self._seconds["building the network"] = perf_counter() - started
            if self._is_stored:
                self.restore()
        return self._network

    def _ready_trainer(self) -> Trainer:
        if self._trainer is None:
            from fer_bench.training import Trainer

            network = self._ready_network()
            experiment = self._experiment
            self._trainer = Trainer(
                network.suffix,
                experiment.protocol,
                self._cell.seed,
                self._tensors(network),
                experiment.dataset.labels,
                experiment.split.train,
            )
        return self._trainer

    def _tensors(self, network: Network) -> Sequence[NDArray[Any]]:
        """What the suffix is fed: stored features, or the images where nothing is frozen."""
        images, prefix = self._experiment.dataset.images, network.prefix
        if prefix is None:
            return (images,)
        import keras

        def extract(batch: NDArray[np.uint8]) -> Sequence[Any]:
            values = keras.tree.flatten(prefix.predict_on_batch(batch))
            return [keras.ops.convert_to_numpy(value) for value in values]

        store = FeatureStore(self._experiment.store / "features")
        key = fingerprint.features_key(
            self._entry, self._weights_facts, self._experiment.dataset, network.boundary
        )
        if self._experiment.fresh:
            store.discard(key)
        shapes = [tensor.shape[1:] for tensor in keras.tree.flatten(prefix.output)]
        extraction = store.extract(key, images, shapes, extract, self._progress)
        if extraction.seconds is not None:
            self._seconds["frozen features"] = extraction.seconds
        return extraction.tensors


def check_weights(entry: Backbone, located: Located) -> WeightsRecord:
    """Proves that a weight file fits its backbone, before any cell runs on it.

    Raises:
        FerBenchError: it does not, or cannot be read.
    """
    import keras

    from fer_bench.backbones import verify

    try:
        return verify(located, entry, entry.build())
    finally:
        keras.utils.clear_session()
