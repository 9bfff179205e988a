"""Accuracy and loss over the epochs: the paper's Figures 5 to 8."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.analysis.seed_groups import over_seeds
from fer_bench.protocol import published
from fer_bench.protocol.cell import add_head
from fer_bench.protocol.head import LINEAR, is_fitted, short_form
from fer_bench.report.plots.axes import FILLS, LINE_STYLES, add_axes, draw_line, set_scale
from fer_bench.report.plots.figure import Figure
from fer_bench.report.plots.labels import file_stem, name, not_shown, seeds_note
from fer_bench.report.plots.palette import INK, SERIES, SOFT
from fer_bench.runtime.escapes import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure as Drawing
    from numpy.typing import NDArray

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.analysis.seed_groups import Group

VISIBLE = 0.05
"""Difference in accuracy, in any epoch, above which a diagnostic line is drawn."""
MOST_OTHERS = 4
"""Maximum number of backbones outside the paper with a figure of their own."""
_FIRST = 5
_STEEP = 30.0
"""Loss in nats above which the axis is logarithmic, since a linear one would flatten the rest."""
_MARKS = 25
"""Approximate number of markers on a line."""
_MEASURES = {"accuracy": "accuracy", "loss": "loss, nats"}

_TRAINING, _VALIDATION, _EVALUATED, _BATCH = "running", "validation", "train", "batch_validation"
_WORDS = {
    _TRAINING: "training, during epoch",
    _VALIDATION: "validation",
    _EVALUATED: "training, after epoch",
    _BATCH: "validation, batch statistics",
}
_LOOKS: dict[str, dict[str, Any]] = {
    _TRAINING: {"color": SERIES[1], "linewidth": 1.1, "marker": "s", "markersize": 1.8},
    _VALIDATION: {"color": SERIES[0], "linewidth": 1.9, "marker": "o", "markersize": 3.6},
    _EVALUATED: {"color": SOFT, "linewidth": 0.8, "marker": "x", "markersize": 3.4},
    _BATCH: {
        "color": SOFT,
        "linewidth": 0.8,
        "marker": "^",
        "markersize": 3,
        "markerfacecolor": "none",
    },
}


@dataclass(frozen=True)
class Curve:
    """One line of a figure.

    Attributes:
        measure: ``"accuracy"`` or ``"loss"``, in nats.
        part: ``"running"`` (training, during the epoch), ``"validation"``, ``"train"`` (training
            images after the epoch) or ``"batch_validation"`` (with batch statistics).
        init: ``"pretrained"`` or ``"random"``.
        epochs: numbers of the epochs; 0 is the untrained network.
        mean, low, high: mean and range over the seeds after each epoch.
        seeds: number of seeds.
    """

    measure: str
    part: str
    init: str
    epochs: tuple[int, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    seeds: int


def curve_figures(analysis: Analysis) -> list[Figure]:
    """Return a figure per trained backbone and head: the paper's four first, then others."""
    found: dict[tuple[str, str], list[Group]] = {}
    for group in analysis.groups:
        if not is_fitted(group.head):
            found.setdefault(group.series, []).append(group)
    trained = {key: groups for key, groups in found.items() if any(one.trained for one in groups)}
    keys = [(backbone, LINEAR) for backbone in published.BACKBONES]
    paper = [trained.pop(key) for key in keys if key in trained]
    others = list(trained.values())
    limit = (
        f"Of {len(others)} backbones and heads that are not in the paper, only {MOST_OTHERS} are "
        "shown."
    )
    note = limit if len(others) > MOST_OTHERS else ""
    return [*map(_figure, paper), *(_figure(groups, note) for groups in others[:MOST_OTHERS])]


def curves_key(group: Group) -> str:
    """Return the key of the figure of a group's backbone and head."""
    backbone = group.backbone
    if group.head != LINEAR:
        return f"curves-{file_stem(f'{backbone}-{short_form(group.head)}')}"
    if backbone in published.BACKBONES:
        return f"figure-{_FIRST + published.BACKBONES.index(backbone)}-{backbone}"
    return f"curves-{file_stem(backbone)}"


def curves_of(groups: Sequence[Group]) -> tuple[Curve, ...]:
    """Return the lines of a backbone's figure, in drawing order.

    Diagnostic lines are left out if they do not differ visibly from the line that they explain.
    """
    return tuple(
        _curve(group, part, measure)
        for measure in _MEASURES
        for group in groups
        if group.trained
        for part in (_EVALUATED, _BATCH, _TRAINING, _VALIDATION)
        if part in (_TRAINING, _VALIDATION) or _differs(group, part)
    )


def _curve(group: Group, part: str, measure: str) -> Curve:
    values = _values(group, part, measure)
    last = max(one.history.epochs for one in group.qualities)
    low, mean, high = (tuple(of(values, axis=0).tolist()) for of in (np.min, np.mean, np.max))
    epochs = tuple(range(last + 1 - values.shape[1], last + 1))
    return Curve(measure, part, group.init, epochs, mean, low, high, len(values))


