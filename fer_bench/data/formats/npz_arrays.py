"""Safe reading of ``.npz`` arrays: sizes and headers are validated before memory is allocated."""

from __future__ import annotations

import contextlib
import functools
import io
import math
import struct
import warnings
import zipfile
import zlib
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fer_bench.data.input_errors import input_error
from fer_bench.runtime.errors import cut, listed, shown
from fer_bench.runtime.files import cause_of, open_regular

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
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


class Header(NamedTuple):
    """Validated header of an array, before its values are read.

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


def is_compressed(path: Path) -> bool:
    """Check if any member of an ``.npz`` file is compressed.

    Raises:
        FerBenchError: the file cannot be read, or is damaged.
    """
    with _opened(path) as archive:
        return any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist())


def read_arrays(
    path: Path, required: tuple[str, ...], optional: tuple[str, ...] = ()
) -> dict[str, NDArray[Any]]:
    """Read the named arrays of an ``.npz`` file.

    Sizes are checked against the size of the file before memory is allocated for an array, and
    contents against the file's checksums.

    Args:
        path: the file.
        required: names of arrays that must be present.
        optional: names of arrays that are read if present.

    Returns:
        The arrays found, by name.

    Raises:
        FerBenchError: the file cannot be read, is damaged, lacks a required array, or one of
            the named arrays holds pickled objects.
    """
    with headed(path, required, optional) as (archive, headers):
        return {name: read_array(archive, name) for name in headers}


@contextlib.contextmanager
def headed(
    path: Path, required: tuple[str, ...], optional: tuple[str, ...]
) -> Iterator[tuple[zipfile.ZipFile, dict[str, Header]]]:
    """Open an ``.npz`` file; yields the archive and the headers of the named arrays in it."""
    with _opened(path) as archive:
        found = set(archive.namelist())
        for name in required:
            if f"{name}.npy" not in found:
                there = cut(listed(sorted(map(repr, found)), 9), 200) or "nothing"
                problem = f"no array {name!r} (it holds {there})"
                raise input_error(path, None, problem, " and ".join(required))
        names = [name for name in (*required, *optional) if f"{name}.npy" in found]
        yield archive, _headers(path, archive, names)


def member_names(path: Path) -> list[str]:
    """Return the member names of a zip archive, for example an ``.npz`` file.

    Raises:
        FerBenchError: the file cannot be read, or is damaged.
    """
    with _opened(path) as archive:
        return archive.namelist()


class StoredArray(NamedTuple):
    """Array of an open ``.npz`` file: dtype, shape and size from its header, and two readers.

    The readers work only while the file is open. ``map`` reads the values from the file on access,
    if they are not compressed, and does not verify its checksum.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    nbytes: int
    read: Callable[[], NDArray[Any]]
    map: Callable[[], NDArray[Any]]


@contextlib.contextmanager
def opened_arrays(path: Path) -> Iterator[dict[str, StoredArray]]:
    """Open an ``.npz`` file that holds only arrays; yields them by name, in file order.

    Only the headers are read on opening. The values of an array are read on request, within the
    context.

    Args:
        path: the file.

    Raises:
        FerBenchError: as for ``read_arrays``, or a member is not an array.
    """
    with contextlib.ExitStack() as open_files:
        with _one_kind_of_error(path):
            archive = open_files.enter_context(_archive(path))
            for member in archive.namelist():
                if not member.endswith(".npy"):
                    problem = f"the member {shown(member)} is not an array"
                    raise input_error(path, None, problem, "only arrays")
            names = [member.removesuffix(".npy") for member in archive.namelist()]
            headers = _headers(path, archive, names)
        yield {
            name: StoredArray(
                header.dtype,
                header.shape,
                header.size - header.start,
                functools.partial(_one_kind_of_error(path)(read_array), archive, name),
                functools.partial(_one_kind_of_error(path)(_map_array), archive, name, header),
            )
            for name, header in headers.items()
        }


