"""Backbones in files, selected by the path of the file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from fer_bench.models.network_files import onnx_file, saved_network
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import cause_of, expand_user

if TYPE_CHECKING:
    from collections.abc import Callable

    from fer_bench.models.backbone import Backbone

_READERS: dict[str, Callable[[Path], Backbone]] = {
    saved_network.SUFFIX: saved_network.backbone,
    onnx_file.SUFFIX: onnx_file.backbone,
}

_OTHERS = frozenset({".h5", ".hdf5", ".pb", ".pt", ".pth", ".safetensors", ".tflite"})
"""Suffixes of other formats of networks."""


def is_path(text: str) -> bool:
    """Return True if a text that selects a backbone is the path of a file, not a name."""
    return os.sep in text or Path(text).suffix.lower() in {*_READERS, *_OTHERS}


_found: dict[str, Backbone] = {}
"""Backbones by name, as ``onnx-model``, by which they are found once selected by their path."""


def find(name: str) -> Backbone | None:
    """Return the backbone in a file, or None if the name is not that of a file.

    Args:
        name: path of the file, or name of a backbone that was found before.

    Raises:
        FerBenchError: the file cannot be read or is invalid, or another file has a backbone of the
            same name.
    """
    if name in _found:
        return _found[name]
    if not is_path(name):
        return None
    path = expand_user(name)
    reader = _READERS.get(path.suffix)
    if reader is None:
        raise FerBenchError(
            "is not a file of a supported format",
            " and ".join(_READERS),
            "save a Keras network with model.save('model.keras'), export another to ONNX",
            path=path,
        )
    try:
        path = path.resolve(strict=True)
    except OSError as error:
        raise FerBenchError(f"cannot be read: {cause_of(error)}", path=path) from error
    entry = reader(path)
    known = _found.get(entry.name)
    if known is not None and known.file is not None and known.file.path != path:
        raise FerBenchError(
            f"backbone {entry.name!r} is the name of two files: {str(known.file.path)!r} and "
            f"{str(path)!r}",
            hint="rename one of them",
        )
    _found[entry.name] = entry
    return entry
