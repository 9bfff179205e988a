"""Common form of all data sets, independent of the source's layout."""

from __future__ import annotations

import copy
import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.data.images import blocks, take
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fer_bench.data.images import Images

EMOTIONS: tuple[str, ...] = ("Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral")
"""The seven emotions in the order of Kaggle's codes 0 to 6."""

USAGES: tuple[str, ...] = ("Training", "PublicTest", "PrivateTest")
"""Kaggle's three parts in the order of the codes 0 to 2."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images with one label each.

    Attributes:
        images: uint8, shape (n, height, width), grey levels 0 to 255: an array, in memory or mapped
            read-only from the cache, or a view of some of its rows.
        labels: uint8, shape (n,), indices into ``classes``.
        classes: names of the classes, in the order of the labels.
        name: name of the data set in tables, for example ``"fer2013"``.
        usage: uint8, shape (n,), indices into ``USAGES``, or None if the source does not record
            Kaggle's three parts for every image.
        notes: findings and actions of reading the source, as (topic, text) pairs; includes the
            layout if it is not obvious from the source.
        places: location of each image in the source, n strings: a path relative to the directory,
            or a row of the file; None if the images have the same rows as in the file.

    Raises:
        FerBenchError: the arrays have invalid dtypes, inconsistent shapes, or codes that denote no
            class or usage.
    """

    images: Images
    labels: NDArray[np.uint8]
    classes: tuple[str, ...]
    name: str
    usage: NDArray[np.uint8] | None = None
    notes: tuple[tuple[str, str], ...] = ()
    places: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.images.dtype != np.uint8 or self.images.ndim != 3:
            raise FerBenchError(
                f"{self.name}: images are {self.images.dtype} of shape {self.images.shape}",
                "uint8 of shape (n, height, width)",
            )
        n = len(self.images)
        for what, values in (("labels", self.labels), ("usage", self.usage)):
            if values is not None and (values.dtype != np.uint8 or values.shape != (n,)):
                raise FerBenchError(
                    f"{self.name}: {what} are {values.dtype} of shape {values.shape}",
                    f"uint8 of shape ({n},), one for each image",
                )
        if self.places is not None and len(self.places) != n:
            raise FerBenchError(
                f"{self.name}: {len(self.places)} places for {n} images",
                "one place for each image",
            )
        if n and int(self.labels.max()) >= len(self.classes):
            raise FerBenchError(
                f"{self.name}: label {int(self.labels.max())} has no class",
                f"0 to {len(self.classes) - 1}",
            )
        if n and self.usage is not None and int(self.usage.max()) >= len(USAGES):
            raise FerBenchError(
                f"{self.name}: usage {int(self.usage.max())} has no part",
                f"0 to {len(USAGES) - 1} ({', '.join(USAGES)})",
            )

    def __len__(self) -> int:
        return len(self.images)

    @property
    def counts(self) -> dict[str, int]:
        """Number of images of each class, in the order of ``classes``."""
        found = np.bincount(self.labels, minlength=len(self.classes))
        return {name: int(count) for name, count in zip(self.classes, found, strict=True)}

    def take(self, rows: NDArray[np.int64]) -> Dataset:
        """Return a view of the images at ``rows`` (int64, shape (k,)), under the same name.

        Digests that were already computed are carried over. Notes describe the complete data set
        and are dropped.
        """
        subset = Dataset(
            take(self.images, rows),
            self.labels[rows],
            self.classes,
            self.name,
            None if self.usage is None else self.usage[rows],
            places=None if self.places is None else tuple(self.places[row] for row in rows),
        )
        if "image_digests" in vars(self):
            # A cached_property looks up its value in the instance's ``__dict__``.
            vars(subset)["image_digests"] = [self.image_digests[row] for row in rows]
        return subset

    def renamed(self, name: str) -> Dataset:
        """Return the same data set under another name, without recomputing digests."""
        renamed = copy.copy(self)
        object.__setattr__(renamed, "name", name)
        return renamed

    def with_notes(self, notes: tuple[tuple[str, str], ...]) -> Dataset:
        """Return the same data set with other notes, without recomputing digests."""
        noted = copy.copy(self)
        object.__setattr__(noted, "notes", notes)
        return noted

    @cached_property
    def image_digests(self) -> list[bytes]:
        """16-byte BLAKE2b digest of the label and the pixels of each image."""
        images = (image for block in blocks(self.images) for image in block)
        return [
            hashlib.blake2b(bytes([label]) + image.tobytes(), digest_size=16).digest()
            for image, label in zip(images, self.labels.tolist(), strict=True)
        ]

    def _digest(self, image_digests: list[bytes]) -> str:
        header = repr(("fer_bench dataset 1", self.images.shape, self.classes)).encode()
        return hashlib.sha256(header + b"".join(image_digests)).hexdigest()

    @cached_property
    def digest(self) -> str:
        """SHA-256 of size, classes and labelled images, independent of their order.

        Equal for the same images from any lossless layout.
        """
        return self._digest(sorted(self.image_digests))

    @cached_property
    def row_digest(self) -> str:
        """SHA-256 like ``digest``, but dependent on the order of the images.

        Data stored per row (features, results on a split) is keyed by this digest: a split selects
        row numbers, so another order is another experiment.
        """
        return self._digest(self.image_digests)


def by_content(dataset: Dataset) -> NDArray[np.int64]:
    """Return the rows of a data set, sorted by the digests of the labelled images.

    A csv file and an image folder hold the same images in different orders, and draws and training
    depend on the order of the rows. Results are the same for both only if the images themselves
    determine the order. Images with the same pixels and label are sorted by usage.

    Returns:
        int64, shape (n,).
    """
    usage = np.zeros(len(dataset), np.uint8) if dataset.usage is None else dataset.usage
    keys = list(zip(dataset.image_digests, usage.tolist(), strict=True))
    return np.array(sorted(range(len(dataset)), key=keys.__getitem__), np.int64)
