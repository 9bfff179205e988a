"""Candidate pairs of near-duplicates, from an index of the images' descriptors."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.runtime.progress import silent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from fer_bench.data.images import Images
    from fer_bench.runtime.progress import Progress

HIGHEST_FREQUENCY = 8
"""Highest spatial frequency of a descriptor, in half periods per side of the crop."""

LENGTH = 2048
"""Length of a descriptor: products of two are exact in float32, below 2**24."""

LEAST_SIMILARITY = 0.91
"""Minimum cosine similarity of the descriptors of a candidate pair.

Of 3,605 near-duplicate pairs of FER2013, 99.5 % reach it at one of the shifts that are compared.
"""

MOST_CANDIDATES = 16
"""Maximum number of candidates of an image in one orientation: the most similar ones."""

_MARGIN = 0.08
"""Difference in similarity to the nearest cell, up to which other cells are searched."""

_ROUNDS = 2
"""Number of times that the centres of cells are replaced by the means of their images."""

_MOST_CELLS = 32
_MOST_MEMBERS = 4096
_IN_ONE_CELL = 2048
_IMAGES_AT_A_TIME = 16_384
_DESCRIBED_AT_A_TIME = 512
_PRODUCTS_AT_A_TIME = 2**20
_HITS_AT_A_TIME = 2**21


def candidate_pairs(
    images: Images, reach: int, progress: Progress = silent, originals: Images | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return pairs of images that may be near-duplicates, as they are and with one mirrored.

    A pair is a candidate if the descriptor of the central crop of one image has a similarity of at
    least ``LEAST_SIMILARITY`` to that of one of five crops of the other image, or of its mirror
    image: the central crop, and four that are shifted by two thirds of ``reach``. The opposite
    shifts follow from exchanging the images.

    Each image belongs to the nearest of about 4 √n cells, as in k-means clustering, and is compared
    only with the images of the cells nearest to it. Up to 2,048 images are all compared with all.
    Neither time nor memory grows with the square of the number of images, even if all are alike: an
    image searches at most 32 cells and keeps ``MOST_CANDIDATES`` candidates, and only the first
    4,096 images of a cell are found. A constant crop has no candidates, and is not compared. All
    sums are exact, and images with equal descriptors are ordered by their pixels, so that the pairs
    of images that are neither identical nor mirror images depend neither on the order of the images
    nor on their orientation.

    Args:
        images: uint8, shape (n, height, width), each side longer than twice ``reach``.
        reach: maximum shift to find, in pixels.
        progress: callback for the number of images compared.
        originals: the images before they were reduced, if they were: their pixels decide the order.

    Returns:
        The pairs as they are, and those with one image mirrored: int64, shape (k, 2), each row
        ascending, the rows too.
    """
    n, height, width = images.shape
    nothing = np.empty((0, 2), np.int64)
    if n == 0:
        return nothing, nothing
    step = (2 * reach + 1) // 3
    shifts = [(0, 0), *([(0, step), (step, -step), (step, 0), (step, step)] if step else [])]
    right = frequencies(height - 2 * step, width - 2 * step)[1]
    signs = np.where(right % 2, -1, 1).astype(np.int16)
    described = describe(images, step, [(0, 0)])[:, 0]
    if not described.any():
        return nothing, nothing
    originals = images if originals is None else originals
    turned = _to_mirror(described, signs, originals)
    described[turned] *= signs
    order = _ordered(described, turned, originals)
    index = _Index(described[order[: np.count_nonzero(described.any(axis=1))]])
    found = []
    for start in range(0, n, _IMAGES_AT_A_TIME):
        progress("comparing images", start, n)
        rows = order[start : start + _IMAGES_AT_A_TIME]
        upright = images[rows]
        upright[turned[rows]] = upright[turned[rows], :, ::-1]
        crops = describe(upright, step, shifts)
        queries = np.stack([crops, crops * signs], axis=1)
        found.append(index.neighbours(start, queries))
    progress("comparing images", n, n)
    one, mirrored, other = np.concatenate(found).T
    pairs = np.sort(order[np.stack([one, other], axis=1)], axis=1)
    keys = pairs[:, 0] * n + pairs[:, 1]
    mirrored = mirrored.astype(np.bool_) ^ turned[pairs[:, 0]] ^ turned[pairs[:, 1]]
    plain, flipped = (
        np.stack(np.divmod(np.unique(keys[mirrored == way]), n), axis=1) for way in (False, True)
    )
    return plain, flipped


def _to_mirror(
    described: NDArray[np.int16], signs: NDArray[np.int16], images: Images
) -> NDArray[np.bool_]:
    """Return the images to mirror so that neither orientation of an image is preferred.

    Of an image and its mirror image, the one is searched whose first sign is positive among those
    that differ, or whose pixels are smaller if none does.
    """
    odd = np.where(signs < 0, described, 0)
    turned: NDArray[np.bool_] = odd[np.arange(len(odd)), (odd != 0).argmax(axis=1)] < 0
    for row in np.flatnonzero(~odd.any(axis=1)):
        turned[row] = images[row][:, ::-1].tobytes() < images[row].tobytes()
    return turned


