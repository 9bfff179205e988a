"""How far the training of a cell has come, kept after every epoch.

``<store>/checkpoints/<fingerprint>/epoch-0007/`` is a sealed folder with ``variables.npz``, all
that training changes, and ``progress.json``, the figures of the epochs so far. There is one, or,
where a process was killed just after an epoch, the last two. ``begun.json`` beside them tells
what computes the cell and what computed the frozen features that it is trained on.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
import stat
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict, cast

from fer_bench.models.numerics import differing
from fer_bench.results.consistency import check_history
from fer_bench.results.environment_facts import OF_FEATURES
from fer_bench.results.records import History
from fer_bench.results.schema import HistoryRecord  # noqa: TC001 - what is checked reads it
from fer_bench.results.type_checks import Mismatch, checked
from fer_bench.runtime.removal import remove
from fer_bench.runtime.sealed_directories import (
    Damaged,
    check_folder,
    log,
    proven,
    read_json,
    sealed,
    throw_away,
    told,
)
from fer_bench.training.store.arrays import check_layout, read_arrays, write_arrays
from fer_bench.training.store.training_state import Seconds, TrainingState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from fer_bench.models.numerics import Conditions
    from fer_bench.training.store.training_state import Expected

KIND = "checkpoints"
_VARIABLES, _PROGRESS = "variables.npz", "progress.json"
_BEGUN = "begun.json"
_EPOCH = re.compile(r"epoch-([0-9]+)")


class _SecondsRecord(TypedDict):
    training: float
    evaluation: float


class _ProgressRecord(TypedDict):
    history: HistoryRecord
    seconds: _SecondsRecord


class _BegunRecord(TypedDict):
    conditions: list[list[str]]
    features: list[list[str]] | None


class _Begun(NamedTuple):
    """Conditions of a cell, and of its frozen features, None before they are there."""

    conditions: Conditions
    features: Conditions | None

    def rows(self) -> Conditions:
        """Both, by name."""
        features = self.features or ()
        return (*self.conditions, *((name + OF_FEATURES, value) for name, value in features))


class Checkpoints:
    """The checkpoints of one cell. The caller holds the cell's lock.

    Args:
        store: the store's folder; made when the first checkpoint is written.
        fingerprint: of the cell's result.
        facts: what the cell is, as JSON holds it, for those who look into the store.
    """

    def __init__(self, store: Path, fingerprint: str, facts: Mapping[str, Any]) -> None:
        self._store = store
        self._folder = store / KIND / fingerprint
        self._facts = facts

    def begin(self, conditions: Conditions, features: Conditions | None = None) -> bool:
        """Notes what computes the cell from now on.

        Args:
            conditions: what computes it.
            features: what computed its frozen features, None before they are there.

        Returns:
            Whether it was begun by something else. What is kept of that is removed, and said: going
            on would end with numbers that no undisturbed run gives.

        Raises:
            OSError: the system does not let it be read or written.
        """
        self._check()
        noted, now = self._begun(), _Begun(conditions, features)
        is_same = noted is not None and noted.conditions == conditions
        if noted is not None and is_same and features in (None, noted.features):
            return False
        is_begun = bool(epochs_in(self._folder)) or not (noted is None or is_same)
        if is_begun:
            self.discard()
            log.warning(
                "store: %s was begun with %s; the cell is %s, as going on would end with numbers "
                "that no undisturbed run gives",
                self._folder,
                differing(noted.rows() if noted else (), now.rows()) or "what it does not tell",
                "trained again" if is_same else "computed again from its frozen features on",
            )
        self._folder.mkdir(parents=True, exist_ok=True)
        waiting = self._folder / f".{_BEGUN}.part"
        # Of a killed process; what is no file must not be opened.
        waiting.unlink(missing_ok=True)
        waiting.write_text(json.dumps(now._asdict()), "utf-8")
        waiting.replace(self._folder / _BEGUN)
        return is_begun

    def latest(self, expected: Expected) -> TrainingState | None:
        """The state after the last epoch that was kept, or None; damaged ones are thrown away.

        Args:
            expected: what a state that can be gone on from looks like.

        Raises:
            OSError: the system does not let it be read.
        """
        self._check()
        for folder in reversed(epochs_in(self._folder)):
            try:
                variables, progress = proven(folder, _VARIABLES, _PROGRESS)
                history, seconds = _progress(progress, expected)
                if folder.name != _name(history):
                    raise Damaged(f"{_PROGRESS} is another epoch's")
                values = read_arrays(variables)
                check_layout(_VARIABLES, values, expected.variables)
            except Damaged as damage:
                throw_away(folder, damage, "training goes on from the epoch before, if it is kept")
            else:
                return TrainingState(history, seconds, values)
        return None

    def keep(self, state: TrainingState) -> None:
        """Keeps a state in place of earlier ones.

        Raises:
            StoreError: it cannot be written; the earlier ones stay.
        """
        earlier = epochs_in(self._folder)
        target = self._folder / _name(state.history)
        noted = {
            "history": dataclasses.asdict(state.history),
            "seconds": dataclasses.asdict(state.seconds),
        }
        with told(self._store), sealed(target, self._facts) as folder:
            (folder / _PROGRESS).write_text(json.dumps(noted), "utf-8")
            write_arrays(folder / _VARIABLES, state.variables)
        for folder in earlier:
            if folder != target:
                with contextlib.suppress(OSError):
                    remove(folder)

    def discard(self) -> None:
        """Removes all checkpoints of the cell."""
        remove(self._folder)

    @property
    def size(self) -> int:
        """Bytes of the checkpoints that are kept."""
        states = (file.lstat() for folder in epochs_in(self._folder) for file in folder.glob("*"))
        return sum(state.st_size for state in states if stat.S_ISREG(state.st_mode))

    def _check(self) -> None:
        try:
            check_folder(self._folder)
        except Damaged as damage:
            throw_away(self._folder, damage, "training begins anew")

    def _begun(self) -> _Begun | None:
        """Read what was noted when the cell was begun; None without a readable note."""
        try:
            noted: _BegunRecord = checked(read_json(self._folder / _BEGUN), _BegunRecord)
            features = noted["features"]
            return _Begun(
                _pairs(noted["conditions"]), None if features is None else _pairs(features)
            )
        except (Damaged, Mismatch, ValueError):
            return None


def epochs_in(folder: Path) -> list[Path]:
    """Directories of the epochs that are kept of a cell, in order."""
    found = [path for path in folder.glob("epoch-*") if _EPOCH.fullmatch(path.name)]
    return sorted(found, key=lambda path: int(path.name.partition("-")[2]))


def _pairs(rows: list[list[str]]) -> Conditions:
    return tuple((name, value) for name, value in rows)


def _name(history: History) -> str:
    return f"epoch-{history.epochs:04}"


def _progress(path: Path, expected: Expected) -> tuple[History, Seconds]:
    """Read what was noted of the epochs so far.

    Raises:
        Damaged: it is not of such a training.
    """
    try:
        noted: _ProgressRecord = checked(read_json(path), _ProgressRecord)
        series = cast("dict[str, list[float]]", noted["history"])
        history = History(**{name: tuple(figures) for name, figures in series.items()})
        check_history(path.name, history)
    except Mismatch as mismatch:
        raise Damaged(f"{path.name} is no progress ({mismatch})") from mismatch
    epochs = history.epochs
    for name, figures in series.items():
        is_none = name.startswith("batch") and not expected.has_batch_statistics
        length = 0 if is_none else epochs + (not name.startswith("running"))
        if len(figures) != length or not 1 <= epochs <= expected.epochs:
            raise Damaged(f"{path.name} holds {len(figures)} figures as {name}")
    seconds = Seconds(**noted["seconds"])
    if min(seconds.training, seconds.evaluation) < 0:
        raise Damaged(f"{path.name} holds a negative time")
    return history, seconds
