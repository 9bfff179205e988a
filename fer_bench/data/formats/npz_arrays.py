"""Safe reading of ``.npz`` arrays: sizes and headers are validated before memory is allocated."""

from __future__ import annotations

import contextlib
import io
import math
import struct
import warnings
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.data.input_errors import input_error
from fer_bench.runtime.errors import cut, listed, shown
from fer_bench.runtime.files import cause_of, open_regular

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Methods of ``numpy.savez`` and ``numpy.savez_compressed``. With other methods, zipfile has no
limit on the bytes that it decompresses at once."""

_HIGHEST_RATIO = 1100
"""Upper limit for the compression ratio; that of Deflate is at most 1032."""

MANY = 1 << 26
"""Bytes of memory from which stricter limits apply."""

_HIGHEST_RATIO_OF_MANY = 100
"""Upper limit for the compression ratio of ``MANY`` bytes or more, in one array or several. Real
data exceeds it only if nearly all of it is blank."""

_LARGEST_HEADER = 1 << 14
"""Bytes read for an array's header; numpy accepts up to 10,000."""

_LARGEST_DIRECTORY = 1 << 20
"""Upper limit in bytes for an archive's central directory, enough for about ten thousand members. A
parsed member takes ten times as much memory as its entry."""

_RECORD_BYTES = 30
"""Size of the fixed part of a local file header, which precedes each member's name and data."""

_BLOCK_BYTES = 1 << 22
"""Approximate size of a block of values."""

_DAMAGES = (
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    zlib.error,
)
"""Errors that zipfile, zlib and numpy raise on damaged bytes."""

_HEADER_READERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


