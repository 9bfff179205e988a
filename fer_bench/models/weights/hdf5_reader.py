"""Reads weights out of an HDF5 file, as a process of its own: libhdf5 crashes on damaged files.

``hdf5_process`` starts it by this file's path, so that nothing of this package is imported here.
The first line of output is JSON: the layers with the declared shapes and types of their tensors, or
why there are none. After that each line of input is the number of a tensor, in the order of the
first line; the answer is a line of JSON, and the values where that line is empty of reasons. For
most it is not asked: where the values lie in the file as in memory, the first line tells the place.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sys
import zipfile
from typing import Any

KERAS_WEIGHTS = "model.weights.h5"
"""Member of a ``.keras`` archive that holds the weights."""

_MEMORY = 1 << 30
"""Bytes of address space: Python, numpy and h5py take a third of it."""

_CPU_S = 600


class Refused(Exception):  # noqa: N818 - it tells what is the case
    """The content of the file, if it is no weights."""


def main(path: str) -> None:
    """Answers a parent process until it closes the input."""
    answers = os.fdopen(os.dup(1), "wb")
    # Whatever else writes to the standard output must not stand between the answers.
    os.dup2(2, 1)
    _limit("CORE", 0)
    _limit("CPU", _CPU_S)
    try:
        file, memory = _opened(path)
        tensors, document = _described(file)
    except Exception as error:
        _answer(answers, _reason(error))
        return
    _answer(answers, document)
    for line in sys.stdin:
        try:
            values = _values(tensors[int(line)], memory)
        except Exception as error:
            _answer(answers, _reason(error))
        else:
            _answer(answers, {})
            answers.write(values)
            answers.flush()


def _answer(answers: io.BufferedWriter, document: dict[str, Any]) -> None:
    answers.write(json.dumps(document).encode() + b"\n")
    answers.flush()


def _reason(error: Exception) -> dict[str, str]:
    if isinstance(error, Refused):
        return {"refused": str(error)}
    if isinstance(error, MemoryError):
        return {"unreadable": "it takes more memory than its values"}
    return {"unreadable": next(iter(str(error).splitlines()), type(error).__name__)}


def _limit(name: str, value: int) -> None:
    """Sets a limit of this process, where the system has it."""
    try:
        import resource
    except ImportError:  # on Windows
        return
    kind = getattr(resource, f"RLIMIT_{name}")
    _, most = resource.getrlimit(kind)
    if most != resource.RLIM_INFINITY:
        value = min(value, most)
    with contextlib.suppress(ValueError, OSError):  # of what a system knows and does not limit
        resource.setrlimit(kind, (value, most))


def _opened(path: str) -> tuple[Any, int]:
    """The file, and how much memory it may take as long as no values are read."""
    import h5py

    _limit("AS", _MEMORY)
    with open(path, "rb") as start:  # noqa: PTH123 - pathlib takes time to import
        if not start.read(2).startswith(b"PK"):
            return h5py.File(path, "r"), _MEMORY
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo(KERAS_WEIGHTS)
        # Keras compresses nothing. While zipfile joins the pieces, they are there twice.
        memory = _MEMORY + 2 * min(member.file_size, os.stat(path).st_size)  # noqa: PTH116
        _limit("AS", memory)
        return h5py.File(io.BytesIO(archive.read(member)), "r"), memory


def _values(tensor: Any, memory: int) -> memoryview:
    """A tensor's values as bytes, in C order."""
    import numpy as np

    # The values, a chunk of them as it lies in the file, and that chunk unpacked.
    _limit("AS", memory + 3 * tensor.size * tensor.dtype.itemsize)
    values = np.ascontiguousarray(tensor[()])
    return values.reshape(-1).view(np.uint8).data


def _described(file: Any) -> tuple[list[Any], dict[str, Any]]:
    """The tensors, and what is told of them: by layers, in the same order."""
    if _holds(file, "model_weights"):
        file = _member(file, "model_weights")
    if _has_names(file, "layer_names"):
        found, keyed_by_class = _legacy(file), False
    elif _holds(file, "layers"):
        found, keyed_by_class = _keras3(file), True
    else:
        raise Refused("is HDF5 without 'layer_names' or 'layers', expected are weights of Keras")
    layers: list[dict[str, Any]] = []
    every: list[Any] = []
    for key, name, variables, tensors in found:
        described = []
        for tensor in tensors:
            described.append((tensor.shape, tensor.dtype.str, len(every), _place(tensor)))
            every.append(tensor)
        layers.append({"key": key, "name": name, "variables": variables, "tensors": described})
    return every, {"keyed_by_class": keyed_by_class, "layers": layers}


