"""Fixed computations whose time tells how fast the machine is at the moment.

The speed of a network differs from run to run with what else the machine does meanwhile, and with
its clock. Timed directly before and after a measurement, by the same backend on the same device,
these two tell the machine's share in that:

* a product of two 512x512 matrices: 2 * 512^3 = 268,435,456 floating-point operations (FLOPs);
* a convolution of 8 images of 48x48 pixels and 16 channels with 32 kernels of 3x3, zeros around
  the images: 2 * (8 * 48 * 48 * 32) * (3 * 3 * 16) = 169,869,312 FLOPs.

Both are of float32 and take a few milliseconds on two CPU cores. A fast GPU needs less time for
the arithmetic than for launching it and handing over the result: there they tell of those.
"""

from __future__ import annotations

from functools import cache
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.models.keras_backend import load_keras
from fer_bench.results.records import Reference

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

ROUNDS = 10
"""Rounds that are timed on each side of a measurement."""

WARM_UP_ROUNDS = 3
"""Untimed rounds before them: the first ones compile, or look for the best way to compute."""

_SEED = 0
_SHAPES = ((512, 512), (512, 512), (8, 48, 48, 16), (3, 3, 16, 32))


def drawn() -> tuple[NDArray[np.float32], ...]:
    """The operands, the same in every process.

    Returns:
        Two matrices, shape (512, 512); images, shape (8, 48, 48, 16); kernels, shape
        (3, 3, 16, 32).
    """
    random = np.random.default_rng(_SEED)
    return tuple(random.standard_normal(shape, np.float32) for shape in _SHAPES)


def matrix_product() -> NDArray[np.float32]:
    """The product of the two matrices, shape (512, 512), by Keras' backend on its device."""
    first, second, _, _ = _operands()
    import keras

    # A device that computes while Python goes on is waited for when its result is fetched.
    return np.asarray(keras.ops.convert_to_numpy(keras.ops.matmul(first, second)))


def convolution() -> NDArray[np.float32]:
    """The images convolved with the kernels, shape (8, 48, 48, 32), likewise."""
    _, _, images, kernels = _operands()
    import keras

    found = keras.ops.conv(images, kernels, padding="same", data_format="channels_last")
    return np.asarray(keras.ops.convert_to_numpy(found))


def timed(rounds: int = ROUNDS) -> Reference:
    """The seconds of so many rounds now, each of one matrix product and one convolution.

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
def _operands() -> tuple[Any, ...]:
    """The operands on the device, where they stay: bringing them there is not timed."""
    load_keras()
    import keras

    return tuple(keras.ops.convert_to_tensor(operand, "float32") for operand in drawn())
