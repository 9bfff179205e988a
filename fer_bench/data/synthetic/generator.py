"""The data set ``sketch``, and synthetic identities for pretraining."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fer_bench.data.dataset import EMOTIONS, Dataset
from fer_bench.data.synthetic.drawing import draw_faces
from fer_bench.data.synthetic.expressions import (
    CONFUSED_WITH,
    draw_intensities,
    draw_resting_faces,
    shape_of,
    vary,
)
from fer_bench.data.synthetic.portable_random import draw_parameters, generator_of, permutation
from fer_bench.data.synthetic.subjects import FEATURES, STYLE, TRAITS, VIEWS
from fer_bench.protocol import published
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from numpy.typing import NDArray

FER2013_COUNTS: tuple[int, ...] = tuple(published.COUNTS[name] for name in EMOTIONS)
"""Number of images of each emotion in FER2013, in the order of ``EMOTIONS``."""

IMAGES = 3589
"""Number of images of ``sketch``: a tenth of FER2013."""

LABEL_NOISE = 0.04
"""Share of images whose face shows another emotion than their label."""

SEED = 2013
"""Seed of ``sketch``."""

_SKETCH, _IDENTITIES = 0, 1


def sketch(n_images: int = IMAGES, seed: int = SEED) -> Dataset:
    """Draw the data set: one face of its own identity per image, in random order.

    The classes have FER2013's shares. ``LABEL_NOISE`` of the images show an emotion that is easily
    confused with the label. The three usages hold 80, 10 and 10 %, drawn at random.

    Args:
        n_images: number of images.
        seed: random seed; the same arguments give the same bytes on every machine.

    Returns:
        The data set named ``"sketch"``, images uint8 of shape (n_images, 48, 48).

    Raises:
        FerBenchError: ``n_images`` is so small that a class would be empty.
    """
    generator = generator_of(seed, _SKETCH)
    counts = class_counts(n_images)
    if counts.min() < 1:
        raise FerBenchError(
            f"sketch with {n_images!r} images would have an empty class",
            f"at least 36 images ({IMAGES} by default)",
        )
    labels = np.repeat(np.arange(len(EMOTIONS)), counts)[permutation(n_images, generator)]
    shown = shown_emotions(labels, generator)
    usage = np.zeros(n_images, np.uint8)
    tenth = round(n_images / 10)
    drawn = permutation(n_images, generator)
    usage[drawn[:tenth]] = 1
    usage[drawn[tenth : 2 * tenth]] = 2
    traits = draw_parameters(TRAITS, n_images, generator)
    shape = shape_of(draw_intensities(shown, generator))
    view = draw_parameters(VIEWS, n_images, generator)
    images = draw_faces(traits, shape, view, generator)
    return Dataset(images, labels.astype(np.uint8), EMOTIONS, "sketch", usage)


def sketch_identities(
    n_identities: int, per_identity: int, seed: int
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Draw several images of each of several people.

    A person keeps features and a resting face of some action units; hair, beard, glasses, view and
    a part of the expression are drawn for each image. The people are independent of those of
    ``sketch``, for any seed, and their faces are not drawn from its seven emotions.

    Args:
        n_identities: number of people.
        per_identity: number of images of each person.
        seed: random seed.

    Returns:
        Images, uint8, shape (n_identities * per_identity, 48, 48), and the identity in each one,
        int64 from 0, in ascending order.

    Raises:
        FerBenchError: a number is below 1.
    """
    if n_identities < 1 or per_identity < 1:
        raise FerBenchError(
            f"{n_identities!r} identities with {per_identity!r} images each", "integers from 1"
        )
    generator = generator_of(seed, _IDENTITIES)
    identities = np.repeat(np.arange(n_identities), per_identity)
    features = draw_parameters(FEATURES, n_identities, generator)
    resting = draw_resting_faces(n_identities, generator)
    traits = {name: values[identities] for name, values in features.items()}
    traits |= draw_parameters(STYLE, len(identities), generator)
    shape = shape_of(vary(resting[identities], generator))
    view = draw_parameters(VIEWS, len(identities), generator)
    return draw_faces(traits, shape, view, generator), identities


def class_counts(n_images: int) -> NDArray[np.int64]:
    """Return the number of images of each emotion among ``n_images``, in FER2013's shares.

    Rounded by largest remainders, so that they add up to ``n_images``; int64, shape (7,).
    """
    exact = n_images * np.array(FER2013_COUNTS) / sum(FER2013_COUNTS)
    counts = np.floor(exact).astype(np.int64)
    by_remainder = np.argsort(counts - exact, kind="stable")
    counts[by_remainder[: n_images - counts.sum()]] += 1
    return counts


def shown_emotions(labels: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.int64]:
    """Return the emotions that faces show: their labels, except for ``LABEL_NOISE`` of them.

    Args:
        labels: int64, shape (n,), indices into ``EMOTIONS``.
        generator: random number generator; only ``random`` is called.

    Returns:
        int64, shape (n,), indices into ``EMOTIONS``.
    """
    n = len(labels)
    mislabelled = permutation(n, generator)[: round(LABEL_NOISE * n)]
    confused = np.array(
        [[EMOTIONS.index(other) for other in CONFUSED_WITH[emotion]] for emotion in EMOTIONS]
    )
    choice = np.floor(generator.random(n) * confused.shape[1]).astype(np.int64)
    shown: NDArray[np.int64] = labels.copy()
    shown[mislabelled] = confused[labels[mislabelled], choice[mislabelled]]
    return shown
