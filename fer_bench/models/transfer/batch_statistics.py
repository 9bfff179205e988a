"""A network that normalises by the batch outside of training too, to look into it.

In training, batch normalisation uses the mean and variance of the batch, in evaluation moving
averages of them (Ioffe and Szegedy, Batch Normalization, 2015, section 3.1). A network may fail on
new images since it learnt the training images by heart, or since these averages do not fit its
weights. Evaluated once with the averages and once without, it tells which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

if TYPE_CHECKING:
    from collections.abc import Iterator


@keras.saving.register_keras_serializable("fer_bench")
class BatchStatistics(keras.layers.Wrapper):  # type: ignore[misc]
    """What a batch normalisation computes in training, changing nothing.

    It holds no variable but the wrapped layer's own, and leaves its moving averages as they are.

    Args:
        layer: a built ``BatchNormalization``.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """The inputs, normalised by their own mean and variance in any mode; same shape."""
        layer = self.layer
        # The layer's own computation, whose new moving averages are returned and dropped here.
        outputs, _ = layer.stateless_call(
            [variable.value for variable in layer.trainable_variables],
            [variable.value for variable in layer.non_trainable_variables],
            inputs,
            training=True,
            mask=mask,
        )
        return outputs

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of the inputs."""
        return input_shape


def with_batch_statistics(model: keras.Model) -> keras.Model | None:
    """The same network on the same variables, trained batch normalisation as in training.

    All else is in inference mode: frozen normalisation uses its moving averages, dropout drops
    nothing. No variable changes when the network is used.

    Args:
        model: a functional graph, models within it included; it is left as it is.

    Returns:
        A model with inputs and outputs like ``model``'s; None where no batch normalisation is
        trained, or one is trained within a layer that is no model, where it cannot be exchanged.
    """
    in_sight = {id(layer) for layer in _layers(model) if _is_trained_normalization(layer)}
    trained = {id(layer) for layer in model._flatten_layers() if _is_trained_normalization(layer)}
    if not trained or trained != in_sight:
        return None

    def clone(layer: Any) -> Any:
        if _is_trained_normalization(layer):
            return BatchStatistics(layer, name=layer.name, dtype=layer.dtype_policy)
        return layer

    # Of a compiled model Keras would copy the optimiser and its variables as well.
    plain = keras.Model(model.input, model.output)
    return keras.models.clone_model(plain, clone_function=clone, recursive=True)


def _is_trained_normalization(layer: Any) -> bool:
    return isinstance(layer, keras.layers.BatchNormalization) and layer.trainable


def _layers(model: keras.Model) -> Iterator[Any]:
    for layer in model.layers:
        yield layer
        if isinstance(layer, keras.Model):
            yield from _layers(layer)
