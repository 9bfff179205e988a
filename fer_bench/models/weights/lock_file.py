"""Lock file of a project's pretrained weights, to detect changes.

The first verified use of a backbone's weights records their digest, and later uses must match it.
The digest is that of the tensor values: a file that was saved again, with other bytes but the same
values, is accepted and the digest of its bytes is recorded too. For a file with a recorded digest,
the values are known without building the network. The file is sorted JSON, meant to be committed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import reprlib
import shlex
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fer_bench.runtime.cache_directory import CACHE_VARIABLE, cache_root
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import cause_of, read_regular, write_atomically
from fer_bench.runtime.locks import locked

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from fer_bench.models import WeightsRecord

FILE = "fer-bench.lock"
"""Default name of the lock file."""

VERSION = 1
"""Version of the layout; newer versions are rejected."""

_MAX_BYTES = 1 << 20
"""Maximum size of a lock file; an entry takes a few hundred bytes."""


class NotRecorded(FerBenchError):  # noqa: N818 - the name states what happened
    """Error of a lock file that cannot be written; its content is unchanged."""


@dataclass(frozen=True)
class Lock:
    """Entry of the lock file: the weights of one backbone.

    Attributes:
        values: SHA-256 of the tensor values, ``WeightsRecord.values_digest``.
        files: SHA-256 of the bytes of each file known to contain these values.
    """

    values: str
    files: frozenset[str]


def read(path: Path) -> dict[str, Lock]:
    """Read a lock file; the result is empty if the file does not exist.

    Returns:
        Locks by backbone name.

    Raises:
        FerBenchError: the file cannot be read, is not a lock file, or has a newer version.
    """
    try:
        document = json.loads(
            read_regular(path, _MAX_BYTES).decode("utf-8"), object_pairs_hook=_without_duplicates
        )
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise FerBenchError(
            f"lock file cannot be read: {cause_of(error)}",
            hint="name one that can be read, or a new one, with --weights-lock",
            path=path,
        ) from error
    except (ValueError, RecursionError) as error:
        raise _invalid(path, f"is not valid JSON: {cause_of(error)}") from error
    version = document.get("version") if isinstance(document, dict) else None
    if type(version) is not int or version < 1:
        raise _invalid(path, f"has version {reprlib.repr(version)}", str(VERSION))
    if version > VERSION:
        raise FerBenchError(
            f"lock file has version {version}, written by a newer fer_bench",
            f"up to {VERSION}",
            "install that version of fer_bench",
            path=path,
        )
    if document.keys() != {"version", "weights"} or not isinstance(document["weights"], dict):
        raise _invalid(
            path, f"contains {reprlib.repr(document)}", "'version', and an object 'weights'"
        )
    return {name: _lock(path, name, entry) for name, entry in document["weights"].items()}


def record(path: Path, verified: Mapping[str, WeightsRecord], *, replace: bool = False) -> bool:
    """Check verified weights against a lock file and add missing entries and files.

    The file is written atomically, by one process at a time, and only if its content changes.

    Args:
        path: path of the lock file; created if it does not exist.
        verified: verified weights by backbone name.
        replace: if True, replace entries that differ instead of raising an error.

    Returns:
        True if the file was written.

    Raises:
        FerBenchError: an entry differs and ``replace`` is False, or the file is not a lock file.
        NotRecorded: the file cannot be written.
    """
    before = read(path)
    if _updated(path, before, verified, replace) == before:
        return False
    key = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:16]
    try:
        # In the cache: next to the lock file, the files of the lock would end up in commits.
        with locked(cache_root(), "weights", key):
            # Read again: another process may have written to the file.
            before = read(path)
            after = _updated(path, before, verified, replace)
            if after != before:
                _write(path, after)
            return after != before
    except OSError as error:
        raise NotRecorded(
            f"lock file {str(path)!r} cannot be updated, as the cache directory is not "
            f"writable: {cause_of(error)}",
            hint=f"name another cache directory with {CACHE_VARIABLE}",
            path=cache_root(),
        ) from error


def _updated(
    path: Path, locks: Mapping[str, Lock], verified: Mapping[str, WeightsRecord], replace: bool
) -> dict[str, Lock]:
    """Return the locks updated with the verified weights."""
    updated = dict(locks)
    for name, weights in verified.items():
        lock = locks.get(name)
        if lock is not None and lock.values == weights.values_digest:
            updated[name] = Lock(lock.values, lock.files | {weights.sha256})
        elif lock is None or replace:
            updated[name] = Lock(weights.values_digest, frozenset({weights.sha256}))
        else:
            raise _changed_values(path, name, lock, weights)
    return updated


def _changed_values(path: Path, name: str, lock: Lock, weights: WeightsRecord) -> FerBenchError:
    command = ["fer-bench", "weights", "verify", name, "--update-lock", f"--weights-lock={path}"]
    if weights.provenance == "--weights-dir":
        command.append(f"--weights-dir={weights.path.parent}")
    return FerBenchError(
        f"weight file does not have the locked weights of {name!r}: the SHA-256 of its values is "
        f"{weights.values_digest}, lock file {str(path)!r} records {lock.values}",
        hint=f"restore the locked file, or accept this one with '{shlex.join(command)}'",
        path=weights.path,
    )


def _write(path: Path, locks: Mapping[str, Lock]) -> None:
    weights = {
        name: {"files": sorted(lock.files), "values": lock.values} for name, lock in locks.items()
    }
    text = json.dumps({"version": VERSION, "weights": weights}, indent=2, sort_keys=True)
    try:
        write_atomically(path, f"{text}\n")
    except FerBenchError as error:
        hint = "name a writable lock file with --weights-lock"
        raise NotRecorded(error.problem, error.accepted, hint, path=error.path) from error


def _lock(path: Path, name: str, entry: Any) -> Lock:
    if not (
        isinstance(entry, dict)
        and entry.keys() == {"files", "values"}
        and isinstance(entry["files"], list)
        and entry["files"]
    ):
        raise _invalid(
            path,
            f"has {reprlib.repr(entry)} for {name!r}",
            "an object with a digest 'values' and a list of digests 'files'",
        )
    for digest in (entry["values"], *entry["files"]):
        if not isinstance(digest, str) or not re.fullmatch("[0-9a-f]{64}", digest):
            raise _invalid(
                path,
                f"has the digest {reprlib.repr(digest)} for {name!r}",
                "a SHA-256 of 64 lower-case hexadecimal digits",
            )
    return Lock(entry["values"], frozenset(entry["files"]))


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build a JSON object and reject duplicate keys, which a merge of two versions may leave."""
    found = dict(pairs)
    if len(found) < len(pairs):
        ((key, _),) = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"duplicate key {key!r}")
    return found


def _invalid(path: Path, cause: str, accepted: str = "") -> FerBenchError:
    """Return the error for an invalid lock file; the cause is a predicate of "lock file"."""
    return FerBenchError(
        f"lock file {cause}",
        accepted,
        "restore it, or remove it to record the weights again when they are next verified",
        path=path,
    )
