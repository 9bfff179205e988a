"""Accuracy and loss over the epochs: the paper's Figures 5 to 8."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from fer_bench.protocol import published
from fer_bench.report.plots.canvas import (
    INIT_FILLINGS,
    INIT_LINES,
    Plot,
    Scale,
    key,
    key_height,
    sheet,
)
from fer_bench.report.plots.figure import Figure
from fer_bench.report.plots.labels import file_stem, name, not_shown, seeds_note
from fer_bench.report.plots.palette import INK, SERIES, SOFT
from fer_bench.runtime.escapes import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing
    from numpy.typing import NDArray

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.analysis.seed_groups import Group

Measure = Literal["accuracy", "loss"]
VISIBLE = 0.05
"""Difference in accuracy, in any epoch, above which a diagnostic line is drawn."""
MOST_OTHERS = 4
"""Maximum number of backbones outside the paper with a figure of their own."""
_FIRST = 5
_STEEP = 30.0
"""Loss in nats above which the axis is logarithmic, since a linear one would flatten the rest."""
_MARKS = 25
"""Approximate number of markers on a line."""
_TOP, _HEIGHT, _FOOT = 20.0, 168.0, 220.0


@dataclass(frozen=True, eq=False)
class _Part:
    series: str
    words: str
    look: dict[str, Any]


_TRAINING = _Part(
    "running",
    "training, during epoch",
    {"color": SERIES[1], "linewidth": 1.1, "marker": "s", "markersize": 1.8},
)
_VALIDATION = _Part(
    "validation",
    "validation",
    {"color": SERIES[0], "linewidth": 1.9, "marker": "o", "markersize": 3.6},
)
_EVALUATED = _Part(
    "train",
    "training, after epoch",
    {"color": SOFT, "linewidth": 0.8, "marker": "x", "markersize": 3.4},
)
_BATCH = _Part(
    "batch_validation",
    "validation, batch statistics",
    {"color": SOFT, "linewidth": 0.8, "marker": "^", "markersize": 3, "markerfacecolor": "none"},
)


def curves(analysis: Analysis) -> list[Figure]:
    """Return a figure per trained backbone: the paper's four first, in its order, then others."""
    found: dict[str, list[Group]] = {}
    for group in analysis.groups:
        found.setdefault(group.backbone, []).append(group)
    paper = [backbone for backbone in published.BACKBONES if backbone in found]
    others = [backbone for backbone in found if backbone not in paper]

    def trained(backbones: list[str]) -> list[list[Group]]:
        return [
            found[backbone]
            for backbone in backbones
            if any(group.trained for group in found[backbone])
        ]

    rest = trained(others)
    limit = (
        [
            f"Of {len(rest)} backbones that are not in the paper, only the first {MOST_OTHERS} "
            "have a figure."
        ]
        if len(rest) > MOST_OTHERS
        else []
    )
    return [
        *(_figure(one) for one in trained(paper)),
        *(_figure(one, limit) for one in rest[:MOST_OTHERS]),
    ]


def _figure(found: list[Group], limit: Sequence[str] = ()) -> Figure:
    backbone, title = found[0].backbone, clean(found[0].cells[0].title)
    trained = [group for group in found if group.trained]
    extra = [part for part in (_EVALUATED, _BATCH) if any(_drawn(one, part) for one in trained)]
    epochs = trained[0].qualities[0].history.epochs
    if backbone in published.BACKBONES:
        number = _FIRST + published.BACKBONES.index(backbone)
        stem, words = f"figure-{number}-{backbone}", f"Figure {number}. {title}: accuracy and loss"
    else:
        stem, words = f"curves-{file_stem(backbone)}", f"{title}: accuracy and loss"
    notes = [
        "Pretrained: solid lines, filled markers; random: dashed, hollow. Training: mean over the "
        "batches of the epoch. Validation: evaluated after the epoch; epoch 0 is the untrained "
        "network.",
        *seeds_note(trained, "Lines: mean over the seeds; bands: minimum to maximum."),
    ]
    if _EVALUATED in extra:
        notes.append(
            "Training, after epoch: the training images in inference mode; shown if accuracy "
            f"differs by more than {VISIBLE} from that during the epoch."
        )
    if _BATCH in extra:
        notes.append(
            "Validation, batch statistics: trained batch normalisation uses the statistics of "
            "each batch, as in training; its distance from validation is due to the moving "
            "averages alone. A diagnosis: no network is deployed like that."
        )
    notes += limit
    notes += not_shown(found, lambda cell: cell.quality is not None)
    return Figure(
        key=stem,
        title=f"{words} by epoch",
        caption=" ".join(notes),
        alt=" ".join(
            [f"Line charts of accuracy and loss (nats); after {epochs} epochs:", *_told(trained)]
        ),
        draw=lambda: _draw(trained, extra),
    )


