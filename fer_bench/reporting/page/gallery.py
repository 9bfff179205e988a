"""The pictures of a run with what each network says of them."""

from __future__ import annotations

import base64
import io
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_bench.reporting.render import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.results import CellResult, Example, Run


@dataclass(frozen=True)
class Opinion:
    """What one network says of a picture.

    Attributes:
        network: the cell's name in tables, with its seed where there are several.
        predicted: name of the most probable class.
        confidence: its probability, 0 to 1.
        right: whether it is the picture's class; None where that is not known.
    """

    network: str
    predicted: str
    confidence: float
    right: bool | None


@dataclass(frozen=True)
class Picture:
    """One picture.

    Attributes:
        source: the picture as a ``data:`` address of a PNG file.
        width: in pixels.
        height: in pixels.
        alt: what stands for it where it is not seen.
        name: of its class; empty where it is not known.
        why: the rule that chose it.
        opinions: of each network whose predictions are known, in the order of the run.
    """

    source: str
    width: int
    height: int
    alt: str
    name: str
    why: str
    opinions: Sequence[Opinion]


def pictures(run: Run) -> list[Picture]:
    """The run's examples, in their order."""
    classes = [clean(name) for name, _ in run.dataset.counts]
    labels = run.dataset.labels
    seeds = Counter(cell.label for cell in run.cells)
    made = []
    for example in run.examples:
        truth = int(labels[example.position]) if example.position < len(labels) else None
        name = "" if truth is None else classes[truth]
        opinions = []
        for cell in run.cells:
            said = _said(cell, example.position)
            if said is not None:
                label = clean(cell.label)
                if seeds[cell.label] > 1:
                    label += f", seed {cell.seed}"
                right = None if truth is None else said[0] == truth
                opinions.append(Opinion(label, classes[said[0]], said[1], right))
        made.append(
            Picture(
                source=_png(example),
                width=example.width,
                height=example.height,
                alt=f"Test picture {example.position}: a face, {name or 'its class is not known'}",
                name=name,
                why=clean(example.why),
                opinions=opinions,
            )
        )
    return made


def _said(cell: CellResult, position: int) -> tuple[int, float] | None:
    """Class and confidence, None where they are not known."""
    if cell.quality is None or cell.quality.predictions is None:
        return None
    known = cell.quality.predictions
    return int(known.predicted[position]), float(known.confidence[position])


def _png(example: Example) -> str:
    from PIL import Image

    file = io.BytesIO()
    Image.frombytes("L", (example.width, example.height), example.pixels).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"