def _values(group: Group, part: str, measure: str) -> NDArray[np.float64]:
    """Return a metric's values, shape (trained cells, points)."""
    histories = [one.history for one in group.qualities]
    return over_seeds([getattr(one, f"{part}_{measure}") for one in histories])


def _differs(group: Group, part: str) -> bool:
    """Check if a diagnostic line differs visibly from the line that it is a variant of."""
    if any(not getattr(one.history, f"{part}_accuracy") for one in group.qualities):
        return False
    variant = _values(group, part, "accuracy")
    usual = _values(group, _TRAINING if part == _EVALUATED else _VALIDATION, "accuracy")
    length = min(variant.shape[1], usual.shape[1])
    return bool(np.abs(variant[:, -length:] - usual[:, -length:]).max() > VISIBLE)


def _figure(groups: list[Group], limit: str = "") -> Figure:
    backbone, head = groups[0].series
    title = add_head(clean(groups[0].cells[0].title), head)
    data = curves_of(groups)
    parts = {curve.part for curve in data}
    words = f"{title}: accuracy and loss"
    if backbone in published.BACKBONES and head == LINEAR:
        words = f"Figure {_FIRST + published.BACKBONES.index(backbone)}. {words}"
    notes = [
        "Pretrained: solid lines, filled markers; random: dashed, hollow. Training: mean over the "
        "batches of the epoch. Validation: evaluated after the epoch; epoch 0 is the untrained "
        "network.",
        *seeds_note(groups, "Lines: mean over the seeds; bands: minimum to maximum."),
    ]
    if _EVALUATED in parts:
        notes.append(
            "Training, after epoch: the training images in inference mode; shown if accuracy "
            f"differs by more than {VISIBLE} from that during the epoch."
        )
    if _BATCH in parts:
        notes.append(
            "Validation, batch statistics: trained batch normalisation uses the statistics of "
            "each batch, as in training; its distance from validation is due to the moving "
            "averages alone. A diagnosis: no network is deployed like that."
        )
    notes += [limit, *not_shown(groups)]
    return Figure(
        key=curves_key(groups[0]),
        title=f"{words} by epoch",
        caption=" ".join(filter(None, notes)),
        alt=f"Line charts of accuracy and loss (nats); after {data[0].epochs[-1]} epochs: "
        + " ".join(_summary(group, data) for group in groups if group.trained),
        data=data,
        draw=_draw,
    )


def _summary(group: Group, data: Sequence[Curve]) -> str:
    mean = {(one.part, one.measure): one.mean for one in data if one.init == group.init}
    accuracies = mean[_VALIDATION, "accuracy"]
    return (
        f"{name(group)}: accuracy {mean[_TRAINING, 'accuracy'][-1]:.3f} in training, "
        f"{accuracies[-1]:.3f} in validation (best {max(accuracies):.3f}); loss "
        f"{mean[_TRAINING, 'loss'][-1]:.3f} and {mean[_VALIDATION, 'loss'][-1]:.3f}."
    )


def _draw(drawing: Drawing, data: Sequence[Curve]) -> None:
    parts, inits = {curve.part for curve in data}, {curve.init for curve in data}
    keys = [(_WORDS[part], look) for part, look in _LOOKS.items() if part in parts]
    for init, style in LINE_STYLES.items():
        if init in inits:
            fill = {"markerfacecolor": FILLS[init] or INK}
            keys.append((init, {"linestyle": style, "marker": "o", "markersize": 3.6, **fill}))
    columns = 3 if len(parts) > len((_TRAINING, _VALIDATION)) else 4
    both = add_axes(drawing, 2, 2, 168, keys=keys, key_columns=columns)
    for axes, (measure, words) in zip(both, _MEASURES.items(), strict=True):
        curves = [curve for curve in data if curve.measure == measure]
        values = [value for curve in curves for value in (*curve.low, *curve.high)]
        axes.set(title=words, xlabel="epoch")
        axes.margins(x=0.02)
        axes.locator_params("x", integer=True)
        set_scale(axes, "y", values, log=max(values) > _STEEP and min(values) > 0)
        for curve in curves:
            gid = f"{measure}-{curve.part}-{curve.init}"
            look = _LOOKS[curve.part]
            draw_line(
                axes,
                zip(curve.epochs, curve.mean, strict=True),
                gid,
                linestyle=LINE_STYLES[curve.init],
                markevery=max(1, len(curve.epochs) // _MARKS),
                zorder=3 if curve.part in (_TRAINING, _VALIDATION) else 2.5,
                **{"markerfacecolor": FILLS[curve.init] or look["color"], **look},
            )
            if curve.seeds > 1:
                band = {"color": look["color"], "alpha": 0.18, "linewidth": 0, "clip_on": False}
                axes.fill_between(curve.epochs, curve.low, curve.high, gid=f"{gid}-band", **band)
