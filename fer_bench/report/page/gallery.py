"""The pictures of a run with what each network says of them."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_bench.analysis.seed_groups import groups
from fer_bench.runtime.escapes import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_bench.analysis.seed_groups import Group
    from fer_bench.results.records import Example, Run


MISTAKE = "a most confident mistake"
"""How ``fer_bench.analysis.example_images.choose`` begins its reason for such a picture."""


@dataclass(frozen=True)
class Opinion:
    """What one backbone and init says of a picture, in the words of one of its seeds.

    Attributes:
        network: the cell's name in tables.
        predicted: name of the most probable class.
        confidence: its probability, 0 to 1.
        right: whether it is the picture's class; None where that is not known.
        among: how many seeds are right, in words; empty where all or none are, or it is not known.
    """

    network: str
    predicted: str
    confidence: float
    right: bool | None
    among: str


@dataclass(frozen=True)
class Picture:
    """One picture.

    Attributes:
        source: the picture as a ``data:`` address of a PNG file.
        width: in pixels.
        height: in pixels.
        alt: what stands for it where it is not seen.
        name: of its class; empty where it is not known.
        why: the rule that chose it, without the name of its class.
        opinions: of each backbone and init whose predictions are known, in the order of the run.
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
    raw = [name for name, _ in run.dataset.counts]
    classes = [clean(name) for name in raw]
    labels = run.dataset.labels
    found = groups(run)
    made = []
    for example in run.examples:
        truth = int(labels[example.position]) if example.position < len(labels) else None
        name = "" if truth is None else classes[truth]
        why = example.why if truth is None else example.why.removeprefix(f"{raw[truth]}: ")
        why = clean(why)
        opinions = [_opinion(group, example, truth, classes) for group in found]
        made.append(
            Picture(
                source=_png(example),
                width=example.width,
                height=example.height,
                alt=f"Test picture {example.position}: a face, {name or 'its class is not known'}",
                name=name,
                why=why[:1].upper() + why[1:],
                opinions=[one for one in opinions if one is not None],
            )
        )
    return made


def _opinion(
    group: Group, example: Example, truth: int | None, classes: Sequence[str]
) -> Opinion | None:
    """None where the predictions of no seed are known."""
    told = [
        (int(known.predicted[example.position]), float(known.confidence[example.position]))
        for known in (one.predictions for one in group.qualities)
        if known is not None
    ]
    if not told:
        return None
    code, confidence = told[0]
    wrong = [one for one in told if truth is not None and one[0] != truth]
    if wrong and example.why.startswith(MISTAKE):
        code, confidence = max(wrong, key=lambda one: one[1])
    among = ""
    if truth is not None and 0 < len(wrong) < len(told):
        among = f"right in {len(told) - len(wrong)} of {len(told)} seeds"
    return Opinion(
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
