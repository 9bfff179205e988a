"""Training of a suffix on stored features, epoch by epoch."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

import keras
import numpy as np

from fer_bench import metrics
from fer_bench.metrics.convergence import lowest_epoch
from fer_bench.models.data_parallel import are_divided, divided
from fer_bench.results.quality import History
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.progress import silent
from fer_bench.training.compiled_suffix import STEPS_PER_CALL
from fer_bench.training.objective import UNWEIGHTED
from fer_bench.training.store.checkpoints import Expected, Seconds, TrainingState
from fer_bench.training.views import epoch_views

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from fer_bench.data.augmented_images import AugmentedImages
    from fer_bench.data.images import ImageView
    from fer_bench.protocol.settings import Protocol
    from fer_bench.runtime.progress import Progress
    from fer_bench.training.compiled_suffix import CompiledSuffix
    from fer_bench.training.store.features import StoredTensor
    from fer_bench.training.views import ViewedTensor

BLOCK_BYTES = 2**26
"""Bytes of features gathered into memory at a time, independent of the number of images."""

EVALUATION_BATCH = 512
"""Images per evaluation batch. Affects only speed and memory."""


def epoch_order(seed: int, epoch: int, images: int) -> NDArray[np.int64]:
    """Return the order of the training images in one epoch: a new permutation for each.

    Epochs count from 1; 0 gives the order for evaluation with batch statistics.

    Returns:
        int64, shape (images,): a permutation of 0 to images - 1.
    """
    return np.random.default_rng([seed, epoch]).permutation(images)


class Trainer:
    """Training loop for one suffix under one protocol.

    Args:
        compiled: the suffix, from a list of boundary tensors to logits.
        protocol: batch size, number of epochs.
        seed: seed of the image order.
        tensors: the boundary tensors' values, shape (views * n, ...) each, in the suffix's input
            order; arrays, or objects that return an array when indexed with row numbers.
        labels: uint8, shape (n,).
        rows: int64, indices of the training images among the n images.
        views: number of views of each image, see ``ViewedTensor``; evaluation uses the first.
    """

    def __init__(
        self,
        compiled: CompiledSuffix,
        protocol: Protocol,
        seed: int,
        tensors: Sequence[NDArray[Any] | ImageView | AugmentedImages | StoredTensor | ViewedTensor],
        labels: NDArray[np.uint8],
        rows: NDArray[np.int64],
        views: int = 1,
    ) -> None:
        self.compiled = compiled
        self.suffix = compiled.model
        self._protocol = protocol
        self._seed = seed
        self.tensors = tensors
        self._labels = labels
        self._rows = rows
        self._views = views
        self._best: list[NDArray[Any]] = []
        self._classes = self.suffix.output_shape[-1]

    def warm_up(self) -> float:
        """Compile the functions an epoch runs, undo its training steps, and return the seconds.

        So the time of an epoch is the same whether its suffix was compiled before or not.
        """
        started = perf_counter()
        before = list(self._variables())
        size = self._protocol.batch_size
        # One batch of each size that occurs in an epoch: XLA compiles each batch size separately.
        for block in self._blocks(self._rows[: size + len(self._rows) % size]):
            self._fit(block)
        self._restore(before)
        return perf_counter() - started

    def epoch(self, number: int) -> tuple[float, float]:
        """Train one epoch, whose number, from 1, determines the image order and the views.

        Returns:
            Training accuracy and loss during the epoch, averaged while the weights change. The
            loss is the cross-entropy, without label smoothing and class weights.
        """
        order = self._rows[epoch_order(self._seed, number, len(self._rows))]
        if self._views > 1:
            views = epoch_views(self._seed, number, len(order), self._views)
            order = views * len(self._labels) + order
        accuracy = loss = 0.0
        for block in self._blocks(order):
            values = self._fit(block)
            share = len(block) / len(order)
            accuracy += share * values["accuracy"]
            loss += share * values.get(UNWEIGHTED, values["loss"])
        return accuracy, loss

    def _fit(self, rows: NDArray[np.int64]) -> dict[str, float]:
        """Train on these images in this order and return Keras' metrics."""
        size, loop = self._protocol.batch_size, self.compiled.training_loop
        if loop is not None:
            return loop.fit(self._examples, rows, size, self._batches_per_call(len(self._rows)))
        *tensors, targets = self._examples(rows)
        history = self.suffix.fit(tensors, targets, batch_size=size, shuffle=False, verbose=0)
        return {name: values[0] for name, values in history.history.items()}

    def _inputs(self, rows: NDArray[np.int64]) -> list[NDArray[Any]]:
        return [tensor[rows] for tensor in self.tensors]

    def _examples(self, rows: NDArray[np.int64]) -> list[NDArray[Any]]:
        """Return the suffix's inputs and the one-hot targets."""
        labels = self._labels[rows % len(self._labels)]
        return [*self._inputs(rows), keras.utils.to_categorical(labels, self._classes)]

    def _batches_per_call(self, images: int) -> int:
        """Return the number of batches that a compiled loop runs per call, at least 1."""
        batches = max(1, images // self._protocol.batch_size)
        return min(STEPS_PER_CALL, self._batches_per_block, batches)

    def logits(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return logits of the images at ``rows`` in inference mode, shape (len(rows), classes)."""
        batches = np.split(rows, range(EVALUATION_BATCH, len(rows), EVALUATION_BATCH))
        return self._outputs(self.suffix, batches)

    def evaluate(self, rows: NDArray[np.int64]) -> tuple[float, float]:
        """Return accuracy and loss on the images at ``rows`` in inference mode.

        Raises:
            FerBenchError: an output of the network is not finite.
        """
        return self._accuracy_and_loss(self.logits(rows), rows)

    def evaluate_with_batch_statistics(self, rows: NDArray[np.int64]) -> tuple[float, float] | None:
        """Return accuracy and loss with trained batch normalisation using batch statistics.

        Everything else is in inference mode; no weights or statistics change. The images come in
        one order for all epochs, since rows sorted by class would make batches of one class, and
        in batches whose sizes differ by one image at most: as large as in training, or slightly
        smaller. None if no batch normalisation is trained. Errors are those of ``evaluate``.
        """
        model = self.compiled.with_batch_statistics
        if model is None:
            return None
        order = rows[epoch_order(self._seed, 0, len(rows))]
        batches = np.array_split(order, math.ceil(len(order) / self._protocol.batch_size))
        loop = self.compiled.batch_statistics_loop
        if loop is None:
            return self._accuracy_and_loss(self._outputs(model, batches), order)
        # The larger batches come first.
        size, smaller = len(batches[0]), len(batches[-1])
        larger = sum(len(batch) == size for batch in batches) * size
        parts = [(order[:larger], size), (order[larger:], smaller)]
        outputs = [
            loop.predict(self._inputs, part, length, self._batches_per_call(len(rows)))
            for part, length in parts
            if len(part)
        ]
        return self._accuracy_and_loss(np.concatenate(outputs).astype(np.float32), order)

    def _outputs(
        self, model: keras.Model, batches: Iterable[NDArray[np.int64]]
    ) -> NDArray[np.float32]:
        outputs = (
            model.predict_on_batch([*map(divided, self._inputs(batch))]) for batch in batches
        )
        # The dtype policy may give outputs of another type.
        return np.concatenate(
            [keras.ops.convert_to_numpy(one).astype(np.float32) for one in outputs]
        )

    def _accuracy_and_loss(
        self, logits: NDArray[np.float32], rows: NDArray[np.int64]
    ) -> tuple[float, float]:
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
        """Train all epochs of the protocol, or the remaining ones.

        With early stopping, training ends when the validation loss was not lower for a number of
        epochs, and the weights of the best epoch are restored, as by Keras' ``EarlyStopping``.

        Args:
            validation: int64, rows of the validation images.
            progress: callback for the number of epochs done.
            start: the state to resume from, as an earlier call passed it to ``keep``; None to start
                from the first epoch.
            keep: called with the state after each epoch; must read its variables before it returns.

        Returns:
            The history of all epochs, with early stopping up to the best one, and the time they
            took.

        Raises:
            FerBenchError: the loss or an output of the network is not finite.
        """
        epochs = self._protocol.epochs
        clock = _Clock()
        if start is None:
            history = History((), (), *((value,) for value in self._measured(clock, validation)))
        else:
            self._restore(start.variables)
            history, clock.seconds = start.history, start.seconds
        progress("training epochs", history.epochs, epochs)
        while history.epochs < epochs and not self._has_stopped(history):
            number = history.epochs + 1
            with clock.running("training"):
                running = self.epoch(number)
            if not math.isfinite(running[1]):
                raise _diverged(f"the training loss of epoch {number}")
            history = _extended(history, running, self._measured(clock, validation))
            if self._stops_early and best_epoch(history) == number:
                self._best = [variable.numpy() for variable in self.suffix.variables]
            keep(TrainingState(history, clock.seconds, self._variables()))
            progress("training epochs", number, epochs)
        if not self._stops_early:
            return history, clock.seconds
        for variable, value in zip(self.suffix.variables, self._best, strict=True):
            variable.assign(value)
        progress("training epochs", epochs, epochs)
        return up_to_best_epoch(history, clock.seconds)

    @property
    def _stops_early(self) -> bool:
        return self._protocol.early_stopping != "none"

    def _has_stopped(self, history: History) -> bool:
        patience = self._protocol.early_stopping
        if patience == "none" or not history.epochs:
            return False
        return history.epochs - best_epoch(history) >= patience

    def _measured(self, clock: _Clock, validation: NDArray[np.int64]) -> list[float]:
        """Return one metric for each non-empty (E + 1)-long series of the history, in order."""
        with clock.running("evaluation"):
            return [
                *self.evaluate(self._rows),
                *self.evaluate(validation),
                *(self.evaluate_with_batch_statistics(validation) or ()),
            ]

    def _variables(self) -> Iterator[NDArray[Any]]:
        """Yield everything training changes, one array at a time."""
        for variable in self.compiled.variables:
            yield variable.numpy()
        yield from self._best

    def _restore(self, values: Iterable[NDArray[Any]]) -> None:
        rest = iter(values)
        for variable in self.compiled.variables:
            variable.assign(next(rest))
        self._best = list(rest)

    @property
    def expected(self) -> Expected:
        """Expected form of each training state."""
        best = self.suffix.variables if self._stops_early else ()
        return Expected(
            self._protocol.epochs,
            tuple(
                (tuple(one.shape), np.dtype(one.dtype)) for one in (*self.compiled.variables, *best)
            ),
            self.compiled.with_batch_statistics is not None,
        )

    @property
    def written_bytes(self) -> int:
        """Peak disk usage in bytes: a checkpoint is written before the older one is removed."""
        layouts = self.expected.variables
        return 2 * sum(dtype.itemsize * math.prod(shape) for shape, dtype in layouts)

    def _blocks(self, rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        size = self._protocol.batch_size
        step = self._batches_per_block * size
        # Keras divides all batches of a call as it divides the first.
        end = len(rows) - (len(rows) % size if are_divided() else 0)
        return [block for block in np.split(rows, [*range(step, end, step), end]) if len(block)]

    @property
    def _batches_per_block(self) -> int:
        image_bytes = sum(
            math.prod(tensor.shape[1:]) * tensor.dtype.itemsize for tensor in self.tensors
        )
        return max(1, BLOCK_BYTES // (image_bytes * self._protocol.batch_size))


class _Clock:
    def __init__(self) -> None:
        self.seconds = Seconds()

    @contextlib.contextmanager
    def running(self, work: Literal["training", "evaluation"]) -> Iterator[None]:
        started = perf_counter()
        yield
        spent = getattr(self.seconds, work) + perf_counter() - started
        self.seconds = dataclasses.replace(self.seconds, **{work: spent})


def _extended(
    history: History, running: tuple[float, float], evaluated: Sequence[float]
) -> History:
    series = (getattr(history, field.name) for field in dataclasses.fields(history))
    # The last series (batch statistics) stay empty if they are not evaluated.
    return History(*((*old, new) for old, new in zip(series, (*running, *evaluated), strict=False)))


def best_epoch(history: History) -> int:
    """Return the first epoch with the lowest validation loss, of at least one epoch."""
    return lowest_epoch(history.validation_loss[1:])


def up_to_best_epoch(history: History, seconds: Seconds) -> tuple[History, Seconds]:
    """Cut a history of at least one epoch after its best one, and divide its training time.

    All epochs are assumed to take equally long, since only their sum is measured.
    """
    best, epochs = best_epoch(history), history.epochs
    cut = {
        item.name: getattr(history, item.name)[: best + (not item.name.startswith("running"))]
        for item in dataclasses.fields(history)
    }
    after = seconds.training * (epochs - best) / epochs
    return History(**cut), dataclasses.replace(
        seconds, training=seconds.training - after, after_best=after
    )


class TrainingDivergedError(FerBenchError):
    """Loss or output of a network that is not finite."""


def _diverged(value: str) -> TrainingDivergedError:
    return TrainingDivergedError(
        f"training diverged: {value} is not finite",
        hint="try another seed, --batchnorm=frozen or fewer --trainable-layers",
    )
