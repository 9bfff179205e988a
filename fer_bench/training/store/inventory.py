"""Listing and removal of the parts of the store."""

from __future__ import annotations

import contextlib
import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from fer_bench.runtime import removal
from fer_bench.runtime.locks import lock_if_free
from fer_bench.runtime.sealed_directories import (
    Damaged,
    check_regular,
    facts_of,
    read_json,
    store_errors,
)
from fer_bench.training import fingerprint
from fer_bench.training.store import checkpoints, cross_tests, features, results
from fer_bench.training.store.shard_files import FACTS, SHARDS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

Kind = Literal["features", "checkpoints", "results", "cross-tests"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_LOCKS: Mapping[Kind, str] = {
    "features": features.KIND,
    "checkpoints": "cell",
    "results": "cell",
    "cross-tests": cross_tests.LOCK,
}

_UNREADABLE = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
)
"""Errors of parsing arbitrary content as the facts of a part."""


@dataclass(frozen=True)
class Entry:
    """One part of the store.

    Attributes:
        kind: ``"features"``, ``"checkpoints"``, ``"results"`` or ``"cross-tests"``.
        path: its directory.
        what: short description.
        state: short description of its completeness.
        size: size of its files in bytes.
        written: time of the last write, in seconds since 1970.
        useless: reason that no run can use it, empty if a run can.
    """

    kind: Kind
    path: Path
    what: str
    state: str
    size: int
    written: float
    useless: str


class Removal(NamedTuple):
    """Outcome of a removal.

    Attributes:
        removed: removed parts.
        in_use: parts in use by a process, which stayed.
        kept: directories of removed parts that contain files not written by fer_bench, which
            stayed.
    """

    removed: list[Entry]
    in_use: list[Entry]
    kept: list[Path]


def entries(store: Path) -> list[Entry]:
    """List everything in the store, the largest first. Reads only the metadata of each part.

    Directories without the mark of a part are not listed.

    Args:
        store: the store's directory, which need not exist.

    Raises:
        StoreError: the store cannot be read.
    """
    with store_errors(store):
        found = [
            _entry(store, kind, path)
            for kind in KINDS
            for path in _directories(store / kind)
            if removal.is_store_entry(path)
        ]
    return sorted(found, key=lambda entry: (-entry.size, entry.path))


def foreign_paths(store: Path) -> list[Path]:
    """List paths among the parts that are not parts, such as those under a mistyped ``--store``.

    Raises:
        StoreError: the store cannot be read.
    """
    with store_errors(store):
        return [
            path
            for kind in KINDS
            for path in _directories(store / kind)
            if not removal.is_store_entry(path)
        ]


def remove(store: Path, chosen: Collection[Entry]) -> Removal:
    """Remove parts of the store, except those in use by a process.

    Raises:
        StoreError: the store cannot be written to.
    """
    done = Removal([], [], [])
    with store_errors(store):
        for entry in chosen:
            # A leftover is named after the part whose lock its writer held.
            key = entry.path.name.strip(".").partition(".")[0]
            with lock_if_free(store, _LOCKS[entry.kind], key) as held:
                if not held:
                    done.in_use.append(entry)
                    continue
                if not removal.remove(entry.path):
                    done.kept.append(entry.path)
                done.removed.append(entry)
    return done


def _directories(directory: Path) -> Iterator[Path]:
    with contextlib.suppress(FileNotFoundError):
        yield from sorted(directory.iterdir())


def _sizes(path: Path) -> Iterator[os.stat_result]:
    """Yield the status of each file in a directory; a run may remove some meanwhile."""
    for directory, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                status = Path(directory, name).lstat()
                if stat.S_ISREG(status.st_mode):
                    yield status


def _entry(store: Path, kind: Kind, path: Path) -> Entry:
    files = list(_sizes(path))
    what, state, useless = "", "", ""
    try:
        if removal.is_leftover(path.name):
            raise Damaged("left behind by a killed process")
        describe = {
            "features": _features,
            "checkpoints": _checkpoint,
            "results": _result,
            "cross-tests": _cross_test,
        }[kind]
        what, state, versions = describe(path)
        useless = _outdated(kind, versions)
        if kind == checkpoints.KIND and (store / results.KIND / path.name).is_dir():
            useless = "its cell is complete"
    except Damaged as damage:
        useless = str(damage)
    except _UNREADABLE as error:
        useless = f"it cannot be read ({type(error).__name__})"
    return Entry(
        kind=kind,
        path=path,
        what=what or path.name[:16],
        state=state,
        size=sum(file.st_size for file in files),
        written=max((file.st_mtime for file in files), default=0.0),
        useless=useless,
    )


def _features(path: Path) -> tuple[str, str, Mapping[str, Any]]:
    record = read_json(path / FACTS)
    check_regular(path / SHARDS)
    facts, images = record["facts"], int(record["images"])
    shards = set(map(_shard, (path / SHARDS).read_text("utf-8").splitlines()))
    done = min(images, len(shards) * int(record["shard"]))
    state = "complete" if done == images else f"{done:,} of {images:,} images"
    what = f"{facts['backbone']} {facts['weights']}, {facts['dataset']}, {images:,} images"
    return what, state, facts["versions"]


def _shard(line: str) -> int:
    return int(json.loads(line)["shard"])


def _checkpoint(path: Path) -> tuple[str, str, Mapping[str, Any]]:
    kept = checkpoints.epochs_in(path)
    if not kept:
        raise Damaged("it has no complete epoch")
    facts = facts_of(kept[-1])
    epoch = int(kept[-1].name.partition("-")[2])
    return _cell(facts), f"epoch {epoch} of {facts['epochs']}", facts["versions"]


def _result(path: Path) -> tuple[str, str, Mapping[str, Any]]:
    facts = facts_of(path)
    return _cell(facts), "complete", facts["versions"]


def _cross_test(path: Path) -> tuple[str, str, Mapping[str, Any]]:
    facts = facts_of(path)
    on = f"{facts['dataset']}, tested on {facts['tested on']}, {facts['images']:,} images"
    return f"{facts['cell']}, {on}", "complete", facts["versions"]


def _cell(facts: Mapping[str, Any]) -> str:
    # Older versions did not record the setting; they always used "paper".
    is_frozen = facts.get("batch_normalization") == "frozen"
    words = (
        f"{facts['images']:,} images",
        f"split {facts['split']}",
        f"trained layers {facts['trainable_layers']}",
        *(["batch normalization frozen"] if is_frozen else []),
        *(f"{name.replace('_', ' ')} {value}" for name, value in facts.get("changed", {}).items()),
        f"epochs {facts['epochs']}",
        f"seed {facts['seed']}",
    )
    return ", ".join((facts["cell"], facts["dataset"], *words))


def _outdated(kind: Kind, versions: Mapping[str, Any]) -> str:
    now = fingerprint.features_versions() if kind == "features" else fingerprint.results_versions()
    backend, this = (str(known.get("backend")).partition(" ")[0] for known in (versions, now))
    if backend != this:
        return ""  # another environment may use it
    changed = [
        f"{name} {versions.get(name)} (now {version})"
        for name, version in now.items()
        if versions.get(name) != version and "not installed" not in (versions.get(name), version)
    ]
    return f"made with {', '.join(changed)}" if changed else ""
