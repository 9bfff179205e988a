"""Convergence and overfitting rates, from accuracy or loss over the epochs.

The paper's two rates are means of differences between consecutive epochs, over n epochs:

* mean convergence rate, MCR = 1/n * sum(M_i - M_(i-1)), on training metrics (its formula 1);
* mean overfitting rate, MOFR = 1/n * sum((T_i - V_i) - (T_(i-1) - V_(i-1))), on training metrics T
  minus validation metrics V (its formula 2).

The first difference needs a value before epoch 1, which the paper leaves undefined. Every function
here supports two conventions:

* ``consecutive``: the differences between epochs 1 to E, E - 1 in all. This is how the paper's
  tables were made, by their printed digits. Selected by ``untrained=None``.
* ``untrained``: the differences between epochs 0 to E, E in all. Epoch 0 is the network before any
  training, passed as ``untrained``.

Windows are groups of consecutive differences, as many in each as the window has epochs; the last
group holds the rest. So a window of epochs a to b holds the differences from epoch a to b + 1 under
``consecutive`` and from epoch a - 1 to b under ``untrained``. A rate has the unit of its metric,
per epoch. Series are epochs 1 to E; all arithmetic is in float64.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

Convention = Literal["consecutive", "untrained"]
CONVENTIONS: tuple[Convention, ...] = get_args(Convention)


class Initial(NamedTuple):
    """Value of a metric before training (epoch 0), and after one epoch, the paper's "initial"."""

    untrained: float
    first_epoch: float


def windows(epochs: int, window: int) -> list[tuple[int, int]]:
    """Divide epochs 1 to ``epochs`` into windows, of which the last may be shorter.

    Returns:
        First and last epoch of each window, both included: ``windows(7, 5)`` is
        ``[(1, 5), (6, 7)]``.

    Raises:
        ValueError: ``epochs`` or ``window`` is below 1.
    """
    for name, value in (("epochs", epochs), ("window", window)):
        if value < 1:
            raise ValueError(f"{name} is {value}; accepted: 1 or more")
    return [(first, min(first + window - 1, epochs)) for first in range(1, epochs + 1, window)]


def mean_convergence_rate(series: ArrayLike, *, untrained: float | None = None) -> float:
    """Return the MCR over all epochs, the paper's formula (1).

    Args:
        series: training metric of epochs 1 to E, shape (E,).
        untrained: its value at epoch 0 (convention ``untrained``), or None (``consecutive``).

    Returns:
        (M_E - M_0) / E under ``untrained``, (M_E - M_1) / (E - 1) under ``consecutive``: the
        mean of the differences.

    Raises:
        ValueError: the series is empty, not one-dimensional, not of finite numbers, or too
            short for a difference.
    """
    return float(np.mean(_differences(_points("series", series, untrained))))


def window_convergence_rates(
    series: ArrayLike, window: int, *, untrained: float | None = None
) -> list[float]:
    """Return the MCR of each window, the paper's formula (1).

    Args:
        series: as for ``mean_convergence_rate``.
        window: epochs in a window, 1 or more.
        untrained: likewise.

    Returns:
        One rate for each window of ``windows(E, window)``, apart from a last one of a single epoch
        under ``consecutive``, which has no difference left.

    Raises:
        ValueError: as ``mean_convergence_rate``, or ``window`` is below 1.
    """
    return _by_window(_points("series", series, untrained), window)


def mean_overfitting_rate(
    train: ArrayLike, validation: ArrayLike, *, untrained: tuple[float, float] | None = None
) -> float:
    """Return the MOFR over all epochs, the paper's formula (2).

    Args:
        train: training metric of epochs 1 to E, shape (E,).
        validation: validation metric of the same epochs, shape (E,).
        untrained: the (training, validation) values at epoch 0 (convention ``untrained``), or
            None (``consecutive``).

    Returns:
        The mean increase of ``train - validation`` per epoch.

    Raises:
        ValueError: as ``mean_convergence_rate``, or the two series differ in length.
    """
    return float(np.mean(_differences(_gaps(train, validation, untrained))))


def window_overfitting_rates(
    train: ArrayLike,
    validation: ArrayLike,
    window: int,
    *,
    untrained: tuple[float, float] | None = None,
) -> list[float]:
    """Return the MOFR of each window, the paper's formula (2).

    The other arguments are those of ``mean_overfitting_rate``, the windows are those of
    ``window_convergence_rates``.

    Raises:
        ValueError: as ``mean_overfitting_rate``, or ``window`` is below 1.
    """
    return _by_window(_gaps(train, validation, untrained), window)


def _finite(name: str, series: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(series)
    if values.ndim != 1:
        raise ValueError(f"{name} has shape {values.shape}; accepted: one dimension")
    if values.size == 0:
        raise ValueError(f"{name} is empty; accepted: one value per epoch")
    if values.dtype.kind not in "iuf":
        raise ValueError(f"{name} is of type {values.dtype}; accepted: numbers")
    values = values.astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        raise ValueError(f"{name}[{bad[0]}] is {values[bad[0]]}; accepted: finite numbers")
    return values


def _points(name: str, series: ArrayLike, untrained: float | None) -> NDArray[np.float64]:
    """Return the series to take differences of, with its baseline prepended if there is one."""
    values = _finite(name, series)
    if untrained is None:
        return values
    return np.concatenate([_finite(f"untrained value of {name}", [untrained]), values])


def _gaps(
    train: ArrayLike, validation: ArrayLike, untrained: tuple[float, float] | None
) -> NDArray[np.float64]:
    first, second = (None, None) if untrained is None else untrained
    train_points = _points("train", train, first)
    validation_points = _points("validation", validation, second)
    if len(train_points) != len(validation_points):
        raise ValueError(
            "train and validation must have the same number of epochs, got "
            f"{len(np.asarray(train))} and {len(np.asarray(validation))}"
        )
    return train_points - validation_points


def _differences(points: NDArray[np.float64]) -> NDArray[np.float64]:
    if len(points) < 2:
        raise ValueError(
            "one epoch without an untrained value has no difference; accepted: two epochs, or one "
            "epoch and the untrained value"
        )
    return np.diff(points)


def _by_window(points: NDArray[np.float64], window: int) -> list[float]:
    differences = _differences(points)
    return [
        float(np.mean(differences[first - 1 : last]))
        for first, last in windows(len(differences), window)
    ]


def lowest_epoch(losses: Sequence[float]) -> int:
    """Return the first epoch, from 1, with the lowest of the losses of one or more epochs."""
    return 1 + losses.index(min(losses))
