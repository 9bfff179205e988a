"""Handmade runs of the paper's cells, each from a few metrics."""

from __future__ import annotations

import dataclasses
import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.analysis.claims.values import TITLES
from fer_bench.metrics import confusion, recall
from fer_bench.protocol import published
from fer_bench.protocol.data_spec import DataSpec
from fer_bench.protocol.settings import Protocol
from fer_bench.results import KEY, measure_record, run_record
from fer_bench.results.quality import History, Predictions, Quality
from fer_bench.results.records import NO_VOTE, CellResult, DatasetSummary, Parameters, Run
from fer_bench.results.speeds import InferenceSpeed, NetworkTrainingSpeed, TrainingSpeed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fer_bench.protocol.declared_settings import Setting

NAMES = tuple(published.COUNTS)
# A tenth of the paper's images, class by class.
LABELS = np.repeat(np.arange(7), [count // 10 for count in published.COUNTS.values()])
DATA = ("split", "row_order", "dedupe", "labels")
SIZES = {**published.PARAMETERS, "vggface": 134_260_544}

INPUTS = {"openface": (96,), "resnet50": (48, 96), "mobilenet": (48, 96), "vggface": (224,)}


def line(start: float, end: float, epochs: int) -> tuple[float, ...]:
    """Return evenly spaced values from start to end, both included, in ``epochs`` steps."""
    return tuple(float(value) for value in np.linspace(start, end, epochs + 1))


def made_history(
    running: Sequence[float] = (), validation: Sequence[float] = (), epochs: int = 20
) -> History:
    """Return a history with accuracies of epochs 0 to E; training is the same after each epoch."""
    running = tuple(map(float, running)) or line(0.15, 0.6, epochs)
    validation = tuple(map(float, validation)) or line(0.15, 0.4, epochs)
    zeros = (0.0,) * len(running)
    return History(running[1:], zeros[1:], running, zeros, validation, zeros)


def made_predictions(shares: float | Mapping[str, float], spread: int = 0) -> np.ndarray:
    """Predict the label for that share of the images (of each class), else the next class.

    The images recognised with a smaller share are a subset of those with a larger one; another
    ``spread`` selects other images.
    """
    recognised = np.zeros(len(LABELS), bool)
    for label, name in enumerate(NAMES):
        places = np.flatnonzero(label == LABELS)
        share = shares if isinstance(shares, float) else shares[name]
        order = np.random.default_rng((spread, label)).permutation(places)
        recognised[order[: round(share * len(places))]] = True
    return np.where(recognised, LABELS, (LABELS + 1) % 7).astype(np.uint8)


def made_cell(
    backbone: str,
    init: str,
    test: float | Mapping[str, float] = 0.4,
    *,
    seed: int = 42,
    history: History | None = None,
    predicted: np.ndarray | None = None,
    speed: float | Sequence[float] | None = None,
    spread: int = 0,
    **other: Any,
) -> CellResult:
    """Return a trained cell that recognises that share of the test images (of each class).

    ``speed`` is in images per second, for three equal rounds or for each round.
    """
    if predicted is None:
        predicted = made_predictions(test, spread)
    counts = confusion(LABELS, predicted, 7)
    quality = Quality(
        history=history or made_history(),
        test_accuracy=float((predicted == LABELS).mean()),
        test_loss=1.0,
        recall=recall(counts),
        confusion=tuple(tuple(int(count) for count in row) for row in counts),
        predictions=Predictions(predicted.tobytes(), np.full(len(LABELS), 32768, "<u2").tobytes()),
    )
    timed = {}
    if speed is not None:
        rounds = [speed] * 3 if isinstance(speed, float) else speed
        timed = {
            "training": TrainingSpeed.of(1000, [1000 / each for each in rounds]),
            "inference": (InferenceSpeed.of(32, [32 / each for each in rounds]),),
            "network_training": tuple(
                NetworkTrainingSpeed.of(size, 64, [64 / each for each in rounds])
                for size in INPUTS.get(backbone, (48,))
            ),
        }
    found = CellResult(
        backbone=backbone,
        title=TITLES.get(backbone, backbone),
        init=init,
        dataset="fer2013",
        seed=seed,
        status="ok",
        parameters=Parameters(SIZES.get(backbone, 10), 1, 1),
        quality=quality,
        **timed,
    )
    return dataclasses.replace(found, **other)


def made_missing(
    backbone: str, init: str, status: str = "skipped", seed: int = 42, reason: str = "no weights"
) -> CellResult:
    """Return a cell without metrics."""
    return CellResult(
        backbone, TITLES.get(backbone, backbone), init, "fer2013", seed, status, reason
    )


def made_settings(**changes: Any) -> tuple[Setting, ...]:
    """Return the rows of the protocol, of data and training, with these settings changed."""
    of_data = {name: changes.pop(name) for name in DATA if name in changes}
    return (*DataSpec(**of_data).settings(), *Protocol(**changes).settings())


def made_run(*cells: CellResult, **settings: Any) -> Run:
    """Return a run on the paper's data, under its protocol changed by these settings."""
    return Run(
        protocol=made_settings(**settings),
        dataset=DatasetSummary(
            "fer2013",
            published.DIGEST,
            tuple(published.COUNTS.items()),
            "paper",
            25121,
            3589,
            len(LABELS),
            "cd" * 32,
            LABELS.astype(np.uint8).tobytes(),
        ),
        environment=(),
        cells=cells,
    )


def distorted(cell: CellResult) -> CellResult:
    """Return the cell with a validation accuracy that differs by 0.1 with batch statistics."""
    if cell.quality is None:
        return cell
    history = cell.quality.history
    moved = dataclasses.replace(
        history, batch_validation_accuracy=tuple(v + 0.1 for v in history.validation_accuracy)
    )
    return dataclasses.replace(cell, quality=dataclasses.replace(cell.quality, history=moved))


def audited(run: Run) -> Run:
    """Return the run with audit findings and votes on its test images.

    Of every eleven images, the first has an identical duplicate in training, the second a mirrored
    and the third a near-duplicate, the others none. The votes agree with the label except for every
    fifth image, for which they name the next class, and every seventh, for which they are tied.
    """
    places = np.arange(run.dataset.test)
    twins = np.array([3, 2, 1, *[0] * 8], np.uint8)[places % 11]
    labels = run.dataset.labels
    votes = np.where(places % 5 == 0, (labels + 1) % len(run.dataset.counts), labels)
    votes = np.where(places % 7 == 0, NO_VOTE, votes).astype(np.uint8)
    return dataclasses.replace(
        run,
        dataset=dataclasses.replace(
            run.dataset,
            test_twins=twins.tobytes(),
            test_votes=votes.tobytes(),
            left_out=(("copies of other images", 1853), ("empty images", 12)),
        ),
    )


def document(run: Run) -> dict[str, Any]:
    """Return a minimal pytest-benchmark document."""
    records: list[Any] = []
    for cell in run.cells:
        if cell.quality is not None:
            records.append(measure_record(cell.id, cell.quality))
        if cell.training is not None:
            records.append(measure_record(cell.id, cell.training))
        records.extend(measure_record(cell.id, speed) for speed in cell.inference)
    return {
        KEY: run_record(run),
        "benchmarks": [{"name": "b", "extra_info": {KEY: record}} for record in records],
    }


def as_schema_1(run: Run) -> dict[str, Any]:
    """Return the document of a run in schema 1."""
    made = document(run)
    made[KEY]["schema"] = 1
    del made[KEY]["examples"], made[KEY]["metrics"]
    for key in ("split_digest", "test_labels", "test_twins", "test_votes", "left_out", "class_map"):
        del made[KEY]["dataset"][key]
    for cell in made[KEY]["cells"]:
        del cell["computed_on"]
        cell.pop("network_training", None)
        cell["id"] = f"{cell['backbone']}-{cell['init']}"
    for benchmark in made["benchmarks"]:
        record = benchmark["extra_info"][KEY]
        record["schema"] = 1
        record["cell"] = record["cell"].rpartition("-")[0]
        if record["kind"] != "quality":
            del record["reference"]
        else:
            del record["predictions"]
            del record["history"]["batch_validation_accuracy"]
            del record["history"]["batch_validation_loss"]
    return made


def made_shards(run: Run, count: int) -> list[Run]:
    """Return the run as each of ``count`` shards records it."""
    return [
        dataclasses.replace(
            run,
            cells=tuple(
                cell
                if index % count == shard
                else CellResult(
                    cell.backbone,
                    cell.title,
                    cell.init,
                    cell.dataset,
                    cell.seed,
                    "skipped",
                    f"in another shard: {index % count + 1}/{count}",
                    head=cell.head,
                )
                for index, cell in enumerate(run.cells)
            ),
        )
        for shard in range(count)
    ]


def every_cell(
    each: Mapping[tuple[str, str], Mapping[str, Any]] | None = None, **of: Any
) -> list[CellResult]:
    """Return the paper's eight cells with equal metrics, except for those in ``each``."""
    return [
        made_cell(backbone, init, **{**of, **(each or {}).get((backbone, init), {})})
        for backbone in published.BACKBONES
        for init in ("pretrained", "random")
    ]


def repeated(
    cells: Sequence[CellResult],
    tilts: Mapping[tuple[str, str], Sequence[float]] | None = None,
    seeds: int = 3,
) -> list[CellResult]:
    """Return the cells repeated with seeds 1 to ``seeds``.

    Args:
        cells: trained or untrained cells.
        tilts: by backbone and init, the increase of the final accuracies for each seed; it grows
            linearly from 0 over the epochs.
        seeds: number of seeds.
    """
    found = []
    for cell in cells:
        tilt = (tilts or {}).get((cell.backbone, cell.init), (0.0,) * seeds)
        for seed, more in enumerate(tilt, start=1):
            quality = cell.quality and dataclasses.replace(
                cell.quality, history=_tilted(cell.quality.history, more)
            )
            found.append(dataclasses.replace(cell, seed=seed, quality=quality))
    return found


def _tilted(history: History, more: float) -> History:
    added = line(0, more, history.epochs)
    curves = {
        "running_accuracy": added[1:],
        "train_accuracy": added,
        "validation_accuracy": added,
    }
    return dataclasses.replace(
        history,
        **{
            name: tuple(map(operator.add, getattr(history, name), ends))
            for name, ends in curves.items()
        },
    )
