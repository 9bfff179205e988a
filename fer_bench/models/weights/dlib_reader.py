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
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.models.weights.weight_types import (
    StoredLayer,
    StoredTensor,
    StoredWeights,
    WeightFileError,
)
from fer_bench.runtime.files import cause_of, read_regular

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

START = re.compile(rb"\x01\x01\x01[\x06-\x40]loss_")
"""Start of a network: version 1, then the name of its loss layer after the name's length."""

_FLOAT = np.dtype("<f4")
_MULTIPLIERS = 4  # learning rates and weight decays
_MOST_BYTES = 1 << 28  # dlib's own networks have 22 MB and 100 MB
_MOST_LAYERS = 4096
_MOST_NAME_BYTES = 64
_CONVOLUTION, _AFFINE, _DENSE = "con_4", "affine_", "fc_2"
_SETTINGS = {"relu_": 0, "add_prev_": 0, "max_pool_2": 6, "avg_pool_2": 6}
"""Numbers of the integers that are settings of layers without parameters."""

_ACCEPTED = ", ".join((_CONVOLUTION, _AFFINE, _DENSE, *_SETTINGS))


class _File:
    """dlib's basic types, read one after the other from the content of a file."""

    def __init__(self, path: Path, content: bytes) -> None:
        self.path = path
        self._content = memoryview(content)
        self._position = 0

    def error(self, cause: str, accepted: str = "") -> WeightFileError:
        problem = f"is not a valid network of dlib: {cause}, before byte {self._position:,}"
        return WeightFileError(self.path, problem, accepted)

    def view(self, count: int) -> memoryview:
        end = self._position + count
        if end > len(self._content):
            raise WeightFileError(
                self.path, f"is truncated after {len(self._content):,} bytes", f"at least {end:,}"
            )
        found = self._content[self._position : end]
        self._position = end
        return found

    def integer(self) -> int:
        """Read a control byte, with sign and number of bytes, and the value's bytes."""
        control = self.view(1)[0]
        count = control & 0x0F
        if control & 0x70 or count > 8:
            raise self.error(f"0x{control:02x} is not the start of a number")
        value = int.from_bytes(self.view(count), "little")
        return -value if control & 0x80 else value

    def integers(self, count: int) -> tuple[int, ...]:
        return tuple(self.integer() for _ in range(count))

    def skip_floats(self, count: int) -> None:
        # A mantissa and an exponent each.
        self.integers(2 * count)

    def name(self) -> str:
        count = self.integer()
        if not 0 < count <= _MOST_NAME_BYTES:
            raise self.error(f"a name of {count} bytes", f"1 to {_MOST_NAME_BYTES}")
        return bytes(self.view(count)).decode("ascii", "backslashreplace")

    def expect(self, what: str, found: object, expected: object) -> None:
        if found != expected:
            raise self.error(f"{what} {found!r}", repr(expected))

    def tensor(self) -> NDArray[np.float32]:
        self.expect("version of a tensor", self.integer(), 2)
        shape = self.integers(4)
        if min(shape) < 0:
            raise self.error(f"a tensor of shape {shape}")
        values = self.view(math.prod(shape) * _FLOAT.itemsize)
        return np.frombuffer(values, _FLOAT).reshape(shape)

    def is_at_end(self) -> bool:
        return self._position == len(self._content)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[StoredWeights]:
    """Open a network of dlib.

    Raises:
        FerBenchError: the file is truncated, damaged, or has layers of other kinds.
    """
    try:
        file = _File(path, read_regular(path, _MOST_BYTES))
    except OSError as error:
        raise WeightFileError(path, f"cannot be read: {cause_of(error)}") from error
    layers = {str(layer.name): layer for layer in _layers(file, _skip_versions(file))}
    if not file.is_at_end():
        raise file.error("unexpected data after the last layer")
    yield StoredWeights(path, layers, keyed_by_class=False)


def _skip_versions(file: _File) -> int:
    """Read the file up to the first layer and return the number of layers that follow.

    Tags and skips, which compute nothing, have version 1, other layers 2; the first layer and the
    input have version 3 together.
    """
    file.expect("version", file.integer(), 1)
    file.expect("layer", file.name(), "loss_metric_2")
    file.skip_floats(2)
    count = 1
    while (version := file.integer()) != 3:
        if version not in (1, 2):
            raise file.error(f"version {version} of a layer", "1, 2 or 3")
        count += version - 1
        if count > _MOST_LAYERS:
            raise file.error(f"more than {_MOST_LAYERS:,} layers")
    file.expect("layer", file.name(), "input_rgb_image_sized")
    file.skip_floats(3)
    file.integers(2)
    return count


