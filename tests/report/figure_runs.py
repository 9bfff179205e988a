"""Handmade runs with curves, seeds, predictions and images, and a parser of their SVG."""

from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import numpy as np
import pytest

from fer_bench.analysis.run_analysis import analyse
from fer_bench.metrics import confusion
from fer_bench.results.quality import History, Predictions, Quality
from fer_bench.results.records import CellResult, DatasetSummary, Example, Parameters, Run
from fer_bench.results.speeds import InferenceSpeed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from fer_bench.report.plots import Figure

CLASSES = ("Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral")
SVG = "{http://www.w3.org/2000/svg}"
BACKBONES = (("mini", "Mini"), ("mobilenet", "MobileNet"), ("openface", "OpenFace"))
SKIPPED = ("openface", "pretrained")
WITH_ARTEFACT = ("mobilenet", "pretrained")
IMAGES = 70


class Drawn:
    """Parsed SVG."""

    def __init__(self, text: str) -> None:
        self.root = ET.fromstring(text)

    @property
    def ids(self) -> list[str]:
        return [found for part in self.root.iter() if (found := part.get("id"))]

    @property
    def texts(self) -> list[str]:
        return ["".join(part.itertext()) for part in self.root.iter(f"{SVG}text")]

    def groups(self, start: str) -> list[str]:
        """Return the ids of groups that begin with ``start``."""
        found = (part.get("id", "") for part in self.root.iter(f"{SVG}g"))
        return [one for one in found if one.startswith(start)]

    def group(self, name: str) -> ET.Element:
        (found,) = (part for part in self.root.iter(f"{SVG}g") if part.get("id") == name)
        return found

    def marks(self, name: str) -> list[tuple[float, float]]:
        """Return the positions of the markers of a group."""
        uses = self.group(name).iter(f"{SVG}use")
        return [(float(one.get("x", "")), float(one.get("y", ""))) for one in uses]

    def style(self, name: str) -> str:
        """Return the style of the line in a group."""
        line = self.group(name).find(f"{SVG}path")
        assert line is not None
        return line.get("style", "")


def series(start: float, end: float, length: int) -> tuple[float, ...]:
    return tuple(float(one) for one in np.linspace(start, end, length))


def history(final: float, artefact: bool, epochs: int = 4) -> History:
    """Return a history: training rises from 0.2 to ``final``, validation to 0.1 less.

    Each loss is 2 minus the accuracy. With the artefact, inference mode loses 30 per cent of the
    accuracy that training reports.
    """
    running, validation = series(0.2, final, epochs), series(0.15, final - 0.1, epochs + 1)
    train = (0.14, *(one * (0.7 if artefact else 1.01) for one in running))
    batch = series(0.15, final, epochs + 1) if artefact else ()
    ours = (running, train, validation, batch)
    a, b, c, d = ours
    e, f, g, h = (tuple(2 - one for one in accuracies) for accuracies in ours)
    return History(a, e, b, f, c, g, d, h)


def trained(
    backbone: str,
    title: str,
    init: str,
    seed: int,
    labels: NDArray[np.uint8],
    classes: Sequence[str],
) -> CellResult:
    pretrained = init == "pretrained"
    chance = np.random.default_rng([seed, len(title), pretrained])
    logits = chance.normal(size=(len(labels), len(classes)))
    logits[np.arange(len(labels)), labels] += 2.0 if pretrained else 0.5
    said = Predictions.of(logits)
    counts = confusion(labels, said.predicted, len(classes))
    final = (0.8 if pretrained else 0.4) + seed / 1000
    return CellResult(
        backbone=backbone,
        title=title,
        init=init,
        dataset="fer2013",
        seed=seed,
        status="ok",
        parameters=Parameters(3_000_000 + 1000 * len(title), 9_000, 7_000),
        quality=Quality(
            history=history(final, (backbone, init) == WITH_ARTEFACT),
            test_accuracy=float(np.mean(said.predicted == labels)),
            test_loss=1.5,
            recall=(0.5,) * len(classes),
            confusion=tuple(tuple(int(one) for one in row) for row in counts),
            predictions=said,
        ),
        inference=(InferenceSpeed(32, (0.064,), 0.064, None, 500.0),),
        parts=(("frozen features", 20.0), ("training", 40.0)),
    )


def build(
    backbones: Sequence[tuple[str, str]] = BACKBONES,
    seeds: Sequence[int] = (42,),
    classes: Sequence[str] = CLASSES,
) -> Run:
    """Return a run of the backbones with both inits; OpenFace's pretrained cells are skipped."""
    labels = (np.arange(IMAGES) % len(classes)).astype(np.uint8)
    cells = [
        CellResult(backbone, title, init, "fer2013", seed, "skipped", "no weights: file is away")
        if (backbone, init) == SKIPPED
        else trained(backbone, title, init, seed, labels, classes)
        for backbone, title in backbones
        for init in ("pretrained", "random")
        for seed in seeds
    ]
    pixels = (np.arange(16 * 12) % 256).astype(np.uint8).tobytes()
    examples = [
        Example(code, f"{name}: most cells recognise it", 16, 12, pixels)
        for code, name in enumerate(classes)
    ]
    examples.append(Example(len(classes), "a most confident mistake (0.999)", 16, 12, pixels))
    counts = tuple((name, 100 + 10 * index) for index, name in enumerate(classes))
    return Run(
        protocol=(),
        dataset=DatasetSummary(
            "fer2013", "ab" * 32, counts, "paper", 700, 100, IMAGES, "cd", labels.tobytes()
        ),
        environment=(),
        cells=tuple(cells),
        examples=tuple(examples),
    )


@pytest.fixture(scope="session")
def make() -> Callable[..., Run]:
    return build


@pytest.fixture(scope="session")
def one_seed() -> Run:
    return build()


@pytest.fixture(scope="session")
def three_seeds() -> Run:
    return build(seeds=(1, 2, 3))


@pytest.fixture(scope="session")
def drawn_of_one(one_seed: Run) -> tuple[Figure, ...]:
    """Return the figures of ``one_seed``, each drawn once for all tests."""
    from fer_bench.report.plots import figures

    return tuple(figures(analyse(one_seed)))


@pytest.fixture(scope="session")
def drawn_of_three(three_seeds: Run) -> tuple[Figure, ...]:
    """Return the figures of ``three_seeds``, each drawn once for all tests."""
    from fer_bench.report.plots import figures

    return tuple(figures(analyse(three_seeds)))


@pytest.fixture(scope="session")
def untrained() -> Run:
    """Return a run in which all cells were skipped."""
    made = build()
    cells = tuple(
        CellResult(one.backbone, one.title, one.init, one.dataset, one.seed, "skipped", "no room")
        for one in made.cells
    )
    return dataclasses.replace(made, cells=cells, examples=())


@pytest.fixture(scope="session")
def read() -> Callable[[str], Drawn]:
    return Drawn
