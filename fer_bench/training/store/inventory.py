"""Listing and removal of what is stored: parts of the store, and the rest of the cache directory.

The files in ``locks`` stay: removing a lock file is a race. Runs read and write cached files
outside the store without locks, and atomically: a file may appear, change or vanish at any moment,
and a run recreates missing files.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from fer_bench.data import array_cache, fer2013, parsed_cache, sampling
from fer_bench.data.audit import duplicates
from fer_bench.models.builders import structure_files
from fer_bench.runtime import removal
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import cause_of, is_left_behind, is_temporary_file
from fer_bench.runtime.locks import lock_if_free
from fer_bench.runtime.sealed_directories import Damaged, check_regular, facts_of, read_json
from fer_bench.training import cross_test, fingerprint
from fer_bench.training.store import checkpoints, features, results
from fer_bench.training.store.shard_files import FACTS, SHARDS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

KINDS = (features.KIND, checkpoints.KIND, results.KIND, cross_test.KIND)
"""Kinds of parts of the store."""

CACHED: Mapping[str, str] = {
    parsed_cache.FOLDER: "data sets as they were read",
    sampling.FOLDER: "splits and samples",
    duplicates.FOLDER: "groups of duplicate images",
}
"""Kinds outside the store that runs recreate if they are missing, with descriptions."""

BROUGHT: Mapping[str, str] = {
    fer2013.FOLDER: "FER2013, downloaded or your own",
    structure_files.SUBDIRECTORY: "exported networks",
}
"""Kinds that are never removed: costly to get again, or the user's own."""

FORMER_NAMES: Mapping[str, str] = {"twins": duplicates.FOLDER}
"""Kinds by the names, and directories, that earlier versions gave them."""

_LOCKS: Mapping[str, str] = {
    features.KIND: features.KIND,
    checkpoints.KIND: "cell",
    results.KIND: "cell",
    cross_test.KIND: cross_test.LOCK,
}

_CACHED_NAME = re.compile(r"([0-9a-f]{24}|[0-9a-f]{64})\.npz")

_OTHER_VERSION = "written by another version of fer_bench"


@dataclass(frozen=True)
class Entry:
    """One part of the store, one cached file, or all files of a kind that is never removed.

    Attributes:
        kind: one of ``KINDS``, ``CACHED`` or ``BROUGHT``.
        size: size of its files in bytes.
        written: time of the last write, in seconds since 1970.
        useless: reason that no run can use it, empty if a run can.
        unfinished: True for a file that a process may be writing.
    """

    kind: str
    path: Path
    what: str
    state: str
    size: int
    written: float
    useless: str = ""
    unfinished: bool = False


class Removal(NamedTuple):
    """Outcome of a removal. What another process removed first is in none of these.

    ``in_use`` are entries in use by a process, which stayed; ``kept`` are directories of removed
    entries with files that fer_bench did not write, which stayed.
    """

    removed: list[Entry]
    in_use: list[Entry]
    kept: list[Path]


def entries(store: Path, cache: Path | None = None, kinds: Collection[str] = ()) -> list[Entry]:
    """List what is stored, the largest first. Reads only the metadata of each entry.

    Files and directories without the mark of an entry are not listed.

    Args:
        store: the store's directory, which need not exist.
        cache: the cache directory, which need not exist; None for the store alone.
        kinds: kinds to list; all if empty.

    Raises:
        FerBenchError: a directory cannot be read.
    """
    with _one_kind_of_error(cache or store):
        found = [
            _part(store, kind, path) if kind in KINDS else _cached(kind, path)
            for kind, path in _paths(store, cache, kinds)
            if _is_ours(kind, path)
        ]
        if cache is not None:
            brought = [kind for kind in BROUGHT if not kinds or kind in kinds]
            found += [_brought(kind, cache / kind) for kind in brought]
    listed = (entry for entry in found if entry is not None)
    return sorted(listed, key=lambda entry: (-entry.size, entry.path))


def foreign_paths(
    store: Path, cache: Path | None = None, kinds: Collection[str] = ()
) -> list[Path]:
    """List paths next to entries that are not entries, such as those under a mistyped ``--store``.

    Arguments and errors are those of ``entries``.
    """
    with _one_kind_of_error(cache or store):
        found = _paths(store, cache, kinds)
        return [path for kind, path in found if not _is_ours(kind, path)]


