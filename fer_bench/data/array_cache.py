"""Arrays that take longer to work out than to read, kept in the cache folder."""

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
"""The place of the first member's name in a zip file."""


def remembered(
    folder: Path | None,
    facts: tuple[object, ...],
    names: Sequence[str],
    make: Callable[[], Mapping[str, NDArray[Any]]],
    fits: Callable[[Mapping[str, NDArray[Any]]], object],
) -> dict[str, NDArray[Any]]:
    """The arrays that ``make`` gives, from the folder where they are kept and whole.

    A missing or damaged entry is made anew. Where the folder cannot be written to, or memory is
    too short for it, nothing is kept.

    Args:
        folder: where entries are kept; None to remember nothing.
        facts: all that determines the arrays; texts, numbers and bytes.
        names: of the arrays.
        make: works them out, by name.
        fits: whether arrays that were kept can be what ``make`` gives.

    Raises:
        Exception: as ``make`` does.
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
    """Check if ``remembered`` wrote a file, damaged as it may be."""
    return begins_with(entry, _FIRST)


def begins_with(path: Path, name: str) -> bool:
    """Check if a file begins as an ``.npz`` file does whose first array has that name."""
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
    """Sets aside what is in the place of an entry and is none.

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
    """Why no run can use an entry; empty where one may.

    Looks at no more than whether it is whole. Which facts it rests on cannot be told: it is known
    by a digest of them.
    """
    try:
        read_arrays(entry, ("proof",))
    except FerBenchError as error:
        # What this user may not read, another one may.
        return "" if isinstance(error.__cause__, OSError) else "it is not whole"
    return ""


def _read(entry: Path, key: str, names: Sequence[str]) -> dict[str, NDArray[Any]] | None:
    """What an entry holds, or None where it is missing, damaged or that of other facts."""
    try:
        arrays = read_arrays(entry, (*names, "proof"))
    except FerBenchError:
        return None
    proof = str(arrays.pop("proof"))
    try:
        return arrays if proof == _proof(key, arrays) else None
    except ValueError:  # of a type that has no bytes to look at
        return None


def _proof(key: str, arrays: Mapping[str, NDArray[Any]]) -> str:
    proof = hashlib.sha256(key.encode())
    for name in sorted(arrays):
        array = arrays[name]
        proof.update(f"{name} {array.dtype.str} {array.shape} ".encode())
        proof.update(np.ascontiguousarray(array).data)
    return proof.hexdigest()
