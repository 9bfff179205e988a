"""Detection rate and accuracy on photos in directories of classes.

An undetected face is an error of the whole system, though not of the classifier; both accuracies
are given.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from fer_bench.data.formats.class_names import UNNUMBERED, folded
from fer_bench.metrics.intervals import Interval, wilson_interval
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fer_bench.predict.predictions import Prediction, Predictions


@dataclass(frozen=True)
class CountedShare:
    """Share of photos, with Wilson's interval.

    Attributes:
        hits: number of photos that have a property.
        photos: number of photos, 1 or more.
    """

    hits: int
    photos: int

    @property
    def value(self) -> float:
        """The share, 0 to 1."""
        return self.hits / self.photos

    @property
    def interval(self) -> Interval:
        """Its 95 % CI over the photos."""
        return wilson_interval(self.hits, self.photos)


@dataclass(frozen=True)
class Evaluation:
    """Performance of detector and classifier on labelled photos.

    Attributes:
        detection_rate: share of the photos with a detected face.
        accuracy: share of all photos that are recognised; one without a detected face is an error.
        accuracy_of_detected: share of the photos with a detected face that are recognised; None
            without any.
        unlabelled: number of photos that no directory labels; they do not count.
    """

    detection_rate: CountedShare
    accuracy: CountedShare
    accuracy_of_detected: CountedShare | None
    unlabelled: int


def evaluate(predictions: Predictions) -> Evaluation:
    """Compare predictions with the names of the photos' directories.

    The label is the nearest directory whose name is that of one of the model's classes, or a
    synonym that data sets may use. In a photo with several faces the largest counts. A photo that
    cannot be read counts as one without a face.

    Raises:
        FerBenchError: no photo is labelled.
    """
    photos: dict[tuple[str, float | None], list[Prediction]] = {}
    for row in predictions:
        photos.setdefault((row.file, row.second), []).append(row)
    labelled = [
        (label, rows)
        for (file, _), rows in photos.items()
        if (label := label_of(file, predictions.classes)) is not None
    ]
    if not labelled:
        raise _unlabelled(predictions.classes)
    detected = [(label, rows) for label, rows in labelled if rows[0].box is not None]
    correct = sum(max(rows, key=_area).emotion == label for label, rows in detected)
    return Evaluation(
        detection_rate=CountedShare(len(detected), len(labelled)),
        accuracy=CountedShare(correct, len(labelled)),
        accuracy_of_detected=CountedShare(correct, len(detected)) if detected else None,
        unlabelled=len(photos) - len(labelled),
    )


def check_labels(files: Iterable[str], classes: Sequence[str]) -> None:
    """Check that any of the files is labelled by ``label_of``.

    Raises:
        FerBenchError: none is.
    """
    if all(label_of(file, classes) is None for file in files):
        raise _unlabelled(classes)


def _unlabelled(classes: Sequence[str]) -> FerBenchError:
    return FerBenchError(
        "no photo is in a directory with the name of a class",
        f"directories named {', '.join(classes)}",
        "omit --evaluate, or sort the photos into such directories",
    )


def label_of(file: str, classes: Sequence[str]) -> str | None:
    """Return the class that the directories of a file name, the nearest first, or None."""
    known = {folded(name): name for name in classes}
    for directory in reversed(PurePath(file).parts[:-1]):
        found = known.get(folded(directory)) or UNNUMBERED.class_of(directory)
        if found in classes:
            return found
    return None


def _area(row: Prediction) -> float:
    return 0.0 if row.box is None else row.box.area