def remove(chosen: Collection[Entry]) -> Removal:
    """Remove entries of ``KINDS`` and ``CACHED``, except those in use by a process.

    Raises:
        FerBenchError: a directory cannot be written to.
    """
    done = Removal([], [], [])
    for entry in chosen:
        with _one_kind_of_error(entry.path), _unused(entry) as is_unused:
            if not is_unused:
                done.in_use.append(entry)
            elif entry.kind in KINDS:
                if not removal.remove(entry.path):
                    done.kept.append(entry.path)
                done.removed.append(entry)
            else:
                with contextlib.suppress(FileNotFoundError):
                    entry.path.unlink()
                    done.removed.append(entry)
    return done


@contextlib.contextmanager
def _unused(entry: Entry) -> Iterator[bool]:
    """Hold the lock of an entry, if it has one; yields False if a process is using it."""
    if entry.kind not in KINDS:
        yield not entry.unfinished
        return
    # A leftover is named after the part whose lock its writer held.
    key = entry.path.name.strip(".").partition(".")[0]
    with lock_if_free(entry.path.parents[1], _LOCKS[entry.kind], key) as held:
        yield held


def _paths(store: Path, cache: Path | None, kinds: Collection[str]) -> Iterator[tuple[str, Path]]:
    """Yield what is in the directories of some kinds."""
    places = [(kind, store / kind) for kind in KINDS]
    if cache is not None:
        places += [(kind, cache / kind) for kind in CACHED]
        places += [(kind, cache / former) for former, kind in FORMER_NAMES.items()]
    for kind, directory in places:
        if not kinds or kind in kinds:
            with contextlib.suppress(FileNotFoundError):
                yield from ((kind, path) for path in sorted(directory.iterdir()))


def _is_ours(kind: str, path: Path) -> bool:
    """Return True if a run wrote an entry, by its name and its content."""
    if kind in KINDS:
        return removal.is_store_entry(path)
    if is_temporary_file(path.name):
        return path.is_file() and not path.is_symlink()
    return _CACHED_NAME.fullmatch(path.name) is not None and array_cache.is_ours(path)


def _cached(kind: str, path: Path) -> Entry | None:
    """Return the entry of a cached file, or None if the file no longer exists."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    useless, unfinished = "", False
    if is_temporary_file(path.name):
        unfinished = not is_left_behind(status)
        useless = "" if unfinished else "left behind by a killed process"
    else:
        useless = _OTHER_VERSION if path.parent.name in FORMER_NAMES else array_cache.useless(path)
    state = "being written" if unfinished else "complete"
    size, written = status.st_size, status.st_mtime
    return Entry(kind, path, CACHED[kind], state, size, written, useless, unfinished)


def _brought(kind: str, directory: Path) -> Entry | None:
    files = list(_sizes(directory))
    if not files:
        return None
    size, written = sum(file.st_size for file in files), max(file.st_mtime for file in files)
    return Entry(kind, directory, BROUGHT[kind], "never removed", size, written)


def _sizes(path: Path) -> Iterator[os.stat_result]:
    """Yield the status of each file in a directory; a run may remove some meanwhile."""
    for directory, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                yield Path(directory, name).lstat()


def _part(store: Path, kind: str, path: Path) -> Entry:
    files = list(_sizes(path))
    what, state, useless = "", "", ""
    try:
        if removal.is_leftover(path.name):
            raise Damaged("left behind by a killed process")
        describe = {
            "features": _features,
            "checkpoints": _checkpoint,
            "results": _result,
            cross_test.KIND: _cross_test,
        }[kind]
        what, state, versions = describe(path)
        useless = _outdated(kind, versions)
        if kind == checkpoints.KIND and (store / results.KIND / path.name).is_dir():
            useless = "its cell is complete"
    except Damaged as damage:
        useless = str(damage)
    # Arbitrary content, parsed as the facts of a part, raises errors of many types.
    except Exception as error:
        useless = f"it cannot be read ({type(error).__name__})"
    return Entry(
        kind=kind,
        path=path,
        what=what or "unknown content",
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


def _outdated(kind: str, versions: Mapping[str, Any]) -> str:
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


@contextlib.contextmanager
def _one_kind_of_error(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FerBenchError(
            f"cannot be read or written to ({cause_of(error)})",
            "readable and writable files and directories",
            "choose another store with --store or another cache directory with FER_BENCH_CACHE",
            path=directory if error.filename is None else Path(error.filename),
        ) from error
