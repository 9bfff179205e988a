"""Description of an exported cell: its metrics, settings and licences, as metadata."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.analysis.seed_groups import Group
from fer_bench.data.dataset import EMOTIONS
from fer_bench.export.card import model_card
from fer_bench.export.deployable import INPUT, OUTPUT
from fer_bench.metrics import (
    expected_calibration_error,
    fit_temperature,
    log_probabilities,
    majority_class_accuracy,
    softmax,
)
from fer_bench.results.metric_estimates import estimate_metrics
from fer_bench.results.model_metadata import (
    SCHEMA,
    Calibration,
    ClassRecall,
    ModelInput,
    ModelMetadata,
    Share,
)
from fer_bench.runtime.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

    import keras
    from numpy.typing import NDArray

    from fer_bench.analysis.subsets import Score
    from fer_bench.export.stored_cell import StoredCell
    from fer_bench.results.model_metadata import Parity, Target
    from fer_bench.results.quality import Quality
    from fer_bench.results.records import CellResult, DatasetSummary
    from fer_bench.training.run_context import RunContext

_CROPS = {
    True: "one face, cropped tightly and roughly centred, as in FER2013: from the forehead to the "
    "chin, without a margin",
    False: "as in the data set that the network was trained on",
}
"""Part of a photo that the images show, by whether the classes are FER2013's."""

_PIXELS = {
    "uint8": "0 to 255; one channel is grey, three are red, green, blue",
    "float32": "grey levels divided by 255, so 0 to 1; one channel",
}


def describe(
    stored: StoredCell,
    target: Target,
    model: keras.Model,
    calibration: Calibration,
    parity: Parity,
) -> ModelMetadata:
    """Return the metadata of an exported cell, with its card.

    Args:
        stored: the cell.
        target: program that the file is for.
        model: the model before its conversion.
        calibration: the fitted temperature.
        parity: agreement of the file with the cell's predictions.

    Raises:
        ValueError: the cell has no test results.
    """
    context, cell = stored.context, stored.trained.result
    run = context.record((cell,))
    group = Group((cell,), run.dataset)
    score, leakage, quality = group.score, group.leakage, cell.quality
    if score is None or quality is None:
        raise ValueError(f"{cell.id} has no predictions of test images")
    deduplicated = None if leakage is None else leakage.deduplicated
    everything = leakage is None or leakage.excess is None
    (images,) = model.inputs
    dtype = "float32" if target == "deepface" else "uint8"
    _, height, width = context.dataset.images.shape
    metadata = ModelMetadata(
        schema=SCHEMA,
        fer_bench=__version__,
        target=target,
        classes=context.dataset.classes,
        input=ModelInput(
            name=INPUT,
            dtype=dtype,  # type: ignore[arg-type]
            shape=tuple(images.shape),
            height=height,
            width=width,
            pixels=_PIXELS[dtype],
            crop=_CROPS[set(context.dataset.classes) <= set(EMOTIONS)],
        ),
        output=OUTPUT,
        cell=cell.id,
        title=cell.name,
        backbone=cell.backbone,
        init=cell.init,
        head=cell.head,
        fingerprint=cell.fingerprint,
        dataset=run.dataset.name,
        dataset_digest=run.dataset.digest,
        split=run.dataset.split,
        protocol=trained_settings(context, cell),
        accuracy=_share(score),
        deduplicated=None if deduplicated is None or everything else _share(deduplicated),
        majority_baseline=majority_class_accuracy(quality.confusion),
        recalls=tuple(_recalls(quality, run.dataset)),
        calibration=calibration,
        parity=parity,
        licences=tuple(_licences(stored)),
        card="",
    )
    return dataclasses.replace(metadata, card=model_card(metadata, run.dataset))


def trained_settings(context: RunContext, cell: CellResult) -> tuple[tuple[str, str], ...]:
    """Return name and value of each setting that a cell was trained with.

    Values that a sweep chose replace those of the protocol; the sweep itself is kept.
    """
    chosen, _ = context.chosen(cell)
    own = {one.name: one.value for one in chosen.record((cell,)).protocol}
    return tuple({**own, "sweep": str(context.protocol.sweep)}.items())


def fitted_calibration(
    probabilities: NDArray[np.float32],
    labels: NDArray[np.uint8],
    test_logits: NDArray[np.float32],
    test_labels: NDArray[np.uint8],
) -> Calibration:
    """Fit a temperature on the validation images and measure it on the test images.

    Args:
        probabilities: the model's output for the validation images, shape (n, classes).
        labels: their labels, shape (n,).
        test_logits: the cell's logits of the test images, shape (m, classes).
        test_labels: their labels, shape (m,).
    """
    temperature = fit_temperature(log_probabilities(probabilities), labels)
    before, after = (
        _calibration_error(softmax(np.float64(test_logits) / one), test_labels)
        for one in (1.0, temperature)
    )
    fitted_on = f"the {len(labels):,} images of the validation part, which trained no weights"
    return Calibration(temperature, fitted_on, before, after)


def _calibration_error(shares: NDArray[np.float64], labels: NDArray[np.uint8]) -> float:
    confidence = np.minimum(shares.max(axis=1), 1.0)
    return expected_calibration_error(confidence, shares.argmax(axis=1) == labels)


def _share(score: Score) -> Share:
    return Share(score.accuracy, score.interval.low, score.interval.high, score.images)


def _recalls(quality: Quality, dataset: DatasetSummary) -> Iterator[ClassRecall]:
    found = estimate_metrics((quality,), dataset)
    for one in () if found is None else found.classes:
        value, low, high = one.recall.value, one.recall.low, one.recall.high
        yield ClassRecall(one.name, one.images, value, low, high)


def _licences(stored: StoredCell) -> Iterator[tuple[str, str]]:
    """Yield what the model consists of, and its licence."""
    entry, cell = stored.entry, stored.trained.result
    none = "none stated upstream"
    yield f"network code of {entry.title}", entry.licence or none
    if cell.init == "pretrained":
        source = entry.weights
        yield (
            f"pretrained weights of {entry.title}",
            none if source is None or source.licence is None else source.licence,
        )
    name = stored.context.dataset.name
    yield (
        f"training data {name}",
        "MIT (fer_bench), drawn by code"
        if name == "sketch"
        else "not recorded in the files: that of the source they come from",
    )