def _place(tensor: Any) -> int | None:
    """The place in the file of values that lie as in memory, None if they lie otherwise."""
    import h5py

    size = tensor.size * tensor.dtype.itemsize
    if tensor.file.driver == "fileobj" or tensor.id.get_storage_size() != size:
        return None
    if tensor.dtype.hasobject or tensor.id.get_type() != h5py.h5t.py_create(tensor.dtype):
        return None
    found: int | None = tensor.id.get_offset()  # None of all but contiguous ones
    return found


def _has_names(group: Any, attribute: str) -> bool:
    return attribute in group.attrs or f"{attribute}0" in group.attrs


def _names(group: Any, attribute: str) -> list[str]:
    """A list of names; HDF5 keeps a long one as several attributes, numbered from 0."""
    attributes = [attribute] if attribute in group.attrs else []
    while not attributes or f"{attribute}{len(attributes)}" in group.attrs:
        attributes.append(f"{attribute}{len(attributes)}")
    return [
        name.decode() if isinstance(name, bytes) else str(name)
        for key in attributes
        for name in group.attrs[key]
    ]


def _legacy(file: Any) -> list[tuple[str, str | None, list[str] | None, list[Any]]]:
    """Layer names as an attribute of the file, variable names as an attribute of each layer."""
    layers: list[tuple[str, str | None, list[str] | None, list[Any]]] = []
    for name in _names(file, "layer_names"):
        group = _member(file, name)
        variables = _names(group, "weight_names") if _has_names(group, "weight_names") else []
        if variables:
            tensors = [_tensor(group, variable) for variable in variables]
            layers.append((name, name, variables, tensors))
    return layers


def _keras3(file: Any) -> list[tuple[str, str | None, list[str] | None, list[Any]]]:
    """Groups ``layers/<class>_<number>/vars/<number>``, the layer's name as an attribute."""
    import h5py

    links: list[tuple[bytes, int]] = []
    file.id.links.visit(lambda name, info: links.append((name, info.type)), info=True)
    numbered: dict[str, dict[int, Any]] = {}
    for encoded, kind in links:
        name = encoded.decode("utf-8", "surrogateescape")
        if name.startswith("optimizer/") or "/seed_generator/" in name:
            continue
        if kind != h5py.h5l.TYPE_HARD:
            raise _elsewhere(name)
        if not isinstance(file[name], h5py.Dataset):
            continue
        place = re.fullmatch(r"layers/([^/]+)/vars/(\d+)", name)
        if place is None:
            raise Refused(
                f"tensor {name!r} belongs to no layer of a flat network; save a network inside "
                "another in the legacy layout ('.h5')"
            )
        numbered.setdefault(place[1], {})[int(place[2])] = _tensor(file, name)
    layers: list[tuple[str, str | None, list[str] | None, list[Any]]] = []
    for key, tensors in numbered.items():
        name = file[f"layers/{key}/vars"].attrs.get("name")
        ordered = [tensors[number] for number in sorted(tensors)]
        layers.append((key, None if name is None else str(name), None, ordered))
    return layers


def _elsewhere(name: str) -> Refused:
    return Refused(
        f"{name!r} is a link or lies in another file, expected are its values at their own place"
    )


def _holds(group: Any, name: str) -> bool:
    """Check if a group has a link of this name; unlike ``in``, this follows none."""
    return bool(group.id.links.exists(_encoded(name)))


def _encoded(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _member(group: Any, path: str) -> Any:
    """The object at a path below a group, if no link leads elsewhere."""
    import h5py

    for name in filter(None, path.split("/")):
        if not isinstance(group, h5py.Group) or not _holds(group, name):
            raise Refused(f"{path!r} is named and not there")
        if group.id.links.get_info(_encoded(name)).type != h5py.h5l.TYPE_HARD:
            raise _elsewhere(path)
        group = group[name]
    return group


def _tensor(group: Any, name: str) -> Any:
    """A dataset whose bytes lie in this very file: HDF5 can point to any other file."""
    import h5py

    tensor = _member(group, name)
    if not isinstance(tensor, h5py.Dataset):
        raise Refused(f"{name!r} is no tensor")
    if tensor.external or tensor.is_virtual:
        raise _elsewhere(name)
    if tensor.shape is None:
        raise Refused(f"tensor {name!r} has no shape")
    return tensor


if __name__ == "__main__":
    sys.path[:] = sys.argv[2:]
    main(sys.argv[1])
