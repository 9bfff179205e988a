"""Fixed computations whose time shows how fast the machine is at the moment.

The speed of a network differs from run to run with the other load on the machine and with its
clock. Timed directly before and after a measurement, by the same backend on the same device,
these two show the machine's share in that variation:

* a product of two 512x512 matrices: 2 * 512^3 = 268,435,456 floating-point operations (FLOPs);
* a convolution of 8 images of 48x48 pixels and 16 channels with 32 kernels of 3x3, zero-padded:
  2 * (8 * 48 * 48 * 32) * (3 * 3 * 16) = 169,869,312 FLOPs.

Both use float32 and take a few milliseconds on two CPU cores. A fast GPU spends less time on the
arithmetic than on launching it and returning the result: there they measure that overhead.
"""

from __future__ import annotations

from functools import cache
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.models.keras_backend import load_keras
from fer_bench.results.speeds import Reference

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

ROUNDS = 10
"""Timed rounds before and after a measurement."""

WARM_UP_ROUNDS = 3
"""Untimed rounds before them: the first ones compile or autotune."""

_SEED = 0
_SHAPES = ((512, 512), (512, 512), (8, 48, 48, 16), (3, 3, 16, 32))


def operands() -> tuple[NDArray[np.float32], ...]:
    """Draw two matrices, images and kernels of the shapes above, the same in every process."""
    random = np.random.default_rng(_SEED)
    return tuple(random.standard_normal(shape, np.float32) for shape in _SHAPES)


def matrix_product() -> NDArray[np.float32]:
    """Return the product of the two matrices, shape (512, 512), computed by Keras' backend."""
    first, second, _, _ = _device_operands()
    import keras

    # Asynchronous devices are synchronised by fetching the result.
    return np.asarray(keras.ops.convert_to_numpy(keras.ops.matmul(first, second)))


def convolution() -> NDArray[np.float32]:
    """Return the images convolved with the kernels, shape (8, 48, 48, 32), likewise."""
    _, _, images, kernels = _device_operands()
    import keras

    found = keras.ops.conv(images, kernels, padding="same", data_format="channels_last")
    return np.asarray(keras.ops.convert_to_numpy(found))


def timed(rounds: int = ROUNDS) -> Reference:
    """Time ``rounds`` rounds of one matrix product and one convolution each, in seconds.

    Raises:
        FerBenchError: Keras or its backend cannot be imported.
    """
    for _ in range(WARM_UP_ROUNDS):
        matrix_product()
        convolution()
    seconds = [(_seconds(matrix_product), _seconds(convolution)) for _ in range(rounds)]
    return Reference(
        matrix_product=tuple(product for product, _ in seconds),
        convolution=tuple(convolved for _, convolved in seconds),
    )


def _seconds(compute: Callable[[], Any]) -> float:
    started = perf_counter()
    compute()
    return perf_counter() - started


@cache
def _device_operands() -> tuple[Any, ...]:
    """Return the operands on the device, where they stay: the transfer is not timed."""
    load_keras()
    import keras

    return tuple(keras.ops.convert_to_tensor(operand, "float32") for operand in operands())
