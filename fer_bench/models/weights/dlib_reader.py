"""Reader of networks that dlib has serialised, as its face-recognition network.

dlib writes a network as nested templates: the version of each layer from the loss down to the input
layer, then the layers from the input up, each with its type, its settings, its tensor of parameters
and the state left by training. There are no names: layers are named here by kind and position, as
``conv_1``. The format is that of ``dlib/serialize.h`` and ``dlib/dnn/core.h``.

The learnt scale and offset of each channel that follow a convolution (dlib's ``affine_``) are
folded into it, computed in float64.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
from collections import Counter
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

import numpy as np

from fer_bench.models.weights.weight_types import (
    StoredLayer,
    StoredTensor,
    StoredWeights,
    WeightFileError,
)
from fer_bench.runtime.files import cause_of, open_regular

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

START = re.compile(rb"\x01\x01\x01[\x06-\x40]loss_")
"""Start of a network: version 1, then the name of its loss layer after the name's length."""

_FLOAT = np.dtype("<f4")
_MULTIPLIERS = 4  # learning rates and weight decays
_MOST_LAYERS = 4096
_MOST_NAME_BYTES = 64
_CONVOLUTION, _AFFINE, _DENSE = "con_4", "affine_", "fc_2"
_SETTINGS = {"relu_": 0, "add_prev_": 0, "max_pool_2": 6, "avg_pool_2": 6}
"""Numbers of the integers that are settings of layers without parameters."""

_ACCEPTED = ", ".join((_CONVOLUTION, _AFFINE, _DENSE, *_SETTINGS))


class _File:
    """dlib's basic types in an open file; only tensors are more than a few bytes."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self.path = path
        self._file = file
        self._size = os.fstat(file.fileno()).st_size

    def error(self, cause: str, accepted: str = "") -> WeightFileError:
        problem = f"is not a valid network of dlib: {cause}, before byte {self._file.tell():,}"
        return WeightFileError(self.path, problem, accepted)

    def bytes(self, count: int) -> bytes:
        found = self._file.read(count)
        if len(found) < count:
            raise WeightFileError(self.path, f"is truncated after {self._size:,} bytes")
        return found

    def integer(self) -> int:
        """Read a control byte, with sign and number of bytes, and the value's bytes."""
        control = self.bytes(1)[0]
        count = control & 0x0F
        if control & 0x70 or count > 8:
            raise self.error(f"0x{control:02x} is not the start of a number")
        value = int.from_bytes(self.bytes(count), "little")
        return -value if control & 0x80 else value

    def integers(self, count: int) -> tuple[int, ...]:
        return tuple(self.integer() for _ in range(count))

    def expect(self, name: str, value: int) -> None:
        found = self.integer()
        if found != value:
            raise self.error(f"{name} {found}", str(value))

    def skip_floats(self, count: int) -> None:
        # A mantissa and an exponent each.
        self.integers(2 * count)

    def flags(self, count: int) -> None:
        found = self.bytes(count)
        if found.strip(b"01"):
            raise self.error(f"flags {found!r}", "0 or 1")

    def expect_name(self, name: str) -> None:
        found = self.name()
        if found != name:
            raise self.error(f"layer {found!r}", repr(name))

    def name(self) -> str:
        count = self.integer()
        if not 0 < count <= _MOST_NAME_BYTES:
            raise self.error(f"a name of {count} bytes", f"1 to {_MOST_NAME_BYTES}")
        return self.bytes(count).decode("ascii", "backslashreplace")

    def skip_tensor(self) -> tuple[tuple[int, ...], int]:
        """Return the shape of a tensor and the offset of its values, which are not read."""
        self.expect("version of a tensor", 2)
        shape = self.integers(4)
        start = self._file.tell()
        if min(shape) < 0:
            raise self.error(f"a tensor of shape {shape}")
        end = start + math.prod(shape) * _FLOAT.itemsize
        if end > self._size:
            raise WeightFileError(
                self.path, f"is truncated after {self._size:,} bytes", f"at least {end:,}"
            )
        self._file.seek(end)
        return shape, start

    def alias(self) -> tuple[int, ...]:
        """Return the shape of a part of a tensor."""
        self.expect("version of a part of a tensor", 1)
        return self.integers(4)

    def values(self, start: int, shape: tuple[int, ...]) -> NDArray[np.float32]:
        self._file.seek(start)
        try:
            found = self.bytes(math.prod(shape) * _FLOAT.itemsize)
        except OSError as error:
            raise WeightFileError(self.path, f"cannot be read: {cause_of(error)}") from error
        return np.frombuffer(found, _FLOAT).reshape(shape)

    def is_at_end(self) -> bool:
        return self._file.tell() == self._size


@contextlib.contextmanager
def opened(path: Path) -> Iterator[StoredWeights]:
    """Open a network of dlib; its tensors can be read within the context.

    The file is read once without its tensors; the memory needed is that of its largest tensor.

    Raises:
        FerBenchError: the file is truncated, damaged, or has layers of other kinds.
    """
    try:
        with open_regular(path) as handle:
            file = _File(path, handle)
            layers = {str(layer.name): layer for layer in _layers(file, _skip_versions(file))}
            if not file.is_at_end():
                raise file.error("unexpected data after the last layer")
            yield StoredWeights(path, layers, keyed_by_class=False)
    except OSError as error:
        raise WeightFileError(path, f"cannot be read: {cause_of(error)}") from error


