"""Evaluation of a network with batch statistics instead of moving averages, for diagnosis.

In training, batch normalisation uses the mean and variance of the batch, in evaluation moving
averages of them (Ioffe and Szegedy, Batch Normalization, 2015, section 3.1). A network may fail on
new images because it overfits, or because the moving averages do not match its weights. Evaluating
it once with each of the two distinguishes the causes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

if TYPE_CHECKING:
    from collections.abc import Iterator


@keras.saving.register_keras_serializable("fer_bench")
class BatchStatistics(keras.layers.Wrapper):  # type: ignore[misc]
    """Batch normalisation in training mode without updates of the moving averages.

    The wrapper has no variables of its own.

    Args:
        layer: a built ``BatchNormalization``.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Normalise the inputs by the mean and variance of the batch in any mode; same shape."""
        layer = self.layer
        # ``stateless_call`` returns the updated moving averages, which are discarded.
        outputs, _ = layer.stateless_call(
            [variable.value for variable in layer.trainable_variables],
            [variable.value for variable in layer.non_trainable_variables],
            inputs,
            training=True,
            mask=mask,
        )
        return outputs

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape of the inputs."""
        return input_shape


def with_batch_statistics(model: keras.Model) -> keras.Model | None:
    """Return the network with trainable batch normalisation in training mode, sharing variables.

    Everything else stays in inference mode: frozen normalisation uses its moving averages, and
    dropout is inactive. Using the network changes no variable.

    Args:
        model: a functional graph, possibly with nested models; it is not modified.

    Returns:
        A model with the same inputs and outputs, or None if no batch normalisation is trainable, or
        one is inside a layer that is not a model and so cannot be replaced.
    """
    in_sight = {id(layer) for layer in _layers(model) if _is_trained_normalization(layer)}
    trained = {id(layer) for layer in model._flatten_layers() if _is_trained_normalization(layer)}
    if not trained or trained != in_sight:
        return None

    def clone(layer: Any) -> Any:
        if _is_trained_normalization(layer):
            return BatchStatistics(layer, name=layer.name, dtype=layer.dtype_policy)
        return layer

    # Keras would also clone the optimiser of a compiled model and its variables.
    plain = keras.Model(model.input, model.output)
    return keras.models.clone_model(plain, clone_function=clone, recursive=True)


def _is_trained_normalization(layer: Any) -> bool:
    return isinstance(layer, keras.layers.BatchNormalization) and layer.trainable


def _layers(model: keras.Model) -> Iterator[Any]:
    for layer in model.layers:
        yield layer
        if isinstance(layer, keras.Model):
            yield from _layers(layer)