def _layers(file: _File, count: int) -> Iterator[StoredLayer]:
    """Yield the layers that have parameters, from the input to the loss."""
    numbers: Counter[str] = Counter()
    convolution: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None
    for position in range(count):
        kind = file.name()
        affine = _affine(file) if kind == _AFFINE else None
        if convolution is not None:
            numbers["conv"] += 1
            yield _convolution(file, f"conv_{numbers['conv']}", *convolution, affine)
        elif affine is not None:
            raise file.error(f"layer {kind!r} that does not follow a convolution")
        convolution = _kernel_and_bias(file) if kind == _CONVOLUTION else None
        if kind == _DENSE:
            numbers["dense"] += 1
            yield _dense(file, f"dense_{numbers['dense']}")
        elif kind in _SETTINGS:
            file.integers(_SETTINGS[kind])
        elif kind not in (_AFFINE, _CONVOLUTION):
            raise file.error(f"layer {kind!r}", _ACCEPTED)
        _skip_state(file, is_first=position == 0)
    if convolution is not None:
        yield _convolution(file, f"conv_{numbers['conv'] + 1}", *convolution, None)


def _skip_state(file: _File, *, is_first: bool) -> None:
    """Skip what training leaves in a layer: flags, gradients and the last output."""
    flags = bytes(file.view(3))
    if flags.strip(b"01"):
        raise file.error(f"flags {flags!r}", "0 or 1")
    for _ in range(3):
        file.tensor()
    if is_first:
        file.expect("sample expansion factor", file.integer(), 1)


def _parts(file: _File, *, extra_settings: int = 0) -> list[NDArray[np.float32]]:
    """Read a layer's tensor and settings, and return views of the two parts of the tensor."""
    tensor = file.tensor()
    file.integers(extra_settings)
    shapes = []
    for _ in range(2):
        file.expect("version of a part of a tensor", file.integer(), 1)
        shapes.append(file.integers(4))
    sizes = [math.prod(shape) for shape in shapes]
    if min(map(min, shapes)) < 0 or sum(sizes) != tensor.size:
        raise file.error(
            f"parts of shapes {shapes[0]} and {shapes[1]} of a tensor of shape {tensor.shape}"
        )
    parts = np.split(tensor.reshape(-1), sizes[:1])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]


def _kernel_and_bias(file: _File) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Read a convolution: its kernel as Keras orders it, and its bias."""
    kernel, bias = _parts(file, extra_settings=7)
    file.skip_floats(_MULTIPLIERS)
    if bias.size != len(kernel):
        raise file.error(f"{bias.size} biases of a convolution", str(len(kernel)))
    # dlib: output channels, input channels, rows, columns.
    return kernel.transpose(2, 3, 1, 0), bias.reshape(-1)


def _affine(file: _File) -> list[NDArray[np.float64]]:
    scale, offset = _parts(file)
    file.expect("mode of an affine layer", file.integer(), 0)
    return [part.reshape(-1).astype(np.float64) for part in (scale, offset)]


def _convolution(
    file: _File,
    name: str,
    kernel: NDArray[np.float32],
    bias: NDArray[Any],
    affine: list[NDArray[np.float64]] | None,
) -> StoredLayer:
    """Return a convolution with the scale and offset of the layer after it folded in."""
    scale: Any = 1.0
    if affine is not None:
        scale, offset = affine
        if not scale.size == offset.size == bias.size:
            raise file.error(f"{scale.size} scales of a convolution's channels", str(bias.size))
        bias = bias * scale + offset
    return StoredLayer(name, ("kernel", "bias"), (_stored(kernel, scale), _stored(bias)))


def _dense(file: _File, name: str) -> StoredLayer:
    outputs, inputs = file.integers(2)
    kernel, _ = _parts(file)
    file.expect("bias mode of a dense layer", file.integer(), 1)
    file.skip_floats(_MULTIPLIERS)
    shape = (inputs, outputs)
    if kernel.size != inputs * outputs or min(shape) < 1:
        raise file.error(f"a dense layer of shape {shape} with a tensor of shape {kernel.shape}")
    return StoredLayer(name, ("kernel",), (_stored(kernel.reshape(shape)),))


def _stored(values: NDArray[Any], scale: Any = 1.0) -> StoredTensor:
    return StoredTensor(values.shape, _FLOAT, lambda: (values * scale).astype(_FLOAT))
