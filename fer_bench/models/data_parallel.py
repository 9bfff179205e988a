"""Data parallelism: each batch divided between the devices of this process.

Keras' distribution API keeps a copy of all variables on each device and divides a batch along its
first axis. JAX compiles one program for all devices, in which batch statistics, random numbers and
gradients are those of the complete batch: only the order of summation is another than on one
device. With TensorFlow, Keras accepts the same calls and divides nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from numpy.typing import NDArray


class DataParallel(keras.distribution.DataParallel):  # type: ignore[misc]
    """Keras' data parallelism for batches of any size.

    Keras refuses those that cannot be divided evenly. Here, every device computes all of them.
    """

    def get_data_layout(self, data_shape: tuple[int, ...]) -> keras.distribution.TensorLayout:
        """Return the layout of a batch of this shape."""
        if data_shape[0] % self.device_mesh.devices.size == 0:
            return super().get_data_layout(data_shape)
        return keras.distribution.TensorLayout([None] * len(data_shape), self.device_mesh)


def divide_batches(size: int) -> None:
    """Divide all batches between the devices from now on. No variables may exist yet.

    Args:
        size: images per training step.

    Raises:
        FerBenchError: Keras' backend is not JAX, there is a single device, or the size is not
            divisible by their number.
    """
    backend, devices = keras.config.backend(), keras.distribution.list_devices()
    if backend != "jax":
        raise FerBenchError(
            f"--data-parallel: Keras' backend is {backend!r}, with which Keras cannot divide "
            "batches",
            "jax",
            "set KERAS_BACKEND=jax",
        )
    if len(devices) == 1:
        raise FerBenchError(
            f"--data-parallel: JAX has a single device, {devices[0]}",
            "two devices or more",
            "omit it, or check CUDA_VISIBLE_DEVICES",
        )
    if size % len(devices):
        raise FerBenchError(
            f"--data-parallel: --batch-size={size} is not divisible by the {len(devices)} devices",
            f"a multiple of {len(devices)}",
        )
    keras.distribution.set_distribution(DataParallel())


def stop_dividing() -> None:
    """End ``divide_batches``, if it was called in this process."""
    if are_divided():
        keras.distribution.set_distribution(None)


def are_divided() -> bool:
    """Check if batches are divided between devices."""
    return isinstance(keras.distribution.distribution(), DataParallel)


def divided(batch: NDArray[Any]) -> Any:
    """Return a batch with its parts on their devices; if none are divided, the batch as it is.

    ``keras.Model.fit`` and ``train_on_batch`` do so themselves, ``predict_on_batch`` does not.
    """
    if not are_divided():
        return batch
    layout = keras.distribution.distribution().get_data_layout(batch.shape)
    return keras.distribution.distribute_tensor(batch, layout)
