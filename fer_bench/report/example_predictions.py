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
        seed: the predicting seed.
        predicted: name of the most probable class.
        confidence: probability of that class, 0 to 1.
        right: True if it is the image's class; None if the image's class is unknown.
        seeds: number of seeds whose predictions are known.
        right_seeds: number of them that are right; 0 if the image's class is unknown.
    """

    network: str
    seed: int
    predicted: str
    confidence: float
    right: bool | None
    seeds: int
    right_seeds: int

    @property
    def among(self) -> str:
        """Number of seeds that are right, in words; empty if all or none are."""
        if 0 < self.right_seeds < self.seeds:
            return f"{self.right_seeds} of {self.seeds} seeds correct"
        return ""


@dataclass(frozen=True)
class ExampleImage:
    """One example image.

    Attributes:
        image: its size, pixels and position.
        label: code of its class; None if unknown.
        name: name of its class; empty if unknown.
        why: reason for its selection, without the name of its class.
        predictions: predictions of each backbone and init that has any, in the order of the run.
    """

    image: Example
    label: int | None
    name: str
    why: str
    predictions: Sequence[Prediction]

    @property
    def is_mistake(self) -> bool:
        """True if it was chosen for a wrong prediction."""
        return MISTAKE in self.why

    @property
    def alt(self) -> str:
        """Alternative text."""
        return f"Test image {self.image.position}: {self.name or 'class unknown'}"

    @property
    def source(self) -> str:
        """The image as a ``data:`` URL of a PNG file."""
        from PIL import Image

        file = io.BytesIO()
        size = self.image.width, self.image.height
        Image.frombytes("L", size, self.image.pixels).save(file, "PNG")
        return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"


def example_images(analysis: Analysis) -> list[ExampleImage]:
    """Return the run's example images, in their order."""
    raw = [name for name, _ in analysis.dataset.counts]
    classes = [clean(name) for name in raw]
    labels = analysis.dataset.labels
    made = []
    for example in analysis.run.examples:
        label, name, why = None, "", example.why
        if example.position < len(labels):
            label = int(labels[example.position])
            name, why = classes[label], why.removeprefix(f"{raw[label]}: ")
        why = clean(why)
        predictions = [
            _prediction(group, example, label, classes)
            for group in analysis.groups
            if group.predictions
        ]
        made.append(ExampleImage(example, label, name, why[:1].upper() + why[1:], predictions))
    return made


def _prediction(
    group: Group, example: Example, label: int | None, classes: Sequence[str]
) -> Prediction:
    """Return the first seed's prediction, or for a mistake the most confident incorrect one."""
    known = [
        (int(made.predicted[example.position]), float(made.confidence[example.position]), cell.seed)
        for cell in group.trained
        if cell.quality is not None and (made := cell.quality.predictions) is not None
    ]
    incorrect = [one for one in known if label is not None and one[0] != label]
    code, confidence, seed = known[0]
    if incorrect and MISTAKE in example.why:
        code, confidence, seed = max(incorrect, key=lambda one: one[1])
    return Prediction(
        network=clean(group.label),
        seed=seed,
        predicted=classes[code],
        confidence=confidence,
        right=None if label is None else code == label,
        seeds=len(known),
        right_seeds=0 if label is None else len(known) - len(incorrect),
    )
