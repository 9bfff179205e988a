"""Arrays in an ``.npz`` file, written and read one at a time."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.data.formats.npz_arrays import opened_arrays
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.sealed_directories import Damaged

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Layout = tuple[tuple[int, ...], np.dtype[Any]]
    """Shape and type of one array."""


def write_arrays(path: Path, arrays: Iterable[NDArray[Any]]) -> None:
    """Write arrays in order, holding one in memory at a time (``numpy.savez`` holds all).

    Raises:
        OSError: the file cannot be written.
    """
    with zipfile.ZipFile(path, "w") as archive:
        for number, array in enumerate(arrays):
            with archive.open(f"{number}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)


def read_arrays(path: Path) -> list[NDArray[Any]]:
    """Read the arrays that ``write_arrays`` wrote, in order.

    Raises:
        Damaged: the file has another content.
    """
    try:
        with opened_arrays(path) as arrays:
            if list(arrays) != [str(number) for number in range(len(arrays))]:
                raise Damaged(f"{path.name} has other arrays")
            return [array.read() for array in arrays.values()]
    except FerBenchError as error:
        raise Damaged(f"{path.name} is invalid") from error


def check_layout(name: str, arrays: Sequence[NDArray[Any]], layout: Sequence[Layout]) -> None:
    """Check that the arrays of the file ``name`` have the expected number, shapes and types.

    Raises:
        Damaged: their number, a shape or a type differs.
    """
    if [(array.shape, array.dtype) for array in arrays] != list(layout):
        raise Damaged(f"{name} has arrays of other shapes or dtypes")
