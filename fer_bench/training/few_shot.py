"""Few-shot evaluation of a fitted head, on the features of a frozen backbone.

Nothing is chosen: the regularisation is the weakest of the head's grid, so that no label is used
but those of the drawn images.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fer_bench.protocol.few_shot import MIEB_DRAWS, MIEB_HEAD, MIEB_ITERATIONS, MIEB_SHOTS
from fer_bench.protocol.fitted_heads import head_kind
from fer_bench.results.few_shot import FewShot
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from fer_bench.data import Dataset
    from fer_bench.data.prepare import PreparedData
    from fer_bench.protocol.cell import Cell
    from fer_bench.protocol.few_shot import Shots
    from fer_bench.runtime.progress import Progress
    from fer_bench.training.fitted_head import Features, FittedHead, Labels
    from fer_bench.training.run_context import RunContext

    Rows = NDArray[np.int64]


def draw(labels: Labels, shots: int, seed: int, number: int) -> Rows:
    """Draw images of each class that has any, without replacement.

    Seed and number determine the draw: that of fewer images of a class is part of that of more.

    Returns:
        Positions in ``labels``, by class, shape (classes with images * shots,).
    """
    order = np.random.default_rng((seed, number)).permutation(len(labels))
    of_classes = (order[labels[order] == code] for code in np.unique(labels))
    return np.concatenate([one[:shots] for one in of_classes])


def mieb_parts(dataset: Dataset) -> tuple[Rows, Rows]:
    """Return the rows of MIEB's training and test images: Kaggle's Training, and the others.

    Both are empty if the data set does not record Kaggle's parts.
    """
    usage = np.empty(0, np.uint8) if dataset.usage is None else dataset.usage
    return np.flatnonzero(usage == 0), np.flatnonzero(usage)


def check_shots(shots: Shots, data: PreparedData) -> None:
    """Check that the data have the images of each class, and those of MIEB's evaluation.

    Raises:
        FerBenchError: they have not.
    """
    dataset, split = data.dataset, data.split
    if shots.counts:
        if not len(split.test):
            raise FerBenchError(
                f"--shots={max(shots.counts)}: split {split.name!r} has no test part",
                hint="choose another one with --split, or omit --shots",
            )
        _check_classes(max(shots.counts), dataset, split.train)
    if shots.mieb:
        train, test = mieb_parts(dataset)
        labels = data.spec.labels
        if not len(train) or not len(test) or labels != "fer2013":
            raise FerBenchError(
                f"--shots=mieb: MIEB's evaluation needs Kaggle's parts and FER2013's labels, "
                f"and {dataset.name!r} with labels {labels!r} lacks them",
                "FER2013 as fer2013.csv, or another data set with Training, PublicTest and "
                "PrivateTest",
                "omit mieb from --shots",
            )
        _check_classes(MIEB_SHOTS, dataset, train)


def _check_classes(shots: int, dataset: Dataset, train: Rows) -> None:
    counts = np.bincount(dataset.labels[train], minlength=len(dataset.classes))
    for code in np.unique(dataset.labels):
        if counts[code] < shots:
            raise FerBenchError(
                f"--shots: class {dataset.classes[code]!r} has {counts[code]} training images to "
                f"draw {shots} from",
                f"at most {counts[np.unique(dataset.labels)].min()}",
            )


class _Task(NamedTuple):
    """Evaluation of one number of images of each class.

    ``train`` and ``test`` are rows of images, ``features`` those of the test images, and ``fit``
    fits the head on the images at some positions in ``train``.
    """

    shots: int
    draws: int
    train: Rows
    test: Rows
    features: Features
    fit: Callable[[Rows], FittedHead]
    mieb: bool = False


def evaluate_few_shot(
    context: RunContext,
    cell: Cell,
    parts: tuple[Features, Features],
    read: Callable[[Rows], Features],
    progress: Progress,
) -> tuple[FewShot, ...]:
    """Fit a cell's head on each draw of each number of images, and classify the test images.

    The parts are the features of the split's training and test images; ``read`` returns those of
    the images at some rows, for MIEB's evaluation.
    """
    from threadpoolctl import threadpool_limits

    labels, shots = context.dataset.labels, context.protocol.shots.of(cell.head)
    tasks = _tasks(context, cell, shots.counts, *parts) if shots.counts else []
    if shots.mieb:
        tasks.append(_mieb_task(context, read))
    found: list[FewShot] = []
    done, total = 0, sum(task.draws for task in tasks)
    # For so few images, starting and joining threads takes longer than a fit.
    with threadpool_limits(1, "blas"):
        for task in tasks:
            predictions, seen = [], []
            for number in range(task.draws):
                progress("few-shot evaluation", done, total)
                drawn = draw(labels[task.train], task.shots, cell.seed, number)
                predicted = task.fit(drawn).logits(task.features).argmax(axis=1)
                predictions.append(predicted.astype(np.uint8).tobytes())
                codes = context.data.duplicate_codes(task.test, task.train[drawn])
                seen.append(int(np.count_nonzero(codes)))
                done += 1
            found.append(_result(context, task, tuple(predictions), tuple(seen)))
    progress("few-shot evaluation", done, total)
    return tuple(found)


def _result(
    context: RunContext, task: _Task, predictions: tuple[bytes, ...], seen: tuple[int, ...]
) -> FewShot:
    labels = duplicates = b""
    if task.mieb:
        labels = context.dataset.labels[task.test].tobytes()
        duplicates = context.data.duplicate_codes(task.test, task.train).tobytes()
    size = len(task.train)
    return FewShot(task.shots, task.mieb, size, predictions, seen, labels, duplicates)


def _tasks(
    context: RunContext, cell: Cell, counts: tuple[int, ...], train: Features, test: Features
) -> list[_Task]:
    from fer_bench.training.fitted_head import Scaling, fit_head

    split, classes = context.split, len(context.dataset.classes)
    labels = context.dataset.labels[split.train]
    scaling, value = Scaling.of(train), head_kind(cell.head).values[-1]

    def fit(drawn: Rows) -> FittedHead:
        images = train[drawn], labels[drawn]
        return fit_head(cell.head, value, images, classes, cell.seed, scaling)

    draws = context.protocol.draws
    return [_Task(count, draws, split.train, split.test, test, fit) for count in counts]


def _mieb_task(context: RunContext, read: Callable[[Rows], Features]) -> _Task:
    """Return the evaluation with scikit-learn's defaults on features as they are."""
    from sklearn.linear_model import LogisticRegression

    from fer_bench.training.fitted_head import FittedHead, Scaling, fit_to_limit

    labels, classes = context.dataset.labels, len(context.dataset.classes)
    train, test = mieb_parts(context.dataset)
    features = read(test)
    width = features.shape[1]
    unscaled = Scaling(np.zeros(width, np.float32), np.ones(width, np.float32))

    def fit(drawn: Rows) -> FittedHead:
        estimator = LogisticRegression(max_iter=MIEB_ITERATIONS)
        fit_to_limit(estimator, read(train[drawn]), labels[train[drawn]])
        return FittedHead(MIEB_HEAD, estimator.C, classes, unscaled, estimator)

    return _Task(MIEB_SHOTS, MIEB_DRAWS, train, test, features, fit, mieb=True)
