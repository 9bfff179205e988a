"""Network of a trained cell with preprocessing and softmax inside, of Keras' own layers only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    import keras

    from fer_bench.models import Backbone
    from fer_bench.results.model_metadata import Target
    from fer_bench.training.trained_cell import TrainedCell

INPUT, OUTPUT = "images", "probabilities"
"""Names of the model's input and output."""

DEEPFACE_SIDE = 48
"""Side length in pixels of the grey images that deepface passes to its emotion model."""

_LUMA = (19_595.0, 38_470.0, 7_471.0)
"""Weights of red, green and blue in ITU-R 601 luma, times 65,536, as in Pillow."""


def deployable_model(trained: TrainedCell, entry: Backbone, target: Target) -> keras.Model:
    """Return a model from images to probabilities, which shares the cell's variables.

    For any target, the input is uint8, shape (n, height, width, channels), of any size, with one
    channel (grey) or three (red, green, blue). Colour becomes grey by ITU-R 601 luma, rounded to an
    integer, exactly as Pillow converts colour files for the benchmark. For deepface, it is
    float32, shape (n, 48, 48, 1), grey levels divided by 255.

    Args:
        trained: the cell.
        entry: its backbone, adapted to the protocol.
        target: program that the model is for.

    Raises:
        FerBenchError: the network is not a Keras model, or its head is not a dense layer.
    """
    import keras

    from fer_bench.models.preprocessing import prepare_faces

    graph = trained.network.graph
    if graph is None:
        raise FerBenchError(
            f"{trained.result.id}: its backbone is an ONNX file, which is not merged with the head",
            "a cell of a Keras network",
        )
    layers = _head_layers(trained)
    if target == "deepface":
        shape = (DEEPFACE_SIDE, DEEPFACE_SIDE, 1)
        images = keras.Input(shape, dtype="float32", name=INPUT)
        grey = images * 255.0
    else:
        images = keras.Input((None, None, None), dtype="uint8", name=INPUT)
        grey = _luma(images)
    values = graph(prepare_faces(grey, entry))
    for layer in layers:
        values = layer(values)
    return keras.Model(images, keras.layers.Softmax(name=OUTPUT)(values))


def _luma(images: Any) -> Any:
    """Return the grey levels of grey or colour images, float32, shape (n, height, width, 1)."""
    from keras import ops

    # The first three channels of a grey image repeated are grey, grey, grey.
    colours = ops.cast(ops.concatenate([images, images, images], axis=-1)[..., :3], "float32")
    # All sums are integers below 2 ** 24, so float32 is exact.
    weighted = ops.sum(colours * np.array(_LUMA, np.float32), axis=-1, keepdims=True)
    return ops.floor((weighted + 32_768.0) / 65_536.0)


def _head_layers(trained: TrainedCell) -> list[Any]:
    """Return the layers from the network's output to logits; none if it ends with logits."""
    import keras

    head = trained.fitted_head
    if head is None:
        return []
    affine = head.affine()
    if affine is None:
        raise FerBenchError(
            f"{trained.result.id}: head {head.kind!r} cannot be written as one dense layer",
            "linear, mlp, logreg, svm or prototype, with training images of all classes",
        )
    kernel, _ = affine
    layer = keras.layers.Dense(head.classes, name="fitted_head")
    layer.build((None, len(kernel)))
    layer.set_weights(list(affine))
    return [layer]
