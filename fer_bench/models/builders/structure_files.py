"""Structures of networks as portable ``.keras`` files: written, found, read.

A structure that only deepface and TensorFlow can build is written to a file once, and built from
there on machines that have neither. Only the layers count: the weights in such a file are zeros.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import os
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_bench.models.builders.structure_config import kinds, refuse_foreign
from fer_bench.runtime.cache_directory import cache_root
from fer_bench.runtime.errors import INSTALL, FerBenchError
from fer_bench.runtime.files import open_regular, write_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence

    import keras

FOLDER_VARIABLE = "FER_BENCH_STRUCTURES"
"""Environment variable that names a folder with structure files."""

FOLDER = "structures"
"""Where they lie within the cache folder."""

LARGEST_CONFIG = 1 << 20
"""Bytes of a ``config.json`` that are read at most; the largest of ours has 150 KB."""

_CONFIG = "config.json"
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

_UNREADABLE = (
    OSError,
    ValueError,
    KeyError,
    EOFError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What zipfile and json raise on files that are truncated, corrupt, locked or built by hand."""


def cache_folder() -> Path:
    """Where structures are kept when no other folder is named. It need not exist."""
    return cache_root() / FOLDER


def file_name(name: str) -> str:
    """What the structure file of the backbone ``name`` is called."""
    return f"{name}.keras"


def missing_packages() -> tuple[str, ...]:
    """Which of deepface and TensorFlow are not installed. One that is there may still be broken."""
    return tuple(
        name for name in ("deepface", "tensorflow") if importlib.util.find_spec(name) is None
    )


def digest(name: str) -> str | None:
    """SHA-256 of the structure that a backbone's network is made from, None where no file is.

    Args:
        name: of a backbone that deepface builds.

    Raises:
        FerBenchError: a file is needed, and there is no sound one.
    """
    missing = missing_packages()
    if not missing:
        return None
    config = json.dumps(read(find(name, missing)), sort_keys=True)
    return hashlib.sha256(config.encode()).hexdigest()


def find(name: str, missing: Sequence[str]) -> Path:
    """The structure file of a backbone: in ``FER_BENCH_STRUCTURES``, else in the cache.

    Args:
        name: of the backbone.
        missing: the packages whose absence makes the file needed, for the message.

    Raises:
        FerBenchError: no place has the file, or ``FER_BENCH_STRUCTURES`` is no folder.
    """
    given = os.environ.get(FOLDER_VARIABLE)
    chosen = Path(given).expanduser() if given else None
    if chosen is not None and not chosen.is_dir():
        raise FerBenchError(
            f"{FOLDER_VARIABLE} {str(chosen)!r} is no folder; accepted: a folder with structures "
            f"that 'fer-bench export-backbone {name} --output FOLDER' wrote"
        )
    for folder in (chosen, cache_folder()):
        if folder is not None and (folder / file_name(name)).exists():
            return folder / file_name(name)
    raise FerBenchError(
        f"backbone {name!r} cannot be built: {' and '.join(missing)} not installed, and its "
        f"structure {file_name(name)!r} is neither in {FOLDER_VARIABLE} "
        f"({str(chosen) if chosen else 'not set'}) nor in {str(cache_folder())!r}; install them "
        f"with {INSTALL} (or [gpu]), or run 'fer-bench export-backbone {name}' "
        f"on a machine that has them and name the folder it wrote to with {FOLDER_VARIABLE}"
    )


def refused(path: Path, why: str) -> FerBenchError:
    """The error that says why a structure file is not used."""
    name = path.name.removesuffix(".keras")
    return FerBenchError(
        f"structure file {str(path)!r}: {why}; write it again with 'fer-bench export-backbone "
        f"{name}' where deepface and TensorFlow are installed"
    )


def read(path: Path) -> dict[str, Any]:
    """The configuration of a network out of its file, proved to hold known layers only.

    Nothing but ``config.json`` is read, and nothing is built.

    Raises:
        FerBenchError: the file cannot be read, is too large, or holds what is not accepted.
    """
    try:
        with open_regular(path) as whole, zipfile.ZipFile(whole) as archive:
            # Of other ways to compress, zipfile unpacks as much as there is at once.
            if archive.getinfo(_CONFIG).compress_type not in _METHODS:
                raise refused(path, f"its {_CONFIG} is neither stored nor deflated, as Keras does")
            with archive.open(_CONFIG) as file:
                text = file.read(LARGEST_CONFIG + 1)
        if len(text) > LARGEST_CONFIG:
            raise refused(
                path, f"its {_CONFIG} is too large; accepted: {LARGEST_CONFIG:,} bytes at most"
            )
        config = json.loads(text)
    except _UNREADABLE as error:
        why = next(iter(str(error).splitlines()), type(error).__name__)
        raise refused(path, f"cannot be read as a .keras file: {why}") from error
    if not isinstance(config, dict):
        raise refused(path, f"its {_CONFIG} holds {type(config).__name__}, expected is a model")
    try:
        refuse_foreign(config)
    except (ValueError, RecursionError) as error:
        raise refused(path, str(error)) from error
    return config


def write(model: keras.Model, path: Path) -> None:
    """Writes a network's structure, whole or not at all, as ``keras.saving.load_model`` reads it.

    The weights are set to zero and the file is compressed, so that VGG-Face takes less than 1 MB
    instead of 540.

    Args:
        model: the network; its weights are lost.
        path: ends in ``.keras``; its folder is made.

    Raises:
        FerBenchError: the network holds a Lambda layer, or the file cannot be written.
    """
    import keras

    if "Lambda" in kinds(keras.saving.serialize_keras_object(model)):
        raise FerBenchError(
            f"network {model.name!r} holds a Lambda layer, whose code cannot be saved safely; "
            "accepted: layers of Keras and registered ones; write a layer in its place"
        )
    for variable in model.weights:
        variable.assign(keras.ops.zeros(variable.shape, variable.dtype))
    write_atomically(path, _compressed(model, path))


def _compressed(model: keras.Model, path: Path) -> bytes:
    """Keras' own file of the network, its parts deflated.

    Raises:
        FerBenchError: there is no room for Keras' uncompressed file beside ``path``.
    """
    content = io.BytesIO()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".", suffix=".part") as folder:
            plain = Path(folder) / path.name
            model.save(plain)
            with (
                zipfile.ZipFile(plain) as source,
                zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as target,
            ):
                for part in source.infolist():
                    with source.open(part) as reader, target.open(part.filename, "w") as writer:
                        while piece := reader.read(1 << 20):
                            writer.write(piece)
    except OSError as error:
        raise FerBenchError(
            f"cannot write {str(path)!r}: {error.strerror or error}; accepted: a file in a folder "
            f"that can be written to, with room for {4 * model.count_params():,} bytes meanwhile"
        ) from error
    return content.getvalue()
