"""Heads that are fitted in one step on the features of a frozen backbone, and their registry."""

from __future__ import annotations

import dataclasses
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fer_bench.protocol.declared_settings import Setting
from fer_bench.protocol.sweep import AXES
from fer_bench.runtime.errors import FerBenchError, shown
from fer_bench.runtime.function_equality import same_definition
from fer_bench.runtime.plugins import Plugin, plugins

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

GROUP = "fer_bench.heads"
"""Group of the entry points by which other packages offer heads."""

NAME = re.compile(r"[a-z][a-z0-9_]*")
"""Form of a name, which is part of the ids of cells."""

# A setting of the protocol is named head_layers.
_TAKEN = ("linear", "mlp", "layers", *FITTED)

_registered: dict[str, HeadKind] = {}


def register_head(head: HeadKind) -> None:
    """Add a head to the registry.

    Registering the same head again replaces the entry; this happens if a ``conftest.py`` is loaded
    twice in one process.

    Raises:
        FerBenchError: this is not a valid ``HeadKind``, or its name belongs to another head.
    """
    if not isinstance(head, HeadKind):
        raise FerBenchError(f"{shown(head)} is not a head", "a fer_bench.HeadKind")
    problem, accepted = _invalid(head)
    if problem:
        raise FerBenchError(f"head {head.name!r}: {problem}", accepted)
    known = _registered.get(head.name, head)
    if (
        head.name in _TAKEN
        or dataclasses.replace(known, builder=head.builder) != head
        or not same_definition(known.builder, head.builder)
    ):
        raise FerBenchError(
            f"another head is already registered as {head.name!r}", hint="choose another name"
        )
    _registered[head.name] = head


def _invalid(head: HeadKind) -> tuple[str, str]:
    """Return what is wrong with a head and what is accepted; two empty texts if it is valid."""
    values: Any = head.values
    if not isinstance(head.name, str) or not NAME.fullmatch(head.name):
        return "its name is invalid", "lower-case letters, digits and _, a letter first"
    if not (
        isinstance(values, tuple)
        and values
        and all(isinstance(one, (int, float)) and math.isfinite(one) for one in values)
    ):
        return f"values are {shown(values)}", "a tuple of one or more numbers"
    if not callable(head.builder):
        return f"builder is {shown(head.builder)}", "a function of a value and a seed"
    for name in ("parameter", "estimator", "structure"):
        if not isinstance(getattr(head, name), str) or not getattr(head, name):
            return f"{name} is {shown(getattr(head, name))}", "a text that is not empty"
    if head.parameter in AXES:
        # In the record of a trial, it would be taken for that setting.
        return f"parameter is {head.parameter!r}", f"another name than {', '.join(AXES)}"
    return "", ""


def fitted_names() -> tuple[str, ...]:
    """Return the names of all heads that are fitted: built in, registered, then of packages."""
    return tuple(dict.fromkeys((*FITTED, *_registered, *_plugins())))


def head_kind(name: str) -> HeadKind:
    """Return the head with one of ``fitted_names``; a package is imported when it is first used.

    Raises:
        FerBenchError: the package that offers the head is broken.
        KeyError: there is no such head.
    """
    if name in FITTED:
        return FITTED[name]
    if name not in _registered and (plugin := _plugins().get(name)) is not None:
        head = plugin.load()
        if not isinstance(head, HeadKind):
            raise plugin.error(f"is {shown(head)}", "a fer_bench.HeadKind")
        if head.name != name:
            raise plugin.error(f"is named {head.name!r}", "the name of the entry point")
        register_head(head)
    return _registered[name]


def head_origin(name: str) -> str:
    """Return where a head comes from: fer_bench, a package, or a registration."""
    plugin = _plugins().get(name)
    if name in FITTED:
        return "fer_bench"
    return "registered" if plugin is None else plugin.package


def _plugins() -> dict[str, Plugin]:
    return plugins("head", GROUP)


def fitted_settings(kinds: Collection[HeadKind]) -> list[Setting]:
    """Return the settings of fitted heads; none without a head."""
    if not kinds:
        return []
    layers = (
        "no backbone layer is trained for them, whatever trainable layers says: they are fitted on "
        "the stored features of the frozen network, standardised on the training images; their "
        f"probabilities are at least {SMALLEST:g}"
    )
    return [
        Setting("head_layers", "0 for heads that are fitted", "chosen", layers),
        *(
            Setting(
                f"head_{kind.name}",
                f"{kind.grid}, the best on the validation images",
                "chosen",
                f"by accuracy, among equal ones by loss; {kind.estimator}",
            )
            for kind in kinds
        ),
    ]
