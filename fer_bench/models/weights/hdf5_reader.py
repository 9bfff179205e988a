"""Subprocess that reads weights from an HDF5 file, as libhdf5 crashes on damaged files.

``hdf5_process`` runs this file by its path, so nothing of this package may be imported here. The
first line of output is JSON: the layers with the declared shapes and types of their tensors, or the
reason for a failure. After that, each line of input is the number of a tensor, in the order of the
first line; the response is a line of JSON, followed by the values if it contains no reason for a
failure. Values stored contiguously in their memory layout need no request, as the first line gives
their offset in the file.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sys
import time
import zipfile
from typing import Any

KERAS_WEIGHTS = "model.weights.h5"
"""Name of the member of a ``.keras`` archive with the weights."""

_MEMORY_BYTES = 1 << 30
"""Limit of the address space; Python, numpy and h5py take a third of it."""

_CPU_S = 60
"""CPU time of an answer, in seconds; valid files take less than 1 s."""

_MIN_BYTES_PER_S = 1_000_000
"""Lowest read rate assumed for more time."""


class InvalidWeightsError(Exception):
    """Readable file without acceptable weights."""


def main(path: str) -> None:
    """Serve requests of the parent process until it closes the input."""
    responses = os.fdopen(os.dup(1), "wb")
    # Other output to standard output must not mix with the responses.
    os.dup2(2, 1)
    _limit("CORE", 0)
    try:
        _limit_time(os.stat(path).st_size)  # noqa: PTH116
        file, memory = _opened(path)
        tensors, document = _described(file)
    except Exception as error:
        _respond(responses, _reason(error))
        return
    _respond(responses, document)
    for line in sys.stdin:
        try:
            values = _values(tensors[int(line)], memory)
        except Exception as error:
            _respond(responses, _reason(error))
        else:
            _respond(responses, {})
            responses.write(values)
            responses.flush()


def _respond(responses: io.BufferedWriter, document: dict[str, Any]) -> None:
    responses.write(json.dumps(document).encode() + b"\n")
    responses.flush()


def _reason(error: Exception) -> dict[str, str]:
    if isinstance(error, InvalidWeightsError):
        return {"invalid": str(error)}
    if isinstance(error, MemoryError):
        return {"unreadable": "reading it takes more memory than its values need"}
    return {"unreadable": next(iter(str(error).splitlines()), type(error).__name__)}


def _limit(name: str, value: int) -> None:
    """Set a resource limit of this process if the system supports it."""
    try:
        import resource
    except ImportError:  # on Windows
        return
    kind = getattr(resource, f"RLIMIT_{name}")
    _, hard_limit = resource.getrlimit(kind)
    if hard_limit != resource.RLIM_INFINITY:
        value = min(value, hard_limit)
    with contextlib.suppress(ValueError, OSError):  # known to the system, but not supported
        resource.setrlimit(kind, (value, hard_limit))


def _limit_time(size: int) -> None:
    """Limit the CPU time from now on by what reading a number of bytes takes; SIGXCPU ends it."""
    _limit("CPU", int(time.process_time() + _CPU_S + size / _MIN_BYTES_PER_S))


def _opened(path: str) -> tuple[Any, int]:
    """Open the file and return it with the memory limit that applies while no values are read."""
    import h5py

    _limit("AS", _MEMORY_BYTES)
    with open(path, "rb") as start:  # noqa: PTH123 - pathlib takes time to import
        if not start.read(2).startswith(b"PK"):
            return h5py.File(path, "r"), _MEMORY_BYTES
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo(KERAS_WEIGHTS)
        # Keras does not compress. zipfile needs twice the size while it joins the chunks.
        memory = _MEMORY_BYTES + 2 * min(member.file_size, os.stat(path).st_size)  # noqa: PTH116
        _limit("AS", memory)
        return h5py.File(io.BytesIO(archive.read(member)), "r"), memory


def _values(tensor: Any, memory: int) -> memoryview:
    """Return the values of a tensor as bytes in C order."""
    import numpy as np

    size = tensor.size * tensor.dtype.itemsize
    _limit_time(size)
    # Three times the values: the array, a stored chunk, and the chunk decompressed.
    _limit("AS", memory + 3 * size)
    values = np.ascontiguousarray(tensor[()])
    return values.reshape(-1).view(np.uint8).data


def _described(file: Any) -> tuple[list[Any], dict[str, Any]]:
    """Return the tensors and, in the same order, their description by layer."""
    if _holds(file, "model_weights"):
        file = _member(file, "model_weights")
    if _has_names(file, "layer_names"):
        found, keyed_by_class = _legacy(file), False
    elif _holds(file, "layers"):
        found, keyed_by_class = _keras3(file), True
    else:
        raise InvalidWeightsError("it has neither 'layer_names' nor 'layers', as Keras writes")
    layers: list[dict[str, Any]] = []
    every: list[Any] = []
    for key, name, variables, tensors in found:
        described = []
        for tensor in tensors:
            described.append((tensor.shape, tensor.dtype.str, len(every), _offset(tensor)))
            every.append(tensor)
        layers.append({"key": key, "name": name, "variables": variables, "tensors": described})
    return every, {"keyed_by_class": keyed_by_class, "layers": layers}


def _offset(tensor: Any) -> int | None:
    """Return the file offset of values stored in memory layout, else None."""
    import h5py

    size = tensor.size * tensor.dtype.itemsize
    if tensor.file.driver == "fileobj" or tensor.id.get_storage_size() != size:
        return None
    if tensor.dtype.hasobject or tensor.id.get_type() != h5py.h5t.py_create(tensor.dtype):
        return None
    found: int | None = tensor.id.get_offset()  # None unless the layout is contiguous
    return found


def _has_names(group: Any, attribute: str) -> bool:
    return attribute in group.attrs or f"{attribute}0" in group.attrs


def _names(group: Any, attribute: str) -> list[str]:
    """Return a list of names; long lists are split into attributes numbered from 0."""
    attributes = [attribute] if attribute in group.attrs else []
    while not attributes or f"{attribute}{len(attributes)}" in group.attrs:
        attributes.append(f"{attribute}{len(attributes)}")
    return [
        name.decode() if isinstance(name, bytes) else str(name)
        for key in attributes
        for name in group.attrs[key]
    ]


def _legacy(file: Any) -> list[tuple[str, str | None, list[str] | None, list[Any]]]:
    """Read Keras' legacy layout: layer names and their variable names are attributes."""
    layers: list[tuple[str, str | None, list[str] | None, list[Any]]] = []
    for name in _names(file, "layer_names"):
        group = _member(file, name)
        variables = _names(group, "weight_names") if _has_names(group, "weight_names") else []
        if variables:
            tensors = [_tensor(group, variable) for variable in variables]
            layers.append((name, name, variables, tensors))
    return layers


