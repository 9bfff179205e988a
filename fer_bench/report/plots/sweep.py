"""Accuracy of the trials of a sweep over each swept setting."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fer_bench.analysis.number_text import percent, signed_points
from fer_bench.analysis.sweeps import optimism
from fer_bench.protocol.sweep import AXES
from fer_bench.report.plots.axes import add_axes, draw_line, log_places, set_scale, set_ticks
from fer_bench.report.plots.figure import Figure
from fer_bench.report.plots.labels import MOST, briefly, file_stem, left_out, name, short
from fer_bench.report.plots.palette import INK, SERIES, SOFT
from fer_bench.results.trials import best

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.analysis.seed_groups import Group
    from fer_bench.results.records import CellResult, DatasetSummary
    from fer_bench.results.trials import Trial

_MOST_TICKS = 8
_LONGEST = 8
"""Maximum length of the text of a tick."""
_VALIDATION: dict[str, Any] = {
    "color": SERIES[0], "linewidth": 2.4, "marker": "o", "markersize": 4.6
}  # fmt: skip
_TEST: dict[str, Any] = {
    "color": SERIES[3], "linewidth": 1.1, "linestyle": (0, (4, 2)), "marker": "s", "markersize": 2.8
}  # fmt: skip
_OTHERS: dict[str, Any] = {"color": SOFT, "linestyle": "none", "marker": ".", "markersize": 3.4}
_CHOSEN: dict[str, Any] = {
    "color": INK, "linestyle": "none", "marker": "o", "markersize": 9.5, "markerfacecolor": "none"
}  # fmt: skip


@dataclass(frozen=True)
class Point:
    """Trial in a panel.

    Attributes:
        place: position of its value on the axis.
        validation: validation accuracy.
        test: test accuracy; None without a test part.
        is_best: True for the best trial of this value on the validation images.
        is_chosen: True for the chosen trial.
    """

    place: float
    validation: float
    test: float | None
    is_best: bool
    is_chosen: bool


@dataclass(frozen=True)
class Panel:
    """One swept setting.

    Attributes:
        name: its name.
        ticks: position and text of each value, in ascending order.
        is_log: True if positions are decimal logarithms.
        points: trials with metrics, in ascending order of their positions.
    """

    name: str
    ticks: tuple[tuple[float, str], ...]
    is_log: bool
    points: tuple[Point, ...]


def sweep_figures(analysis: Analysis) -> list[Figure]:
    """Return a figure for each swept network, of its first seed, up to a maximum number."""
    swept = [
        (group, cell, found)
        for group in analysis.groups
        if (cell := next((one for one in group.cells if one.trials), None))
        and (found := panels(cell.trials))
    ]
    more = left_out(len(swept), what="place in the run")
    return [
        _figure(group, cell, found, analysis.dataset, more) for group, cell, found in swept[:MOST]
    ]


def panels(trials: Sequence[Trial]) -> tuple[Panel, ...]:
    """Return a panel for each setting of which several values were tried."""
    names = dict.fromkeys(one.name for trial in trials for one in trial.settings)
    found = (_panel(one, trials) for one in names)
    return tuple(one for one in found if len(one.ticks) > 1 and one.points)


def _panel(setting: str, trials: Sequence[Trial]) -> Panel:
    values = [
        next((one.value for one in trial.settings if one.name == setting), "") for trial in trials
    ]
    places, is_log = _places(setting, list(dict.fromkeys(values)))
    points = []
    for value, place in places.items():
        rows = [row for row, own in zip(trials, values, strict=True) if own == value]
        chief = best(rows)
        points += [
            Point(place, row.validation_accuracy, row.test_accuracy, index == chief, row.chosen)
            for index, row in enumerate(rows)
            if row.validation_accuracy is not None
        ]
    ticks = tuple((place, short(value, _LONGEST)) for value, place in places.items())
    return Panel(setting.replace("-", " "), ticks, is_log, tuple(points))


def _places(setting: str, values: Sequence[str]) -> tuple[dict[str, float], bool]:
    """Return the position of each value in ascending order, and if they are logarithms.

    On a logarithmic axis, 0 is one decade below the smallest other value.
    """
    numbers = {value: number for value in values if (number := _number(value)) is not None}
    ordered = [
        *sorted(numbers, key=lambda value: numbers[value]),
        *(value for value in values if value not in numbers),
    ]
    rates = [number for number in numbers.values() if number > 0]
    axis = AXES.get(setting)
    if rates and len(numbers) == len(values) and (axis is None or axis.is_rate):
        lowest = math.log10(min(rates)) - 1
        return {
            value: math.log10(numbers[value]) if numbers[value] else lowest for value in ordered
        }, True
    return {value: float(index) for index, value in enumerate(ordered)}, False


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if 0 <= number < math.inf else None


def _figure(
    group: Group,
    cell: CellResult,
    data: tuple[Panel, ...],
    dataset: DatasetSummary,
    more: Sequence[str],
) -> Figure:
    chosen = cell.chosen
    facts = []
    if chosen is not None and chosen.validation_accuracy is not None:
        facts.append(f"chosen {chosen}, validation accuracy {percent(chosen.validation_accuracy)}")
        found = optimism(chosen, dataset)
        if found is not None and chosen.test_accuracy is not None:
            difference = signed_points(found.value)
            facts.append(
                f"test accuracy {percent(chosen.test_accuracy)}, optimism {difference} points"
            )
    seed = f", seed {cell.seed}" if len(group.cells) > 1 else ""
    return Figure(
        key=f"sweep-{file_stem(cell.group_id)}",
        title=f"{name(group)}{seed}: accuracy over the swept settings",
        caption=" ".join(
            [
                "Lines: for each value, the best trial on the validation images. Dots: validation "
                "accuracy of the others. Ringed: the chosen trial. Settings with a wide range have "
                "a logarithmic axis, with 0 a decade below the smallest other value; the others "
                "are evenly spaced. The test accuracy is a diagnosis: it chooses nothing.",
                *more,
            ]
        ),
        alt=briefly(f"Accuracy of {len(cell.trials)} trials: ", facts or ["none is chosen"]),
        data=data,
        draw=_draw,
    )


def _draw(drawing: Drawing, data: Sequence[Panel]) -> None:
    points = [one for panel in data for one in panel.points]
    keys = [("validation", _VALIDATION)]
    if any(one.test is not None for one in points):
        keys.append(("test", _TEST))
    if not all(one.is_best for one in points):
        keys.append(("other trials", _OTHERS))
    keys.append(("chosen", _CHOSEN))
    every = add_axes(drawing, len(data), 2, 168, keys=keys)
    shares = [share for one in points for share in (one.validation, one.test) if share is not None]
    for axes, panel in zip(every, data, strict=True):
        axes.set(title="accuracy" if axes is every[0] else "", xlabel=panel.name)
        _set_places(axes, panel)
        set_scale(axes, "y", shares)
        axes.yaxis.set_major_formatter(_percent)
        _draw_points(axes, panel)


def _percent(share: float, _place: float) -> str:
    return f"{round(100 * share, 2):g} %"


def _set_places(axes: Axes, panel: Panel) -> None:
    places = [place for place, _ in panel.ticks]
    set_scale(axes, "x", places, share=0.06)
    if len(places) <= _MOST_TICKS:
        set_ticks(axes.xaxis, places, [text for _, text in panel.ticks])
    elif panel.is_log:
        inside = log_places(10 ** places[0], 10 ** places[-1], _MOST_TICKS)
        set_ticks(axes.xaxis, [math.log10(one) for one in inside], [f"{one:g}" for one in inside])
    else:
        step = math.ceil(len(places) / _MOST_TICKS)
        set_ticks(axes.xaxis, places[::step], [text for _, text in panel.ticks[::step]])


def _draw_points(axes: Axes, panel: Panel) -> None:
    """Draw the trials, joined by a line unless these are too many values to be of a grid."""
    chief = [one for one in panel.points if one.is_best]
    others = [one for one in panel.points if not one.is_best]
    tested = [(one.place, one.test) for one in chief if one.test is not None]
    loose = {"linestyle": "none"} if len(panel.ticks) > _MOST_TICKS else {}
    slug = panel.name.replace(" ", "-") if panel.name.replace(" ", "-") in AXES else "head"
    drawn: list[tuple[str, list[tuple[float, float]], dict[str, Any]]] = [
        ("others", [(one.place, one.validation) for one in others], _OTHERS),
        ("validation", [(one.place, one.validation) for one in chief], {**_VALIDATION, **loose}),
        # Thin dashes on the thick line, so that both are seen if they coincide.
        ("test", tested, {**_TEST, **loose}),
        ("chosen", [(one.place, one.validation) for one in chief if one.is_chosen], _CHOSEN),
    ]
    for part, points, look in drawn:
        if points:
            draw_line(axes, points, f"{slug}-{part}", **look)
