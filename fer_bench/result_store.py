"""Learning results of finished cells on disk, by fingerprint.

Under ``<store>/results/<fingerprint>/`` lie ``result.json``, a results document of one cell, and
``suffix.npz``, the trained suffix's weights. Both are there or neither is.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.errors import FerBenchError
from fer_bench.results_json import KEY, quality_record, read_run, run_record, write_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fer_bench.results import CellResult, Run

_RESULT = "result.json"
_SUFFIX = "suffix.npz"


class ResultStore:
    """Results in a folder.

    Args:
        folder: where they lie; made when the first one is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, fingerprint: str) -> CellResult | None:
        """The result known by ``fingerprint``, or None; an unreadable one counts as absent."""
        path = self._folder / fingerprint / _RESULT
        try:
            (cell,) = read_run(json.loads(path.read_text("utf-8")), str(path)).cells
        except (OSError, ValueError, FerBenchError):
            return None
        intact = cell.fingerprint == fingerprint and cell.quality is not None
        return cell if intact and zipfile.is_zipfile(path.with_name(_SUFFIX)) else None

    def suffix_weights(self, fingerprint: str) -> list[NDArray[Any]]:
        """Weights of the trained suffix, in the order of Keras' ``get_weights``.

        Raises:
            FerBenchError: they are not there or cannot be read.
        """
        path = self._folder / fingerprint / _SUFFIX
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return [arrays[str(number)] for number in range(len(arrays))]
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise FerBenchError(
                f"the stored weights {str(path)!r} cannot be read: {error}; train the cell again "
                "with --fresh"
            ) from error

    def save(self, run: Run, suffix_weights: Sequence[NDArray[Any]]) -> None:
        """Keeps the result of a run's one cell under its fingerprint, in place of an older one.

        Raises:
            ValueError: the cell was not trained.
            FerBenchError: it cannot be written; an older one may be gone, none is half there.
        """
        (cell,) = run.cells
        if cell.quality is None:
            raise ValueError(f"{cell.id} was not trained: it has no result to keep")
        document = {
            KEY: run_record(run),
            "benchmarks": [{"extra_info": {KEY: quality_record(cell.id, cell.quality)}}],
        }
        target = self._folder / cell.fingerprint
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            waiting = Path(tempfile.mkdtemp(prefix=f".{cell.fingerprint[:16]}.", dir=self._folder))
            try:
                arrays: dict[str, Any] = {str(k): array for k, array in enumerate(suffix_weights)}
                np.savez(waiting / _SUFFIX, **arrays)
                write_json(waiting / _RESULT, document)
                shutil.rmtree(target, ignore_errors=True)
                waiting.replace(target)
            except BaseException:
                shutil.rmtree(waiting, ignore_errors=True)
                raise
        except OSError as error:
            raise FerBenchError(
                f"cannot write a result to {str(self._folder)!r}: {error.strerror or error}; "
                "accepted: a folder with room that can be written to; name one with --store"
            ) from error
