"""What lies in the store, how large it is, and what of it can go."""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from fer_bench import fingerprint
from fer_bench.store import checkpoints, features, results
from fer_bench.store.locking import lock_if_free
from fer_bench.store.sealed import Damaged, facts_of, told
from fer_bench.store.sealed import remove as remove_folder

if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

Kind = Literal["features", "checkpoints", "results"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_OURS = re.compile(r"[0-9a-f]{64}|\.[0-9a-f]{64}\..+")
"""A part is called after its fingerprint, and what is left behind after the part."""

_LOCKS: Mapping[Kind, str] = {"features": features.KIND, "checkpoints": "cell", "results": "cell"}


@dataclass(frozen=True)
class Entry:
    """One part of the store.

    Attributes:
        kind: ``"features"``, ``"checkpoints"`` or ``"results"``.
        path: its folder.
        what: what it is, in a few words.
        state: how complete it is, in a few words.
        size: bytes of its files.
        written: when it was last written, in seconds since 1970.
        useless: why no run can use it, empty where one can.
    """

    kind: Kind
    path: Path
    what: str
    state: str
    size: int
    written: float
    useless: str


def entries(store: Path) -> list[Entry]:
    """Everything in the store, the largest first. Reads no more than what each part says of itself.

    Args:
        store: the store's folder, which need not exist.

    Raises:
        StoreError: the store cannot be read.
    """
    with told(store):
        found = [
            _entry(store, kind, path)
            for kind in KINDS
            for path in _folders(store / kind)
            # Others are somebody else's, which may lie where a wrong --store leads.
            if _OURS.fullmatch(path.name) and path.is_dir() and not path.is_symlink()
        ]
    return sorted(found, key=lambda entry: (-entry.size, entry.path))


def remove(store: Path, chosen: Collection[Entry]) -> tuple[list[Entry], list[Entry]]:
    """Removes parts of the store, those excepted that a process works on just now.

    Returns:
        What was removed, and what is in use.

    Raises:
        StoreError: the store cannot be written to.
    """
    removed: list[Entry] = []
    in_use: list[Entry] = []
    with told(store):
        for entry in chosen:
            # A leftover is called after the part that its writer held the lock of.
            key = entry.path.name.strip(".").partition(".")[0]
            with lock_if_free(store, _LOCKS[entry.kind], key) as held:
                if held:
                    remove_folder(entry.path)
                (removed if held else in_use).append(entry)
    return removed, in_use


def _folders(folder: Path) -> Iterator[Path]:
    with contextlib.suppress(FileNotFoundError):
        yield from sorted(folder.iterdir())


def _sizes(path: Path) -> Iterator[os.stat_result]:
    """Of the files in a folder; a run may remove one meanwhile."""
    for file in path.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            if file.is_file():
                yield file.stat()


def _entry(store: Path, kind: Kind, path: Path) -> Entry:
    files = list(_sizes(path))
    what, state, useless = "", "", ""
    try:
        if path.name.startswith("."):
            raise Damaged("left behind by a process that was killed")
        describe = {"features": _features, "checkpoints": _checkpoint, "results": _result}[kind]
        what, state, versions = describe(path)
        useless = _outdated(kind, versions)
        if kind == checkpoints.KIND and (store / results.KIND / path.name).is_dir():
            useless = "its cell is finished"
    except Damaged as damage:
        useless = str(damage)
    except (OSError, ValueError, KeyError, TypeError) as error:
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
    noted = json.loads((path / features.FACTS).read_text("utf-8"))
    facts, images = noted["facts"], int(noted["images"])
    shards = set(map(_shard, (path / features.SHARDS).read_text("utf-8").splitlines()))
    done = min(images, len(shards) * int(noted["shard"]))
    state = "whole" if done == images else f"{done:,} of {images:,} images"
    what = f"{facts['backbone']} {facts['weights']}, {facts['dataset']}, {images:,} images"
    return what, state, facts["versions"]


def _shard(line: str) -> int:
    return int(json.loads(line)["shard"])


def _checkpoint(path: Path) -> tuple[str, str, Mapping[str, Any]]:
    kept = [folder for folder in _folders(path) if not folder.name.startswith(".")]
    if not kept:
        raise Damaged("no epoch is in it")
    facts = facts_of(kept[-1])
    epoch = int(kept[-1].name.partition("-")[2])
    return _cell(facts), f"epoch {epoch} of {facts['epochs']}", facts["versions"]


def _result(path: Path) -> tuple[str, str, Mapping[str, Any]]:
    facts = facts_of(path)
    return _cell(facts), "whole", facts["versions"]


def _cell(facts: Mapping[str, Any]) -> str:
    # Parts that older versions wrote say nothing of it, and followed the paper.
    is_frozen = facts.get("batch_normalization") == "frozen"
    words = (
        f"{facts['images']:,} images",
        f"split {facts['split']}",
        f"trained layers {facts['trainable_layers']}",
        *(["batch normalization frozen"] if is_frozen else []),
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
