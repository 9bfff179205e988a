"""Another data set, on which the networks of a run are tested too."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.data.audit.duplicates import cached_duplicates
from fer_bench.data.dataset import USAGES, Dataset, by_content
from fer_bench.data.formats.class_names import CLASS_MAP
from fer_bench.data.formats.detection import enough_memory
from fer_bench.data.images import resized, take
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.progress import silent

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from fer_bench.runtime.progress import Progress

_TEST = USAGES.index("PrivateTest")


@dataclass(frozen=True, eq=False)
class OtherData:
    """Images of another data set, labelled by the classes of the run.

    Attributes:
        dataset: the tested images, in the order of their content and of the size of the training
            images; labels and classes are the run's.
        duplicated: bool, shape (n,): True for images with a duplicate in training.
        digest: content digest of the complete other data set.
        is_test_part: True if the images are the data set's own test part, False if they are all
            its images.
        untrained: name and number of images, which are left out, of each class of these images that
            has no training images.
        resized_from: size of the images before they were resized, as ``"100x100"``; empty if they
            were not.
        class_map: class map that the data set was loaded with, one line; empty for the default.
    """

    dataset: Dataset
    duplicated: NDArray[np.bool_]
    digest: str
    is_test_part: bool
    untrained: tuple[tuple[str, int], ...]
    resized_from: str
    class_map: str


def prepare_other(
    source: Dataset,
    training: Dataset,
    *,
    cache_dir: Path | None = None,
    progress: Progress = silent,
) -> OtherData:
    """Choose, label and resize the images of another data set, and find duplicates in training.

    Its test part is used if it has one of its own, otherwise all its images. Classes are matched
    by name. Images of another size than the training images are resized to that, bilinear and
    antialiased when downscaling, as image files of several sizes are.

    Args:
        source: the other data set as loaded.
        training: the training images of the run.
        cache_dir: cache directory, in which the duplicate search is cached.
        progress: callback for the progress of the duplicate search.

    Raises:
        FerBenchError: none of the images is of a class with training images, or there is not
            enough memory for both data sets.
    """
    is_test_part = source.usage is not None and bool((source.usage == _TEST).any())
    rows = np.arange(len(source), dtype=np.int64)
    if is_test_part:
        rows = np.flatnonzero(source.usage == _TEST)
    trained = [name for name, count in training.counts.items() if count]
    codes = [training.classes.index(name) if name in trained else -1 for name in source.classes]
    labels = np.array(codes, np.int64)[source.labels[rows]]
    left_out = Counter(source.labels[rows[labels < 0]].tolist())
    untrained = [(source.classes[code], count) for code, count in sorted(left_out.items())]
    rows, labels = rows[labels >= 0], labels[labels >= 0]
    if not len(rows):
        raise FerBenchError(
            f"--test-on {source.name!r} has no image of a class of {training.name!r}, only of "
            f"{', '.join(name for name, _ in untrained) or 'none'}",
            f"images of {', '.join(trained)}",
            "map its classes with --test-on-class-map",
        )
    with enough_memory(source.name):
        size = training.images.shape[1:]
        images = take(source.images, rows)
        is_resized = images.shape[1:] != size
        tested = Dataset(
            resized(images, size, "BILINEAR") if is_resized else images,
            labels.astype(np.uint8),
            training.classes,
            source.name,
        )
        tested = tested.take(by_content(tested))
        duplicated = _duplicated(tested, training, cache_dir, progress)
    _, height, width = source.images.shape
    return OtherData(
        dataset=tested,
        duplicated=duplicated,
        digest=source.digest,
        is_test_part=is_test_part,
        untrained=tuple(untrained),
        resized_from=f"{width}x{height}" if is_resized else "",
        class_map=dict(source.notes).get(CLASS_MAP, ""),
    )


def _duplicated(
    tested: Dataset, training: Dataset, cache_dir: Path | None, progress: Progress
) -> NDArray[np.bool_]:
    """Return a mask of the tested images in a group of duplicates with a training image."""
    both = Dataset(
        np.concatenate([training.images[:], tested.images[:]]),
        np.concatenate([training.labels, tested.labels]),
        training.classes,
        tested.name,
    )
    groups = cached_duplicates(both, cache_dir, progress).numbers["near"]
    count = len(training)
    return np.isin(groups[count:], groups[:count])