def _keras3(file: Any) -> list[tuple[str, str | None, list[str] | None, list[Any]]]:
    """Read Keras 3's layout: ``layers/<class>_<number>/vars/<number>``, names as attributes."""
    import h5py

    links: list[tuple[bytes, int]] = []
    file.id.links.visit(lambda name, info: links.append((name, info.type)), info=True)
    numbered: dict[str, dict[int, Any]] = {}
    for encoded, kind in links:
        name = encoded.decode("utf-8", "surrogateescape")
        if name.startswith("optimizer/") or "/seed_generator/" in name:
            continue
        if kind != h5py.h5l.TYPE_HARD:
            raise _stored_elsewhere(name)
        if not isinstance(file[name], h5py.Dataset):
            continue
        match = re.fullmatch(r"layers/([^/]+)/vars/(\d+)", name)
        if match is None:
            raise InvalidWeightsError(
                f"tensor {name!r} is not in a layer of a flat network (save nested networks in the "
                "legacy layout, '.h5')"
            )
        numbered.setdefault(match[1], {})[int(match[2])] = _tensor(file, name)
    layers: list[tuple[str, str | None, list[str] | None, list[Any]]] = []
    for key, tensors in numbered.items():
        name = file[f"layers/{key}/vars"].attrs.get("name")
        ordered = [tensors[number] for number in sorted(tensors)]
        layers.append((key, None if name is None else str(name), None, ordered))
    return layers


def _stored_elsewhere(name: str) -> InvalidWeightsError:
    return InvalidWeightsError(f"{name!r} is a link or stored in another file")


def _holds(group: Any, name: str) -> bool:
    """Check if a group has a link of this name; unlike ``in``, does not follow it."""
    return bool(group.id.links.exists(_encoded(name)))


def _encoded(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _member(group: Any, path: str) -> Any:
    """Return the object at a path below a group; refuse soft and external links."""
    import h5py

    for name in filter(None, path.split("/")):
        if not isinstance(group, h5py.Group) or not _holds(group, name):
            raise InvalidWeightsError(f"{path!r} is listed but missing")
        if group.id.links.get_info(_encoded(name)).type != h5py.h5l.TYPE_HARD:
            raise _stored_elsewhere(path)
        group = group[name]
    return group


def _tensor(group: Any, name: str) -> Any:
    """Return a dataset; refuse external and virtual ones, which read other files."""
    import h5py

    tensor = _member(group, name)
    if not isinstance(tensor, h5py.Dataset):
        raise InvalidWeightsError(f"{name!r} is not a tensor")
    if tensor.external or tensor.is_virtual:
        raise _stored_elsewhere(name)
    if tensor.shape is None:
        raise InvalidWeightsError(f"tensor {name!r} has no shape")
    return tensor


if __name__ == "__main__":
    sys.path[:] = sys.argv[2:]
    main(sys.argv[1])
