"""Measured speeds of a cell, and of the reference workload around them."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

ROUNDS_FOR_P99 = 100
"""Smallest number of timed calls for which a 99th percentile is reported."""


@dataclass(frozen=True)
class Reference:
    """Times of a reference workload run around a measurement.

    They measure how fast the machine was at that time, so that the speeds of two runs can be
    normalised for comparison. The workload is defined in ``training.reference_workload``.

    Attributes:
        matrix_product: seconds of the matrix product in each round, in order of execution.
        convolution: seconds of the convolution in each round, in order of execution.
    """

    matrix_product: tuple[float, ...]
    convolution: tuple[float, ...]

    def joined(self, later: Reference) -> Reference:
        """Return these rounds followed by later ones."""
        return Reference(
            self.matrix_product + later.matrix_product, self.convolution + later.convolution
        )


@dataclass(frozen=True)
class TrainingSpeed:
    """Time of one training epoch.

    Attributes:
        images: number of training images in an epoch.
        seconds: one entry for each timed round, in order of execution.
        images_per_second: ``images`` divided by the median of ``seconds``.
        reference: reference times; None if they were not measured, as in older files.
    """

    images: int
    seconds: tuple[float, ...]
    images_per_second: float
    reference: Reference | None = None

    @classmethod
    def of(
        cls, images: int, seconds: Sequence[float], reference: Reference | None = None
    ) -> TrainingSpeed:
        """Compute the speed from the seconds that each epoch of ``images`` images took."""
        return cls(images, tuple(seconds), images / statistics.median(seconds), reference)


@dataclass(frozen=True)
class NetworkTrainingSpeed:
    """Time of training steps of the complete network, frozen layers included, on images.

    ``TrainingSpeed`` is that of the trainable layers alone, on stored features.

    Attributes:
        input_size: side length of the network's input in pixels.
        images: number of training images in a round.
        seconds: one entry for each timed round, in order of execution.
        images_per_second: ``images`` divided by the median of ``seconds``.
        reference: reference times; None if they were not measured.
    """

    input_size: int
    images: int
    seconds: tuple[float, ...]
    images_per_second: float
    reference: Reference | None = None

    @classmethod
    def of(
        cls,
        input_size: int,
        images: int,
        seconds: Sequence[float],
        reference: Reference | None = None,
    ) -> NetworkTrainingSpeed:
        """Compute the speed from the seconds that each round of ``images`` images took."""
        speed = images / statistics.median(seconds)
        return cls(input_size, images, tuple(seconds), speed, reference)


@dataclass(frozen=True)
class InferenceSpeed:
    """Time from 48x48 uint8 images to probabilities.

    Attributes:
        batch_size: number of images in a call.
        seconds: one entry for each timed call.
        median: median of ``seconds``.
        p99: 99th percentile of ``seconds``; None with fewer than 100 calls, which are too few for
            this percentile.
        images_per_second: ``batch_size`` divided by ``median``.
        reference: reference times; None if they were not measured, as in older files.
    """

    batch_size: int
    seconds: tuple[float, ...]
    median: float
    p99: float | None
    images_per_second: float
    reference: Reference | None = None

    @classmethod
    def of(
        cls, batch_size: int, seconds: Sequence[float], reference: Reference | None = None
    ) -> InferenceSpeed:
        """Compute the speed from the seconds that each call with ``batch_size`` images took."""
        median = statistics.median(seconds)
        p99 = float(np.quantile(seconds, 0.99)) if len(seconds) >= ROUNDS_FOR_P99 else None
        return cls(batch_size, tuple(seconds), median, p99, batch_size / median, reference)
