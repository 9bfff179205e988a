"""Disk cache of parsed data sets, which makes the next start fast.

An entry also holds the image digests, which take longer to compute than to read. There is one entry
for each source.
"""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.data.array_cache import cached
from fer_bench.data.dataset import Dataset

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from fer_bench.data.images import Collect

FOLDER = "parsed"
"""Subdirectory of the cache directory for entries."""

_FORMAT = "fer_bench parsed data set 6"
_DIGEST_BYTES = 16


def load_once(
    source: Path, state: str, load: Callable[[Collect], Dataset], cache_dir: Path
) -> Dataset:
    """Return the data set of a source, from the cache as ``cached`` does.

    Args:
        source: file or directory that ``load`` reads.
        state: changes whenever the content of the source may have changed.
        load: reads the source; gets a function to collect the images with.
        cache_dir: cache directory.

    Returns:
        The data set. Its name is arbitrary, as several paths may lead to one source.

    Raises:
        FerBenchError: as ``load``.
    """
    place = str(source.resolve())
    return cached(
        cache_dir / FOLDER,
        (_FORMAT, place, state),
        load,
        _encode,
        _decode,
        slot=place,
    )


def _encode(dataset: Dataset) -> dict[str, NDArray[Any]]:
    words = json.dumps([dataset.classes, dataset.notes, dataset.places]).encode()
    return {
        "images": np.asarray(dataset.images),
        "labels": dataset.labels,
        **({} if dataset.usage is None else {"usage": dataset.usage}),
        # As bytes: numpy strings take four bytes per character.
        "words": np.frombuffer(words, np.uint8),
        "image_digests": np.frombuffer(b"".join(dataset.image_digests), np.uint8),
    }


def _decode(arrays: Mapping[str, NDArray[Any]]) -> Dataset:
    classes, notes, places = json.loads(arrays["words"].tobytes())
    dataset = Dataset(
        arrays["images"],
        arrays["labels"],
        tuple(classes),
        "",
        arrays.get("usage"),
        tuple((topic, text) for topic, text in notes),
        None if places is None else tuple(places),
    )
    digests = arrays["image_digests"].tobytes()
    is_text = all(isinstance(text, str) for text in (*classes, *(places or ()), *chain(*notes)))
    if not is_text or len(digests) != _DIGEST_BYTES * len(dataset):
        raise ValueError("no data set")
    # Set the cached_property, so that it is not computed.
    vars(dataset)["image_digests"] = [
        digests[start : start + _DIGEST_BYTES] for start in range(0, len(digests), _DIGEST_BYTES)
    ]
    return dataset
