"""Outputs of frozen prefixes, computed once and kept on disk.

A set of features is known by a key: a digest of all that determines the values. Under
``<store>/features/<key>/`` lie

* ``facts.json``: what they are, and how many images make a shard;
* one ``.npy`` file for each boundary tensor, with the images in the rows of the whole data set, so
  that another split, head or number of epochs reads the same files;
* ``shards.jsonl``: a line for each finished shard, with the SHA-256 of its rows in all files.

A shard is what one pass through the prefix gives. A shard without a line, or whose rows are not as
its line says, is computed; the others are kept. So an interrupted extraction goes on where it was,
and damage costs the shards it hit.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

from fer_bench.models.numerics import differing
from fer_bench.runtime.locks import locked
from fer_bench.runtime.progress import silent
from fer_bench.runtime.removal import remove
from fer_bench.runtime.sealed_directories import check_room, log, told
from fer_bench.training.store.shard_files import Shards
from fer_bench.training.store.stored_tensor import StoredTensor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from fer_bench.models.numerics import Conditions
    from fer_bench.runtime.progress import Progress
    from fer_bench.training.store.shard_files import Wanted

KIND = "features"


@dataclass(frozen=True)
class Extraction:
    """A set of features and what it cost.

    Attributes:
        tensors: one for each boundary tensor.
        computed: how many images passed the prefix for this call; the others were stored.
        seconds: time of all passes that made the features, earlier interrupted runs included.
        conditions: what computed them all.
    """

    tensors: tuple[StoredTensor, ...]
    computed: int
    seconds: float
    conditions: Conditions = ()


class FeatureStore:
    """Features of frozen prefixes in a store.

    Args:
        store: the store's folder; made when the first features are written.
    """

    def __init__(self, store: Path) -> None:
        self._store = store

    def folder(self, key: str) -> Path:
        """Where the features known by ``key`` lie, if they are there."""
        return self._store / KIND / key

    def discard(self, key: str) -> None:
        """Removes the features known by ``key``, if they are there.

        Raises:
            StoreError: they cannot be removed.
        """
        with told(self._store), locked(self._store, KIND, key):
            remove(self.folder(key))

    def extract(
        self,
        key: str,
        wanted: Wanted,
        extract: Callable[[slice], Sequence[Any]],
        progress: Progress = silent,
    ) -> Extraction:
        """The features known by ``key``; what is not there of them is computed.

        All of them, if those that are there were computed under other conditions. One process
        computes while others that want the same key wait for it.

        Args:
            key: digest of all that determines the values.
            wanted: how many images, and what is computed of each.
            extract: maps a slice of the images to the boundary tensors' values.
            progress: told the number of images done.

        Raises:
            FerBenchError: the disk has no room for them.
            StoreError: they cannot be written.
        """
        folder = self.folder(key)
        with contextlib.ExitStack() as stack:
            with told(self._store):
                stack.enter_context(locked(self._store, KIND, key, progress))
                shards = stack.enter_context(Shards(folder, wanted))
                shards.verify()
                if shards.done < wanted.images and shards.wanted.conditions != wanted.conditions:
                    _clear(folder, shards, wanted.conditions)
                    shards = stack.enter_context(Shards(folder, wanted))
                missing = wanted.images - shards.done
            if missing:
                check_room(self._store, missing * wanted.image_bytes, "the frozen features")
                self._compute(shards, extract, progress)
            with told(self._store):
                tensors = tuple(StoredTensor(path) for path in shards.paths)
            return Extraction(tensors, missing, shards.seconds, shards.wanted.conditions)

    def _compute(
        self,
        shards: Shards,
        extract: Callable[[slice], Sequence[Any]],
        progress: Progress,
    ) -> None:
        total = shards.wanted.images
        progress("frozen features", shards.done, total)
        for number in shards.missing():
            started = perf_counter()
            values = extract(shards.rows(number))
            # Only what the store does is the store's error.
            with told(self._store):
                shards.write(number, values, perf_counter() - started)
            progress("frozen features", shards.done, total)


def _clear(folder: Path, shards: Shards, conditions: Conditions) -> None:
    """Removes what other conditions computed, and says so."""
    if shards.done:
        log.warning(
            "store: %s: the features of %d of %d images were computed with %s; all are computed "
            "again, so that they are computed alike",
            folder,
            shards.done,
            shards.wanted.images,
            differing(shards.wanted.conditions, conditions) or "what is not noted",
        )
    shards.close()
    # Not overwritten: another process may train on them.
    remove(folder)
