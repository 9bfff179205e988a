"""Header of an ONNX file: inputs, outputs and metadata, read without onnxruntime.

An ONNX file is a Protocol Buffers message (https://protobuf.dev/programming-guides/encoding), whose
field numbers are those of ``onnx.proto3``. Values of tensors are skipped, not read.
"""

from __future__ import annotations

import math
import mmap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_bench.runtime.errors import FerBenchError, bytes_shown, shown
from fer_bench.runtime.files import cause_of, open_regular

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_BYTES = 2**31
"""Size limit of a Protocol Buffers message, and so of an ONNX file without external data."""

FLOATS = {1: "float32", 10: "float16", 11: "float64"}
"""Names of the accepted element types, in numpy's terms, by their number in ONNX."""

_EXTERNAL = 1
_MOST_AXES = 64
_MOST_VALUES = 2**40
_MOST_NESTED = 16
_VARINT, _FIXED_64, _MESSAGE, _FIXED_32 = 0, 1, 2, 5
_FIRST_TAG = 0x08  # of the field ir_version, which every writer puts first


@dataclass(frozen=True)
class TensorInfo:
    """Declaration of an input or output.

    Attributes:
        name: name of the tensor.
        element_type: number of its type in ONNX, 1 for float32; 0 if it is not a tensor.
        shape: its axes, None for those of variable length; None if no shape is declared.
    """

    name: str
    element_type: int
    shape: tuple[int | None, ...] | None


@dataclass(frozen=True)
class OnnxHeader:
    """Declarations of an ONNX file.

    Attributes:
        inputs: the inputs that have to be fed, without initialisers.
        outputs: the outputs.
        metadata: ``metadata_props`` of the model.
        tensors: number of initialisers.
        parameters: number of floating-point values in them.
    """

    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    metadata: dict[str, str]
    tensors: int
    parameters: int


class _DamagedError(Exception):
    """Bytes that are not a message as declared."""


def read_header(path: Path) -> OnnxHeader:
    """Read the declarations of an ONNX file.

    Raises:
        FerBenchError: the file cannot be read, is too large, is not an ONNX file, is damaged, or
            stores values in other files.
    """
    try:
        with open_regular(path) as file:
            size = file.seek(0, 2)
            if size >= MOST_BYTES:
                raise FerBenchError(
                    f"ONNX file has {bytes_shown(size)}",
                    f"less than {bytes_shown(MOST_BYTES)}",
                    path=path,
                )
            content = memoryview(b"")
            if size:
                # Closed with its last view: an error's traceback may still hold one.
                content = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
            if content[:1] != bytes([_FIRST_TAG]):
                raise FerBenchError(
                    f"starts with {bytes(content[:8])!r} and is not an ONNX file"
                    if size
                    else "is empty",
                    "a model written by torch.onnx.export, tf2onnx or another exporter",
                    path=path,
                )
            try:
                return _header(content, path)
            except (_DamagedError, UnicodeDecodeError) as error:
                raise FerBenchError(
                    f"ONNX file is truncated or damaged: {error}",
                    hint="export or copy it again",
                    path=path,
                ) from None
    except OSError as error:
        raise FerBenchError(f"cannot be read: {cause_of(error)}", path=path) from error


def _header(content: memoryview, path: Path) -> OnnxHeader:
    graph, metadata = None, {}
    for number, value in _fields(content):
        if number == 7:
            graph = _message(value)
        elif number == 14:
            entry = dict(_fields(_message(value)))
            metadata[_text(entry.get(1))] = _text(entry.get(2))
        elif number == 25:
            _check_nodes(_message(value), path, node_field=7)
    if graph is None:
        raise _DamagedError("it has no graph")
    inputs: list[TensorInfo] = []
    outputs: list[TensorInfo] = []
    initializers, parameters = set(), 0
    for number, value in _fields(graph):
        if number == 5:
            name, count = _initializer(_message(value), path)
            initializers.add(name)
            parameters += count
        elif number == 15:
            _check_sparse(_message(value), path)
        elif number in (11, 12):
            (inputs if number == 11 else outputs).append(_tensor_info(_message(value)))
    _check_nodes(graph, path)
    fed = tuple(tensor for tensor in inputs if tensor.name not in initializers)
    return OnnxHeader(fed, tuple(outputs), metadata, len(initializers), parameters)


