"""The arrays of an ``.npz`` file, of which nothing is believed before it is checked."""

from __future__ import annotations

import contextlib
import functools
import io
import warnings
import zipfile
import zlib
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fer_bench.data.input_errors import wrong
from fer_bench.runtime.errors import cut, listed, shown
from fer_bench.runtime.files import cause_of, open_regular

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Those of ``numpy.savez`` and ``numpy.savez_compressed``. Of others, zipfile unpacks as much as
there is at once."""

_HIGHEST_RATIO = 1100
"""Deflate packs at most 1032 bytes into one."""

MANY = 1 << 26
"""Bytes of memory that count as much."""

_HIGHEST_RATIO_OF_MANY = 100
"""So many bytes are packed no better, in one array or several, unless nearly all of them are
empty."""

_LARGEST_HEADER = 1 << 14
"""Bytes of an array's header that are read; numpy takes 10,000."""

_LARGEST_DIRECTORY = 1 << 20
"""Bytes of an archive's list of members, some ten thousand. A member takes ten times as much memory
as its place in the list."""

_RECORD_BYTES = 30
"""The least size of the record before each member's name and data."""

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
    """The description of an array, before it is read.

    Attributes:
        dtype: of its values.
        shape: of the array.
        start: bytes before its values.
        size: bytes of all of it.
        packed: bytes of it in the file.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    start: int
    size: int
    packed: int


def is_compressed(path: Path) -> bool:
    """Check if an ``.npz`` file takes longer to read than its size lets expect.

    Raises:
        FerBenchError: the file cannot be read, or is damaged.
    """
    with _opened(path) as archive:
        return any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist())


def read_arrays(
    path: Path, required: tuple[str, ...], optional: tuple[str, ...] = ()
) -> dict[str, NDArray[Any]]:
    """Reads the named arrays of an ``.npz`` file.

    Sizes are compared with the file's before memory is taken for an array, and contents with
    the file's checksums.

    Args:
        path: the file.
        required: names of arrays that must be there.
        optional: names of arrays that are read where they are there.

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
    """The file and the headers of those of the named arrays that it has."""
    with _opened(path) as archive:
        found = set(archive.namelist())
        for name in required:
            if f"{name}.npy" not in found:
                there = cut(listed(sorted(map(repr, found)), 9), 200) or "nothing"
                what = f"no array {name!r} (it holds {there})"
                raise wrong(path, None, what, " and ".join(required))
        names = [name for name in (*required, *optional) if f"{name}.npy" in found]
        yield archive, _headers(path, archive, names)


def member_names(path: Path) -> list[str]:
    """Names of what a zip archive holds, of which an ``.npz`` file is one.

    Raises:
        FerBenchError: the file cannot be read, or is damaged.
    """
    with _opened(path) as archive:
        return archive.namelist()


class StoredArray(NamedTuple):
    """An array of an open ``.npz`` file: what it is said to be, and the way to its values."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    read: Callable[[], NDArray[Any]]


@contextlib.contextmanager
def opened_arrays(path: Path) -> Iterator[dict[str, StoredArray]]:
    """Opens an ``.npz`` file that holds nothing but arrays, in the file's order.

    Only their headers are read, and the values of one array at a time when asked for, while the
    context lasts.

    Args:
        path: the file.

    Raises:
        FerBenchError: as ``read_arrays``, or a member is no array.
    """
    with contextlib.ExitStack() as open_files:
        with _one_kind_of_error(path):
            archive = open_files.enter_context(_archive(path))
            for member in archive.namelist():
                if not member.endswith(".npy"):
                    what = f"the member {shown(member)} is no array"
                    raise wrong(path, None, what, "arrays alone")
            names = [member.removesuffix(".npy") for member in archive.namelist()]
            headers = _headers(path, archive, names)
        yield {
            name: StoredArray(
                header.dtype,
                header.shape,
                functools.partial(_one_kind_of_error(path)(read_array), archive, name),
            )
            for name, header in headers.items()
        }


def _headers(path: Path, archive: zipfile.ZipFile, names: Sequence[str]) -> dict[str, Header]:
    """The headers of arrays, each of which and all together are no larger than they may."""
    _check_once(path, archive, names)
    headers = {name: _read_header(path, archive, name) for name in names}
    size = sum(header.size for header in headers.values())
    packed = sum(header.packed for header in headers.values())
    if too_tight(size, packed):
        what = f"{len(names)} arrays claim {size:,} bytes together, packed into {packed:,}"
        raise wrong(path, None, what, "a whole npz file")
    return headers


def too_tight(size: int, packed: int) -> bool:
    """Check if so many bytes cannot be packed into so few by honest means."""
    return size > packed * (_HIGHEST_RATIO if size < MANY else _HIGHEST_RATIO_OF_MANY)


def _check_once(path: Path, archive: zipfile.ZipFile, names: Sequence[str]) -> None:
    times = Counter(archive.namelist())
    for name in names:
        if times[f"{name}.npy"] > 1:
            raise wrong(path, None, f"the member '{name}.npy' is there twice", "each one once")


class _Bytes(io.BufferedReader):
    """An archive's bytes. Its list of members, which zipfile reads at once, may not be large."""

    is_open = False

    def read(self, size: int | None = -1, /) -> bytes:
        if not self.is_open and size is not None and size > _LARGEST_DIRECTORY:
            raise zipfile.BadZipFile(f"its list of members has {size} bytes")
        return super().read(size)


