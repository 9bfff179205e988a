"""Learning results of finished cells, by fingerprint.

``<store>/results/<fingerprint>/`` is a sealed folder with ``result.json``, a results document of
one cell; ``logits.npz``, the trained network's output for each test image; and ``suffix.npz``,
the trained suffix's weights.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fer_bench.errors import FerBenchError
from fer_bench.results_json import KEY, quality_record, read_run, run_record
from fer_bench.store.arrays import read_arrays, write_arrays
from fer_bench.store.sealed import Damaged, proven, remove, sealed, throw_away, told

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from fer_bench.results import CellResult, Run

KIND = "results"
_RESULT, _LOGITS, _SUFFIX = "result.json", "logits.npz", "suffix.npz"


@dataclass(frozen=True)
class Stored:
    """A finished cell.

    Attributes:
        result: its record.
        logits: float32, shape (images, classes): the trained network's output for the test
            images, in the order of the split's test part.
    """

    result: CellResult
    logits: NDArray[np.float32]


class ResultStore:
    """Results in a store.

    Args:
        store: the store's folder; made when the first result is written.
    """

    def __init__(self, store: Path) -> None:
        self._store = store

    def folder(self, fingerprint: str) -> Path:
        """Where the result known by ``fingerprint`` lies, if it is there."""
        return self._store / KIND / fingerprint

    def find(self, fingerprint: str) -> Stored | None:
        """The result known by ``fingerprint``, or None; a damaged one is thrown away.

        The caller holds the cell's lock.

        Raises:
            OSError: the system does not let it be read.
        """
        folder = self.folder(fingerprint)
        if not folder.is_dir():
            return None
        try:
            # The weights too: whoever needs them later finds them sound.
            result, logits, _ = proven(folder, _RESULT, _LOGITS, _SUFFIX)
            return Stored(_cell(result, fingerprint), read_arrays(logits)[0])
        except Damaged as damage:
            throw_away(folder, damage, "the cell is trained again")
            return None

    def holds(self, fingerprint: str) -> bool:
        """Whether there is a sound result known by ``fingerprint``. Changes nothing."""
        try:
            proven(self.folder(fingerprint), _RESULT, _LOGITS, _SUFFIX)
        except (Damaged, OSError):
            return False
        return True

    def suffix_weights(self, fingerprint: str) -> list[NDArray[Any]]:
        """Weights of the trained suffix, in the order of Keras' ``get_weights``.

        Raises:
            FerBenchError: they are not there any more, or damaged.
        """
        folder = self.folder(fingerprint)
        try:
            return read_arrays(*proven(folder, _SUFFIX))
        except Damaged as damage:
            raise FerBenchError(
                f"the stored weights in {str(folder)!r} cannot be used: {damage}; run again: the "
                "cell is then trained again"
            ) from damage

    def save(
        self,
        run: Run,
        logits: NDArray[np.float32],
        suffix_weights: Iterable[NDArray[Any]],
        facts: Mapping[str, Any],
    ) -> None:
        """Keeps the result of a run's one cell under its fingerprint, in place of an older one.

        The caller holds the cell's lock.

        Args:
            run: with the one cell.
            logits: of the test images, shape (images, classes).
            suffix_weights: in the order of Keras' ``get_weights``.
            facts: what the result is, as JSON holds it, for those who look into the store.

        Raises:
            ValueError: the cell was not trained.
            StoreError: it cannot be written; an older one stays.
        """
        (cell,) = run.cells
        if cell.quality is None:
            raise ValueError(f"{cell.id} was not trained: it has no result to keep")
        document = {
            KEY: run_record(run),
            "benchmarks": [{"extra_info": {KEY: quality_record(cell.id, cell.quality)}}],
        }
        with told(self._store), sealed(self.folder(cell.fingerprint), facts) as folder:
            write_arrays(folder / _LOGITS, [logits])
            write_arrays(folder / _SUFFIX, suffix_weights)
            (folder / _RESULT).write_text(json.dumps(document, allow_nan=False, indent=1), "utf-8")

    def discard(self, fingerprint: str) -> None:
        """Removes a result, if it is there. The caller holds the cell's lock."""
        remove(self.folder(fingerprint))


def _cell(path: Path, fingerprint: str) -> CellResult:
    try:
        (cell,) = read_run(json.loads(path.read_text("utf-8")), str(path)).cells
    except (ValueError, FerBenchError) as error:
        raise Damaged(f"{path.name} is no result ({error})") from error
    if cell.fingerprint != fingerprint or cell.quality is None:
        raise Damaged(f"{path.name} is another cell's")
    return cell
