"""Feature files, indexed by row for training."""

from __future__ import annotations

import itertools
import math
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.runtime.sealed_directories import StoreError

if TYPE_CHECKING:
    from numpy.typing import NDArray


class StoredTensor:
    """float32 features of all images in a file, read on access.

    Rows are read, not memory-mapped: with a mapping, the kernel loads many more pages than are
    accessed, and they count as the process's memory, which would grow with the number of images.

    Attributes:
        shape: (n, ...).
        dtype: float32.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        weakref.finalize(self, self._file.close)
        self.shape, self.dtype, self._start = _read_header(self._file)
        self._row_bytes = self.dtype.itemsize * math.prod(self.shape[1:])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Read the features of the images at ``rows`` (int64, shape (k,)) into a new array.

        Raises:
            StoreError: the file was truncated since it was opened.
        """
        values = np.empty((len(rows), *self.shape[1:]), self.dtype)
        target = values.reshape(-1).view(np.uint8).data
        starts = np.flatnonzero(np.diff(rows, prepend=-2) != 1)
        for start, stop in itertools.pairwise([*starts.tolist(), len(rows)]):
            self._file.seek(self._start + int(rows[start]) * self._row_bytes)
            _read_into(self._file, target[start * self._row_bytes : stop * self._row_bytes])
        return values


def _read_into(file: Any, view: memoryview) -> None:
    while view:
        count = file.readinto(view)
        if not count:
            raise StoreError(
                "file was truncated while in use",
                hint="run the same command again; missing features are computed again",
                path=Path(file.name),
            )
        view = view[count:]


def _read_header(file: Any) -> tuple[tuple[int, ...], np.dtype[Any], int]:
    np.lib.format.read_magic(file)
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    return shape, dtype, file.tell()
