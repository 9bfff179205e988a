"""Opening of weight files; the layout is detected from the content."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from fer_bench.data.formats.npz_arrays import member_names, opened_arrays
from fer_bench.models.weights import dlib_reader, hdf5_process
from fer_bench.models.weights.hdf5_reader import KERAS_WEIGHTS
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

_HDF5 = b"\x89HDF\r\n\x1a\n"
_START_BYTES = 512
_ACCEPTED = "an HDF5 file, a .keras file, an npz file of arrays or a network of dlib"


@contextlib.contextmanager
def opened(path: Path) -> Iterator[StoredWeights]:
    """Open a weight file; its tensors can be read within the context.

    Raises:
        FerBenchError: the file is unreadable or its layout is unknown.
    """
    try:
        with open_regular(path) as file:
            start = file.read(_START_BYTES)
    except OSError as error:
        raise WeightFileError(path, f"cannot be read: {cause_of(error)}") from error
    is_zip = start.startswith(b"PK")
    if start.startswith(_HDF5) or (is_zip and _is_saved_network(path)):
        reader = hdf5_process.opened(path)
    elif is_zip:
        reader = _npz(path)
    elif dlib_reader.START.match(start):
        reader = dlib_reader.opened(path)
    else:
        raise _unknown_layout(path, start)
    with reader as stored:
        yield stored


def _unknown_layout(path: Path, start: bytes) -> WeightFileError:
    """Return the error for a file of unknown layout, guessing its type from the first bytes."""
    if start.startswith(b"version https://git-lfs"):
        return WeightFileError(
            path, "is a Git LFS pointer", hint="fetch the file itself with 'git lfs pull'"
        )
    if start.startswith(b"\x1f\x8b"):
        return WeightFileError(path, "is compressed with gzip", hint="decompress it with 'gunzip'")
    if start.startswith(b"BZh"):
        return WeightFileError(
            path, "is compressed with bzip2", hint="decompress it with 'bunzip2'"
        )
    if start.lstrip()[:5].lower() in (b"<html", b"<!doc", b"<?xml"):
        return WeightFileError(path, "is a web page", _ACCEPTED, "download the file itself")
    return WeightFileError(path, f"starts with {start[:8]!r}" if start else "is empty", _ACCEPTED)


def _is_saved_network(path: Path) -> bool:
    """Check if an archive is a ``.keras`` file with weights."""
    names = member_names(path)
    for name in names:
        if name != KERAS_WEIGHTS and name.endswith((".h5", ".keras", ".npz")):
            raise WeightFileError(
                path, f"is a zip archive that contains {name!r}", hint="extract that file"
            )
    return KERAS_WEIGHTS in names


@contextlib.contextmanager
def _npz(path: Path) -> Iterator[StoredWeights]:
    """Open an npz file with keys ``<layer>/<variable>``, the layout of packaged weights."""
    layers: dict[str, dict[str, StoredTensor]] = {}
    with opened_arrays(path) as arrays:
        for key, array in arrays.items():
            layer, _, variable = key.rpartition("/")
            tensor = StoredTensor(array.shape, array.dtype, array.read)
            layers.setdefault(layer, {})[variable] = tensor
        found = {
            name: StoredLayer(name, tuple(variables), tuple(variables.values()))
            for name, variables in layers.items()
        }
        yield StoredWeights(path, found, keyed_by_class=False)
