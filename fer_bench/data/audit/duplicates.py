"""Groups of duplicate images in a data set, cached on disk."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from fer_bench.data.array_cache import cached, checked
from fer_bench.data.audit.candidates import LEAST_SIMILARITY, MOST_CANDIDATES
from fer_bench.data.audit.near_duplicates import LEAST_CORRELATION, REACH, SIDE, near_pairs
from fer_bench.data.images import blocks, take
from fer_bench.runtime.progress import silent

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from fer_bench.data import Dataset
    from fer_bench.data.images import Images
    from fer_bench.runtime.progress import Progress

FOLDER = "duplicates"
"""Subdirectory of the cache directory for search results."""

Similarity = Literal["identical", "mirrored", "near"]
"""Similarity level of duplicates: identical pixels; or a mirror image; or a near-duplicate."""

SIMILARITIES: tuple[Similarity, ...] = get_args(Similarity)
"""All levels, strictest first; each one includes those before it."""


@dataclass(frozen=True)
class NearPair:
    """Near-duplicate pair of images that are neither identical nor mirror images.

    Attributes:
        first: row of one image.
        second: row of the other image, greater than ``first``.
        mirrored: True if one is a near-duplicate of the mirror image of the other.
        correlation: correlation of their grey levels, after mirroring if ``mirrored``.
    """

    first: int
    second: int
    mirrored: bool
    correlation: float


@dataclass(frozen=True, eq=False)
class Duplicates:
    """Duplicates in a data set at all similarity levels.

    Attributes:
        numbers: group of each image, for each of ``SIMILARITIES``: int64, shape (n,), from 0 in the
            order in which the groups first occur.
        pairs: near-duplicate pairs: the links of ``"near"`` groups in addition to those of
            ``"mirrored"`` ones.
    """

    numbers: Mapping[Similarity, NDArray[np.int64]]
    pairs: tuple[NearPair, ...]


def find_duplicates(dataset: Dataset, progress: Progress = silent) -> Duplicates:
    """Find duplicates at all similarity levels, with the near-duplicate pairs.

    Images are identical if every pixel is equal; mirrored if one is identical to the other or its
    mirror image; near if they are that or near-duplicates by ``near_duplicates.near_pairs``. A
    near-duplicate of any image of a group belongs to the group. Images that are identical or mirror
    images are represented in the pairs by their first one.

    Args:
        dataset: the images; their labels do not matter.
        progress: callback for the progress of the near-duplicate search, which takes nearly all the
            time.
    """
    turned, numbers = _oriented(dataset.images)
    first = np.unique(numbers, return_index=True)[1]
    pairs, mirrored, correlations = near_pairs(take(dataset.images, first), progress)
    found = tuple(
        NearPair(int(first[one]), int(first[other]), bool(flipped), float(correlation))
        for (one, other), flipped, correlation in zip(pairs, mirrored, correlations, strict=True)
    )
    near = _numbered(_joined(len(first), pairs)[numbers].tolist())
    # Images of one mirrored group with the same orientation are identical.
    identical = _numbered(zip(numbers.tolist(), turned.tolist(), strict=True))
    return Duplicates({"identical": identical, "mirrored": numbers, "near": near}, found)


def cached_duplicates(
    dataset: Dataset, cache_dir: Path | None, progress: Progress = silent
) -> Duplicates:
    """Return the result of ``find_duplicates``, cached in ``cache_dir / "duplicates"``.

    Args:
        dataset: the images; their labels do not matter.
        cache_dir: cache directory; None disables caching.
        progress: callback for the progress of the search, if there is one.
    """
    thresholds = (LEAST_SIMILARITY, MOST_CANDIDATES, LEAST_CORRELATION, REACH, SIDE)
    return cached(
        None if cache_dir is None else cache_dir / FOLDER,
        ("fer_bench duplicates 5", dataset.row_digest, *thresholds),
        lambda _: find_duplicates(dataset, progress),
        _encode,
        lambda arrays: _decode(arrays, len(dataset)),
        software=("pillow", "scipy"),
    )


def _encode(duplicates: Duplicates) -> dict[str, NDArray[Any]]:
    pairs = duplicates.pairs
    return {
        "rows": np.array([(one.first, one.second) for one in pairs], np.int64).reshape(-1, 2),
        "mirrored": np.array([one.mirrored for one in pairs], np.bool_),
        "correlations": np.array([one.correlation for one in pairs], np.float64),
        **{f"{level} groups": numbers for level, numbers in duplicates.numbers.items()},
    }


def _decode(arrays: Mapping[str, NDArray[Any]], n: int) -> Duplicates:
    n_pairs = len(arrays["rows"])
    columns = (
        checked(arrays["rows"], np.int64, (n_pairs, 2), n).tolist(),
        checked(arrays["mirrored"], np.bool_, (n_pairs,)).tolist(),
        checked(arrays["correlations"], np.float64, (n_pairs,)).tolist(),
    )
    pairs = tuple(
        NearPair(first, second, is_mirrored, correlation)
        for (first, second), is_mirrored, correlation in zip(*columns, strict=True)
    )
    groups = {
        level: checked(arrays[f"{level} groups"], np.int64, (n,), n) for level in SIMILARITIES
    }
    return Duplicates(groups, pairs)


def _oriented(images: Images) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return the images to mirror for a canonical orientation, and the resulting groups.

    Of an image and its mirror image, the one that is darker in the first differing pixel is kept.
    """
    turned: list[bool] = []
    digests: list[bytes] = []
    for block in blocks(images):
        to_mirror = _to_mirror(block)
        shown = np.where(to_mirror[:, None, None], block[:, :, ::-1], block)
        turned += to_mirror.tolist()
        digests += [hashlib.blake2b(image.data, digest_size=16).digest() for image in shown]
    return np.array(turned, np.bool_), _numbered(digests)


def _to_mirror(images: NDArray[np.uint8]) -> NDArray[np.bool_]:
    turned = np.zeros(len(images), np.bool_)
    undecided = np.arange(len(images))
    for line in range(images.shape[1]):  # the first line decides nearly all images
        pixels = images[undecided, line]
        other = pixels != pixels[:, ::-1]
        decided = np.flatnonzero(other.any(axis=1))
        place = other[decided].argmax(axis=1)
        turned[undecided[decided]] = pixels[decided, -1 - place] < pixels[decided, place]
        undecided = np.delete(undecided, decided)
        if not len(undecided):
            break
    return turned


def _numbered(things: Iterable[Hashable]) -> NDArray[np.int64]:
    """Map equal things to equal numbers, from 0 in the order of their first occurrence."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(thing, len(numbers)) for thing in things], np.int64)


def _joined(n: int, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the connected component of each of n things that are linked by pairs."""
    if not len(pairs):
        return np.arange(n)
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    joined: NDArray[np.int64] = connected_components(graph, directed=False)[1].astype(np.int64)
    return joined
