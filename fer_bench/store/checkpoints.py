"""How far the training of a cell has come, kept after every epoch.

``<store>/checkpoints/<fingerprint>/epoch-0007/`` is a sealed folder with ``variables.npz``, all
that training changes, and ``progress.json``, the figures of the epochs so far. There is one, or,
where a process was killed just after an epoch, the last two.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
from typing import TYPE_CHECKING, Any

from fer_bench.results import History
from fer_bench.store.arrays import read_arrays, write_arrays
from fer_bench.store.sealed import Damaged, proven, remove, sealed, throw_away, told
from fer_bench.store.state import Seconds, TrainingState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KIND = "checkpoints"
_VARIABLES, _PROGRESS = "variables.npz", "progress.json"


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

    def latest(self) -> TrainingState | None:
        """The state after the last epoch that was kept, or None; damaged ones are thrown away."""
        for folder in reversed(self._kept()):
            try:
                variables, progress = proven(folder, _VARIABLES, _PROGRESS)
            except Damaged as damage:
                throw_away(folder, damage, "training goes on from the epoch before, if it is kept")
            else:
                noted = json.loads(progress.read_text("utf-8"))
                history = {name: tuple(series) for name, series in noted["history"].items()}
                return TrainingState(
                    History(**history), Seconds(**noted["seconds"]), read_arrays(variables)
                )
        return None

    def keep(self, state: TrainingState) -> None:
        """Keeps a state in place of earlier ones.

        Raises:
            StoreError: it cannot be written; the earlier ones stay.
        """
        earlier = self._kept()
        target = self._folder / f"epoch-{state.history.epochs:04}"
        noted = {
            "history": dataclasses.asdict(state.history),
            "seconds": dataclasses.asdict(state.seconds),
        }
        with told(self._store), sealed(target, self._facts) as folder:
            (folder / _PROGRESS).write_text(json.dumps(noted), "utf-8")
            write_arrays(folder / _VARIABLES, state.variables)
        for folder in earlier:
            if folder != target:
                shutil.rmtree(folder, ignore_errors=True)

    def discard(self) -> None:
        """Removes all checkpoints of the cell."""
        remove(self._folder)

    @property
    def size(self) -> int:
        """Bytes of the checkpoints that are kept."""
        return sum(file.stat().st_size for file in self._folder.rglob("*") if file.is_file())

    def _kept(self) -> list[Path]:
        return sorted(self._folder.glob("epoch-*"))
