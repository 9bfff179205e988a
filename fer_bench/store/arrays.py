"""Arrays in an ``.npz`` file, written and read one at a time."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray


def write_arrays(path: Path, arrays: Iterable[NDArray[Any]]) -> None:
    """Writes arrays in their order, holding one in memory at a time (``numpy.savez`` holds all).

    Raises:
        OSError: the file cannot be written.
    """
    with zipfile.ZipFile(path, "w") as archive:
        for number, array in enumerate(arrays):
            with archive.open(f"{number}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)


def read_arrays(path: Path) -> list[NDArray[Any]]:
    """The arrays that ``write_arrays`` wrote, in their order.

    Raises:
        OSError: the file cannot be read.
        ValueError: it holds something else.
        KeyError: one of its arrays is missing.
        zipfile.BadZipFile: it is not whole.
    """
    with np.load(path, allow_pickle=False) as arrays:
        return [arrays[str(number)] for number in range(len(arrays.files))]
