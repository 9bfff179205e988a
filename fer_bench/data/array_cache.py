"""Disk cache of values that take longer to compute than to read.

An entry is an ``.npz`` file: the format and a digest of everything that determines the value, the
value as arrays, and a digest of all of it for verification. Large arrays are mapped from the file,
and images are written to it in blocks, so that neither takes memory.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import stat
import zipfile
from importlib import metadata
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from fer_bench.data.formats.npz_arrays import opened_arrays
from fer_bench.data.images import blocks, in_memory
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import replacing, set_aside

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import IO

    from numpy.typing import NDArray

    from fer_bench.data.images import Blocks, Collect

T = TypeVar("T")

log = logging.getLogger("fer_bench.data")

_FORMAT = "fer_bench arrays 1"
_FIRST_MEMBERS = (b"format.npy", b"proof.npy")
"""First member of an entry; ``proof`` in entries of earlier versions."""

_NAME_AT = 30
"""Offset of the first member's name in a zip file."""

_MAPPED = 1 << 20
"""Bytes from which an array is mapped from its entry instead of read into memory."""


def cached(
    folder: Path | None,
    facts: tuple[object, ...],
    make: Callable[[Collect], T],
    encode: Callable[[T], Mapping[str, NDArray[Any]]],
    decode: Callable[[Mapping[str, NDArray[Any]]], T],
    slot: str = "",
    software: tuple[str, ...] = (),
) -> T:
    """Return the value that ``make`` computes, from the cache if it has an intact entry.

    A missing, damaged or outdated entry is written again. If the directory is not writable, or
    there is not enough memory to write the entry, nothing is stored.

    Args:
        folder: directory of the entries; None disables caching.
        facts: everything that determines the value; strings, numbers and bytes.
        make: computes the value; gets a function that collects images into the entry, or in memory
            if nothing is stored. It may be called a second time if the disk is full.
        encode: returns the value as arrays, by name.
        decode: returns the value of the arrays that ``encode`` returned; raises KeyError,
            TypeError, ValueError, RecursionError or FerBenchError if they cannot be a result of it.
        slot: if given, values with the same ``slot`` replace each other.
        software: distributions whose versions determine the value too; if one is unknown, nothing
            is stored.

    Raises:
        Exception: as ``make``.
    """
    try:
        facts += tuple(map(metadata.version, software))
    except metadata.PackageNotFoundError:
        folder = None
    if folder is None:
        return make(in_memory)
    key = _digest(repr(facts))
    entry = folder / f"{_digest(slot)[:24] if slot else key}.npz"
    with contextlib.suppress(FerBenchError, KeyError, TypeError, ValueError, RecursionError):
        return decode(_read(entry, key))
    made: list[T] = []
    try:
        with replacing(entry) as file, contextlib.closing(_Draft(file, key)) as draft:
            # Windows neither renames nor removes a file that is mapped.
            made.append(make(draft.collect if os.name == "posix" else in_memory))
            draft.finish(encode(made[0]))
            if os.path.lexists(entry) and not is_ours(entry):
                kept = set_aside(entry, entry.name)
                text = "cache: %s was not written by fer_bench and was renamed to %s"
                log.warning(text, entry, kept)
    except (FerBenchError, MemoryError):
        if not made:
            raise
    except OSError:
        if not made:
            return make(in_memory)
    return made[0]


def checked(
    array: NDArray[Any], dtype: type, shape: tuple[int, ...], n: int | None = None
) -> NDArray[Any]:
    """Return an array, if it has the given dtype and shape, and values from 0 to ``n`` - 1, if any.

    Raises:
        ValueError: it has not.
    """
    if array.dtype != np.dtype(dtype) or array.shape != shape:
        raise ValueError(f"{array.dtype} of shape {array.shape}")
    if n is not None and not ((array >= 0) & (array < n)).all():
        raise ValueError("rows out of range")
    return array


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
        with opened_arrays(entry, (), ("format",)) as arrays:
            stored_format = str(arrays["format"].read()) if arrays else ""
    except FerBenchError as error:
        # Another user may have permission to read it.
        return "" if isinstance(error.__cause__, OSError) else "incomplete"
    is_current = stored_format.startswith(f"{_FORMAT} ")
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
        arrays = {
            name: array.read() if array.size < _MAPPED else array.map()
            for name, array in stored.items()
        }
    if proof != _proof(key, arrays):
        raise ValueError(proof)
    return arrays


class _Draft:
    """Entry that is being written; its images can be used before it is finished.

    Args:
        file: empty file, open for writing and reading.
        key: digest of everything that determines the value.
    """

    def __init__(self, file: IO[bytes], key: str) -> None:
        self._file, self._key = file, key
        self._images: NDArray[np.uint8] | None = None
        self._archive = zipfile.ZipFile(file, "w")

    def close(self) -> None:
        """Write the list of members."""
        self._archive.close()

    def collect(self, shape: tuple[int, ...], images: Blocks) -> NDArray[np.uint8]:
        """Write blocks of images as the array ``images`` and map it; replaces an earlier attempt.

        Raises:
            OSError: the file cannot be written.
        """
        self._archive.close()
        self._file.seek(0)
        self._file.truncate()
        self._archive = zipfile.ZipFile(self._file, "w")
        self._add_format()
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        with self._archive.open("images.npy", "w", force_zip64=True) as member:
            np.lib.format.write_array_header_1_0(member, header)
            start = self._file.tell()
            for block in images:
                member.write(np.ascontiguousarray(block).data)
        self._file.flush()
        self._images = np.asarray(np.memmap(self._file, np.uint8, "r", start, shape))
        return self._images

    def finish(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write all arrays that are not written yet, and the proof.

        Raises:
            OSError: the file cannot be written.
        """
        if self._images is None:
            self._add_format()
        for name, array in arrays.items():
            if array is not self._images:
                self._add(name, array)
        self._add("proof", np.array(_proof(self._key, arrays)))

    def _add_format(self) -> None:
        self._add("format", np.array(f"{_FORMAT} {self._key}"))

    def _add(self, name: str, array: NDArray[Any]) -> None:
        with self._archive.open(f"{name}.npy", "w", force_zip64=True) as member:
            np.lib.format.write_array(member, np.asarray(array, order="C"), allow_pickle=False)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _proof(key: str, arrays: Mapping[str, NDArray[Any]]) -> str:
    proof = hashlib.sha256(key.encode())
    for name in sorted(arrays):
        array = arrays[name]
        proof.update(f"{name} {array.dtype.str} {array.shape} ".encode())
        for block in blocks(np.ascontiguousarray(array).reshape(-1)):
            proof.update(block.data)
    return proof.hexdigest()
