"""A backbone with its head, in the parts that training needs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import keras

from fer_bench.backbones.preprocessing import FaceInput
from fer_bench.results import Parameters
from fer_bench.transfer.compilable import make_compilable
from fer_bench.transfer.cutting import cut, freeze
from fer_bench.transfer.folding import fold_batch_normalization

if TYPE_CHECKING:
    from fer_bench.backbones import Backbone
    from fer_bench.protocol import BatchNormalization, Trainable


@dataclass(frozen=True)
class Network:
    """A backbone with its head, cut in prefix and suffix.

    ``whole`` and ``suffix`` share their variables: what is trained in one predicts in the other.
    ``prefix`` holds copies of frozen weights as they were when the network was cut.

    Attributes:
        whole: uint8 images (n, h, w) to probabilities (n, classes).
        prefix: uint8 images to the frozen boundary tensors, a list; None where nothing is
            frozen before the first trained layer.
        suffix: boundary tensors, or uint8 images where there is no prefix, to logits
            (n, classes).
        boundary: positions, in the layer list of the backbone with its head, of the layers whose
            outputs cross the cut, in the suffix's input order.
        parameters: numbers of weights.
    """

    whole: keras.Model
    prefix: keras.Model | None
    suffix: keras.Model
    boundary: tuple[int, ...]
    parameters: Parameters


def attach_head(backbone: keras.Model, classes: int) -> keras.Model:
    """The backbone's features flattened into one dense layer, as one flat graph to logits.

    The softmax is left to the loss and to ``Network.whole``: from logits, the cross-entropy is
    exact under every Keras backend, where from probabilities some of them clip it.

    Args:
        backbone: maps (n, size, size, 3) to features of any shape.
        classes: number of classes.
    """
    features = keras.layers.Flatten(name="head_flatten")(backbone.output)
    logits = keras.layers.Dense(classes, name="head")(features)
    return keras.Model(backbone.inputs, logits)


def transfer(
    entry: Backbone,
    backbone: keras.Model,
    trainable: Trainable,
    image_size: tuple[int, int],
    classes: int,
    batch_normalization: BatchNormalization = "paper",
) -> Network:
    """Freezes, adds the head, and cuts.

    Args:
        entry: the backbone's registry entry, for its input size and preprocessing.
        backbone: as built by ``entry.build()``, with its weights in place.
        trainable: how many of its last layers are trained, or ``"all"``.
        image_size: height and width of the images in pixels.
        classes: number of classes.
        batch_normalization: ``"frozen"`` keeps it frozen among the trained layers.

    Raises:
        FerBenchError: ``trainable`` is larger than the number of layers.
    """
    freeze(backbone, trainable, entry.name, batch_normalization)
    network = attach_head(backbone, classes)
    images = keras.Input(image_size, dtype="uint8", name="images")
    faces = FaceInput(entry.input_size, entry.scale, entry.offset, name="face_input")(images)
    logits = network(faces)
    whole = keras.Model(images, keras.layers.Softmax(name="probabilities")(logits))
    boundary = cut(network)
    parameters = Parameters(
        backbone=backbone.count_params(),
        trainable=sum(math.prod(weight.shape) for weight in network.trainable_weights),
        head=network.get_layer("head").count_params(),
    )
    if [id(tensor) for tensor in boundary] == [id(tensor) for tensor in network.inputs]:
        return Network(whole, None, keras.Model([images], logits), (), parameters)
    extractor = fold_batch_normalization(keras.Model(network.inputs, boundary))
    return Network(
        whole=whole,
        prefix=keras.Model(images, keras.tree.flatten(extractor(faces))),
        suffix=make_compilable(keras.Model(boundary, network.output)),
        boundary=tuple(
            network.layers.index(tensor._keras_history.operation) for tensor in boundary
        ),
        parameters=parameters,
    )
