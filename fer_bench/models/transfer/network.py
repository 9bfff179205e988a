"""Backbone with head, as a complete model and split into prefix and suffix."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import keras

from fer_bench.models.builders.layers import with_keras_operations
from fer_bench.models.functional_model import unused_name
from fer_bench.models.preprocessing import prepare_faces
from fer_bench.models.transfer.batch_norm_folding import fold_batch_normalization
from fer_bench.models.transfer.cut import check_boundary, cut, freeze
from fer_bench.models.transfer.xla_rewrite import make_compilable
from fer_bench.protocol.head import Head
from fer_bench.results.records import Parameters

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fer_bench.models import Backbone, WeightsRecord
    from fer_bench.protocol.settings import BatchNormalization, Pooling
    from fer_bench.protocol.trainable_layers import Trainable


class Computation(Protocol):
    """Part of a network in inference mode: a Keras model, or a network of another library."""

    def predict_on_batch(self, images: NDArray[np.uint8]) -> Any:
        """Return the outputs for images, uint8, shape (n, height, width)."""


class Extractor(Computation, Protocol):
    """Frozen feature extractor that is not a Keras model.

    Attributes:
        shape: shape of one image's features, the only output of ``predict_on_batch``.
        record: the verified file that it comes from.
    """

    shape: tuple[int, ...]
    record: WeightsRecord


@dataclass(frozen=True)
class Network:
    """A backbone with its head, cut into prefix and suffix.

    ``whole`` and ``suffix`` share their variables, so training one trains the other. ``prefix``
    holds copies of frozen weights from when the network was cut. For a registered backbone,
    ``whole`` and ``prefix`` consist of Keras' own layers and operations, so that they can be saved
    and then loaded without fer_bench. ``suffix`` is optimised for training and may contain layers
    of this package. For a network of another library, only ``suffix`` is a Keras model.

    Attributes:
        whole: model from uint8 images (n, h, w) to probabilities (n, classes), or to features
            (n, d) if the head is a fitted one, which is not part of the network.
        prefix: model from uint8 images to the list of frozen boundary tensors, or None if no
            weights are frozen before the first trained layer.
        suffix: model from the boundary tensors, or from uint8 images if there is no prefix, to
            logits (n, classes), or to these features.
        boundary: numbers of the tensors that cross the cut, in the order of the suffix's inputs:
            the index of the layer or operation that outputs the tensor, in the list of operations
            of the backbone with head. For the k-th further output of the same operation, k times
            the length of the list is added.
        parameters: numbers of parameters.
        graph: the same network as ``whole``, with the same variables, from preprocessed images
            (n, side, side, channels) to logits, or to features; None for a network of another
            library.
    """

    whole: Computation
    prefix: Computation | None
    suffix: keras.Model
    boundary: tuple[int, ...]
    parameters: Parameters
    graph: keras.Model | None = None

    @property
    def feature_shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shape of one image's values, for each of the suffix's inputs."""
        return tuple(tuple(tensor.shape[1:]) for tensor in self.suffix.inputs)


def attach_head(
    backbone: keras.Model,
    classes: int,
    pooling: Pooling = "flatten",
    head: Head | None = None,
    dtype: str | None = None,
) -> keras.Model:
    """Attach a pooling and a head to the backbone, giving one flat graph to logits.

    The softmax is left to the loss and to ``Network.whole``: from logits, the cross-entropy is
    exact with every Keras backend, while some backends clip it if computed from probabilities.

    Args:
        backbone: model from (n, size, size, 3) to features of any shape.
        classes: number of classes.
        pooling: with ``"average"``, the head gets the mean of each channel over all positions,
            if the features have positions.
        head: the dense layers; None for the paper's single one. Hidden layers are ReLU layers, each
            followed by the head's dropout. With a fitted head, the graph ends with the pooling.
        dtype: type of the logits, None for that of Keras' dtype policy.
    """
    head = head or Head()
    names = {operation.name for operation in backbone.operations}
    if pooling == "average" and len(backbone.output.shape) == 4:
        vector = keras.layers.GlobalAveragePooling2D(name=unused_name("head_average", names))
    else:
        vector = keras.layers.Flatten(name=unused_name("head_flatten", names))
    values = vector(backbone.output)
    if head.is_fitted:
        return keras.Model(backbone.inputs, values)
    for number, width in enumerate(head.widths, start=1):
        name = unused_name(f"head_hidden_{number}", names)
        values = keras.layers.Dense(width, "relu", name=name)(values)
        if head.dropout:
            name = unused_name(f"head_dropout_{number}", names)
            values = keras.layers.Dropout(head.dropout, name=name)(values)
    logits = keras.layers.Dense(classes, name=unused_name("head", names), dtype=dtype)
    return keras.Model(backbone.inputs, logits(values))