def _skip_versions(file: _File) -> int:
    """Read the file up to the first layer and return the number of layers that follow.

    Tags and skips, which compute nothing, have version 1, other layers 2; the first layer and the
    input have version 3 together.
    """
    file.expect("version", 1)
    file.expect_name("loss_metric_2")
    file.skip_floats(2)
    count = 1
    while (version := file.integer()) != 3:
        if version not in (1, 2):
            raise file.error(f"version {version} of a layer", "1, 2 or 3")
        count += version - 1
        if count > _MOST_LAYERS:
            raise file.error(f"more than {_MOST_LAYERS:,} layers")
    file.expect_name("input_rgb_image_sized")
    file.skip_floats(3)
    file.integers(2)
    return count


def _layers(file: _File, count: int) -> Iterator[StoredLayer]:
    """Yield the layers that have parameters, from the input to the loss."""
    numbers: Counter[str] = Counter()
    convolution: tuple[_Part, _Part] | None = None
    for position in range(count):
        kind = file.name()
        affine = _affine(file) if kind == _AFFINE else None
        if convolution is not None:
            numbers["conv"] += 1
            yield _convolution(f"conv_{numbers['conv']}", *convolution, affine)
        elif affine is not None:
            raise file.error(f"layer {kind!r} that does not follow a convolution")
        convolution = _kernel_and_bias(file) if kind == _CONVOLUTION else None
        if kind == _DENSE:
            numbers["dense"] += 1
            yield _dense(f"dense_{numbers['dense']}", file)
        elif kind in _SETTINGS:
            file.integers(_SETTINGS[kind])
        elif kind not in (_AFFINE, _CONVOLUTION):
            raise file.error(f"layer {kind!r}", _ACCEPTED)
        _skip_state(file, is_first=position == 0)
    if convolution is not None:
        yield _convolution(f"conv_{numbers['conv'] + 1}", *convolution, None)


def _skip_state(file: _File, *, is_first: bool) -> None:
    """Skip what training leaves in a layer: flags, gradients and the last output."""
    file.flags(3)
    for _ in range(3):
        file.skip_tensor()
    if is_first:
        file.expect("sample expansion factor", 1)


@dataclass(frozen=True)
class _Part:
    """A part of a tensor in the file: its shape there and the offset of its values."""

    file: _File
    shape: tuple[int, ...]
    start: int

    def read(self) -> NDArray[np.float64]:
        return self.file.values(self.start, self.shape).astype(np.float64)


def _parts(file: _File, *, extra_settings: int = 0) -> tuple[_Part, _Part]:
    """Read a layer's tensor, settings, and the two parts that the tensor consists of."""
    shape, start = file.skip_tensor()
    file.integers(extra_settings)
    first, second = file.alias(), file.alias()
    if min(*first, *second) < 0 or math.prod(first) + math.prod(second) != math.prod(shape):
        raise file.error(f"parts of shapes {first} and {second} of a tensor of shape {shape}")
    offset = math.prod(first) * _FLOAT.itemsize
    return _Part(file, first, start), _Part(file, second, start + offset)


def _kernel_and_bias(file: _File) -> tuple[_Part, _Part]:
    kernel, bias = _parts(file, extra_settings=7)
    file.skip_floats(_MULTIPLIERS)
    if math.prod(bias.shape) != kernel.shape[0]:
        raise file.error(f"{math.prod(bias.shape)} biases of a convolution", str(kernel.shape[0]))
    return kernel, bias


def _affine(file: _File) -> tuple[_Part, _Part]:
    scale, offset = _parts(file)
    file.expect("mode of an affine layer", 0)
    return scale, offset


def _convolution(
    name: str, kernel: _Part, bias: _Part, affine: tuple[_Part, _Part] | None
) -> StoredLayer:
    """Return a convolution with the scale and offset of the layer after it folded in.

    Raises:
        FerBenchError: their number is not that of the channels.
    """
    channels = kernel.shape[0]
    if affine is not None and math.prod(affine[0].shape) != channels:
        raise kernel.file.error(
            f"{math.prod(affine[0].shape)} scales of a convolution's channels", str(channels)
        )

    def read_kernel() -> NDArray[np.float32]:
        # dlib: output channels, input channels, rows, columns.
        values: NDArray[np.float64] = kernel.read().transpose(2, 3, 1, 0)
        if affine is not None:
            values = values * affine[0].read().reshape(-1)
        return values.astype(_FLOAT)

    def read_bias() -> NDArray[np.float32]:
        values = bias.read().reshape(-1)
        if affine is not None:
            values = values * affine[0].read().reshape(-1) + affine[1].read().reshape(-1)
        return values.astype(_FLOAT)

    outputs, inputs, rows, columns = kernel.shape
    tensors = (
        StoredTensor((rows, columns, inputs, outputs), _FLOAT, read_kernel),
        StoredTensor((outputs,), _FLOAT, read_bias),
    )
    return StoredLayer(name, ("kernel", "bias"), tensors)


def _dense(name: str, file: _File) -> StoredLayer:
    outputs, inputs = file.integers(2)
    kernel, _ = _parts(file)
    file.expect("bias mode of a dense layer", 1)
    file.skip_floats(_MULTIPLIERS)
    shape = (inputs, outputs)
    if math.prod(kernel.shape) != inputs * outputs or min(shape) < 1:
        raise file.error(f"a dense layer of shape {shape} with a tensor of shape {kernel.shape}")

    def read() -> NDArray[np.float32]:
        return kernel.read().reshape(shape).astype(_FLOAT)

    return StoredLayer(name, ("kernel",), (StoredTensor(shape, _FLOAT, read),))
