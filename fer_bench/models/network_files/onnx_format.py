"""Reading of ONNX files, without onnxruntime."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from fer_bench.runtime.errors import INSTALL, FerBenchError, bytes_shown, shown
from fer_bench.runtime.files import cause_of, open_regular, read_regular

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import onnx

MOST_BYTES = 2**31
"""Size limit of a Protocol Buffers message, and so of an ONNX file without external data."""

FLOATS = {1: "float32", 10: "float16", 11: "float64"}
"""Names of the accepted element types, in numpy's terms, by their number in ONNX."""

_MOST_AXES = 64
_MOST_VALUES = 2**40
_FIRST_BYTE = b"\x08"  # of the field ir_version, which every writer puts first


def read_model(path: Path) -> onnx.ModelProto:
    """Read an ONNX file.

    The whole file is read, with the values of all tensors.

    Raises:
        FerBenchError: the file cannot be read, is too large, is not an ONNX file, is damaged, or
            stores values in other files; or the package onnx cannot be imported.
    """
    try:
        import onnx
        from google.protobuf.message import DecodeError
    except ImportError as error:
        raise FerBenchError(
            f"the package onnx cannot be imported: {cause_of(error)}",
            hint=f"install it with {INSTALL.replace('cpu', 'onnx')}",
            path=path,
        ) from error
    try:
        with open_regular(path) as file:
            start, size = file.read(8), file.seek(0, 2)
        if size >= MOST_BYTES:
            raise FerBenchError(
                f"ONNX file has {bytes_shown(size)}",
                f"less than {bytes_shown(MOST_BYTES)}",
                path=path,
            )
        if not start.startswith(_FIRST_BYTE):
            raise FerBenchError(
                f"starts with {start!r} and is not an ONNX file" if start else "is empty",
                "a model written by torch.onnx.export, tf2onnx or another exporter",
                path=path,
            )
        model = onnx.load_model_from_string(read_regular(path, MOST_BYTES - 1))
    except OSError as error:
        raise FerBenchError(f"cannot be read: {cause_of(error)}", path=path) from error
    except (DecodeError, UnicodeDecodeError) as error:
        raise _damaged(path, cause_of(error)) from None
    if not model.HasField("graph"):
        raise _damaged(path, "it has no graph")
    tensors = list(_tensors(model))
    texts = [one.name for one in (*model.graph.input, *model.graph.output, *tensors)]
    texts += [text for entry in model.metadata_props for text in (entry.key, entry.value)]
    for text in texts:
        if not isinstance(text, str):  # protobuf returns what is not UTF-8 as bytes
            raise _damaged(path, f"{shown(text)} is not UTF-8")
    for tensor in tensors:
        _check(tensor, path)
    return model


def _damaged(path: Path, cause: str) -> FerBenchError:
    return FerBenchError(
        f"ONNX file is truncated or damaged: {cause}", hint="export or copy it again", path=path
    )


def _tensors(message: Any) -> Iterator[Any]:
    """Yield every tensor in a message: initialisers, and those in attributes of nodes."""
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for part in (value,) if hasattr(value, "ListFields") else value:
            if part.DESCRIPTOR.name == "TensorProto":
                yield part
            else:
                yield from _tensors(part)


def _check(tensor: Any, path: Path) -> None:
    """Check that a tensor is stored in the file itself, and has a plausible size."""
    if tensor.external_data or tensor.data_location == tensor.EXTERNAL:
        raise FerBenchError(
            f"ONNX file stores tensor {shown(tensor.name or 'without a name')} in another file",
            "a single file with all weights",
            "save it with onnx.save(model, path, save_as_external_data=False) or export it "
            "with external_data=False",
            path=path,
        )
    if len(tensor.dims) > _MOST_AXES:
        raise _damaged(path, f"a tensor has more than {_MOST_AXES} axes")
    if min(tensor.dims, default=0) < 0:
        raise _damaged(path, f"tensor {shown(tensor.name)} has an axis of negative length")
    if math.prod(tensor.dims) > _MOST_VALUES:
        raise _damaged(path, f"tensor {shown(tensor.name)} has more than {_MOST_VALUES:,} values")


def declared_shape(info: onnx.ValueInfoProto) -> tuple[int | None, ...] | None:
    """Return the axes of an input or output, None for variable lengths; None if not declared."""
    if not info.type.tensor_type.HasField("shape"):
        return None
    # 0 stands for a variable length, as some exporters write -1.
    lengths = (axis.dim_value for axis in info.type.tensor_type.shape.dim)
    return tuple(length if 0 < length < 2**31 else None for length in lengths)
