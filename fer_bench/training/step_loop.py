"""Batches of a suffix, trained or evaluated in a loop that XLA compiles as one function.

Keras compiles a single step and calls it for each batch. In a compiled loop, weights and moments
stay in place between the steps, and no input pipeline is built. The numbers are the same to the
last bit. TensorFlow only.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    Read = Callable[[NDArray[np.int64]], Sequence[NDArray[Any]]]
    """Returns the values of each input tensor at these rows."""


class StepLoop:
    """Compiled loops over the batches of one model.

    Args:
        model: the model; it must be compiled by Keras if it is trained.
    """

    def __init__(self, model: keras.Model) -> None:
        self._model = model
        self._has_metrics = False
        self._train = tf.function(self._train_batches, jit_compile=True)
        self._predict = tf.function(self._predict_batches, jit_compile=True)

    def fit(self, read: Read, rows: NDArray[np.int64], size: int, most: int) -> dict[str, float]:
        """Train on the images at ``rows`` in batches of ``size``, as ``keras.Model.fit`` does.

        A call of the compiled loop takes at most ``most`` batches; ``read`` returns the inputs, and
        last the one-hot targets. Returns Keras' metrics, averaged over the batches.
        """
        if not self._has_metrics:
            # Creates the variables of Keras' metrics, which a compiled function cannot.
            *tensors, targets = read(rows[:1])
            self._model.compute_metrics(tensors, targets, np.zeros_like(targets))
            self._has_metrics = True
        self._model.reset_metrics()
        for values, batches, batch in _chunks(read, rows, size, most):
            self._train(values, batches, batch)
        return {name: float(value) for name, value in self._model.get_metrics_result().items()}

    def predict(self, read: Read, rows: NDArray[np.int64], size: int, most: int) -> NDArray[Any]:
        """Return the outputs in inference mode, shape (n, ...), computed in batches of ``size``."""
        outputs = [
            self._predict(values, batches, batch).numpy()[: batches * batch]
            for values, batches, batch in _chunks(read, rows, size, most)
        ]
        return np.concatenate(outputs)

    def _train_batches(self, values: Sequence[Any], batches: Any, size: int) -> None:
        def step(number: Any) -> tuple[Any]:
            *tensors, targets = (_batch(value, number, size) for value in values)
            self._model.train_step((tensors, targets))
            return (number + 1,)

        tf.while_loop(lambda number: number < batches, step, [tf.constant(0)])

    def _predict_batches(self, values: Sequence[Any], batches: Any, size: int) -> Any:
        def step(number: Any, outputs: Any) -> tuple[Any, Any]:
            tensors = [_batch(value, number, size) for value in values]
            return number + 1, outputs.write(number, self._model(tensors, training=False))

        outputs = tf.TensorArray(
            self._model.output.dtype,
            size=values[0].shape[0] // size,
            element_shape=(size, *self._model.output.shape[1:]),
        )
        _, outputs = tf.while_loop(
            lambda number, _: number < batches, step, [tf.constant(0), outputs]
        )
        return outputs.concat()


def _batch(values: Any, number: Any, size: int) -> Any:
    later = values.shape[1:]
    return tf.slice(values, [number * size, *[0] * len(later)], [size, *later])


def _chunks(
    read: Read, rows: NDArray[np.int64], size: int, most: int
) -> Iterator[tuple[list[Any], Any, int]]:
    """Yield values of ``most`` batches, how many of them to use, and the images in each.

    All chunks of a batch size have the same shape, so that it is compiled once; the last is padded
    with zeros. The next chunk is read while the caller uses one.
    """
    whole = len(rows) - len(rows) % size
    parts = [
        (rows[start : min(start + most * size, whole)], size)
        for start in range(0, whole, most * size)
    ]
    if whole < len(rows):
        parts.append((rows[whole:], len(rows) - whole))
    with ThreadPoolExecutor(1) as pool:
        upcoming = [pool.submit(read, part) for part, _ in parts[:1]]
        for number, (part, batch) in enumerate(parts, start=1):
            values = upcoming.pop().result()
            upcoming += [pool.submit(read, part) for part, _ in parts[number : number + 1]]
            length = most * size if batch == size else batch
            counted = tf.constant(len(part) // batch)
            yield [_as_input(value, length) for value in values], counted, batch


def _as_input(values: NDArray[Any], length: int) -> Any:
    """Convert an array as Keras' ``fit`` does, and pad it with zeros to ``length``."""
    if len(values) < length:
        missing = np.zeros((length - len(values), *values.shape[1:]), values.dtype)
        values = np.concatenate([values, missing])
    is_float = np.issubdtype(values.dtype, np.floating)
    return tf.convert_to_tensor(values, keras.config.floatx() if is_float else values.dtype)
