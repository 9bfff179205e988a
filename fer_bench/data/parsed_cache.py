"""Data sets read before, kept in the cache so that the next start is quick.

An entry is an ``.npz`` file with the arrays of ``npz_layout`` and a few more: what was read, in
which state it was, classes and notes, places of the images, their digests, which take longer to
compute than to read, and a digest that proves all of it. There is one entry for each source.
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
"""Where entries lie within the cache folder."""

_FORMATS = "fer_bench parsed data set "
_FORMAT = f"{_FORMATS}5"
_ARRAYS = ("images", "labels", "format", "state", "words", "places", "image_digests", "proof")
_DIGEST_BYTES = 16


def load_once(source: Path, state: str, load: Callable[[], Dataset], cache_dir: Path) -> Dataset:
    """The data set of a source, from the cache where its entry is whole and up to date.

    A missing, damaged or outdated entry is made anew. Where the cache cannot be written to, or
    memory is too short for it, nothing is kept and the source is read every time.

    Args:
        source: the file or folder that ``load`` reads.
        state: changes whenever the content of the source may have changed.
        load: reads the source.
        cache_dir: the cache folder.

    Returns:
        The data set, under any name: a source may be reached by several paths.

    Raises:
        FerBenchError: as ``load`` does.
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
    """Check if ``load_once`` wrote a file, damaged as it may be."""
    if begins_with(entry, "format"):
        return True
    # Older versions began with the images, as other files do: of those only whole ones are known.
    try:
        return begins_with(entry, "images") and str(
            read_arrays(entry, ("format",))["format"]
        ).startswith(_FORMATS)
    except FerBenchError:
        return False


def useless(entry: Path) -> str:
    """Why no run can use an entry, whatever its source; empty where one may.

    Looks at no more than what the entry says of itself. An entry whose source has changed or is
    gone cannot be told: it knows its source by a digest alone.
    """
    try:
        found = str(read_arrays(entry, ("format",))["format"])
    except FerBenchError as error:
        # What this user may not read, another one may.
        return "" if isinstance(error.__cause__, OSError) else "it is not whole"
    return "" if found == _FORMAT else "written by another version of fer_bench"


def _read(entry: Path, state: str) -> Dataset | None:
    """What an entry holds, or None where it is missing, damaged or outdated."""
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
    # A cached property finds its value there, and is not computed.
    vars(dataset)["image_digests"] = [
        digests[start : start + _DIGEST_BYTES] for start in range(0, len(digests), _DIGEST_BYTES)
    ]
    return dataset


def _write(entry: Path, state: str, dataset: Dataset) -> None:
    digests = b"".join(dataset.image_digests)
    words = json.dumps([dataset.classes, dataset.notes])
    # As bytes: in numpy's texts each character takes four.
    packed = b"" if dataset.places is None else json.dumps(dataset.places).encode()
    arrays: dict[str, Any] = {
        # First, as it tells whose the file is.
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
    """SHA-256 over all that an entry holds of a data set."""
    proof = hashlib.sha256(repr((_FORMAT, images.shape, words, places)).encode())
    proof.update(np.ascontiguousarray(images).data)
    proof.update(labels.tobytes())
    proof.update(b"" if usage is None else usage.tobytes())
    proof.update(image_digests)
    return proof.hexdigest()
