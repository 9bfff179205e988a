"""The one form that every data set takes, whatever layout it came from."""

from __future__ import annotations

import copy
import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from numpy.typing import NDArray

EMOTIONS: tuple[str, ...] = ("Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral")
"""The seven emotions in the order of Kaggle's codes 0 to 6."""

USAGES: tuple[str, ...] = ("Training", "PublicTest", "PrivateTest")
"""Kaggle's three parts in the order of the codes 0 to 2."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images with one label each.

    Attributes:
        images: uint8, shape (n, height, width), grey levels 0 to 255.
        labels: uint8, shape (n,), indices into ``classes``.
        classes: names of the classes, in the order of the labels.
        name: what the data set is called in tables, for example ``"fer2013"``.
        usage: uint8, shape (n,), indices into ``USAGES``, or None where the source has no
            complete record of Kaggle's three parts.
        notes: what reading the source found and did, as pairs of what and how; the layout is
            among them where it is not plain from the source.
        places: where each image lies in the source, n texts: a path from the folder, or a row of
            the file; None where images have the rows that they have in the file.

    Raises:
        FerBenchError: the arrays have other types, shapes that do not fit together, or codes
            that stand for no class or usage.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    classes: tuple[str, ...]
    name: str
    usage: NDArray[np.uint8] | None = None
    notes: tuple[tuple[str, str], ...] = ()
    places: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.images.dtype != np.uint8 or self.images.ndim != 3:
            raise FerBenchError(
                f"{self.name}: images are {self.images.dtype} of shape {self.images.shape}; "
                "accepted: uint8 of shape (n, height, width)"
            )
        n = len(self.images)
        for what, values in (("labels", self.labels), ("usage", self.usage)):
            if values is not None and (values.dtype != np.uint8 or values.shape != (n,)):
                raise FerBenchError(
                    f"{self.name}: {what} are {values.dtype} of shape {values.shape}; "
                    f"accepted: uint8 of shape ({n},), one for each image"
                )
        if self.places is not None and len(self.places) != n:
            raise FerBenchError(
                f"{self.name}: places are {len(self.places)}; accepted: {n}, one for each image"
            )
        if n and int(self.labels.max()) >= len(self.classes):
            raise FerBenchError(
                f"{self.name}: label {int(self.labels.max())} names no class; "
                f"accepted: 0 to {len(self.classes) - 1}"
            )
        if n and self.usage is not None and int(self.usage.max()) >= len(USAGES):
            raise FerBenchError(
                f"{self.name}: usage {int(self.usage.max())} names no part; "
                f"accepted: 0 to {len(USAGES) - 1} ({', '.join(USAGES)})"
            )

    def __len__(self) -> int:
        return len(self.images)

    @property
    def counts(self) -> dict[str, int]:
        """Number of images of each class, in the order of ``classes``."""
        found = np.bincount(self.labels, minlength=len(self.classes))
        return {name: int(count) for name, count in zip(self.classes, found, strict=True)}

    def take(self, rows: NDArray[np.int64]) -> Dataset:
        """The images at ``rows`` (int64, shape (k,)), in that order, under the same name.

        Digests are not computed again. Notes tell of the whole, and are left behind.
        """
        taken = Dataset(
            self.images[rows],
            self.labels[rows],
            self.classes,
            self.name,
            None if self.usage is None else self.usage[rows],
            places=None if self.places is None else tuple(self.places[row] for row in rows),
        )
        if "image_digests" in vars(self):
            # A cached property finds its value there.
            vars(taken)["image_digests"] = [self.image_digests[row] for row in rows]
        return taken

    def renamed(self, name: str) -> Dataset:
        """The same data set under another name; digests are not computed again."""
        renamed = copy.copy(self)
        object.__setattr__(renamed, "name", name)
        return renamed

    def with_notes(self, notes: tuple[tuple[str, str], ...]) -> Dataset:
        """The same data set with other notes; digests are not computed again."""
        noted = copy.copy(self)
        object.__setattr__(noted, "notes", notes)
        return noted

    @cached_property
    def image_digests(self) -> list[bytes]:
        """For each image the 16 bytes of a digest of its pixels and its label."""
        return [
            hashlib.blake2b(bytes([label]) + image.tobytes(), digest_size=16).digest()
            for image, label in zip(self.images, self.labels, strict=True)
        ]

    def _digest(self, image_digests: list[bytes]) -> str:
        header = repr(("fer_bench dataset 1", self.images.shape, self.classes)).encode()
        return hashlib.sha256(header + b"".join(image_digests)).hexdigest()

    @cached_property
    def digest(self) -> str:
        """SHA-256 over size, classes and the labelled images, whatever their order.

        Equal for the same images from any lossless layout.
        """
        return self._digest(sorted(self.image_digests))

    @cached_property
    def row_digest(self) -> str:
        """Like ``digest``, but of the images in their order.

        What is stored per row (features, results on a split) is known by this one: a split
        picks row numbers, so another order is another experiment.
        """
        return self._digest(self.image_digests)
