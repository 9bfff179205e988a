"""Metadata of an exported model: what a program needs to use it, and what was measured of it.

An ONNX file holds it as JSON in ``metadata_props`` under ``KEY``. A Keras or LiteRT file is a zip
archive, or ends with one, whose member ``MEMBER`` holds it. Readers ignore unknown keys.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from fer_bench.metrics.calibration import LEAST, MOST
from fer_bench.results.type_checks import Mismatch, convert
from fer_bench.runtime.errors import shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

KEY = "fer_bench"
"""Key of the metadata in an ONNX file's ``metadata_props``."""

MEMBER = "fer_bench.json"
"""Name of the metadata in the zip archive of a Keras or LiteRT file."""

MOST_PIXELS = 4096
"""Largest side of an image: metadata of other people's files must not fill the memory."""

SCHEMA = 1
"""Version of the metadata, incremented by every change that breaks older readers."""

Target = Literal["any", "deepface"]


@dataclass(frozen=True)
class ModelInput:
    """The model's only input.

    Attributes:
        name: its name in the graph.
        dtype: ``"uint8"``, or ``"float32"`` for deepface.
        shape: its axes: images, height, width, channels; None for an axis of any length. A model
            for any target takes one channel (grey) or three (red, green, blue), in the same file.
        height: height in pixels of the images that it was trained and tested on. An image of
            another size is resized to it, antialiased, before it is passed to the model; the model
            itself resizes bilinearly without antialiasing.
        width: width in pixels of these images.
        pixels: range of the values and their meaning, one line.
        crop: which part of a photo the images show, one line.
    """

    name: str
    dtype: Literal["uint8", "float32"]
    shape: tuple[int | None, ...]
    height: int
    width: int
    pixels: str
    crop: str


@dataclass(frozen=True)
class ClassRecall:
    """Recall of one class on the test images.

    Attributes:
        name: name of the class.
        images: number of its test images.
        recall: share of them that are recognised, 0 to 1; None without images.
        low: lower limit of the 95 % CI; None if there is none.
        high: upper limit; None likewise.
    """

    name: str
    images: int
    recall: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Share:
    """Accuracy on a set of test images.

    Attributes:
        value: share of images recognised, 0 to 1.
        low: lower limit of its 95 % CI over the images, the network held fixed.
        high: upper limit.
        images: number of images.
    """

    value: float
    low: float
    high: float
    images: int


@dataclass(frozen=True)
class Calibration:
    """Temperature scaling (Guo, Pleiss, Sun and Weinberger, 2017), see ``calibrated``.

    Attributes:
        temperature: divisor of the logits, above 0, with the smallest cross-entropy on the
            validation images. The model's output is without it.
        fitted_on: the images that it was fitted on, and their number, one line.
        ece: expected calibration error on the test images without the temperature, 0 to 1.
        ece_calibrated: the same with it.
    """

    temperature: float
    fitted_on: str
    ece: float
    ece_calibrated: float


@dataclass(frozen=True)
class Parity:
    """Agreement of the file with the cell's stored predictions.

    Attributes:
        images: number of images: all of the test part.
        largest_difference: largest difference of a probability.
        differing_predictions: number of images with another most probable class.
        runtime: library that computed the file, with its version.
    """

    images: int
    largest_difference: float
    differing_predictions: int
    runtime: str


@dataclass(frozen=True)
class ModelMetadata:
    """Metadata of an exported model.

    Attributes:
        schema: version of these keys.
        fer_bench: version of fer_bench that exported it.
        target: program that the file is for.
        classes: names of the classes, in the order of the output.
        input: the input.
        output: name of the output: float32, shape (images, classes), probabilities that add up to
            1; their largest is the benchmark's prediction.
        cell: id of the cell in its results file, as ``mini-pretrained-42``.
        title: display name of the cell, as ``mini pretrained, seed 42``.
        backbone: name of the backbone in the registry.
        init: ``"pretrained"`` or ``"random"``.
        head: canonical name of the head.
        fingerprint: fingerprint of the cell's result.
        dataset: name of the data set.
        dataset_digest: its content digest.
        split: name of the split.
        protocol: name and value of each setting.
        accuracy: accuracy on all test images.
        deduplicated: accuracy on the test images without a duplicate in training; None if no or
            every image has one, or if unknown.
        majority_baseline: accuracy of always predicting the test images' most frequent class.
        recalls: recall of each class, in the order of ``classes``.
        calibration: temperature scaling.
        parity: agreement with the stored predictions.
        licences: what is licensed, and its licence as upstream states it.
        card: the model card, Markdown.
    """

    schema: int
    fer_bench: str
    target: Target
    classes: tuple[str, ...]
    input: ModelInput
    output: str
    cell: str
    title: str
    backbone: str
    init: Literal["pretrained", "random"]
    head: str
    fingerprint: str
    dataset: str
    dataset_digest: str
    split: str
    protocol: tuple[tuple[str, str], ...]
    accuracy: Share
    deduplicated: Share | None
    majority_baseline: float
    recalls: tuple[ClassRecall, ...]
    calibration: Calibration
    parity: Parity
    licences: tuple[tuple[str, str], ...]
    card: str

    def to_json(self) -> str:
        """Return the metadata as JSON, one line."""
        return json.dumps(dataclasses.asdict(self), allow_nan=False, ensure_ascii=False)

    def calibrated(self, probabilities: NDArray[Any]) -> NDArray[Any]:
        """Apply the temperature to the model's output.

        Args:
            probabilities: float, shape (n, classes).

        Returns:
            ``softmax(log(probabilities) / temperature)``, which is the softmax of the logits
            divided by the temperature; float64, the same shape.
        """
        from fer_bench.metrics import log_probabilities, softmax

        return softmax(log_probabilities(probabilities) / self.calibration.temperature)


def read_metadata(text: str) -> ModelMetadata:
    """Read metadata from JSON.

    Raises:
        Mismatch: it is not JSON, of a newer schema, lacks a key, has a value of another type, or
            its parts contradict each other.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Mismatch("the metadata is not valid JSON") from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if not isinstance(schema, int) or isinstance(schema, bool) or not 1 <= schema <= SCHEMA:
        raise Mismatch(f".schema is {schema!r}"[:100], f"1 to {SCHEMA}", "update fer_bench")
    found = convert(document, ModelMetadata)
    if [one.name for one in found.recalls] != list(found.classes):
        raise Mismatch(".recalls are of other classes", "those of .classes, in order")
    if len(found.classes) < 2 or len(set(found.classes)) < len(found.classes):
        raise Mismatch(f".classes is {shown(found.classes)}", "two or more, each once")
    if not LEAST <= found.calibration.temperature <= MOST:
        temperature = found.calibration.temperature
        raise Mismatch(f".calibration.temperature is {temperature!r}", f"{LEAST:g} to {MOST:g}")
    sides = found.input.height, found.input.width
    if not (1 <= min(sides) <= max(sides) <= MOST_PIXELS):
        raise Mismatch(f".input is for images of {sides} pixels", f"sides of 1 to {MOST_PIXELS}")
    if len(found.input.shape) != 4 or found.input.shape[3] not in (None, 1, 3):
        shape = shown(found.input.shape)
        raise Mismatch(
            f".input.shape is {shape}", "images, height, width, and 1, 3 or any channels"
        )
    return found
