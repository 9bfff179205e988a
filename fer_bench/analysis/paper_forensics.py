"""Hypotheses on how the paper's tables were made, tested by the digits of its rates.

The published rates are means of differences of accuracies, and an accuracy is a count divided by a
number of images; ``fer_bench.metrics.grim`` checks which numbers of images the printed digits
allow. Losses are not counts, so Tables 3 and 5 cannot be tested.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.metrics.grim import chance, chance_of_hits, gained, gained_elsewhere
from fer_bench.protocol import published

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fer_bench.metrics.grim import Counts
    from fer_bench.protocol.cell import Init

    Key = tuple[str, Init]

DECIMALS = 6
"""Printed decimals of Tables 2 and 4; a trailing zero is not printed."""

DIFFERENCES = (5, 5, 5, 3)
"""Differences in each window, by the digits."""

TRAIN, VALIDATION = 28_710, 7_177
"""Images trained on and validated on, by the digits."""

KAGGLE_TRAIN = 28_709
"""Images in Kaggle's training part of FER2013, one fewer than ``TRAIN``."""

SEARCHED = range(3_000, 57_001)
"""Numbers of training images among which the best rival is searched for."""


@dataclass(frozen=True)
class Score:
    """Result of the test of a hypothesis: numbers of images and differences that made a table.

    Attributes:
        origin: the split or reading it stands for.
        images: number of images of the accuracies.
        differences: differences in each window from ``window`` on.
        window: first window that is tested, from 1.
        hits: number of rates that fit.
        tests: number of rates tested.
        expected: number of rates expected to fit by chance.
        p: probability that at least ``hits`` rates fit by chance.
    """

    origin: str
    images: int
    differences: tuple[int, ...]
    window: int
    hits: int
    tests: int
    expected: float
    p: float


@dataclass(frozen=True)
class Gains:
    """Images that a network gained in each window, exactly.

    Attributes:
        backbone: name of the backbone.
        init: its init.
        windows: number of images gained; negative if images were lost.
        images: number of images in the set.
    """

    backbone: str
    init: Init
    windows: tuple[int, ...]
    images: int

    @property
    def total(self) -> int:
        """Images gained over all windows."""
        return sum(self.windows)

    @property
    def share(self) -> float:
        """Change in accuracy over all windows."""
        return self.total / self.images


@dataclass(frozen=True)
class Forensics:
    """Evidence of the printed digits on how the tables were made.

    Attributes:
        training: hypotheses on the training images and the first three windows, by Table 2.
        first_window: hypotheses on a first window with one difference fewer, by Table 2.
        last_window: hypotheses on the differences in the last window, by Table 2.
        validation: hypotheses on the validation images, by Table 4.
        training_gains: exact gains of the rows of Table 2.
        validation_gains: exact gains of the rows of Table 4.
    """

    training: tuple[Score, ...]
    first_window: tuple[Score, ...]
    last_window: tuple[Score, ...]
    validation: tuple[Score, ...]
    training_gains: tuple[Gains, ...]
    validation_gains: tuple[Gains, ...]


def examine() -> Forensics:
    """Test the hypotheses on the published tables."""
    fives, stated = DIFFERENCES[:3], published.SPLIT
    gains = {
        key: gained(rates, TRAIN, DIFFERENCES, DECIMALS).low.tolist()
        for key, rates in _rates(2).items()
    }

    def elsewhere(images: int) -> dict[Key, Counts]:
        """Return the gains on ``images`` validation images that the rows of Table 4 allow."""
        return {
            key: gained_elsewhere(rates, gains[key], TRAIN, images, DIFFERENCES, DECIMALS)
            for key, rates in _rates(4).items()
        }

    def of_validation(origin: str, images: int) -> Score:
        fit = np.array([counts.fit for counts in elsewhere(images).values()])
        return _score(origin, images, DIFFERENCES, 1, fit)

    return Forensics(
        training=(
            _of_training("80 % of all images", TRAIN, fives),
            _of_training("the stated 70 %", stated["train"], fives),
            _of_training("Kaggle's training part", KAGGLE_TRAIN, fives),
            _of_training("all images", published.TOTAL, fives),
            _of_training("best other number", _best_rival(fives), fives),
        ),
        first_window=(
            _of_training("80 %, baseline epoch 1", TRAIN, (4,)),
            _of_training("70 %, baseline epoch 1", stated["train"], (4,)),
        ),
        last_window=tuple(_of_training("80 %", TRAIN, (count,), window=4) for count in (3, 4, 5)),
        validation=(
            of_validation("the other 20 %", VALIDATION),
            of_validation("20 %, rounded up", VALIDATION + 1),
            of_validation("the stated 10 %", stated["validation"]),
        ),
        training_gains=tuple(Gains(*key, tuple(found), TRAIN) for key, found in gains.items()),
        validation_gains=tuple(
            Gains(*key, tuple(found.low.tolist()), VALIDATION)
            for key, found in elsewhere(VALIDATION).items()
        ),
    )


def _rates(table: published.RateTable) -> dict[Key, published.Rates]:
    return {key: rates for key, rates in published.table(table).items() if rates is not None}


def _moving(windows: slice) -> NDArray[np.float64]:
    """Return the rows of Table 2 that are not 0: zeros fit any number of images."""
    return np.array([rates for rates in _rates(2).values() if any(rates)])[:, windows]


def _of_training(origin: str, images: int, differences: tuple[int, ...], window: int = 1) -> Score:
    tested = _moving(slice(window - 1, window - 1 + len(differences)))
    fit = gained(tested, images, differences, DECIMALS).fit
    return _score(origin, images, differences, window, fit)


def _score(
    origin: str, images: int, differences: tuple[int, ...], window: int, fit: NDArray[np.bool_]
) -> Score:
    chances = np.broadcast_to(chance(images, differences, DECIMALS), fit.shape).ravel()
    hits, expected = int(fit.sum()), float(chances.sum())
    p = chance_of_hits(hits, chances.tolist())
    return Score(origin, images, differences, window, hits, fit.size, expected, p)


def _best_rival(differences: tuple[int, ...]) -> int:
    """Return the number of training images other than ``TRAIN`` that most rates fit."""
    images = np.array([number for number in SEARCHED if number != TRAIN])
    tested = _moving(slice(len(differences)))
    fit = gained(tested[..., None], images, np.array(differences)[:, None], DECIMALS).fit
    return int(images[fit.sum(axis=(0, 1)).argmax()])
