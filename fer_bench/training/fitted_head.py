"""Heads that are fitted in one step on the features of a frozen backbone.

scikit-learn is imported when such a head is fitted, not before. Fitted estimators are never stored:
with the same features, parameter and seed, fitting them again gives the same estimator.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fer_bench import metrics
from fer_bench.protocol.fitted_heads import SMALLEST, head_kind
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fer_bench.runtime.progress import Progress

    Features = NDArray[np.float32]
    Labels = NDArray[np.uint8]
    Labelled = tuple[Features, Labels]

AFFINE = ("logreg", "svm", "prototype")
"""Kinds whose logits are an affine map of the features."""

_TREES = 200
_LOGREG_ITERATIONS, _SVM_ITERATIONS = 200, 1000
_FLAT = 1e-6
"""Standard deviation, relative to the mean, up to which a feature counts as constant."""


class Scaling(NamedTuple):
    """Mean and standard deviation of each feature on the training images, shape (d,)."""

    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]

    @classmethod
    def of(cls, features: Features) -> Scaling:
        """Measure features of shape (n, d); the deviation of a constant one is 1."""
        mean = features.mean(axis=0, dtype=np.float64)
        deviation = features.std(axis=0, dtype=np.float64)
        is_flat = deviation <= _FLAT * np.abs(mean)
        # Features of random networks may be tiny, but not too small for float32.
        deviation[is_flat | (deviation < np.finfo(np.float32).tiny)] = 1.0
        return cls(mean.astype(np.float32), deviation.astype(np.float32))

    def apply(self, features: Features) -> Features:
        """Return the standardised features, shape (n, d)."""
        return (features - self.mean) / self.deviation


@dataclass(frozen=True)
class FittedHead:
    """A fitted classifier, whose estimator has the interface of scikit-learn.

    Attributes:
        kind: its name.
        value: the value of its parameter.
        classes: number of classes of the data set.
    """

    kind: str
    value: float
    classes: int
    scaling: Scaling
    estimator: Any

    def logits(self, features: Features) -> NDArray[np.float32]:
        """Return log probabilities, float32 of shape (n, classes), from features of shape (n, d).

        A probability below ``SMALLEST``, such as that of a class without training images, counts
        as ``SMALLEST``.
        """
        return self._logits(self.scaling.apply(features))

    def _logits(self, scaled: Features) -> NDArray[np.float32]:
        if self.kind == "knn":
            import sklearn

            # Its compiled search breaks ties by the number of images asked for at once.
            with sklearn.config_context(enable_cython_pairwise_dist=False):
                known = self.estimator.predict_proba(scaled)
        elif hasattr(self.estimator, "predict_proba"):
            known = self.estimator.predict_proba(scaled)
        else:
            values = self.estimator.decision_function(scaled)
            # Of two classes, scikit-learn returns the value of the second one only.
            values = np.stack([-values, values], axis=1) if values.ndim == 1 else values
            known = metrics.softmax(values)
        shares = np.zeros((len(scaled), self.classes))
        shares[:, self.estimator.classes_] = known
        return np.log(np.maximum(shares, SMALLEST)).astype(np.float32)

    def affine(self) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
        """Return the head as one dense layer from unscaled features to logits.

        The softmax of these logits is that of ``logits``, but for the lower limit ``SMALLEST``.

        Returns:
            Kernel, shape (d, classes), and bias, shape (classes,); None if it is not an affine map,
            or a class had no training images.
        """
        if self.kind not in AFFINE or len(self.estimator.classes_) < self.classes:
            return None
        if self.kind == "prototype":
            means = np.float64(self.estimator.means_)
            variance = self.value * means.shape[1]
            rows, bias = means / variance, -(means**2).sum(axis=1) / 2 / variance
        else:
            rows, bias = np.float64(self.estimator.coef_), np.float64(self.estimator.intercept_)
        if len(rows) == 1:
            # Of two classes, scikit-learn keeps one row: its sigmoid, or for svm both signs.
            first = -1.0 if self.kind == "svm" else 0.0
            rows, bias = np.stack([first * rows[0], rows[0]]), np.array([first * bias[0], bias[0]])
        kernel = (rows / self.scaling.deviation).T
        return kernel.astype(np.float32), (bias - self.scaling.mean @ kernel).astype(np.float32)

    @property
    def parameters(self) -> int:
        """Number of parameters; 0 for neighbours and trees, which have no fixed number."""
        names = ("coef_", "intercept_", "means_")
        return sum(np.size(getattr(self.estimator, name, ())) for name in names)


class FittedCandidate(NamedTuple):
    """A head of the grid with its accuracy and loss on the validation images."""

    head: FittedHead
    accuracy: float
    loss: float


class Choice(NamedTuple):
    """A head chosen on the validation images.

    Attributes:
        head: the best candidate.
        validation_logits: its log probabilities of the validation images, shape (n, classes).
        seconds: time of fitting all candidates.
        choosing_seconds: time of evaluating them on the validation images.
        every: all candidates, in the order of the grid.
    """

    head: FittedHead
    validation_logits: NDArray[np.float32]
    seconds: float
    choosing_seconds: float
    every: tuple[FittedCandidate, ...]


def choose_head(
    kind: str,
    train: tuple[Features, Labels],
    validation: tuple[Features, Labels],
    classes: int,
    seed: int,
    progress: Progress,
) -> Choice:
    """Fit a head for each value of its grid and return the best one on the validation images.

    The best one has the highest accuracy, among equal ones the smallest loss, and then the
    strongest regularisation.

    Args:
        kind: name of the head.
        train: features, shape (n, d), and labels, shape (n,), of the training images.
        validation: the same of the validation images.
        classes: number of classes of the data set.
        seed: seed of estimators that draw random numbers.
        progress: callback for the number of values done.

    Raises:
        FerBenchError: the training images are of a single class.
    """
    scaling = Scaling.of(train[0])
    scaled, scaled_validation = scaling.apply(train[0]), scaling.apply(validation[0])
    # Not more neighbours than images.
    values = [one for one in head_kind(kind).values if kind != "knn" or one <= len(scaled)]
    _estimator(kind, values[0], seed)  # imports scikit-learn, which is not timed
    seconds = choosing = 0.0
    candidates: list[tuple[FittedCandidate, NDArray[np.float32]]] = []
    for number, value in enumerate(values):
        progress("fitting the head", number, len(values))
        started = perf_counter()
        estimator = _fitted(kind, value, scaled, train[1], seed)
        head = FittedHead(kind, value, classes, scaling, estimator)
        fitted = perf_counter()
        logits = head._logits(scaled_validation)
        accuracy = metrics.accuracy(logits, validation[1])
        loss = metrics.cross_entropy(logits, validation[1])
        candidates.append((FittedCandidate(head, accuracy, loss), logits))
        seconds += fitted - started
        choosing += perf_counter() - fitted
    progress("fitting the head", len(values), len(values))
    # The first of several equal ones.
    best, logits = max(candidates, key=lambda one: (one[0].accuracy, -one[0].loss))
    return Choice(best.head, logits, seconds, choosing, tuple(one for one, _ in candidates))


def fit_head(
    kind: str,
    value: float,
    train: tuple[Features, Labels],
    classes: int,
    seed: int,
    scaling: Scaling | None = None,
) -> FittedHead:
    """Fit a head with a known value of its parameter, as ``choose_head`` does.

    The scaling of the features is by default that of the training images.
    """
    scaling = scaling or Scaling.of(train[0])
    estimator = _fitted(kind, value, scaling.apply(train[0]), train[1], seed)
    return FittedHead(kind, value, classes, scaling, estimator)


def _fitted(kind: str, value: float, features: Features, labels: Labels, seed: int) -> Any:
    if len(np.unique(labels)) < 2:
        raise FerBenchError(
            f"head {kind!r} cannot be fitted: all {len(labels)} training images are of one class",
            "training images of two classes or more",
        )
    estimator = _estimator(kind, value, seed)
    fit_to_limit(estimator, features, labels)
    return estimator


def fit_to_limit(estimator: Any, features: Features, labels: Labels) -> None:
    """Fit an estimator of scikit-learn, up to its number of iterations."""
    with warnings.catch_warnings():
        # The protocol states the numbers of iterations.
        warnings.filterwarnings("ignore", message=".*(failed to converge|number of iterations).*")
        estimator.fit(features, labels)


def _estimator(kind: str, value: float, seed: int) -> Any:
    builder = head_kind(kind).builder
    if builder is not None:
        return builder(value, seed)
    if kind == "prototype":
        return _NearestMean(value)
    if kind == "logreg":
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(C=value, max_iter=_LOGREG_ITERATIONS)
    if kind == "svm":
        from sklearn.svm import LinearSVC

        return LinearSVC(C=value, max_iter=_SVM_ITERATIONS, random_state=seed)
    if kind == "knn":
        from sklearn.neighbors import KNeighborsClassifier

        return KNeighborsClassifier(int(value), algorithm="brute")
    from sklearn import ensemble

    if kind == "forest":
        return ensemble.RandomForestClassifier(
            _TREES, min_samples_leaf=int(value), random_state=seed, n_jobs=-1
        )
    return ensemble.HistGradientBoostingClassifier(
        max_iter=int(value), early_stopping=False, random_state=seed
    )


class _NearestMean:
    """Classifier by the nearest class mean, with the interface of scikit-learn.

    Args:
        variance: variance of the classes, as a multiple of the number of features.
    """

    def __init__(self, variance: float) -> None:
        self._variance = variance

    def fit(self, features: Features, labels: Labels) -> None:
        self.classes_ = np.unique(labels)
        self.means_ = np.stack([features[labels == one].mean(axis=0) for one in self.classes_])

    def decision_function(self, features: Features) -> NDArray[np.float64]:
        """Return log densities without the terms that all classes share, shape (n, classes)."""
        means = self.means_.astype(np.float64)
        # Half the squared distances without the square of the features, which is the same for all.
        found = features @ means.T - (means**2).sum(axis=1) / 2
        return np.asarray(found / (self._variance * features.shape[1]))