def _headers(path: Path, archive: zipfile.ZipFile, names: Sequence[str]) -> dict[str, Header]:
    """Return the headers of the named arrays, with their sizes checked one by one and in total."""
    _check_once(path, archive, names)
    headers = {name: _read_header(path, archive, name) for name in names}
    size = sum(header.size for header in headers.values())
    packed = sum(header.packed for header in headers.values())
    if too_tight(size, packed):
        problem = f"{len(names)} arrays claim {size:,} bytes in total, compressed to {packed:,}"
        raise input_error(path, None, problem, "an intact npz file")
    return headers


def too_tight(size: int, packed: int) -> bool:
    """Check if a compression ratio is implausible, as in a zip bomb.

    Args:
        size: uncompressed size in bytes.
        packed: compressed size in bytes.
    """
    return size > packed * (_HIGHEST_RATIO if size < MANY else _HIGHEST_RATIO_OF_MANY)


def _check_once(path: Path, archive: zipfile.ZipFile, names: Sequence[str]) -> None:
    times = Counter(archive.namelist())
    for name in names:
        if times[f"{name}.npy"] > 1:
            raise input_error(
                path, None, f"the member '{name}.npy' appears twice", "each member once"
            )


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


def _check_places(path: Path, archive: zipfile.ZipFile) -> None:
    """Check that members do not overlap, so that their sizes add up to no more than the file's."""
    members = sorted(archive.infolist(), key=lambda member: member.header_offset)
    for one, other in pairwise(members):
        end = one.header_offset + _RECORD_BYTES + len(one.orig_filename) + one.compress_size
        if end > other.header_offset:
            problem = f"the members {shown(one.filename)} and {shown(other.filename)} overlap"
            raise input_error(path, None, problem, "an intact npz file")


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open an archive, with any error of reading it raised as ``FerBenchError``."""
    with _one_kind_of_error(path), _archive(path) as archive:
        yield archive


@contextlib.contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    with _Bytes(open_regular(path).detach()) as file, zipfile.ZipFile(file) as archive:
        file.is_open = True
        _check_places(path, archive)
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


def _read_header(path: Path, archive: zipfile.ZipFile, name: str) -> Header:
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
    if claimed != member.file_size or too_tight(claimed, member.compress_size):
        raise input_error(
            path,
            None,
            f"array {name!r} claims {_bytes(claimed)} and has {member.file_size}, "
            f"compressed to {member.compress_size}",
            "an intact npz file",
        )
    return Header(dtype, shape, file.tell(), claimed, member.compress_size, is_fortran)


def _bytes(claimed: int) -> str:
    return f"{claimed} bytes" if abs(claimed) < 1 << 63 else "more bytes than there can be"


def read_array(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    """Return the values of an array whose header has been validated."""
    with archive.open(f"{name}.npy") as file:
        array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
        return array


def read_blocks(archive: zipfile.ZipFile, name: str, header: Header) -> Iterator[NDArray[Any]]:
    """Yield the values of an array in blocks of about ``_BLOCK_BYTES``, along its first axis."""
    if header.is_fortran:
        yield np.ascontiguousarray(read_array(archive, name))
        return
    n, *shape = header.shape
    row_bytes = header.dtype.itemsize * math.prod(shape)
    step = max(1, _BLOCK_BYTES // row_bytes)
    with archive.open(f"{name}.npy") as file:
        file.read(header.start)
        for start in range(0, n, step):
            here = min(step, n - start)
            data = file.read(here * row_bytes)
            if len(data) < here * row_bytes:
                raise EOFError(f"array {name!r} is cut off")
            yield np.frombuffer(data, header.dtype).reshape(here, *shape)


def _map_array(archive: zipfile.ZipFile, name: str, header: Header) -> NDArray[Any]:
    member, file = archive.getinfo(f"{name}.npy"), archive.fp
    if member.compress_type != zipfile.ZIP_STORED or header.is_fortran or file is None:
        return read_array(archive, name)
    file.seek(member.header_offset)
    *_, name_bytes, extra_bytes = struct.unpack("<26x2H", file.read(_RECORD_BYTES))
    start = member.header_offset + _RECORD_BYTES + name_bytes + extra_bytes + header.start
    return np.asarray(np.memmap(file, header.dtype, "r", start, header.shape))
