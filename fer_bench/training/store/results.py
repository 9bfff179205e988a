"""Learning results of finished cells, by fingerprint.

``<store>/results/<fingerprint>/`` is a sealed directory with ``result.json``, a results document of
one cell; ``logits.npz``, the trained network's output for each test image; and ``suffix.npz``,
the trained suffix's weights.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fer_bench.results import KEY, measure_record, read_run, run_record
from fer_bench.results.quality import Predictions
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.removal import remove
from fer_bench.runtime.sealed_directories import (
    Damaged,
    discard_damaged,
    is_intact,
    read_json,
    sealed,
    store_errors,
    verified_paths,
)
from fer_bench.training.store.arrays import check_layout, read_arrays, write_arrays

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from fer_bench.protocol.cell import Cell
    from fer_bench.results.quality import Quality
    from fer_bench.results.records import CellResult, Run
    from fer_bench.training.store.arrays import Layout

KIND = "results"
_RESULT, _LOGITS, _SUFFIX = "result.json", "logits.npz", "suffix.npz"


class Stored(NamedTuple):
    """A finished cell: its record, and its float32 logits of shape (test images, classes)."""

    result: CellResult
    logits: NDArray[np.float32]


class ResultStore:
    """Results in a store, whose directory need not exist.

    The caller holds the cell's lock, except for ``holds``.
    """

    def __init__(self, store: Path) -> None:
        self._store = store

    def directory(self, fingerprint: str) -> Path:
        """Return the directory of the result with ``fingerprint``, which need not exist."""
        return self._store / KIND / fingerprint

    def find(
        self, fingerprint: str, cell: Cell, record: Callable[[tuple[CellResult, ...]], Run]
    ) -> Stored | None:
        """Return the result with ``fingerprint``, or None; a damaged one is removed.

        It must belong to the cell, but for the name of its data set, and fit the run that
        ``record`` makes of it.

        Raises:
            OSError: the result cannot be read.
        """
        directory = self.directory(fingerprint)
        if not os.path.lexists(directory):
            return None
        try:
            # The weights are verified as well, so that they can be loaded later.
            result, logits, _ = verified_paths(directory, _RESULT, _LOGITS, _SUFFIX)
            found = _cell(result, fingerprint)
            if found.id != cell.id:
                raise Damaged(f"{_RESULT} belongs to another cell")
            values = _checked_logits(found, read_arrays(logits), record((found,)))
            return Stored(_with_second_classes(found, values), values)
        except Damaged as damage:
            discard_damaged(directory, damage, "the cell is trained again")
            return None

    def holds(self, fingerprint: str) -> bool:
        """Return True if an intact result with ``fingerprint`` is stored. Changes nothing."""
        return is_intact(self.directory(fingerprint), _RESULT, _LOGITS, _SUFFIX)

    def suffix_weights(
        self, fingerprint: str, layout: Sequence[Layout]
    ) -> list[NDArray[Any]] | None:
        """Return the trained suffix's weights, in the order of Keras' ``get_weights``, or None.

        A result whose weights are damaged, or have another layout, is removed.

        Raises:
            OSError: the weights cannot be read.
        """
        directory = self.directory(fingerprint)
        try:
            (path,) = verified_paths(directory, _SUFFIX)
            weights = read_arrays(path)
            check_layout(_SUFFIX, weights, layout)
        except Damaged as damage:
            discard_damaged(directory, damage, "the cell is trained again")
            return None
        return weights

    def save(
        self,
        run: Run,
        logits: NDArray[np.float32],
        suffix_weights: Iterable[NDArray[Any]],
        facts: Mapping[str, Any],
    ) -> None:
        """Save the result of a run's one cell under its fingerprint, in place of an older one.

        The logits are those of the test images, shape (images, classes), the weights in the order
        of Keras' ``get_weights``, and the facts for users who inspect the store.

        Raises:
            ValueError: the cell was not trained.
            StoreError: the result cannot be written; an older one stays.
        """
        (cell,) = run.cells
        if cell.quality is None:
            raise ValueError(f"{cell.id} was not trained and has no result to save")
        document = _document(run, cell.id, cell.quality)
        with (
            store_errors(self._store),
            sealed(self.directory(cell.fingerprint), facts) as directory,
        ):
            write_arrays(directory / _LOGITS, [logits])
            write_arrays(directory / _SUFFIX, suffix_weights)
            (directory / _RESULT).write_text(
                json.dumps(document, allow_nan=False, indent=1), "utf-8"
            )

    def discard(self, fingerprint: str) -> None:
        """Remove a result, if it exists."""
        remove(self.directory(fingerprint))


def _document(run: Run, cell: str, quality: Quality) -> dict[str, Any]:
    return {
        KEY: run_record(run),
        "benchmarks": [{"extra_info": {KEY: measure_record(cell, quality)}}],
    }


def _cell(path: Path, fingerprint: str) -> CellResult:
    try:
        (cell,) = read_run(read_json(path), path.name).cells
    except (ValueError, FerBenchError) as error:
        raise Damaged(f"{path.name} is invalid ({error})") from error
    if cell.fingerprint != fingerprint or cell.status != "ok" or cell.is_timed:
        raise Damaged(f"{path.name} belongs to another cell")
    return cell


def _with_second_classes(cell: CellResult, logits: NDArray[np.float32]) -> CellResult:
    """Return the cell with the second classes of its predictions, which older results lack."""
    quality = cell.quality
    if quality is None or quality.predictions is None or quality.predictions.second_classes:
        return cell
    second = Predictions.of(logits).second_classes
    predictions = replace(quality.predictions, second_classes=second)
    return replace(cell, quality=replace(quality, predictions=predictions))


def _checked_logits(
    cell: CellResult, arrays: Sequence[NDArray[Any]], run: Run
) -> NDArray[np.float32]:
    """Return the logits of a cell; raise ``Damaged`` if they do not match its record and run."""
    quality = cell.quality
    if quality is None:
        raise Damaged(f"{_RESULT} has no metrics")
    try:
        read_run(_document(run, cell.id, quality), _RESULT)
    except FerBenchError as error:
        raise Damaged(f"{_RESULT} does not match this run ({error})") from error
    layout = ((run.dataset.test, len(run.dataset.counts)), np.dtype(np.float32))
    check_layout(_LOGITS, arrays, [layout])
    logits: NDArray[np.float32] = arrays[0]
    predicted = None if quality.predictions is None else quality.predictions.predicted
    if not np.isfinite(logits).all() or (
        predicted is not None and not np.array_equal(logits.argmax(axis=1), predicted)
    ):
        raise Damaged(f"{_LOGITS} does not match {_RESULT}")
    return logits
