"""Training a suffix on stored features, epoch by epoch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from fer_bench import evaluation
from fer_bench.errors import FerBenchError
from fer_bench.progress import silent
from fer_bench.results import History
from fer_bench.runtime import runs_on_cpu

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from fer_bench.progress import Progress
    from fer_bench.protocol import Protocol

BLOCK_BYTES = 2**28
"""Features gathered into memory at a time: memory does not grow with the number of images."""

EVALUATION_BATCH = 512
"""Images in one pass of an evaluation. It changes speed and memory only."""

STEPS_PER_CALL = 64
"""Training steps that one call of the compiled function runs."""


def epoch_order(seed: int, epoch: int, images: int) -> NDArray[np.int64]:
    """The order of the training images in one epoch: a fresh permutation for each.

    Args:
        seed: the cell's seed.
        epoch: from 1.
        images: how many there are.

    Returns:
        int64, shape (images,): a permutation of 0 to images - 1.
    """
    return np.random.default_rng([seed, epoch]).permutation(images)


class Trainer:
    """Trains one suffix by one protocol.

    Args:
        suffix: a list of boundary tensors to logits; it is compiled here.
        protocol: learning rate, batch size, number of epochs.
        seed: of the order of the images.
        tensors: the boundary tensors' values, shape (n, ...) each, in the suffix's input order.
        labels: uint8, shape (n,).
        rows: int64, which of the n images are trained on.
    """

    def __init__(
        self,
        suffix: keras.Model,
        protocol: Protocol,
        seed: int,
        tensors: Sequence[NDArray[Any]],
        labels: NDArray[np.uint8],
        rows: NDArray[np.int64],
    ) -> None:
        self.suffix = suffix
        self._protocol = protocol
        self._seed = seed
        self._tensors = tensors
        self._labels = labels
        self._rows = rows
        self._classes = suffix.output_shape[-1]
        suffix.compile(
            optimizer=keras.optimizers.Adam(protocol.learning_rate),
            loss=keras.losses.CategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
            steps_per_execution=STEPS_PER_CALL,
            jit_compile=_gains_from_xla(suffix),
        )

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
            figures = self.suffix.fit(
                [tensor[block] for tensor in self._tensors],
                keras.utils.to_categorical(self._labels[block], self._classes),
                batch_size=self._protocol.batch_size,
                shuffle=False,
                verbose=0,
            ).history
            share = len(block) / len(order)
            accuracy += share * figures["accuracy"][0]
            loss += share * figures["loss"][0]
        return accuracy, loss

    def logits(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Logits of the images at ``rows``, in inference mode, shape (len(rows), classes)."""
        return np.concatenate(
            [
                keras.ops.convert_to_numpy(
                    self.suffix.predict_on_batch([tensor[batch] for tensor in self._tensors])
                )
                for batch in np.split(rows, range(EVALUATION_BATCH, len(rows), EVALUATION_BATCH))
            ]
        )

    def evaluate(self, rows: NDArray[np.int64]) -> tuple[float, float]:
        """Accuracy and loss on the images at ``rows``, in inference mode.

        Raises:
            FerBenchError: the network's output left the numbers.
        """
        logits, labels = self.logits(rows), self._labels[rows]
        if not np.isfinite(logits).all():
            raise _diverged("an output of the network")
        return evaluation.accuracy(logits, labels), evaluation.cross_entropy(logits, labels)

    def train(self, validation: NDArray[np.int64], progress: Progress = silent) -> History:
        """Trains all epochs of the protocol.

        Args:
            validation: int64, rows of the validation images.
            progress: told the number of epochs done.

        Raises:
            FerBenchError: the loss or the network's output left the numbers.
        """
        epochs = self._protocol.epochs
        progress("training epochs", 0, epochs)
        running: list[tuple[float, float]] = []
        train = [self.evaluate(self._rows)]
        held_out = [self.evaluate(validation)]
        for number in range(1, epochs + 1):
            running.append(self.epoch(number))
            if not math.isfinite(running[-1][1]):
                raise _diverged(f"the training loss of epoch {number}")
            train.append(self.evaluate(self._rows))
            held_out.append(self.evaluate(validation))
            progress("training epochs", number, epochs)
        return History(
            *(
                tuple(series)
                for pairs in (running, train, held_out)
                for series in zip(*pairs, strict=True)
            )
        )

    def _blocks(self, rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        image_bytes = sum(tensor[:1].nbytes for tensor in self._tensors)
        batches = max(1, BLOCK_BYTES // (image_bytes * self._protocol.batch_size))
        step = batches * self._protocol.batch_size
        for start in range(0, len(rows), step):
            yield rows[start : start + step]


def _diverged(what: str) -> FerBenchError:
    return FerBenchError(
        f"training diverged: {what} is not finite; a smaller learning rate or another seed may help"
    )


def _gains_from_xla(suffix: keras.Model) -> bool | str:
    """Whether XLA compilation pays.

    On the CPU it speeds up matrix products, among them ``ConvolutionAsProduct``; real convolutions
    run several times slower than without it. Elsewhere Keras decides.
    """
    if not runs_on_cpu():
        return "auto"
    return not any(
        isinstance(layer, keras.Model) or hasattr(layer, "kernel_size") for layer in suffix.layers
    )
