"""Heads that are fitted in one step on the features of a frozen backbone, without epochs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SMALLEST = 1e-7
"""Smallest probability that a fitted head predicts, so that every cross-entropy is finite."""


@dataclass(frozen=True)
class FittedKind:
    """Kind of fitted head and the grid that its regularisation is chosen from.

    Attributes:
        parameter: name of the regularisation parameter.
        values: its candidates, those that regularise most first.
        estimator: what is fitted.
    """

    parameter: str
    values: tuple[float, ...]
    estimator: str

    @property
    def grid(self) -> str:
        """The candidates as text: ``C of 0.001, 0.01, 0.1``."""
        return f"{self.parameter} of {', '.join(f'{value:g}' for value in self.values)}"


FITTED = {
    "logreg": FittedKind(
        "C",
        (1e-4, 1e-3, 1e-2, 1e-1, 1.0),
        "scikit-learn's LogisticRegression, multinomial with an L2 penalty, up to 200 iterations",
    ),
    "svm": FittedKind(
        "C",
        (1e-5, 1e-4, 1e-3, 1e-2, 1e-1),
        "scikit-learn's LinearSVC, one class against the others, up to 1,000 iterations; "
        "probabilities are the softmax of its decision values, which is not calibrated",
    ),
    "knn": FittedKind(
        "neighbours",
        (100.0, 30.0, 10.0, 3.0, 1.0),
        "scikit-learn's KNeighborsClassifier, Euclidean distance, equal weights; probabilities are "
        "shares of the neighbours",
    ),
    "forest": FittedKind(
        "images per leaf",
        (16.0, 4.0, 1.0),
        "scikit-learn's RandomForestClassifier of 200 trees",
    ),
    "boosting": FittedKind(
        "iterations",
        (10.0, 30.0, 100.0),
        "scikit-learn's HistGradientBoostingClassifier with its other defaults",
    ),
    "prototype": FittedKind(
        "variance",
        (1.0, 0.1, 0.01, 0.001),
        "the class with the nearest mean; probabilities are those of normal distributions around "
        "the means, of this variance times the number of features",
    ),
}
"""Fitted heads by name."""


def fitted_settings(names: Iterable[str]) -> list[tuple[str, str, str]]:
    """Return name, value and reason of the settings of the fitted heads among these heads."""
    kinds = {name: FITTED[name] for name in names if name in FITTED}
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
                f"head_{name}",
                f"{kind.grid}, the best on the validation images",
                f"by accuracy, among equal ones by loss; {kind.estimator}",
            )
            for name, kind in kinds.items()
        ),
    ]