@dataclass(frozen=True)
class StoredArray:
    """Array of an open ``.npz`` file with a validated header.

    Its values can be read while the file is open. Arrays are equal if their headers are.

    Attributes:
        dtype: dtype of the values.
        shape: shape of the array.
        start: offset of the values in the member, in bytes.
        size: uncompressed size of the member in bytes, header included.
        packed: compressed size of the member in bytes.
        is_fortran: True if the first axis varies fastest.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    start: int
    size: int
    packed: int
    is_fortran: bool
    _path: Path = field(compare=False, repr=False)
    _archive: zipfile.ZipFile = field(compare=False, repr=False)
    _member: zipfile.ZipInfo = field(compare=False, repr=False)

    def read(self) -> NDArray[Any]:
        """Return the values, checked against the file's checksum.

        Raises:
            FerBenchError: they are damaged.
        """
        with _one_kind_of_error(self._path), self._archive.open(self._member) as file:
            array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
            return array

    def map(self) -> NDArray[Any]:
        """Return the values, read on access if they are not compressed; without their checksum.

        Raises:
            FerBenchError: they are damaged.
        """
        member, file = self._member, self._archive.fp
        if member.compress_type != zipfile.ZIP_STORED or self.is_fortran or file is None:
            return self.read()
        with _one_kind_of_error(self._path):
            file.seek(member.header_offset)
            *_, name_bytes, extra_bytes = struct.unpack("<26x2H", file.read(_RECORD_BYTES))
            start = member.header_offset + _RECORD_BYTES + name_bytes + extra_bytes + self.start
            return np.asarray(np.memmap(file, self.dtype, "r", start, self.shape))

    def blocks(self) -> Iterator[NDArray[Any]]:
        """Yield the values along the first axis, in blocks of about 4 MiB.

        Raises:
            FerBenchError: they are damaged.
        """
        if self.is_fortran:
            yield np.ascontiguousarray(self.read())
            return
        n, *shape = self.shape
        row_bytes = self.dtype.itemsize * math.prod(shape)
        step = max(1, _BLOCK_BYTES // row_bytes)
        with _one_kind_of_error(self._path), self._archive.open(self._member) as file:
            file.read(self.start)
            for start in range(0, n, step):
                here = min(step, n - start)
                data = file.read(here * row_bytes)
                if len(data) < here * row_bytes:
                    raise EOFError(f"array {self._member.filename[:-4]!r} is cut off")
                yield np.frombuffer(data, self.dtype).reshape(here, *shape)


def is_compressed(path: Path) -> bool:
    """Check if any member of an ``.npz`` file is compressed.

    Raises:
        FerBenchError: the file cannot be read, or is damaged.
    """
    with _one_kind_of_error(path), _archive(path) as archive:
        return any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist())


def member_names(path: Path) -> list[str]:
    """Return the member names of a zip archive, for example an ``.npz`` file.

    Raises:
        FerBenchError: the file cannot be read, or is damaged.
    """
    with _one_kind_of_error(path), _archive(path) as archive:
        return archive.namelist()


@contextlib.contextmanager
def opened_arrays(
    path: Path, required: Sequence[str] | None = None, optional: Sequence[str] = ()
) -> Iterator[dict[str, StoredArray]]:
    """Open an ``.npz`` file; yields its arrays by name.

    Only headers are read on opening. Sizes are checked against the size of the file, so that they
    can be trusted when memory is allocated for the values.

    Args:
        path: the file.
        required: names of arrays that must be present; by default all members, in file order, each
            of which must be an array.
        optional: names of further arrays that are yielded if present; others are ignored.

    Raises:
        FerBenchError: the file cannot be read, is damaged, lacks a required array, or one of
            the arrays holds pickled objects.
    """
    with contextlib.ExitStack() as open_files:
        with _one_kind_of_error(path):
            archive = open_files.enter_context(_archive(path))
            names = _names(path, archive, required, optional)
            arrays = {name: _array(path, archive, name) for name in names}
            size = sum(array.size for array in arrays.values())
            packed = sum(array.packed for array in arrays.values())
            if too_tight(size, packed):
                claim = f"{len(names)} arrays claim {size:,} bytes in total"
                problem = f"{claim}, compressed to {packed:,}"
                raise input_error(path, None, problem, "an intact npz file")
        yield arrays


def too_tight(size: int, packed: int) -> bool:
    """Check if a compression ratio is implausible, as in a zip bomb.

    Args:
        size: uncompressed size in bytes.
        packed: compressed size in bytes.
    """
    return size > packed * (_HIGHEST_RATIO if size < MANY else _HIGHEST_RATIO_OF_MANY)


def _names(
    path: Path,
    archive: zipfile.ZipFile,
    required: Sequence[str] | None,
    optional: Sequence[str],
) -> list[str]:
    """Return the names of the requested arrays in a file."""
    members = Counter(archive.namelist())
    if required is None:
        for member in members:
            if not member.endswith(".npy"):
                problem = f"the member {shown(member)} is not an array"
                raise input_error(path, None, problem, "only arrays")
        names = [member.removesuffix(".npy") for member in members]
    else:
        for name in required:
            if f"{name}.npy" not in members:
                there = cut(listed(sorted(map(repr, members)), 9), 200) or "nothing"
                problem = f"no array {name!r} (it holds {there})"
                raise input_error(path, None, problem, " and ".join(required))
        names = [name for name in (*required, *optional) if f"{name}.npy" in members]
    for name in names:
        if members[f"{name}.npy"] > 1:
            problem = f"the member '{name}.npy' appears twice"
            raise input_error(path, None, problem, "each member once")
    return names


class _Bytes(io.BufferedReader):
    """Binary file that limits the size of the central directory, which zipfile reads at once.

    Attributes:
        is_open: True once zipfile has read the central directory; the limit no longer applies.
    """

    is_open = False

    def read(self, size: int | None = -1, /) -> bytes:
        if not self.is_open and size is not None and size > _LARGEST_DIRECTORY:
            raise zipfile.BadZipFile(f"its list of members has {size} bytes")
        return super().read(size)


@contextlib.contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    with _Bytes(open_regular(path).detach()) as file, zipfile.ZipFile(file) as archive:
        file.is_open = True
        # If no members overlap, their sizes add up to no more than the file's.
        members = sorted(archive.infolist(), key=lambda member: member.header_offset)
        for one, other in pairwise(members):
            end = one.header_offset + _RECORD_BYTES + len(one.orig_filename) + one.compress_size
            if end > other.header_offset:
                problem = f"the members {shown(one.filename)} and {shown(other.filename)} overlap"
                raise input_error(path, None, problem, "an intact npz file")
        yield archive


@contextlib.contextmanager
def _one_kind_of_error(path: Path) -> Iterator[None]:
    """Convert the errors that reading an archive can raise into ``FerBenchError``."""
    try:
        with warnings.catch_warnings():
            # numpy warns about files written by Python 2, which are valid.
            warnings.simplefilter("ignore", UserWarning)
            yield
    except zipfile.BadZipFile as error:
        problem = f"not an npz file, or damaged ({cause_of(error)})"
        raise input_error(path, None, problem, "an intact npz file") from error
    except _DAMAGES as error:
        problem = f"damaged or unreadable ({cause_of(error)})"
        raise input_error(path, None, problem, "an intact npz file") from error
    except OSError as error:
        problem = f"cannot be read ({cause_of(error)})"
        step = "name a file that can be read"
        raise input_error(path, None, problem, "an intact npz file", step) from error


def _array(path: Path, archive: zipfile.ZipFile, name: str) -> StoredArray:
    member = archive.getinfo(f"{name}.npy")
    if member.compress_type not in _METHODS:
        problem = f"array {name!r} has compression method {member.compress_type}"
        raise input_error(
            path, None, problem, "stored or deflated, as numpy.savez_compressed writes it"
        )
    with archive.open(member) as whole:
        # A header may claim that it fills the complete member, so limit the bytes that are read.
        file = io.BytesIO(whole.read(_LARGEST_HEADER))
    version = np.lib.format.read_magic(file)
    if version not in _HEADER_READERS:
        raise input_error(
            path, None, f"array {name!r} has npy version {version}", "version 1.0 or 2.0"
        )
    try:
        shape, is_fortran, dtype = _HEADER_READERS[version](file)
    except (MemoryError, OSError, zipfile.BadZipFile, zlib.error):
        raise
    except Exception as error:  # numpy raises many types for an invalid header
        raise ValueError(cause_of(error)) from error
    if dtype.hasobject:
        raise input_error(path, None, f"array {name!r} holds pickled objects", "arrays of numbers")
    claimed = file.tell() + dtype.itemsize * int(np.prod(shape, dtype=object))
    packed = member.compress_size
    if claimed != member.file_size or too_tight(claimed, packed):
        number = f"{claimed} bytes" if abs(claimed) < 1 << 63 else "more bytes than there can be"
        problem = f"array {name!r} claims {number} and has {member.file_size}, "
        problem += f"compressed to {packed}"
        raise input_error(path, None, problem, "an intact npz file")
    return StoredArray(
        dtype, shape, file.tell(), claimed, packed, is_fortran, path, archive, member
    )
