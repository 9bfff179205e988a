"""Disk cache of parsed data sets, which makes the next start fast.

An entry is an ``.npz`` file with the arrays of ``formats.npz_files`` and a few more: the state of
the source, classes and notes, locations of the images, the image digests (which take longer to
compute than to read), and a digest of all of it for verification. There is one entry for each
source.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.data.array_cache import begins_with, make_way
from fer_bench.data.dataset import Dataset
from fer_bench.data.formats.npz_arrays import read_arrays
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

FOLDER = "parsed"
"""Subdirectory of the cache directory for entries."""

_FORMATS = "fer_bench parsed data set "
_FORMAT = f"{_FORMATS}5"
_ARRAYS = ("images", "labels", "format", "state", "words", "places", "image_digests", "proof")
_DIGEST_BYTES = 16


def load_once(source: Path, state: str, load: Callable[[], Dataset], cache_dir: Path) -> Dataset:
    """Return the data set of a source, from the cache if its entry is intact and up to date.

    A missing, damaged or outdated entry is written again. If the cache is not writable, or there is
    not enough memory to write the entry, nothing is stored and the source is read every time.

    Args:
        source: file or directory that ``load`` reads.
        state: changes whenever the content of the source may have changed.
        load: reads the source.
        cache_dir: cache directory.

    Returns:
        The data set. Its name is arbitrary, as several paths may lead to one source.

    Raises:
        FerBenchError: as ``load``.
    """
    place = hashlib.sha256(str(source.resolve()).encode("utf-8", "surrogateescape")).hexdigest()
    entry = cache_dir / FOLDER / f"{place[:24]}.npz"
    kept = _read(entry, state)
    if kept is not None:
        return kept
    dataset = load()
    with contextlib.suppress(FerBenchError, MemoryError):
        make_way(entry, is_ours)
        _write(entry, state, dataset)
    return dataset


def is_ours(entry: Path) -> bool:
    """Check if ``load_once`` wrote a file, even if it is damaged by now."""
    if begins_with(entry, "format"):
        return True
    # Older versions wrote the images first, as other files do: recognise only intact ones.
    try:
        return begins_with(entry, "images") and str(
            read_arrays(entry, ("format",))["format"]
        ).startswith(_FORMATS)
    except FerBenchError:
        return False


def useless(entry: Path) -> str:
    """Return the reason why no run can use an entry of any source, empty if a run may use it.

    Checks only the format that the entry states. An entry whose source has changed or is gone is
    not detected: it identifies its source by a digest only.
    """
    try:
        found = str(read_arrays(entry, ("format",))["format"])
    except FerBenchError as error:
        # Another user may have permission to read it.
        return "" if isinstance(error.__cause__, OSError) else "it is not whole"
    return "" if found == _FORMAT else "written by another version of fer_bench"


def _read(entry: Path, state: str) -> Dataset | None:
    """Return the data set of an entry, or None if it is missing, damaged or outdated."""
    try:
        found = read_arrays(entry, ("format", "state"))
        if (str(found["format"]), str(found["state"])) != (_FORMAT, state):
            return None
        found = read_arrays(entry, _ARRAYS, ("usage",))
        arrays = found["images"], found["labels"], found.get("usage")
        words, digests = str(found["words"]), found["image_digests"].tobytes()
        packed = found["places"].tobytes()
        if str(found["proof"]) != _proof(*arrays, words, packed, digests):
            return None
        images, labels, usage = arrays
        classes, notes = json.loads(words)
        places = tuple(json.loads(packed)) if packed else None
        notes = tuple((str(what), str(how)) for what, how in notes)
        texts = (*classes, *(places or ()))
        if len(digests) != _DIGEST_BYTES * len(images) or not all(
            isinstance(text, str) for text in texts
        ):
            return None
        dataset = Dataset(images, labels, tuple(classes), "", usage, notes, places)
    except (FerBenchError, ValueError, TypeError, RecursionError):
        return None
    # Set the cached_property, so that it is not computed.
    vars(dataset)["image_digests"] = [
        digests[start : start + _DIGEST_BYTES] for start in range(0, len(digests), _DIGEST_BYTES)
    ]
    return dataset


def _write(entry: Path, state: str, dataset: Dataset) -> None:
    digests = b"".join(dataset.image_digests)
    words = json.dumps([dataset.classes, dataset.notes])
    # As bytes: numpy strings take four bytes per character.
    packed = b"" if dataset.places is None else json.dumps(dataset.places).encode()
    arrays: dict[str, Any] = {
        # First, because ``is_ours`` recognises an entry by it.
        "format": _FORMAT,
        "images": dataset.images,
        "labels": dataset.labels,
        **({} if dataset.usage is None else {"usage": dataset.usage}),
        "state": state,
        "words": words,
        "places": np.frombuffer(packed, np.uint8),
        "image_digests": np.frombuffer(digests, np.uint8),
        "proof": _proof(dataset.images, dataset.labels, dataset.usage, words, packed, digests),
    }
    write_atomically(entry, lambda file: np.savez(file, **arrays))


def _proof(
    images: NDArray[Any],
    labels: NDArray[Any],
    usage: NDArray[Any] | None,
    words: str,
    places: bytes,
    image_digests: bytes,
) -> str:
    """Return the SHA-256 of everything that an entry holds of a data set."""
    proof = hashlib.sha256(repr((_FORMAT, images.shape, words, places)).encode())
    proof.update(np.ascontiguousarray(images).data)
    proof.update(labels.tobytes())
    proof.update(b"" if usage is None else usage.tobytes())
    proof.update(image_digests)
    return proof.hexdigest()
