"""Export of one cell: from its stored result to a checked file and its model card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.data.dataset import EMOTIONS
from fer_bench.export.deployable import DEEPFACE_SIDE, deployable_model
from fer_bench.export.description import describe, fitted_calibration
from fer_bench.export.formats import SUFFIXES, check_libraries, convert
from fer_bench.export.parity import check_parity, measured_parity
from fer_bench.models.keras_backend import load_keras
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import check_writable, write_atomically
from fer_bench.training.cell_network import shard_images

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from fer_bench.export.formats import Converted, Format
    from fer_bench.export.stored_cell import StoredCell
    from fer_bench.results.model_metadata import ModelMetadata, Target
    from fer_bench.runtime.progress import Progress
    from fer_bench.training.run_context import RunContext


@dataclass(frozen=True)
class ExportRequest:
    """A file to write.

    Attributes:
        path: the file.
        format: its format.
        target: program that it is for.

    Raises:
        FerBenchError: the file name has another ending, or deepface does not read the format.
    """

    path: Path
    format: Format = "onnx"
    target: Target = "any"

    def __post_init__(self) -> None:
        if self.target == "deepface" and self.format != "onnx":
            raise FerBenchError(f"deepface does not read the format {self.format!r}", "onnx")
        suffix = SUFFIXES[self.format]
        if self.path.suffix != suffix:
            raise FerBenchError(
                f"file name {self.path.name!r} does not end with {suffix!r}",
                ", ".join(f"{ending!r} for {name}" for name, ending in SUFFIXES.items()),
                "change --format or the name",
            )

    @property
    def card(self) -> Path:
        """Path of the model card."""
        return self.path.with_name(f"{self.path.name}.md")


@dataclass(frozen=True)
class Exported:
    """A written file.

    Attributes:
        metadata: the metadata in it.
        size: its bytes.
    """

    metadata: ModelMetadata
    size: int


def check_cell(context: RunContext, request: ExportRequest) -> None:
    """Check that a cell of a run can be exported, before its network is built.

    Raises:
        FerBenchError: the split has no test or validation part, libraries are missing, the
            directory is not writable, or images and classes are not those that deepface expects.
    """
    split = context.split
    if not len(split.test) or not len(split.validation):
        raise FerBenchError(
            f"split {split.name!r} has no {'test' if len(split.validation) else 'validation'} part",
            "a cell with test images, on which the file is checked",
        )
    check_libraries(request.format)
    check_writable("--output", request.path.parent)
    if request.target == "deepface":
        _, *size = context.dataset.images.shape
        if size != [DEEPFACE_SIDE, DEEPFACE_SIDE]:
            raise FerBenchError(
                f"the images have {size[1]}x{size[0]} pixels",
                f"{DEEPFACE_SIDE}x{DEEPFACE_SIDE} for deepface",
            )
        if context.dataset.classes != EMOTIONS:
            raise FerBenchError(
                f"the classes are {', '.join(context.dataset.classes)}",
                f"{', '.join(EMOTIONS)} in this order for deepface",
            )


def export_cell(stored: StoredCell, request: ExportRequest, progress: Progress) -> Exported:
    """Write a trained cell as one file, with its model card inside and next to it.

    The file is computed by its own library for all test images and compared with the cell's stored
    predictions; nothing is written if they differ.

    Args:
        stored: the cell.
        request: file and format.
        progress: callback for the number of images classified.

    Raises:
        FerBenchError: as ``check_cell``; the network cannot be converted, the file would predict
            otherwise than the cell, or it cannot be written.
    """
    context = stored.context
    check_cell(context, request)
    load_keras()
    trained = stored.trained
    model = deployable_model(trained, stored.entry, request.target)
    progress("converting", 0, 0)
    converted = convert(model, request.format)
    parts = {"test": context.split.test, "validation": context.split.validation}
    outputs = {
        name: _probabilities(stored, converted, rows, request.target, f"{name} images", progress)
        for name, rows in parts.items()
    }
    parity = measured_parity(outputs["test"], trained.logits, converted.runtime)
    check_parity(parity)
    calibration = fitted_calibration(
        outputs["validation"],
        context.dataset.labels[context.split.validation],
        trained.logits,
        trained.test_labels,
    )
    metadata = describe(stored, request.target, model, calibration, parity)
    content = converted.content(metadata)
    write_atomically(request.card, metadata.card)
    write_atomically(request.path, content)
    return Exported(metadata, len(content))


def _probabilities(
    stored: StoredCell,
    converted: Converted,
    rows: NDArray[np.int64],
    target: Target,
    stage: str,
    progress: Progress,
) -> NDArray[np.float32]:
    """Return the converted model's output for some images, shape (n, classes)."""
    images, most = stored.context.dataset.images, shard_images(stored.entry.input_size)
    parts = []
    for start in range(0, len(rows), most):
        progress(stage, start, len(rows))
        values: Any = np.asarray(images[rows[start : start + most]])[..., None]
        if target == "deepface":
            values = values.astype(np.float32) / np.float32(255)
        parts.append(converted.run(values))
    progress(stage, len(rows), len(rows))
    return np.concatenate(parts)
