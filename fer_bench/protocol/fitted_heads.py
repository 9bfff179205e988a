"""Heads that are fitted in one step on the features of a frozen backbone, without epochs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

SMALLEST = 1e-7
"""Smallest probability that a fitted head predicts, so that every cross-entropy is finite."""


@dataclass(frozen=True)
class HeadKind:
    """Kind of head that is fitted in one step, and the grid of its regularisation.

    Attributes:
        name: name on the command line: lower-case letters, digits and ``_``.
        parameter: name of the regularisation parameter.
        values: its candidates, those that regularise most first. Each is fitted; the best on the
            validation images is used.
        estimator: what is fitted, in a few words.
        structure: name of the estimator's definition. It is part of the fingerprint of results:
            change it whenever the estimator changes. Empty for fer_bench's own.
        builder: function of a value and a seed that returns a new estimator with scikit-learn's
            ``fit``, ``classes_`` and ``predict_proba`` or ``decision_function``. It gets
            standardised features, float32 of shape (n, d), and labels, uint8 of shape (n,). None
            for fer_bench's own.
    """

    name: str
    parameter: str
    values: tuple[float, ...]
    estimator: str
    structure: str = ""
    builder: Callable[[float, int], Any] | None = None

    @property
    def grid(self) -> str:
        """The candidates as text: ``C of 0.001, 0.01, 0.1``."""
        return f"{self.parameter} of {', '.join(f'{value:g}' for value in self.values)}"


_OWN = (
    HeadKind(
        "logreg",
        "C",
        (1e-4, 1e-3, 1e-2, 1e-1, 1.0),
        "scikit-learn's LogisticRegression, multinomial with an L2 penalty, up to 200 iterations",
    ),
    HeadKind(
        "svm",
        "C",
        (1e-5, 1e-4, 1e-3, 1e-2, 1e-1),
        "scikit-learn's LinearSVC, one class against the others, up to 1,000 iterations; "
        "probabilities are the softmax of its decision values, which is not calibrated",
    ),
    HeadKind(
        "knn",
        "neighbours",
        (100.0, 30.0, 10.0, 3.0, 1.0),
        "scikit-learn's KNeighborsClassifier, Euclidean distance, equal weights; probabilities are "
        "shares of the neighbours",
    ),
    HeadKind(
        "forest",
        "images per leaf",
        (16.0, 4.0, 1.0),
        "scikit-learn's RandomForestClassifier of 200 trees",
    ),
    HeadKind(
        "boosting",
        "iterations",
        (10.0, 30.0, 100.0),
        "scikit-learn's HistGradientBoostingClassifier with its other defaults",
    ),
    HeadKind(
        "prototype",
        "variance",
        (1.0, 0.1, 0.01, 0.001),
        "the class with the nearest mean; probabilities are those of normal distributions around "
        "the means, of this variance times the number of features",
    ),
)

FITTED = {kind.name: kind for kind in _OWN}
"""fer_bench's own fitted heads by name."""


def fitted_settings(kinds: Collection[HeadKind]) -> list[tuple[str, str, str]]:
    """Return name, value and reason of the settings of fitted heads; none without a head."""
    if not kinds:
        return []
    layers = (
        "no backbone layer is trained for them, whatever trainable layers says: they are fitted on "
        "the stored features of the frozen network, standardised on the training images; their "
        f"probabilities are at least {SMALLEST:g}"
    )
    return [
        ("head_layers", "0 for heads that are fitted", layers),
        *(
            (
                f"head_{kind.name}",
                f"{kind.grid}, the best on the validation images",
                f"by accuracy, among equal ones by loss; {kind.estimator}",
            )
            for kind in kinds
        ),
    ]
