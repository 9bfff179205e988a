"""Which images of a data set show one and the same picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from fer_bench.data.audit.near_duplicates import near_pairs
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.progress import silent

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

    from numpy.typing import NDArray

    from fer_bench.data import Dataset
    from fer_bench.runtime.progress import Progress

Likeness = Literal["identical", "mirrored", "near"]
"""What counts as the same picture: every pixel equal; or so once mirrored; or nearly so."""

LIKENESSES: tuple[Likeness, ...] = get_args(Likeness)
"""From the strictest on; each holds those before it."""


@dataclass(frozen=True)
class NearPair:
    """Two images that are nearly the same, and neither identical nor mirror images.

    Attributes:
        first: row of the one.
        second: row of the other, higher.
        mirrored: whether one is nearly the mirror image of the other.
        correlation: of their grey levels, once mirrored where that is so.
    """

    first: int
    second: int
    mirrored: bool
    correlation: float


@dataclass(frozen=True, eq=False)
class Twins:
    """Which images of a data set show the same picture, in each meaning of the same.

    Attributes:
        numbers: for each of ``LIKENESSES``, what ``twins`` gives for it.
        pairs: what joins groups of nearly the same pictures and not those of mirror images.
    """

    numbers: Mapping[Likeness, NDArray[np.int64]]
    pairs: tuple[NearPair, ...]

    def __len__(self) -> int:
        return len(self.numbers["identical"])


def twins(
    dataset: Dataset, likeness: Likeness = "identical", progress: Progress = silent
) -> NDArray[np.int64]:
    """The group of each image: images of one group show the same picture.

    Args:
        dataset: the images; their labels do not matter.
        likeness: ``"identical"``: every pixel is equal. ``"mirrored"``: that, or one is the mirror
            image of the other. ``"near"``: that, or they are nearly the same as
            ``near_duplicates.near_pairs`` has it, which takes seconds where the others take
            none; whatever is near to one image of a group belongs to it.
        progress: told how far the search for near ones is.

    Returns:
        int64, shape (n,), from 0 in the order in which the groups first occur.

    Raises:
        FerBenchError: the likeness is another.
    """
    if likeness not in LIKENESSES:
        raise FerBenchError(
            f"likeness {likeness!r} is unknown; accepted: {', '.join(LIKENESSES)}; take one of them"
        )
    if likeness == "near":
        return find_twins(dataset, progress).numbers["near"]
    return _exact(*_oriented(dataset.images))[likeness]


def find_twins(dataset: Dataset, progress: Progress = silent) -> Twins:
    """Finds all twins at once, with the pairs that join what is not the same otherwise.

    A picture that occurs several times stands in the pairs as its first image.

    Args:
        dataset: the images; their labels do not matter.
        progress: told how far the search for near ones is, which takes nearly all the time.
    """
    turned, numbers = _oriented(dataset.images)
    first = np.unique(numbers, return_index=True)[1]
    pairs, mirrored, correlations = near_pairs(dataset.images[first], progress)
    found = tuple(
        NearPair(int(first[one]), int(first[other]), bool(flipped), float(correlation))
        for (one, other), flipped, correlation in zip(pairs, mirrored, correlations, strict=True)
    )
    near = _numbered(_joined(len(first), pairs)[numbers].tolist())
    return Twins({**_exact(turned, numbers), "near": near}, found)


def _exact(
    turned: NDArray[np.bool_], mirrored: NDArray[np.int64]
) -> dict[Likeness, NDArray[np.int64]]:
    # Of one picture and turned alike: that is the same image.
    identical = _numbered(zip(mirrored.tolist(), turned.tolist(), strict=True))
    return {"identical": identical, "mirrored": mirrored}


def _oriented(images: NDArray[np.uint8]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Which images to mirror so that each becomes the same as its mirror image; the groups then.

    Of an image and its mirror image the one is kept whose first other pixel is darker.
    """
    turned = np.zeros(len(images), np.bool_)
    undecided = np.arange(len(images))
    for line in range(images.shape[1]):  # the first one decides nearly all
        pixels = images[undecided, line]
        other = pixels != pixels[:, ::-1]
        decided = np.flatnonzero(other.any(axis=1))
        place = other[decided].argmax(axis=1)
        turned[undecided[decided]] = pixels[decided, -1 - place] < pixels[decided, place]
        undecided = np.delete(undecided, decided)
    shown = zip(images, turned.tolist(), strict=True)
    return turned, _numbered(
        (image[:, ::-1] if mirrored else image).tobytes() for image, mirrored in shown
    )


def _numbered(things: Iterable[Hashable]) -> NDArray[np.int64]:
    """Equal things as equal numbers, from 0 in the order of their first occurrence."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(thing, len(numbers)) for thing in things], np.int64)


def _joined(n: int, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Numbers of n things, equal for those that pairs join directly or through others."""
    if not len(pairs):
        return np.arange(n)
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    joined: NDArray[np.int64] = connected_components(graph, directed=False)[1].astype(np.int64)
    return joined
