"""Training steps of a complete network on images, for timing, without stored features.

The benchmark trains the suffix on stored features of the frozen prefix. How fast a network trains
without that store, as the paper trained it, is measured here, with a network of its own: neither
the weights of the trained cell nor its results change. The weights do not matter for speed, so they
are random.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from fer_bench.models.mixed_precision import mixed_precision, output_dtype
from fer_bench.models.preprocessing import prepare_faces
from fer_bench.models.transfer import attach_extractor, attach_head, freeze
from fer_bench.protocol import published
from fer_bench.protocol.head import LINEAR, Head
from fer_bench.training.compiled_suffix import gains_from_xla
from fer_bench.training.objective import new_loss, new_optimizer

if TYPE_CHECKING:
    from fer_bench.models import Backbone
    from fer_bench.protocol.cell import Init
    from fer_bench.protocol.trainable_layers import Trainable
    from fer_bench.training.run_context import RunContext

COMMON_SIZE = 96
"""Input side at which networks are compared: OpenFace's, which is fixed."""


def input_sizes(entry: Backbone) -> tuple[int, ...]:
    """Return the input sizes to time: the network's own, and the common one if claims need it.

    That is the case for the paper's networks with smaller inputs, which accept any.
    """
    own = entry.input_size
    resizable = entry.name in published.BACKBONES and own < COMMON_SIZE
    return (own, COMMON_SIZE) if resizable else (own,)


BATCHES = 8
"""Maximum number of different batches, so that a kept network does not keep the data set."""

KEPT_BYTES = 2**27
"""Largest size of the weights of a network that is kept for the next cell."""

_kept: list[tuple[Any, NetworkTraining]] = []


def network_training(
    context: RunContext, entry: Backbone, init: Init, input_size: int, head: str = LINEAR
) -> NetworkTraining:
    """Return a new network, or the last one if structure and data are the same.

    Compiling takes seconds. The init decides how many of the last layers are trained. The input
    size is the side length in pixels.
    """
    layers = context.protocol.trainable_layers.of(init)
    data = context.dataset.row_digest, context.split.digest
    structure = entry, layers, head, input_size, context.protocol, data
    if not (_kept and _kept[0][0] == structure):
        _kept.clear()
        made = NetworkTraining(context, entry, layers, input_size, head)
        if made.weight_bytes > KEPT_BYTES:
            return made
        _kept.append((structure, made))
    return _kept[0][1]


class NetworkTraining:
    """A complete network under a run's protocol, trained on the first batches of training images.

    The last ``layers`` of the backbone are trained, with an input of ``input_size`` pixels.

    Attributes:
        batch_size: number of images in a batch.
    """

    def __init__(
        self,
        context: RunContext,
        entry: Backbone,
        layers: Trainable,
        input_size: int,
        head: str = LINEAR,
    ) -> None:
        entry = entry.adapted(context.protocol).resized(input_size)
        protocol, dataset = context.protocol, context.dataset
        self._extractor = None if entry.file is None else entry.file.extractor(entry)
        classes, kind = len(dataset.classes), Head.parse(head)
        dtype = output_dtype(protocol.mixed_precision)
        with mixed_precision(protocol.mixed_precision, entry):
            if self._extractor is None:
                backbone = entry.build()
                freeze(backbone, layers, entry.name, protocol.batch_normalization)
                images = keras.Input(dataset.images.shape[1:], dtype="uint8", name="images")
                faces = prepare_faces(images, entry)
                network = attach_head(backbone, classes, protocol.pooling, kind, dtype)
                self._model = keras.Model(images, network(faces))
            else:
                attached = attach_extractor(self._extractor, classes, protocol.pooling, kind)
                self._model = attached.suffix
        counts = context.training_counts
        self._model.compile(
            optimizer=new_optimizer(protocol, counts),
            loss=new_loss(protocol, counts),
            jit_compile=gains_from_xla(self._model),
        )
        self.batch_size = min(protocol.batch_size, len(context.split.train))
        rows = context.split.train[: BATCHES * self.batch_size]
        self._images = np.array(dataset.images[rows])
        self._labels = keras.utils.to_categorical(dataset.labels[rows], len(dataset.classes))
        self._start = 0

    @property
    def weight_bytes(self) -> int:
        """Size of the weights in bytes, four for each."""
        frozen = 0 if self._extractor is None else self._extractor.record.parameters
        return 4 * (frozen + int(self._model.count_params()))

    @property
    def trained_parameters(self) -> int:
        """Number of parameters that a step updates."""
        return sum(math.prod(weight.shape) for weight in self._model.trainable_weights)

    def train(self, batches: int) -> None:
        """Train on the next batches, of ``batch_size`` images each, again and again."""
        for _ in range(batches):
            batch = np.arange(self._start, self._start + self.batch_size) % len(self._images)
            self._start = (self._start + self.batch_size) % len(self._images)
            inputs: Any = self._images[batch]
            if self._extractor is not None:
                (inputs,) = self._extractor.predict_on_batch(inputs)
            # Returning the loss as a number waits for the computation to end.
            self._model.train_on_batch(inputs, self._labels[batch])
