"""Example images of a run with each network's prediction."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_bench.runtime.escapes import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.analysis.run_analysis import Analysis
    from fer_bench.analysis.seed_groups import Group
    from fer_bench.results.records import Example


MISTAKE = "most confident mistake"
"""Part of the reason from ``fer_bench.analysis.example_images.choose`` for such an image."""


@dataclass(frozen=True)
class Prediction:
    """Prediction of one backbone and init for an image, by one of its seeds.

    Attributes:
        network: the cell's name in tables.
        predicted: name of the most probable class.
        confidence: probability of that class, 0 to 1.
        right: True if it is the image's class; None if the image's class is unknown.
        among: number of seeds that are right, in words; empty if all or none are, or if unknown.
    """

    network: str
    predicted: str
    confidence: float
    right: bool | None
    among: str


@dataclass(frozen=True)
class ExampleImage:
    """One example image.

    Attributes:
        source: the image as a ``data:`` URL of a PNG file.
        width: in pixels.
        height: in pixels.
        alt: alternative text.
        name: name of its class; empty if unknown.
        why: reason for its selection, without the name of its class.
        predictions: predictions of each backbone and init that has any, in the order of the run.
    """

    source: str
    width: int
    height: int
    alt: str
    name: str
    why: str
    predictions: Sequence[Prediction]


def example_images(analysis: Analysis) -> list[ExampleImage]:
    """Return the run's example images, in their order."""
    raw = [name for name, _ in analysis.dataset.counts]
    classes = [clean(name) for name in raw]
    labels = analysis.dataset.labels
    made = []
    for example in analysis.run.examples:
        truth = int(labels[example.position]) if example.position < len(labels) else None
        name = "" if truth is None else classes[truth]
        why = example.why if truth is None else example.why.removeprefix(f"{raw[truth]}: ")
        why = clean(why)
        predictions = [_prediction(group, example, truth, classes) for group in analysis.groups]
        made.append(
            ExampleImage(
                source=_png(example),
                width=example.width,
                height=example.height,
                alt=f"Test image {example.position}: {name or 'class unknown'}",
                name=name,
                why=why[:1].upper() + why[1:],
                predictions=[one for one in predictions if one is not None],
            )
        )
    return made


def _prediction(
    group: Group, example: Example, truth: int | None, classes: Sequence[str]
) -> Prediction | None:
    """Return a network's prediction for the image; None if no seed's predictions are known.

    It is the first seed's, or for a mistake that of the most confident incorrect seed.
    """
    predictions = [
        (int(known.predicted[example.position]), float(known.confidence[example.position]))
        for known in group.predictions
    ]
    if not predictions:
        return None
    code, confidence = predictions[0]
    incorrect = [one for one in predictions if truth is not None and one[0] != truth]
    if incorrect and MISTAKE in example.why:
        code, confidence = max(incorrect, key=lambda one: one[1])
    among = ""
    if truth is not None and 0 < len(incorrect) < len(predictions):
        among = f"{len(predictions) - len(incorrect)} of {len(predictions)} seeds correct"
    return Prediction(
        network=clean(group.label),
        predicted=classes[code],
        confidence=confidence,
        right=None if truth is None else code == truth,
        among=among,
    )


def _png(example: Example) -> str:
    from PIL import Image

    file = io.BytesIO()
    Image.frombytes("L", (example.width, example.height), example.pixels).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"