def _initializer(tensor: memoryview, path: Path) -> tuple[str, int]:
    """Return name and number of floating-point values of a tensor stored in the file itself."""
    name, element_type = "", 0
    dims: list[int] = []
    for number, value in _fields(tensor):
        if number == 1:
            for length in (value,) if isinstance(value, int) else _varints(value):
                dims.append(length)
                if len(dims) > _MOST_AXES:
                    raise _DamagedError(f"a tensor has more than {_MOST_AXES} axes")
        elif number == 2 and isinstance(value, int):
            element_type = value
        elif number == 8:
            name = _text(value)
        elif number == 13 or (number == 14 and value == _EXTERNAL):
            raise FerBenchError(
                f"ONNX file stores tensor {shown(name or 'without a name')} in another file",
                "a single file with all weights",
                "save it with onnx.save(model, path, save_as_external_data=False) or export it "
                "with external_data=False",
                path=path,
            )
    count = math.prod(dims)
    if count > _MOST_VALUES:
        raise _DamagedError(f"tensor {shown(name)} has more than {_MOST_VALUES:,} values")
    return name, count if element_type in FLOATS else 0


def _check_sparse(tensor: memoryview, path: Path) -> None:
    """Check that neither values nor indices of a sparse tensor are in another file."""
    for number, value in _fields(tensor):
        if number in (1, 2):
            _initializer(_message(value), path)


def _check_nodes(graph: memoryview, path: Path, node_field: int = 1, depth: int = 0) -> None:
    """Check that no tensor in an attribute of a node, or in a graph there, is in another file."""
    if depth > _MOST_NESTED:
        raise _DamagedError("its graphs are nested too deeply")
    for number, node in _fields(graph):
        if number == 5 and depth:
            _initializer(_message(node), path)
        elif number == 15 and depth:
            _check_sparse(_message(node), path)
        if number != node_field:
            continue
        for field, attribute in _fields(_message(node)):
            if field != 5:
                continue
            for kind, value in _fields(_message(attribute)):
                if kind in (5, 10):
                    _initializer(_message(value), path)
                elif kind in (22, 23):
                    _check_sparse(_message(value), path)
                elif kind in (6, 11):
                    _check_nodes(_message(value), path, depth=depth + 1)


def _tensor_info(value: memoryview) -> TensorInfo:
    fields = dict(_fields(value))
    kind = dict(_fields(_message(fields.get(2, b""))))
    if 1 not in kind:
        return TensorInfo(_text(fields.get(1)), 0, None)
    tensor = dict(_fields(_message(kind[1])))
    element_type = tensor.get(1, 0)
    shape = None
    if 2 in tensor:
        axes = [
            dict(_fields(_message(axis)))
            for number, axis in _fields(_message(tensor[2]))
            if number == 1
        ]
        shape = tuple(_length(axis.get(1)) for axis in axes)
    return TensorInfo(
        _text(fields.get(1)), element_type if isinstance(element_type, int) else 0, shape
    )


def _length(value: int | memoryview | bytes | None) -> int | None:
    """Return the length of an axis, None if it is variable."""
    return value if isinstance(value, int) and 0 < value < 2**31 else None


def _message(value: int | memoryview | bytes) -> memoryview:
    if isinstance(value, int):
        raise _DamagedError("a number in place of a message")
    return memoryview(value)


def _text(value: int | memoryview | bytes | None) -> str:
    return "" if value is None else bytes(_message(value)).decode()


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield number and value of each field of a message; fixed-size numbers are skipped."""
    position, size = 0, len(data)
    while position < size:
        tag, position = _varint(data, position)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, position = _varint(data, position)
            yield number, value
            continue
        if kind == _MESSAGE:
            length, position = _varint(data, position)
        elif kind in (_FIXED_32, _FIXED_64):
            length = 4 if kind == _FIXED_32 else 8
        else:
            raise _DamagedError(f"unknown kind of field {kind} at byte {position:,}")
        if position + length > size:
            raise _DamagedError(f"{position + length - size:,} bytes are missing")
        if kind == _MESSAGE:
            yield number, data[position : position + length]
        position += length


def _varints(data: memoryview) -> Iterator[int]:
    position = 0
    while position < len(data):
        value, position = _varint(data, position)
        yield value


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    """Return a number of variable length, seven bits in each byte, and the position after it."""
    value = shift = 0
    while position < len(data) and shift < 64:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
    raise _DamagedError("a number is incomplete")
