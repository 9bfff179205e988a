"""Lock file of a project's pretrained weights, to detect changes.

The first verified use of a backbone's weights records their digest, and later uses must match it.
The digest is that of the tensor values: a file that was saved again, with other bytes but the same
values, is accepted and the digest of its bytes is recorded too. For a file with a recorded digest,
the values are known without building the network. The file is sorted JSON, meant to be committed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import reprlib
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fer_bench.runtime.cache_directory import cache_root
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import cause_of, read_regular, write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from fer_bench.models import WeightsRecord

FILE = "fer-bench.lock"
"""Default name of the lock file."""

VERSION = 1
"""Version of the layout; newer versions are refused."""


_LARGEST = 1 << 20
"""Maximum size of a lock file in bytes; an entry takes a few hundred."""


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
            read_regular(path, _LARGEST).decode("utf-8"), object_pairs_hook=_unrepeated
        )
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _refused(path, f"cannot be read: {cause_of(error)}") from error
    except (ValueError, RecursionError) as error:
        raise _refused(path, f"cannot be read as JSON: {cause_of(error)}") from error
    version = document.get("version") if isinstance(document, dict) else None
    if type(version) is not int or version < 1:
        raise _refused(path, f"names the version {reprlib.repr(version)}; accepted: {VERSION}")
    if version > VERSION:
        raise FerBenchError(
            f"lock file {str(path)!r} is of version {version}, which a newer fer_bench wrote",
            f"up to {VERSION}",
            "install that fer_bench",
        )
    if document.keys() != {"version", "weights"} or not isinstance(document["weights"], dict):
        raise _refused(path, "holds something else than 'version' and 'weights', an object")
    return {name: _lock(path, name, entry) for name, entry in document["weights"].items()}


def record(path: Path, proven: Mapping[str, WeightsRecord], *, replace: bool = False) -> bool:
    """Check verified weights against a lock file and add missing entries and files.

    The file is written atomically, by one process at a time, and only if its content changes.

    Args:
        path: path of the lock file; created if it does not exist.
        proven: verified weights by backbone name.
        replace: if True, replace entries that differ instead of raising an error.

    Returns:
        True if the file was written.

    Raises:
        FerBenchError: an entry differs and ``replace`` is False, or the file is not a lock file.
        NotRecorded: the file cannot be written.
    """
    before = read(path)
    if _updated(path, before, proven, replace) == before:
        return False
    with _alone(path):
        # Read again: another process may have written to the file.
        before = read(path)
        after = _updated(path, before, proven, replace)
        if after == before:
            return False
        try:
            write_atomically(path, _text(after))
        except FerBenchError as error:
            raise NotRecorded(f"{error}; --weights-lock names the weights' lock file") from error
    return True


def _updated(
    path: Path, locks: Mapping[str, Lock], proven: Mapping[str, WeightsRecord], replace: bool
) -> dict[str, Lock]:
    """Return the locks updated with the verified weights.

    Raises:
        FerBenchError: an entry differs and ``replace`` is False.
    """
    updated = dict(locks)
    for name, weights in proven.items():
        lock = locks.get(name)
        if lock is not None and lock.values == weights.values_digest:
            updated[name] = Lock(lock.values, lock.files | {weights.sha256})
        elif lock is None or replace:
            updated[name] = Lock(weights.values_digest, frozenset({weights.sha256}))
        else:
            raise _of_other_values(path, name, lock, weights)
    return updated


def _of_other_values(path: Path, name: str, lock: Lock, weights: WeightsRecord) -> FerBenchError:
    command = ["fer-bench", "weights", "verify", name, "--update-lock", f"--weights-lock={path}"]
    if weights.provenance == "--weights-dir":
        command.append(f"--weights-dir={weights.path.parent}")
    return FerBenchError(
        f"weight file {str(weights.path)!r} holds other weights of {name!r} than those that are "
        f"locked: the SHA-256 of its values is {weights.values_digest}, in lock file "
        f"{str(path)!r} it is {lock.values}; put the locked weights in its place, or accept these: "
        f"run '{shlex.join(command)}', or remove {name!r} from the lock file"
    )


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold an interprocess lock for changes of the lock file."""
    from fer_bench.runtime.locks import locked

    key = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:16]
    with contextlib.ExitStack() as stack:
        try:
            # In the cache: next to the lock file, the files of the lock would end up in commits.
            stack.enter_context(locked(cache_root(), "weights", key))
        except OSError as error:
            raise NotRecorded(
                f"lock file {str(path)!r} is not written, as the cache folder "
                f"{str(cache_root())!r} cannot be written to: {cause_of(error)}; name another one "
                "with FER_BENCH_CACHE"
            ) from error
        yield


def _text(locks: Mapping[str, Lock]) -> str:
    weights = {
        name: {"files": sorted(lock.files), "values": lock.values} for name, lock in locks.items()
    }
    return json.dumps({"version": VERSION, "weights": weights}, indent=2, sort_keys=True) + "\n"


def _lock(path: Path, name: str, entry: Any) -> Lock:
    if not isinstance(entry, dict) or entry.keys() != {"files", "values"}:
        raise _refused(path, f"{name!r} is {reprlib.repr(entry)}; accepted: 'files' and 'values'")
    values, files = entry["values"], entry["files"]
    if not isinstance(files, list) or not files:
        raise _refused(path, f"'files' of {name!r} is {reprlib.repr(files)}; accepted: a list")
    for digest in (values, *files):
        if not isinstance(digest, str) or not re.fullmatch("[0-9a-f]{64}", digest):
            raise _refused(
                path,
                f"{name!r} has the digest {reprlib.repr(digest)}; accepted: a SHA-256 in 64 small "
                "hexadecimal digits",
            )
    return Lock(values, frozenset(files))


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build a JSON object and reject duplicate keys, which a merge of two versions may leave."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"{twice!r} is given twice")
    return found


def _refused(path: Path, why: str) -> FerBenchError:
    return FerBenchError(
        f"lock file {str(path)!r}: {why}; put a sound one in its place, or remove it: the next "
        "verified use of the weights then records them anew"
    )
