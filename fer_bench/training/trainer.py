"""Training a suffix on stored features, epoch by epoch."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

import keras
import numpy as np

from fer_bench import metrics
from fer_bench.results.records import History
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.progress import silent
from fer_bench.training.store.training_state import Expected, Seconds, TrainingState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from fer_bench.protocol.settings import Protocol
    from fer_bench.runtime.progress import Progress
    from fer_bench.training.compiled_suffix import CompiledSuffix
    from fer_bench.training.store.stored_tensor import StoredTensor

BLOCK_BYTES = 2**26
"""Features gathered into memory at a time: memory does not grow with the number of images."""

EVALUATION_BATCH = 512
"""Images in one pass of an evaluation. It changes speed and memory only."""


def epoch_order(seed: int, epoch: int, images: int) -> NDArray[np.int64]:
    """The order of the training images in one epoch: a fresh permutation for each.

    Args:
        seed: the cell's seed.
        epoch: from 1. With 0, which is no epoch, the order of images that are evaluated in batches.
        images: how many there are.

    Returns:
        int64, shape (images,): a permutation of 0 to images - 1.
    """
    return np.random.default_rng([seed, epoch]).permutation(images)


class Trainer:
    """Trains one suffix by one protocol.

    Args:
        compiled: the suffix, from a list of boundary tensors to logits.
        protocol: batch size, number of epochs.
        seed: of the order of the images.
        tensors: the boundary tensors' values, shape (n, ...) each, in the suffix's input order;
            arrays, or what gives an array when it is indexed with row numbers.
        labels: uint8, shape (n,).
        rows: int64, which of the n images are trained on.
    """

    def __init__(
        self,
        compiled: CompiledSuffix,
        protocol: Protocol,
        seed: int,
        tensors: Sequence[NDArray[Any] | StoredTensor],
        labels: NDArray[np.uint8],
        rows: NDArray[np.int64],
    ) -> None:
        self.compiled = compiled
        self.suffix = compiled.model
        self._protocol = protocol
        self._seed = seed
        self.tensors = tensors
        self._labels = labels
        self._rows = rows
        self._classes = self.suffix.output_shape[-1]

    def warm_up(self) -> float:
        """Compile what an epoch runs, and undo what the steps for it changed.

        So the time of an epoch is the same whether its suffix was compiled before or not.

        Returns:
            Seconds it took.
        """
        started = perf_counter()
        before = list(self._variables())
        size = self._protocol.batch_size
        # A batch of each size that an epoch has: XLA compiles for each of them.
        self._fit(self._rows[: size + len(self._rows) % size])
        self._restore(before)
        return perf_counter() - started

    def epoch(self, number: int) -> tuple[float, float]:
        """Trains one epoch.

        Args:
            number: of the epoch, from 1; it picks the order.

        Returns:
            Accuracy and loss as running means over the epoch, the weights moving meanwhile.
        """
        order = self._rows[epoch_order(self._seed, number, len(self._rows))]
        accuracy = loss = 0.0
        for block in self._blocks(order):
            figures = self._fit(block)
            share = len(block) / len(order)
            accuracy += share * figures["accuracy"][0]
            loss += share * figures["loss"][0]
        return accuracy, loss

    def _fit(self, rows: NDArray[np.int64]) -> dict[str, list[float]]:
        """Train on these images in this order; Keras' history of it."""
        history: dict[str, list[float]] = self.suffix.fit(
            [tensor[rows] for tensor in self.tensors],
            keras.utils.to_categorical(self._labels[rows], self._classes),
            batch_size=self._protocol.batch_size,
            shuffle=False,
            verbose=0,
        ).history
        return history

    def logits(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Logits of the images at ``rows``, in inference mode, shape (len(rows), classes)."""
        batches = np.split(rows, range(EVALUATION_BATCH, len(rows), EVALUATION_BATCH))
        return self._outputs(self.suffix, batches)

    def evaluate(self, rows: NDArray[np.int64]) -> tuple[float, float]:
        """Accuracy and loss on the images at ``rows``, in inference mode.

        Raises:
            FerBenchError: the network's output left the numbers.
        """
        return self._figures(self.logits(rows), rows)

    def evaluate_by_batches(self, rows: NDArray[np.int64]) -> tuple[float, float] | None:
        """Accuracy and loss with trained batch normalisation by the statistics of each batch.

        Apart from that in inference mode; nothing changes. The images come in one order for all
        epochs, since rows sorted by class would make batches of one class, and in batches that
        differ in size by one image at most: as large as in training, or a little smaller.

        Returns:
            None where no batch normalisation is trained.

        Raises:
            FerBenchError: the network's output left the numbers.
        """
        model = self.compiled.with_batch_statistics
        if model is None:
            return None
        order = rows[epoch_order(self._seed, 0, len(rows))]
        batches = np.array_split(order, math.ceil(len(order) / self._protocol.batch_size))
        return self._figures(self._outputs(model, batches), order)

    def _outputs(
        self, model: keras.Model, batches: Iterable[NDArray[np.int64]]
    ) -> NDArray[np.float32]:
        # Under another dtype policy, they have another type.
        return np.concatenate(
            [
                keras.ops.convert_to_numpy(
                    model.predict_on_batch([tensor[batch] for tensor in self.tensors])
                ).astype(np.float32)
                for batch in batches
            ]
        )

    def _figures(self, logits: NDArray[np.float32], rows: NDArray[np.int64]) -> tuple[float, float]:
        labels = self._labels[rows]
        if not np.isfinite(logits).all():
            raise _diverged("an output of the network")
        return metrics.accuracy(logits, labels), metrics.cross_entropy(logits, labels)

    def train(
        self,
        validation: NDArray[np.int64],
        progress: Progress = silent,
        start: TrainingState | None = None,
        keep: Callable[[TrainingState], None] = lambda _: None,
    ) -> tuple[History, Seconds]:
        """Trains all epochs of the protocol, or those that are left.

        Args:
            validation: int64, rows of the validation images.
            progress: told the number of epochs done.
            start: the state to go on from, as an earlier call gave it to ``keep``; None to begin.
            keep: given the state after each epoch; its variables are read when it is called.

        Returns:
            The history of all epochs, and the time they took.

        Raises:
            FerBenchError: the loss or the network's output left the numbers.
        """
        epochs = self._protocol.epochs
        clock = _Clock()
        if start is None:
            history = _untrained(self._measured(clock, validation))
        else:
            self._restore(start.variables)
            history, clock.seconds = start.history, start.seconds
        progress("training epochs", history.epochs, epochs)
        for number in range(history.epochs + 1, epochs + 1):
            with clock.running("training"):
                running = self.epoch(number)
            if not math.isfinite(running[1]):
                raise _diverged(f"the training loss of epoch {number}")
            history = _grown(history, running, self._measured(clock, validation))
            keep(TrainingState(history, clock.seconds, self._variables()))
            progress("training epochs", number, epochs)
        return history, clock.seconds

    def _measured(self, clock: _Clock, validation: NDArray[np.int64]) -> list[float]:
        """One figure for each (E + 1)-long series of the history that is not empty, in order."""
        with clock.running("evaluation"):
            return [
                *self.evaluate(self._rows),
                *self.evaluate(validation),
                *(self.evaluate_by_batches(validation) or ()),
            ]

    def _variables(self) -> Iterator[NDArray[Any]]:
        """All that training changes, one array at a time."""
        for variable in self.compiled.variables:
            yield variable.numpy()

    def _restore(self, values: Iterable[NDArray[Any]]) -> None:
        for variable, value in zip(self.compiled.variables, values, strict=True):
            variable.assign(value)

    @property
    def expected(self) -> Expected:
        """Form of each state of the training."""
        return Expected(
            self._protocol.epochs,
            tuple((tuple(one.shape), np.dtype(one.dtype)) for one in self.compiled.variables),
            self.compiled.with_batch_statistics is not None,
        )

    @property
    def written_bytes(self) -> int:
        """Most bytes that lie on the disk at once while training is kept epoch by epoch.

        Two checkpoints, the newer one before the older one goes.
        """
        sizes = (
            np.dtype(entry.dtype).itemsize * math.prod(entry.shape)
            for entry in self.compiled.variables
        )
        return 2 * int(sum(sizes))

    def _blocks(self, rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        image_bytes = sum(
            math.prod(tensor.shape[1:]) * tensor.dtype.itemsize for tensor in self.tensors
        )
        batches = max(1, BLOCK_BYTES // (image_bytes * self._protocol.batch_size))
        step = batches * self._protocol.batch_size
        for start in range(0, len(rows), step):
            yield rows[start : start + step]


class _Clock:
    """Adds up the time of the two kinds of work."""

    def __init__(self) -> None:
        self.seconds = Seconds()

    @contextlib.contextmanager
    def running(self, work: Literal["training", "evaluation"]) -> Iterator[None]:
        started = perf_counter()
        yield
        spent = getattr(self.seconds, work) + perf_counter() - started
        self.seconds = dataclasses.replace(self.seconds, **{work: spent})


def _untrained(evaluated: Sequence[float]) -> History:
    """The history of no epoch yet."""
    return History((), (), *((figure,) for figure in evaluated))


def _grown(history: History, running: tuple[float, float], evaluated: Sequence[float]) -> History:
    """The history with one more epoch."""
    series = (getattr(history, field.name) for field in dataclasses.fields(history))
    # The last ones stay empty where there is nothing to tell in them.
    return History(*((*old, new) for old, new in zip(series, (*running, *evaluated), strict=False)))


def _diverged(what: str) -> FerBenchError:
    return FerBenchError(
        f"training diverged: {what} is not finite; a smaller learning rate or another seed may help"
    )