def transfer(
    entry: Backbone,
    backbone: keras.Model,
    trainable: Trainable,
    image_size: tuple[int, int],
    classes: int,
    batch_normalization: BatchNormalization = "paper",
    pooling: Pooling = "flatten",
    head: Head | None = None,
    dtype: str | None = None,
) -> Network:
    """Freeze layers of a backbone, attach the head, and cut the network.

    Args:
        entry: the backbone's registry entry, for its input size and preprocessing.
        backbone: the network as built by ``entry.build()``, with its weights set.
        trainable: number of its last layers to train, or ``"all"``.
        image_size: height and width of the images in pixels.
        classes: number of classes.
        batch_normalization: with ``"frozen"``, batch normalisation is also frozen in the trained
            layers.
        pooling: input of the head, see ``attach_head``.
        head: the head, see ``attach_head``.
        dtype: type of logits and probabilities, None for that of Keras' dtype policy.

    Raises:
        FerBenchError: ``trainable`` is larger than the number of layers, or the network cannot be
            cut there.
    """
    freeze(backbone, trainable, entry.name, batch_normalization)
    network = attach_head(backbone, classes, pooling, head, dtype)
    images = keras.Input(image_size, dtype="uint8", name="images")
    faces = prepare_faces(images, entry)
    graph = with_keras_operations(network)
    logits = graph(faces)
    if head is not None and head.is_fitted:
        whole = keras.Model(images, logits)
    else:
        softmax = keras.layers.Softmax(name="probabilities", dtype=dtype)
        whole = keras.Model(images, softmax(logits))
    boundary = cut(network)
    if boundary:
        suffix = make_compilable(keras.Model(boundary, network.output))
    else:
        # Without any trained layer, the complete network is frozen.
        boundary = network.outputs
        features = keras.Input(network.output.shape[1:])
        suffix = keras.Model([features], keras.layers.Identity()(features))
    check_boundary(boundary, entry.name)
    parameters = Parameters(
        backbone=backbone.count_params(),
        trainable=sum(math.prod(weight.shape) for weight in network.trainable_weights),
        head=network.count_params() - backbone.count_params(),
    )
    frozen = keras.Model(network.inputs, boundary)
    if not frozen.weights:
        # What is frozen only moves or scales pixels: its output takes far more room than images.
        return Network(whole, None, keras.Model([images], logits), (), parameters, graph)
    extractor = fold_batch_normalization(frozen)
    return Network(
        whole=whole,
        prefix=keras.Model(images, keras.tree.flatten(with_keras_operations(extractor)(faces))),
        suffix=suffix,
        boundary=_numbers(network, boundary),
        parameters=parameters,
        graph=graph,
    )


def attach_extractor(
    extractor: Extractor, classes: int, pooling: Pooling = "flatten", head: Head | None = None
) -> Network:
    """Attach the head to a frozen extractor of another library; only the head is trained.

    Args:
        extractor: maps images to features, channels last.
        classes: number of classes.
        pooling: input of the head, see ``attach_head``.
        head: the head, see ``attach_head``.
    """
    head = head or Head()
    features = keras.Input(extractor.shape, name="features")
    suffix = attach_head(keras.Model(features, features), classes, pooling, head)
    count = suffix.count_params()
    return Network(
        whole=_Chained(extractor, suffix, has_logits=not head.is_fitted),
        prefix=extractor,
        suffix=suffix,
        boundary=(0,),
        parameters=Parameters(backbone=extractor.record.parameters, trainable=count, head=count),
    )


@dataclass(frozen=True)
class _Chained:
    """Extractor and suffix to logits, or to a fitted head's features, one after the other."""

    extractor: Extractor
    suffix: keras.Model
    has_logits: bool

    def predict_on_batch(self, images: NDArray[np.uint8]) -> Any:
        """Return probabilities, shape (n, classes), or features, shape (n, d)."""
        outputs = self.suffix.predict_on_batch(self.extractor.predict_on_batch(images)[0])
        return keras.ops.softmax(outputs) if self.has_logits else outputs


def _numbers(network: keras.Model, tensors: list[Any]) -> tuple[int, ...]:
    """Return the ``Network.boundary`` numbers of these tensors.

    A layer that is called twice has two outputs, which its index alone does not distinguish.
    """
    operations = network.operations
    position = {id(operation): number for number, operation in enumerate(operations)}
    numbers: dict[int, int] = {}
    outputs: Counter[int] = Counter()
    for depth in sorted(network._nodes_by_depth, reverse=True):
        for node in network._nodes_by_depth[depth]:
            index = position[id(node.operation)]
            for tensor in node.output_tensors:
                numbers[id(tensor)] = index + outputs[index] * len(operations)
                outputs[index] += 1
    return tuple(numbers[id(tensor)] for tensor in tensors)
