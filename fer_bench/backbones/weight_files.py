"""Reads the layouts that weights are stored in."""

from __future__ import annotations

import contextlib
import re
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fer_bench.datasets.npz_layout import read_all_arrays
from fer_bench.errors import FerBenchError
from fer_bench.files import open_regular

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray


@dataclass(frozen=True)
class StoredLayer:
    """The tensors that a file holds for one layer.

    Attributes:
        name: the layer's name, None where the file does not tell it.
        variables: names of its variables, None where the file does not tell them.
        tensors: an ``h5py.Dataset`` or an array for each variable, in the layer's own order.
    """

    name: str | None
    variables: tuple[str, ...] | None
    tensors: tuple[Any, ...]


@dataclass(frozen=True)
class StoredWeights:
    """All that a weight file holds.

    Attributes:
        path: of the file.
        layers: by the key the file keeps them under, in the file's order.
        keyed_by_class: whether the keys are ``<class>_<number>`` instead of names.
    """

    path: Path
    layers: dict[str, StoredLayer]
    keyed_by_class: bool


def refused(path: Path, why: str) -> FerBenchError:
    """The error that says why a weight file is not used."""
    return FerBenchError(f"weight file {str(path)!r}: {why}; put a sound file in its place")


_UNREADABLE = (
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    KeyError,
    EOFError,
    MemoryError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What h5py and numpy raise on files that are truncated, corrupt or built by hand; of memory there
is too little for the sizes that such files claim."""


@contextlib.contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turns what h5py and numpy raise on a broken file into one line."""
    try:
        yield
    except _UNREADABLE as error:
        why = next(iter(str(error).splitlines()), type(error).__name__)
        raise refused(path, f"cannot be read: {why}") from error


@contextlib.contextmanager
def opened(path: Path) -> Iterator[StoredWeights]:
    """Opens a weight file; its HDF5 tensors can be read while the context lasts.

    Raises:
        FerBenchError: the file is unreadable or of no known layout.
    """
    with contextlib.ExitStack() as open_files:
        with readable(path):
            with open_regular(path) as file:
                start = file.read(8)
            if start.startswith(b"PK"):
                stored = _npz(path)
            elif start == b"\x89HDF\r\n\x1a\n":
                import h5py

                stored = _hdf5(path, open_files.enter_context(h5py.File(path, "r")))
            else:
                raise refused(
                    path, f"begins with {start!r}, expected is an HDF5 file or an npz of arrays"
                )
        yield stored


def _npz(path: Path) -> StoredWeights:
    """Keys ``<layer>/<variable>``; read whole, it is the layout of small packaged weights."""
    layers: dict[str, dict[str, NDArray[Any]]] = {}
    try:
        arrays = read_all_arrays(path)
    except FerBenchError as error:
        raise FerBenchError(f"weight file {error}") from error
    for key, tensor in arrays.items():
        layer, _, variable = key.rpartition("/")
        layers.setdefault(layer, {})[variable] = tensor
    found = {
        name: StoredLayer(name, tuple(variables), tuple(variables.values()))
        for name, variables in layers.items()
    }
    return StoredWeights(path, found, keyed_by_class=False)


def _hdf5(path: Path, file: Any) -> StoredWeights:
    if "model_weights" in file:
        file = file["model_weights"]
    if _has_names(file, "layer_names"):
        return StoredWeights(path, _legacy(path, file), keyed_by_class=False)
    if "layers" in file:
        return StoredWeights(path, _keras3(path, file), keyed_by_class=True)
    raise refused(path, "is HDF5 without 'layer_names' or 'layers', expected are weights of Keras")


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


def _legacy(path: Path, file: Any) -> dict[str, StoredLayer]:
    """Layer names as an attribute of the file, variable names as an attribute of each layer."""
    layers = {}
    for name in _names(file, "layer_names"):
        group = file[name]
        variables = _names(group, "weight_names") if _has_names(group, "weight_names") else []
        if variables:
            tensors = tuple(_own_tensor(path, file, group, variable) for variable in variables)
            layers[name] = StoredLayer(name, tuple(variables), tensors)
    return layers


def _own_tensor(path: Path, file: Any, group: Any, name: str) -> Any:
    """A dataset whose bytes lie in this very file: HDF5 can point to any other file."""
    import h5py

    tensor = group[name]
    if not isinstance(tensor, h5py.Dataset):
        raise refused(path, f"{name!r} is no tensor")
    if tensor.file.filename != file.file.filename or tensor.external or tensor.is_virtual:
        raise refused(path, f"tensor {name!r} lies in another file, expected are its values here")
    return tensor


def _keras3(path: Path, file: Any) -> dict[str, StoredLayer]:
    """Groups ``layers/<class>_<number>/vars/<number>``, the layer's name as an attribute."""
    import h5py

    tensors: dict[str, dict[int, Any]] = {}

    def collect(name: str, found: Any) -> None:
        if not isinstance(found, h5py.Dataset) or name.startswith("optimizer/"):
            return
        if "/seed_generator/" in name:
            return
        place = re.fullmatch(r"layers/([^/]+)/vars/(\d+)", name)
        if place is None:
            raise refused(
                path,
                f"tensor {name!r} belongs to no layer of a flat network; save a network inside "
                "another in the legacy layout ('.h5')",
            )
        own = _own_tensor(path, file, file, name)
        tensors.setdefault(place[1], {})[int(place[2])] = own

    file.visititems(collect)
    layers = {}
    for key, numbered in tensors.items():
        name = file[f"layers/{key}/vars"].attrs.get("name")
        ordered = tuple(numbered[number] for number in sorted(numbered))
        layers[key] = StoredLayer(None if name is None else str(name), None, ordered)
    return layers