def _check_places(path: Path, archive: zipfile.ZipFile) -> None:
    """Makes sure that no byte belongs to two members: so they are not more than the file."""
    members = sorted(archive.infolist(), key=lambda member: member.header_offset)
    for one, other in pairwise(members):
        end = one.header_offset + _RECORD_BYTES + len(one.orig_filename) + one.compress_size
        if end > other.header_offset:
            what = f"the members {shown(one.filename)} and {shown(other.filename)} overlap"
            raise wrong(path, None, what, "a whole npz file")


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """The file, with one kind of error for all that can be wrong with it."""
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
    """Turns all that can be wrong with a file into one kind of error."""
    try:
        with warnings.catch_warnings():
            # numpy warns of files that Python 2 wrote, which are as good as any.
            warnings.simplefilter("ignore", UserWarning)
            yield
    except zipfile.BadZipFile as error:
        what = f"no npz file, or a damaged one ({cause_of(error)})"
        raise wrong(path, None, what, "a whole npz file") from error
    except _DAMAGES as error:
        what = f"damaged or not readable ({cause_of(error)})"
        raise wrong(path, None, what, "a whole npz file") from error
    except OSError as error:
        what = f"cannot be read ({cause_of(error)})"
        step = "name a file that can be read"
        raise wrong(path, None, what, "a whole npz file", step) from error


def _read_header(path: Path, archive: zipfile.ZipFile, name: str) -> Header:
    member = archive.getinfo(f"{name}.npy")
    if member.compress_type not in _METHODS:
        what = f"array {name!r} is packed by method {member.compress_type}"
        raise wrong(path, None, what, "stored or deflated, as numpy.savez_compressed writes it")
    with archive.open(member) as whole:
        # What a header says of its own length may be all that the member has.
        file = io.BytesIO(whole.read(_LARGEST_HEADER))
    version = np.lib.format.read_magic(file)
    if version not in _HEADER_READERS:
        raise wrong(path, None, f"array {name!r} has npy version {version}", "version 1.0 or 2.0")
    try:
        shape, _, dtype = _HEADER_READERS[version](file)
    except (MemoryError, OSError, zipfile.BadZipFile, zlib.error):
        raise
    except Exception as error:  # numpy sorts and looks into whatever the header holds
        raise ValueError(cause_of(error)) from error
    if dtype.hasobject:
        raise wrong(path, None, f"array {name!r} holds pickled objects", "arrays of numbers")
    claimed = file.tell() + dtype.itemsize * int(np.prod(shape, dtype=object))
    if claimed != member.file_size or too_tight(claimed, member.compress_size):
        raise wrong(
            path,
            None,
            f"array {name!r} claims {_bytes(claimed)} and has {member.file_size}, "
            f"packed into {member.compress_size}",
            "a whole npz file",
        )
    return Header(dtype, shape, file.tell(), claimed, member.compress_size)


def _bytes(claimed: int) -> str:
    return f"{claimed} bytes" if abs(claimed) < 1 << 63 else "more bytes than there can be"


def read_array(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    """The values of an array whose header was read."""
    with archive.open(f"{name}.npy") as file:
        array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
        return array
