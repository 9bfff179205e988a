"""Training checkpoints of a cell, written after every epoch.

``<store>/checkpoints/<fingerprint>/epoch-0007/`` is a sealed directory with ``variables.npz``,
everything training changes, and ``progress.json``, the metrics of the epochs so far. There is one,
or, if a process was killed just after an epoch, the last two. ``begun.json`` next to them records
the conditions (software and hardware) of the cell and of the frozen features it is trained on.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fer_bench.models.numerical_environment import Conditions, differing
from fer_bench.results.consistency import check_history
from fer_bench.results.fact_names import OF_FEATURES
from fer_bench.results.quality import History  # noqa: TC001 - msgspec needs it at run time
from fer_bench.results.type_checks import Mismatch, convert
from fer_bench.runtime.removal import remove
from fer_bench.runtime.sealed_directories import (
    Damaged,
    check_directory,
    discard_damaged,
    log,
    read_json,
    sealed,
    store_errors,
    verified_paths,
)
from fer_bench.training.store.arrays import check_layout, read_arrays, write_arrays

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from fer_bench.training.store.arrays import Layout

KIND = "checkpoints"
_VARIABLES, _PROGRESS = "variables.npz", "progress.json"
_BEGUN = "begun.json"
_EPOCH = re.compile(r"epoch-([0-9]+)")


@dataclass(frozen=True)
class Seconds:
    """Time that training took so far.

    Attributes:
        training: time of the epochs themselves.
        evaluation: time of the evaluations before the first and after each epoch.
        after_best: with early stopping, time of the epochs after the best one, not in
            ``training``.
    """

    training: float = 0.0
    evaluation: float = 0.0
    after_best: float = 0.0


@dataclass(frozen=True)
class TrainingState:
    """State after an epoch.

    Attributes:
        history: history of the epochs so far, 1 or more.
        seconds: time spent on them.
        variables: values of everything training changes, in a fixed order: the suffix's weights
            and random states, then the optimiser's, and with early stopping the weights and random
            states after the best epoch. Can be iterated once.
    """

    history: History
    seconds: Seconds
    variables: Iterable[NDArray[Any]]


@dataclass(frozen=True)
class Expected:
    """Form of each state of one cell's training.

    Attributes:
        epochs: total number of epochs.
        variables: layouts of ``TrainingState.variables``.
        has_batch_statistics: True if a trained batch normalisation is also evaluated with batch
            statistics.
    """

    epochs: int
    variables: tuple[Layout, ...]
    has_batch_statistics: bool


@dataclass(frozen=True)
class _Progress:
    history: History
    seconds: Seconds


@dataclass(frozen=True)
class _Begun:
    """Conditions of a cell and of its frozen features, the latter None before extraction."""

    conditions: Conditions
    features: Conditions | None

    def rows(self) -> Conditions:
        """Return both as one sequence of (name, value) pairs."""
        features = self.features or ()
        return (*self.conditions, *((name + OF_FEATURES, value) for name, value in features))


class Checkpoints:
    """The checkpoints of one cell, with facts for users who inspect the store.

    The caller holds the cell's lock. The store's directory need not exist.
    """

    def __init__(self, store: Path, fingerprint: str, facts: Mapping[str, Any]) -> None:
        self._store = store
        self._directory = store / KIND / fingerprint
        self._facts = facts

    def begin(self, conditions: Conditions, features: Conditions | None = None) -> bool:
        """Record the conditions under which the cell is computed from now on.

        Args:
            conditions: conditions of the cell.
            features: conditions of its frozen features, None before extraction.

        Returns:
            True if the cell was begun under other conditions. Its checkpoints are then removed,
            with a warning: resuming would give numbers that no uninterrupted run gives.

        Raises:
            OSError: the record cannot be read or written.
        """
        self._check()
        known, now = self._begun(), _Begun(conditions, features)
        is_same = known is not None and known.conditions == conditions
        if known is not None and is_same and features in (None, known.features):
            return False
        is_begun = bool(epochs_in(self._directory)) or not (known is None or is_same)
        if is_begun:
            self.discard()
            log.warning(
                "store: %s was begun with %s; the cell is %s, as resuming it would give numbers "
                "that no uninterrupted run gives",
                self._directory,
                differing(known.rows() if known else (), now.rows()) or "unknown conditions",
                "trained again" if is_same else "computed again, with its frozen features",
            )
        self._directory.mkdir(parents=True, exist_ok=True)
        partial = self._directory / f".{_BEGUN}.part"
        # A killed process may have left it; anything but a regular file must not be opened.
        partial.unlink(missing_ok=True)
        partial.write_text(json.dumps(dataclasses.asdict(now)), "utf-8")
        partial.replace(self._directory / _BEGUN)
        return is_begun

    def latest(self, expected: Expected) -> TrainingState | None:
        """Return the last readable checkpoint of this form, or None; damaged ones are removed.

        Raises:
            OSError: the checkpoints cannot be read.
        """
        self._check()
        for directory in reversed(epochs_in(self._directory)):
            try:
                variables, progress = verified_paths(directory, _VARIABLES, _PROGRESS)
                history, seconds = _progress(progress, expected)
                if directory.name != _name(history):
                    raise Damaged(f"{_PROGRESS} belongs to another epoch")
                values = read_arrays(variables)
                check_layout(_VARIABLES, values, expected.variables)
            except Damaged as damage:
                discard_damaged(
                    directory, damage, "training resumes from the epoch before, if it is stored"
                )
            else:
                return TrainingState(history, seconds, values)
        return None

    def keep(self, state: TrainingState) -> None:
        """Save a state in place of earlier ones.

        Raises:
            StoreError: it cannot be written; the earlier ones stay.
        """
        earlier = epochs_in(self._directory)
        target = self._directory / _name(state.history)
        progress = dataclasses.asdict(_Progress(state.history, state.seconds))
        with store_errors(self._store), sealed(target, self._facts) as directory:
            (directory / _PROGRESS).write_text(json.dumps(progress), "utf-8")
            write_arrays(directory / _VARIABLES, state.variables)
        for directory in earlier:
            if directory != target:
                with contextlib.suppress(OSError):
                    remove(directory)

    def discard(self) -> None:
        """Remove all checkpoints of the cell."""
        remove(self._directory)

    @property
    def size(self) -> int:
        """Size of the saved checkpoints in bytes."""
        states = (
            file.lstat() for directory in epochs_in(self._directory) for file in directory.glob("*")
        )
        return sum(state.st_size for state in states if stat.S_ISREG(state.st_mode))

    def _check(self) -> None:
        try:
            check_directory(self._directory)
        except Damaged as damage:
            discard_damaged(self._directory, damage, "training starts again")

    def _begun(self) -> _Begun | None:
        """Return the recorded conditions; None without a readable record."""
        try:
            return convert(read_json(self._directory / _BEGUN), _Begun)
        except (Damaged, Mismatch, ValueError):
            return None


def epochs_in(directory: Path) -> list[Path]:
    """Return the checkpoint directories of a cell, in order of epochs."""
    found = [path for path in directory.glob("epoch-*") if _EPOCH.fullmatch(path.name)]
    return sorted(found, key=lambda path: int(path.name.partition("-")[2]))


def _name(history: History) -> str:
    return f"epoch-{history.epochs:04}"


def _progress(path: Path, expected: Expected) -> tuple[History, Seconds]:
    """Read history and times of the epochs so far, which must fit the expected training."""
    try:
        progress = read_json(path)
        if isinstance(progress, dict) and isinstance(progress.get("seconds"), dict):
            # Absent before there was early stopping.
            progress["seconds"].setdefault("after_best", 0.0)
        record = convert(progress, _Progress)
        check_history(path.name, record.history)
    except Mismatch as mismatch:
        raise Damaged(f"{path.name} is invalid ({mismatch})") from mismatch
    history, seconds = record.history, record.seconds
    epochs = history.epochs
    for item in dataclasses.fields(history):
        name, count = item.name, len(getattr(history, item.name))
        is_none = name.startswith("batch") and not expected.has_batch_statistics
        length = 0 if is_none else epochs + (not name.startswith("running"))
        if count != length or not 1 <= epochs <= expected.epochs:
            raise Damaged(f"{path.name} has {count} values of {name}")
    if min(dataclasses.astuple(seconds)) < 0:
        raise Damaged(f"{path.name} has a negative time")
    return history, seconds