def _told(trained: list[Group]) -> list[str]:
    told = []
    for group in trained:
        ends = {
            (part, measure): float(_values(group, part, measure)[:, -1].mean())
            for part in (_TRAINING, _VALIDATION)
            for measure in ("accuracy", "loss")
        }
        best = float(_values(group, _VALIDATION, "accuracy").mean(axis=0).max())
        told.append(
            f"{name(group)}: accuracy {ends[_TRAINING, 'accuracy']:.3f} in training, "
            f"{ends[_VALIDATION, 'accuracy']:.3f} in validation (best {best:.3f}); loss "
            f"{ends[_TRAINING, 'loss']:.3f} and {ends[_VALIDATION, 'loss']:.3f}."
        )
    return told


def _values(group: Group, part: _Part, measure: str) -> NDArray[np.float64]:
    """Return a metric's values, shape (trained cells, points)."""
    histories = [one.history for one in group.qualities]
    return np.array([getattr(one, f"{part.series}_{measure}") for one in histories], np.float64)


def _drawn(group: Group, part: _Part) -> bool:
    """Return True if a diagnostic line differs visibly from the line that it is a variant of."""
    if any(not getattr(one.history, f"{part.series}_accuracy") for one in group.qualities):
        return False
    other = _TRAINING if part is _EVALUATED else _VALIDATION
    ours, theirs = (_values(group, one, "accuracy") for one in (part, other))
    length = min(ours.shape[1], theirs.shape[1])
    return bool(np.abs(ours[:, -length:] - theirs[:, -length:]).max() > VISIBLE)


def _draw(trained: list[Group], extra: list[_Part]) -> Drawing:
    inits: list[tuple[str, dict[str, Any]]] = [
        (
            group.init,
            {
                "linestyle": INIT_LINES[group.init],
                "marker": "o",
                "markersize": 3.6,
                "markerfacecolor": INIT_FILLINGS[group.init] or INK,
            },
        )
        for group in trained
    ]
    entries = [(part.words, part.look) for part in (_TRAINING, _VALIDATION, *extra)] + inits
    columns = 3 if extra else 4
    drawing, board = sheet(_FOOT + key_height(len(entries), columns) + 2)
    for left, measure in ((34.0, "accuracy"), (300.0, "loss")):
        _plot(board, left, trained, extra, measure)
    key(board, _FOOT, entries, columns)
    return drawing


def _plot(board: Axes, left: float, trained: list[Group], extra: list[_Part], measure: str) -> None:
    lines = [
        (group, part, _values(group, part, measure))
        for group in trained
        for part in (*(one for one in extra if _drawn(group, one)), _TRAINING, _VALIDATION)
    ]
    figures = np.concatenate([values.ravel() for _, _, values in lines])
    steep = measure == "loss" and figures.max() > _STEEP and figures.min() > 0
    scale = Scale.log_around(figures) if steep else Scale.around(figures)
    epochs = trained[0].qualities[0].history.epochs
    place = Plot(board, left, _TOP, 212, _HEIGHT, Scale(-0.02 * epochs, 1.02 * epochs), scale)
    place.frame(place.x.ticks(whole=True), scale.ticks())
    place.heading("accuracy" if measure == "accuracy" else "loss, nats")
    place.footing("epoch")
    for group, part, values in lines:
        at = np.arange(epochs + 1 - values.shape[1], epochs + 1)
        gid = f"{measure}-{part.series}-{group.init}"
        place.line(
            at,
            values.mean(axis=0),
            gid=gid,
            linestyle=INIT_LINES[group.init],
            markevery=max(1, len(at) // _MARKS),
            zorder=3 if part in (_TRAINING, _VALIDATION) else 2.5,
            **{"markerfacecolor": INIT_FILLINGS[group.init] or part.look["color"], **part.look},
        )
        if len(values) > 1:
            place.band(
                at, values.min(axis=0), values.max(axis=0), part.look["color"], f"{gid}-band"
            )
