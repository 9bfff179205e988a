"""Test images with each network's predictions: the paper's Figures 11 to 17."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.report.example_predictions import example_images
from fer_bench.report.plots import labels
from fer_bench.report.plots.figure import WIDTH, Figure
from fer_bench.report.plots.palette import SOFT
from fer_bench.runtime.escapes import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure as Drawing

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.report.example_predictions import ExampleImage, Prediction

_FIRST, _LAST = 11, 17
_RIGHT, _WRONG = "\N{CHECK MARK}", "\N{BALLOT X}"
_SIDE, _ROW, _HEAD, _GAP = 72.0, 11.5, 26.0, 12.0
_NETWORK, _WORD, _CONFIDENCE, _SEEDS = 77.0, 176.0, 234.0, 254.0
"""Left edges of two columns of text and right edges of two columns of numbers, in points from the
left side of the image."""


def example_figures(analysis: Analysis) -> list[Figure]:
    """Return a figure for each class with example images, and one for the networks' mistakes."""
    known = [group for group in analysis.groups if group.predictions]
    images = [one for one in example_images(analysis) if known and one.label is not None]
    mistakes = [image for image in images if image.is_mistake]
    by_class: dict[int, list[ExampleImage]] = {}
    for image in images:
        if image.label is not None and not image.is_mistake:
            by_class.setdefault(image.label, []).append(image)
    numbered = len(analysis.dataset.counts) == _LAST - _FIRST + 1
    made = []
    for code, images in sorted(by_class.items()):
        stem = f"figure-{_FIRST + code}" if numbered else f"examples-{code + 1}"
        number = f"Figure {_FIRST + code}. " if numbered else ""
        title = f"{number}Predictions for images of {clean(analysis.dataset.counts[code][0])}"
        made.append(_figure(analysis, stem, title, images))
    if mistakes:
        made.append(_figure(analysis, "mistakes", "Most confident mistakes", mistakes))
    return made


def _figure(analysis: Analysis, key: str, title: str, images: Sequence[ExampleImage]) -> Figure:
    known = [group for group in analysis.groups if group.predictions]
    shown = [group in labels.most_accurate(known) for group in known]
    rule, seeds = "; ".join(image.why for image in images), "the first seed"
    if images[0].is_mistake:
        rule = "the most confident mistakes of all networks, in bold"
        seeds = "the most confident incorrect seed, or else the first"
    notes = [
        f"Each network's most probable class and its confidence; {_RIGHT}: correct, {_WRONG}: "
        f"incorrect. Images are chosen by a rule, not by hand: {rule}."
    ]
    if any(len(group.trained) > 1 for group in known):
        notes.append(
            f"Networks with several seeds: prediction of {seeds}. Grey: number of correct seeds."
        )
    notes += labels.left_out(len(known))
    notes += labels.not_shown(analysis.groups, labels.has_predictions, "no predictions")
    return Figure(
        key=key,
        title=title,
        caption=" ".join(notes),
        alt=labels.briefly("Correct cells per image: ", list(map(_summary, images)), "the figure"),
        data=[_restrict(image, shown) for image in images],
        draw=_draw,
    )


def _mistake(image: ExampleImage) -> Prediction | None:
    """Return the most confident wrong prediction of an image that was chosen for it."""
    wrong = [one for one in image.predictions if image.is_mistake and not one.right]
    return max(wrong, key=lambda one: one.confidence, default=None)


def _restrict(image: ExampleImage, shown: Sequence[bool]) -> ExampleImage:
    """Return the image with the predictions of some networks, the mistake first."""
    mistake = _mistake(image)
    predictions = [
        one
        for one, show in zip(image.predictions, shown, strict=True)
        if show and one is not mistake
    ]
    if mistake is not None:
        predictions = [mistake, *predictions][: sum(shown)]
    return dataclasses.replace(image, predictions=predictions)


def _summary(image: ExampleImage) -> str:
    right = sum(one.right_seeds for one in image.predictions)
    seeds = sum(one.seeds for one in image.predictions)
    text = f"{labels.short(image.name, 16)} {right} of {seeds}"
    mistake = _mistake(image)
    if mistake is not None:
        text += (
            f" (most confident mistake: {labels.short_label(mistake.network)}, "
            f"seed {mistake.seed}, {labels.short(mistake.predicted, 16)} {mistake.confidence:.2f})"
        )
    return text


def _draw(drawing: Drawing, data: Sequence[ExampleImage]) -> None:
    tall = _HEAD + max(_SIDE, _ROW * max(len(image.predictions) for image in data)) + _GAP
    height = tall * -(-len(data) // 2)
    drawing.set_size_inches(WIDTH / 72, height / 72)
    for index, image in enumerate(data):
        left, top = index % 2 * (WIDTH / 2 + 2) + 2, height - index // 2 * tall
        _draw_image(drawing, image, left, top)


def _draw_image(drawing: Drawing, image: ExampleImage, left: float, top: float) -> None:
    """Draw one image, its upper left corner in points from the lower left of the drawing.

    Axes for each image would take as long as everything else together.
    """
    from matplotlib.image import BboxImage
    from matplotlib.transforms import Affine2D, Bbox, TransformedBbox

    points = Affine2D().scale(1 / 72) + drawing.dpi_scale_trans

    def write(x: float, y: float, text: str, **look: Any) -> None:
        drawing.text(left + x, y, text, transform=points, **{"fontsize": 7, "va": "top", **look})

    mistake = _mistake(image)
    why = (
        f"mistake of {labels.short_label(mistake.network)}, seed {mistake.seed}"
        if mistake
        else image.why
    )
    write(0, top - 2, f"label: {labels.short(image.name, 34)}", weight="bold", fontsize=8.5)
    write(0, top - 14, labels.short(why, 52), color=SOFT)
    top -= _HEAD
    height, width = image.image.height, image.image.width
    scale = _SIDE / max(height, width)
    box = Bbox.from_bounds(left, top - scale * height, scale * width, scale * height)
    grey = np.frombuffer(image.image.pixels, np.uint8).reshape(height, width)
    shown = BboxImage(TransformedBbox(box, points), interpolation="none")
    shown.set_data(np.stack([grey] * 3, axis=-1))
    drawing.add_artist(shown)
    for place, one in enumerate(image.predictions):
        y = top - _ROW * place
        weight = "bold" if one is mistake else "normal"
        word = f"{_RIGHT if one.right else _WRONG} {labels.short(one.predicted, 8)}"
        write(_NETWORK, y, labels.short_label(one.network, 22))
        write(_WORD, y, word, weight=weight)
        write(_CONFIDENCE, y, f"{one.confidence:.2f}", weight=weight, ha="right")
        if one.seeds > 1:
            write(_SEEDS, y, f"{one.right_seeds}/{one.seeds}", color=SOFT, ha="right")
