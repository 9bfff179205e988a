"""Small ONNX models written without the package onnx, as protocol buffers.

Field numbers are those of ``onnx.proto3``, ``https://github.com/onnx/onnx/blob/main/onnx``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

_OPSET, _IR = 17, 8
_FLOAT = 1
_TYPE_INT, _TYPE_INTS = 2, 7


class Graph:
    """Graph that grows node by node.

    Args:
        name: name of its input: float, any shape.
    """

    def __init__(self, name: str) -> None:
        self._input = name
        self._nodes: list[bytes] = []
        self._tensors: list[bytes] = []

    def constant(self, values: NDArray[np.float32]) -> str:
        """Add a tensor; return its name."""
        name = f"tensor{len(self._tensors)}"
        dims = b"".join(_number(1, length) for length in values.shape)
        content = np.ascontiguousarray(values, "<f4").tobytes()
        self._tensors.append(dims + _number(2, _FLOAT) + _part(8, name) + _part(9, content))
        return name

    def node(self, operator: str, inputs: Sequence[str], **attributes: int | Sequence[int]) -> str:
        """Add a node with one output; return the output's name."""
        output = f"{operator}{len(self._nodes)}"
        content = b"".join(_part(1, name) for name in inputs) + _part(2, output)
        content += _part(4, operator)
        self._nodes.append(content + b"".join(_attribute(*one) for one in attributes.items()))
        return output

    def serialised(self, axes: Sequence[int | None], outputs: Mapping[str, str]) -> bytes:
        """Return the model.

        Args:
            axes: shape of the input, None for an axis of any length.
            outputs: name of each output in the graph for each name in the model.
        """
        for name, made in outputs.items():
            self._nodes.append(_part(1, made) + _part(2, name) + _part(4, "Identity"))
        graph = b"".join(_part(1, node) for node in self._nodes) + _part(2, "graph")
        graph += b"".join(_part(5, tensor) for tensor in self._tensors)
        graph += _part(11, _value(self._input, axes))
        graph += b"".join(_part(12, _value(name, None)) for name in outputs)
        return _number(1, _IR) + _part(7, graph) + _part(8, _number(2, _OPSET))


def _value(name: str, axes: Sequence[int | None] | None) -> bytes:
    kind = _number(1, _FLOAT)
    if axes is not None:
        dims = (_part(2, "n") if length is None else _number(1, length) for length in axes)
        kind += _part(2, b"".join(_part(1, dim) for dim in dims))
    return _part(1, name) + _part(2, _part(1, kind))


def _attribute(name: str, value: int | Sequence[int]) -> bytes:
    if isinstance(value, int):
        content = _number(3, value) + _number(20, _TYPE_INT)
    else:
        content = b"".join(_number(8, one) for one in value) + _number(20, _TYPE_INTS)
    return _part(5, _part(1, name) + content)


def _varint(value: int) -> bytes:
    parts = []
    while value > 0x7F:
        parts.append((value & 0x7F) | 0x80)
        value >>= 7
    return bytes([*parts, value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _part(field: int, content: bytes | str) -> bytes:
    data = content.encode() if isinstance(content, str) else content
    return _varint(field << 3 | 2) + _varint(len(data)) + data
