"""A cell whose learning result is known, and whose network can be used."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.models.keras_backend import load_keras
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from fer_bench.models.transfer import Network
    from fer_bench.results.records import CellResult
    from fer_bench.training.cell_network import CellNetwork
    from fer_bench.training.fitted_head import FittedHead
    from fer_bench.training.store.results import Stored
    from fer_bench.training.trainer import Trainer


@dataclass(eq=False, repr=False)
class TrainedCell:
    """Result of a cell with its network.

    The network is built when it is first used: a stored result does not need it. As a context
    manager, the cell releases its network at the end.

    Attributes:
        result: the record of the cell, without timings.
        logits: float32, shape (images, classes): output of the trained network for the test images.
        test_labels: uint8, shape (images,): labels of the test images in the order of ``logits``.
    """

    result: CellResult
    logits: NDArray[np.float32]
    test_labels: NDArray[np.uint8]
    _network: CellNetwork
    _restore: Callable[[], Stored | None]
    _is_restored: bool
    _describe: Callable[[CellResult], CellResult] | None = field(default=None, init=False)
    _trained_weights: list[NDArray[Any]] | None = field(default=None, init=False)

    def describe_by(self, describe: Callable[[CellResult], CellResult]) -> None:
        """Replace the record by what ``describe`` makes of it, also if it is trained again."""
        self.result = describe(self.result)
        self._describe = describe

    @property
    def network(self) -> Network:
        """Trained network, built and restored if necessary.

        That of a fitted head ends with the head's features; ``predict`` includes the head.
        """
        if not self._is_restored:
            trained_again = self._restore()
            self._is_restored = True
            if trained_again is not None:
                result, self.logits = trained_again
                described = result if self._describe is None else self._describe(result)
                self.result = replace(described, cross_test=self.result.cross_test)
        return self._network.network

    @property
    def fitted_head(self) -> FittedHead | None:
        """Head on the network's features, restored if necessary; None if it is part of it."""
        _ = self.network
        return self._network.fitted_head

    @property
    def trainer(self) -> Trainer:
        """Trainer that starts from the trained network."""
        load_keras()
        self._network.make_room()
        _ = self.network
        return self._network.trainer

    def predict(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Classify images, in batches, so that memory does not grow with their number.

        Args:
            images: uint8, shape (n, height, width), grey levels 0 to 255, of the data set's size.

        Returns:
            float32, shape (n, classes): probabilities, in the order of the data set's classes.

        Raises:
            FerBenchError: the images have another dtype or shape, or the network cannot be built.
        """
        size = self._network.image_shape
        if images.dtype != np.uint8 or images.shape[1:] != size:
            raise FerBenchError(
                f"images are {images.dtype} of shape {images.shape}",
                f"uint8 of shape (n, {', '.join(map(str, size))})",
            )
        _ = self.network
        if not len(images):
            # oneDNN's convolutions fail for an empty batch on some processors.
            return self._network.classify(np.zeros((1, *size), np.uint8))[:0]
        most = self._network.images_per_pass
        # At most one batch for the batch sizes that benchmarks time.
        starts = range(0, len(images), most)
        parts = [self._network.classify(images[start : start + most]) for start in starts]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

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
        """Release the network. If it is used again, it is built again."""
        self._network.close()
        self._is_restored = False
        self._trained_weights = None

    def __enter__(self) -> TrainedCell:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
