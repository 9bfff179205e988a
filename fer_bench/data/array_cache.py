"""Disk cache of values that take longer to compute than to read.

An entry is an ``.npz`` file: the format and a digest of everything that determines the value, the
value as arrays, and a digest of all of it for verification.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import logging
import os
import stat
from importlib import metadata
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from fer_bench.data.formats.npz_arrays import opened_arrays, read_arrays
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import cause_of, set_aside, write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

T = TypeVar("T")

log = logging.getLogger("fer_bench.data")

_FORMAT = "fer_bench arrays 1"
_FIRST_MEMBERS = (b"format.npy", b"proof.npy")
"""First member of an entry; ``proof`` in entries of earlier versions."""

_NAME_AT = 30
"""Offset of the first member's name in a zip file."""


def cached(
    folder: Path | None,
    facts: tuple[object, ...],
    make: Callable[[], T],
    encode: Callable[[T], Mapping[str, NDArray[Any]]],
    decode: Callable[[Mapping[str, NDArray[Any]]], T],
    slot: str = "",
) -> T:
    """Return the value that ``make`` computes, from the cache if it has an intact entry.

    A missing, damaged or outdated entry is written again. If the directory is not writable, or
    there is not enough memory to write the entry, nothing is stored.

    Args:
        folder: directory of the entries; None disables caching.
        facts: everything that determines the value; strings, numbers and bytes.
        make: computes the value.
        encode: returns the value as arrays, by name.
        decode: returns the value of the arrays that ``encode`` returned; raises KeyError,
            TypeError, ValueError, RecursionError or FerBenchError if they cannot be a result of it.
        slot: if given, values with the same ``slot`` replace each other.

    Raises:
        Exception: as ``make``.
    """
    if folder is None:
        return make()
    key = _digest(repr(facts))
    entry = folder / f"{_digest(slot)[:24] if slot else key}.npz"
    with contextlib.suppress(FerBenchError, KeyError, TypeError, ValueError, RecursionError):
        return decode(_read(entry, key))
    value = make()
    with contextlib.suppress(FerBenchError, MemoryError):
        _write(entry, key, encode(value))
    return value


def checked(array: NDArray[Any], dtype: type, shape: tuple[int, ...]) -> NDArray[Any]:
    """Return an array, if it has the given dtype and shape.

    Raises:
        ValueError: it has not.
    """
    if array.dtype != np.dtype(dtype) or array.shape != shape:
        raise ValueError(f"{array.dtype} of shape {array.shape}")
    return array


@functools.cache
def installed_versions(*names: str) -> tuple[str, ...] | None:
    """Return the versions of distributions, without importing them; None if one is missing."""
    try:
        return tuple(map(metadata.version, names))
    except metadata.PackageNotFoundError:
        return None


def is_ours(path: Path) -> bool:
    """Check if ``cached`` wrote a file, in this version or an earlier one; it may be damaged."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return False
        with path.open("rb") as file:
            head = file.read(_NAME_AT + max(map(len, _FIRST_MEMBERS)))
    except OSError:
        return False
    return head.startswith(b"PK\x03\x04") and head[_NAME_AT:].startswith(_FIRST_MEMBERS)


def useless(entry: Path) -> str:
    """Return the reason why no run can use an entry, empty if a run may use it.

    Only damage and other formats are detected. What determines an entry is unknown, as it holds a
    digest of that.
    """
    try:
        found = read_arrays(entry, (), ("format",))
    except FerBenchError as error:
        # Another user may have permission to read it.
        return "" if isinstance(error.__cause__, OSError) else "incomplete"
    is_current = str(found.get("format", "")).startswith(f"{_FORMAT} ")
    return "" if is_current else "written by another version of fer_bench"


def _read(entry: Path, key: str) -> dict[str, NDArray[Any]]:
    """Return the arrays of an entry.

    Raises:
        FerBenchError, KeyError, ValueError: it is missing, damaged, or has another key.
    """
    with opened_arrays(entry) as stored:
        if str(stored.pop("format").read()) != f"{_FORMAT} {key}":
            raise KeyError(key)
        proof = str(stored.pop("proof").read())
        arrays = {name: array.read() for name, array in stored.items()}
    if proof != _proof(key, arrays):
        raise ValueError(proof)
    return arrays


def _write(entry: Path, key: str, arrays: Mapping[str, NDArray[Any]]) -> None:
    members: dict[str, Any] = {"format": f"{_FORMAT} {key}", **arrays, "proof": _proof(key, arrays)}
    if os.path.lexists(entry) and not is_ours(entry):
        try:
            kept = set_aside(entry, entry.name)
        except OSError as error:
            what = f"it cannot be renamed ({cause_of(error)})"
            raise FerBenchError(what, path=entry) from error
        log.warning("cache: %s was not written by fer_bench and was renamed to %s", entry, kept)
    write_atomically(entry, lambda file: np.savez(file, **members))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _proof(key: str, arrays: Mapping[str, NDArray[Any]]) -> str:
    proof = hashlib.sha256(key.encode())
    for name in sorted(arrays):
        array = arrays[name]
        proof.update(f"{name} {array.dtype.str} {array.shape} ".encode())
        proof.update(np.ascontiguousarray(array).data)
    return proof.hexdigest()
