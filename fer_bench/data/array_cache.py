"""Disk cache of arrays that take longer to compute than to read."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import stat
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.data.formats.npz_arrays import read_arrays
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import cause_of, set_aside, write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

log = logging.getLogger("fer_bench.data")

_FIRST = "proof"
_NAME_AT = 30
"""Offset of the first member's name in a zip file."""


def cached_arrays(
    folder: Path | None,
    facts: tuple[object, ...],
    names: Sequence[str],
    make: Callable[[], Mapping[str, NDArray[Any]]],
    fits: Callable[[Mapping[str, NDArray[Any]]], object],
) -> dict[str, NDArray[Any]]:
    """Return the arrays that ``make`` computes, from the cache if it has an intact entry.

    A missing or damaged entry is recomputed. If the directory is not writable, or there is not
    enough memory to write the entry, nothing is stored.

    Args:
        folder: directory of the entries; None disables caching.
        facts: everything that determines the arrays; strings, numbers and bytes.
        names: names of the arrays.
        make: computes the arrays, by name.
        fits: returns a true value if cached arrays can be a result of ``make``.

    Raises:
        Exception: as ``make``.
    """
    if folder is None:
        return dict(make())
    key = hashlib.sha256(repr(facts).encode()).hexdigest()
    entry = folder / f"{key}.npz"
    kept = _read(entry, key, names)
    if kept is not None and fits(kept):
        return kept
    made: dict[str, Any] = dict(make())
    with contextlib.suppress(FerBenchError, MemoryError):
        proof = _proof(key, made)
        make_way(entry, is_ours)
        write_atomically(entry, lambda file: np.savez(file, proof=proof, **made))
    return made


def is_ours(entry: Path) -> bool:
    """Check if ``cached_arrays`` wrote a file, even if it is damaged by now."""
    return begins_with(entry, _FIRST)


def begins_with(path: Path, name: str) -> bool:
    """Check if a file begins like an ``.npz`` file whose first array has the given name."""
    member = f"{name}.npy".encode()
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return False
        with path.open("rb") as file:
            head = file.read(_NAME_AT + len(member))
    except OSError:
        return False
    return head.startswith(b"PK\x03\x04") and head[_NAME_AT:] == member


def make_way(entry: Path, is_ours: Callable[[Path], bool]) -> None:
    """Set aside whatever is at the path of an entry but is not an entry.

    Raises:
        FerBenchError: it cannot be renamed.
    """
    if not os.path.lexists(entry) or is_ours(entry):
        return
    try:
        kept = set_aside(entry, entry.name)
    except OSError as error:
        raise FerBenchError(f"{str(entry)!r} cannot be renamed: {cause_of(error)}") from error
    log.warning("cache: what fer_bench did not write in %s was kept: it is now %s", entry, kept)


def useless(entry: Path) -> str:
    """Return the reason why no run can use an entry, empty if a run may use it.

    Only damage is detected. The facts behind an entry are unknown, as it is named by their digest.
    """
    try:
        read_arrays(entry, ("proof",))
    except FerBenchError as error:
        # Another user may have permission to read it.
        return "" if isinstance(error.__cause__, OSError) else "it is not whole"
    return ""


def _read(entry: Path, key: str, names: Sequence[str]) -> dict[str, NDArray[Any]] | None:
    """Return the arrays of an entry, or None if it is missing, damaged or of other facts."""
    try:
        arrays = read_arrays(entry, (*names, "proof"))
    except FerBenchError:
        return None
    proof = str(arrays.pop("proof"))
    try:
        return arrays if proof == _proof(key, arrays) else None
    except ValueError:  # a dtype that does not support the buffer protocol
        return None


def _proof(key: str, arrays: Mapping[str, NDArray[Any]]) -> str:
    proof = hashlib.sha256(key.encode())
    for name in sorted(arrays):
        array = arrays[name]
        proof.update(f"{name} {array.dtype.str} {array.shape} ".encode())
        proof.update(np.ascontiguousarray(array).data)
    return proof.hexdigest()