def _ordered(
    described: NDArray[np.int16], turned: NDArray[np.bool_], images: Images
) -> NDArray[np.int64]:
    """Return the rows in the order of their descriptors, those of 0 last.

    Equal descriptors are in the order of digests of their images, mirrored where ``turned``.
    """
    vectors = [row.tobytes() for row in described]
    occurrences = Counter(vectors)
    constant: list[bool] = np.all(described == 0, axis=1).tolist()

    def content(row: int) -> tuple[bool, bytes, bytes]:
        digest = b""
        if occurrences[vectors[row]] > 1 and not constant[row]:
            pixels = images[row][:, :: -1 if turned[row] else 1].tobytes()
            digest = hashlib.blake2b(pixels, digest_size=16).digest()
        return constant[row], vectors[row], digest

    return np.array(sorted(range(len(vectors)), key=content))


class _Index:
    """Images by cells of similar descriptors.

    Args:
        described: int16, shape (n, frequencies): descriptors, none of which is 0.
    """

    def __init__(self, described: NDArray[np.int16]) -> None:
        n = len(described)
        cells = 1 if n <= _IN_ONE_CELL else round(4 * n**0.5)
        self._described = described
        self._centres = np.unique(described[:: n // cells], axis=0).astype(np.float32)
        members, starts = self._assigned()
        for _ in range(_ROUNDS):
            sums = np.add.reduceat(described[members], starts, dtype=np.int64)
            means = np.rint(sums / np.diff(starts, append=n)[:, None])
            self._centres = scaled(means).astype(np.float32)
            members, starts = self._assigned()
        self._cells = [cell[:_MOST_MEMBERS] for cell in np.split(members, starts[1:])]

    def _assigned(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Drop empty cells; return the images by cell, and where those of each cell begin."""
        homes = np.empty(len(self._described), np.int64)
        for some in _parts(np.arange(len(homes)), len(self._centres)):
            products = self._described[some].astype(np.float32) @ self._centres.T
            homes[some] = products.argmax(axis=1)
        members = np.argsort(homes, kind="stable")
        occupied, starts = np.unique(homes[members], return_index=True)
        self._centres = self._centres[occupied]
        return members, starts

    def neighbours(self, start: int, queries: NDArray[np.int16]) -> NDArray[np.int64]:
        """Return the candidates of consecutive images.

        Args:
            start: place of the first of the images in the index.
            queries: int16, shape (images, 2, shifts, frequencies): their descriptors, those of the
                mirror images second.

        Returns:
            Place of the image, 1 if mirrored, and place of the candidate: int64, shape (k, 3).
        """
        images, _, shifts, frequencies = queries.shape
        flat = queries.reshape(-1, frequencies).astype(np.float32)
        nearest = _Nearest(2 * images)
        for members, rows in self._searched(flat):
            vectors = self._described[members].astype(np.float32).T
            for some in _parts(rows, len(members)):
                queried = some // shifts
                products = flat[some] @ vectors
                alike = _largest(products, nearest.least[queried], MOST_CANDIDATES)
                at, found = np.divmod(alike, len(members))
                query, other = queried[at], members[found]
                unlike = other != start + query // 2
                nearest.add(query[unlike], other[unlike], products.ravel()[alike[unlike]])
        query, other = nearest.found()
        return np.stack([start + query // 2, query % 2, other], axis=1)

    def _searched(
        self, flat: NDArray[np.float32]
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Yield the images of each cell and the queries that are compared with them."""
        width, probes = len(self._centres), [np.empty((2, 0), np.int64)]
        # Descriptors of 0 are as similar to all cells as to none.
        for some in _parts(np.flatnonzero(flat.any(axis=1)), width):
            products = flat[some] @ self._centres.T
            least = products.max(axis=1) - np.float32(_MARGIN * LENGTH**2)
            at, cell = np.divmod(_largest(products, least, _MOST_CELLS), width)
            probes.append(np.stack([some[at], cell]))
        rows, cells = np.concatenate(probes, axis=1)
        rows = rows[np.argsort(cells, kind="stable")]
        bounds = np.cumsum(np.bincount(cells, minlength=width))[:-1]
        yield from zip(self._cells, np.split(rows, bounds), strict=True)


class _Nearest:
    """The most similar candidates of each query, as they are found.

    Attributes:
        least: float32, shape (queries,): minimum similarity of a further candidate.
    """

    def __init__(self, queries: int) -> None:
        self.least = np.full(queries, LEAST_SIMILARITY * LENGTH**2, np.float32)
        no_rows = np.empty(0, np.int64)
        self._parts = [(no_rows, no_rows, np.empty(0, np.float32))]
        self._size = 0

    def add(
        self, query: NDArray[np.int64], other: NDArray[np.int64], product: NDArray[np.float32]
    ) -> None:
        """Add candidates, each of which may already be known."""
        self._parts.append((query, other, product))
        self._size += len(query)
        if self._size >= _HITS_AT_A_TIME + MOST_CANDIDATES * len(self.least):
            self.found()

    def found(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the queries and their candidates."""
        query, other, product = map(np.concatenate, zip(*self._parts, strict=True))
        ranked = np.lexsort((-product, other, query))
        query, other, product = query[ranked], other[ranked], product[ranked]
        first = np.diff(query, prepend=-1).astype(np.bool_) | (np.diff(other, prepend=-1) != 0)
        query, other, product = query[first], other[first], product[first]
        ranked = np.lexsort((other, -product, query))
        query, other, product = query[ranked], other[ranked], product[ranked]
        rank = np.arange(len(query)) - np.searchsorted(query, query)
        last = rank == MOST_CANDIDATES - 1
        self.least[query[last]] = product[last]
        kept = rank < MOST_CANDIDATES
        self._parts = [(query[kept], other[kept], product[kept])]
        self._size = int(kept.sum())
        return query[kept], other[kept]


def _largest(
    products: NDArray[np.float32], least: NDArray[np.float32], most: int
) -> NDArray[np.int64]:
    """Return the flat indices of products of at least ``least`` of their row.

    Of a row with more than ``most``, only the largest are returned, and those equal to the last.
    """
    found = np.flatnonzero(products >= least[:, None])
    many = np.flatnonzero(np.bincount(found // products.shape[1]) > most)
    if len(many):
        least[many] = np.partition(products[many], -most, axis=1)[:, -most]
        found = np.flatnonzero(products >= least[:, None])
    return found


def _parts(rows: NDArray[np.int64], width: int) -> list[NDArray[np.int64]]:
    """Split rows so that their products with ``width`` vectors fit the processor's cache."""
    size = max(_PRODUCTS_AT_A_TIME // max(width, 1), 1)
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def frequencies(height: int, width: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the vertical and horizontal frequencies of the descriptor of a crop of that size."""
    highest = HIGHEST_FREQUENCY + 1
    down, right = np.indices((min(height, highest), min(width, highest)))
    radius = down**2 + right**2
    kept = (radius > 0) & (radius <= HIGHEST_FREQUENCY**2)
    return down[kept], right[kept]


def describe(images: Images, margin: int, shifts: Sequence[tuple[int, int]]) -> NDArray[np.int16]:
    """Return the descriptors of crops of images.

    A descriptor is the discrete cosine transform of the crop at low frequencies without the mean,
    so that neither brightness nor contrast matters. Weights with the square root of the frequency
    make different faces less similar, as these mostly share the lowest frequencies. All sums are of
    integers and exact, hence the same on every machine. The mirror image's descriptor has the
    opposite sign at odd horizontal frequencies.

    Args:
        images: uint8, shape (n, height, width), each side longer than twice ``margin``.
        margin: distance of the central crop from the edges, in pixels.
        shifts: of each crop, down and right from the central one, at most ``margin``.

    Returns:
        Vectors of length ``LENGTH``, or of 0 if the crop is constant or has no low frequencies,
        shape (n, shifts, frequencies).
    """
    n, height, width = images.shape
    down, right = frequencies(height - 2 * margin, width - 2 * margin)
    rows, columns = (
        np.concatenate([_waves(side, margin, shift[axis], top) for shift in shifts])
        for axis, (side, top) in enumerate(((height, down.max()), (width, right.max())))
    )
    weights = np.rint(4 * np.hypot(down, right) ** 0.5)
    made = np.empty((n, len(shifts), len(down)), np.int16)
    crop = np.arange(len(shifts))[:, None]
    at = crop * (down.max() + 1) + down, crop * (right.max() + 1) + right
    corners = (margin + np.array(shifts)).T
    # The rounded waves of some sizes do not add up to 0.
    of_ones = (rows.sum(axis=1)[at[0]] * columns.sum(axis=1)[at[1]]).astype(np.float64)
    for start in range(0, n, _DESCRIBED_AT_A_TIME):
        some = images[start : start + _DESCRIBED_AT_A_TIME].astype(np.float32)
        across = (some.reshape(-1, width) @ columns.T).reshape(len(some), height, -1)
        waves = (rows.astype(np.float64) @ across.astype(np.float64))[:, at[0], at[1]]
        waves[(waves == some[:, corners[0], corners[1], None] * of_ones).all(axis=-1)] = 0
        waves = np.rint(waves / 512) * weights
        made[start : start + _DESCRIBED_AT_A_TIME] = scaled(waves)
    return made


def scaled(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return vectors of whole numbers, scaled to ``LENGTH`` and rounded; those of 0 stay 0."""
    length = np.sqrt((vectors**2).sum(axis=-1, keepdims=True))
    return np.rint(LENGTH * vectors / np.where(length > 0, length, 1))


def _waves(side: int, margin: int, shift: int, highest: int) -> NDArray[np.float32]:
    """Return cosine waves along a side as integers, 0 outside the crop."""
    size = side - 2 * margin
    made = np.zeros((highest + 1, side), np.float32)
    phase = np.pi * np.arange(highest + 1)[:, None] * (np.arange(size) + 0.5) / size
    made[:, margin + shift : margin + shift + size] = np.rint(64 * np.cos(phase))
    return made
