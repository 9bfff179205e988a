"""Exported models, opened for prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.predict.inference import session, workers
from fer_bench.results.model_metadata import KEY, read_metadata
from fer_bench.results.type_checks import Mismatch
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import cause_of, read_regular

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from fer_bench.results.model_metadata import ModelMetadata

_MOST_BYTES = 1 << 31
_FIRST_BYTE = b"\x08"
"""Tag of the first field of every ONNX file, its version."""

_ACCEPTED = "a model.onnx that 'fer-bench export' wrote"
_STEP = "write one with 'fer-bench export', see docs/predict.md"


class ModelFile:
    """Classifier in an ONNX file that ``fer-bench export`` wrote.

    Attributes:
        path: the file.
        metadata: what the file says about itself.
        size: width and height of its images in pixels.

    Args:
        path: the file.

    Raises:
        FerBenchError: onnxruntime is not installed, or the file cannot be read, is not such a
            model, or does not compute what its metadata promise.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        content = _content(path)
        try:
            self._session = session(content, workers())
        except FerBenchError:
            raise
        except Exception as error:
            raise FerBenchError(
                f"ONNX file is truncated, damaged or not supported: {cause_of(error)}",
                _ACCEPTED,
                "copy or export it again",
                path=path,
            ) from error
        self.metadata = self._read_metadata()
        entry = self.metadata.input
        self.size = entry.width, entry.height
        self._channels = entry.shape[3] or 1
        self._check()

    def probabilities(self, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the calibrated probabilities of the classes.

        Args:
            crops: grey levels, uint8, shape (n, height, width) with the model's size.

        Returns:
            float64, shape (n, classes).

        Raises:
            FerBenchError: onnxruntime fails.
        """
        return self.metadata.calibrated(self._run(crops))

    def _run(self, crops: NDArray[np.uint8]) -> NDArray[Any]:
        images = np.repeat(crops[..., None], self._channels, axis=3)
        try:
            (found,) = self._session.run([self.metadata.output], {self.metadata.input.name: images})
        # onnxruntime has no common base of its exceptions.
        except Exception as error:
            problem = f"onnxruntime cannot run the model: {cause_of(error)}"
            raise FerBenchError(problem, _ACCEPTED, "export it again", path=self.path) from error
        return np.asarray(found)

    def _read_metadata(self) -> ModelMetadata:
        text = self._session.get_modelmeta().custom_metadata_map.get(KEY)
        if text is None:
            raise FerBenchError(
                "ONNX file without fer_bench's metadata: its classes and input are unknown",
                _ACCEPTED,
                _STEP,
                path=self.path,
            )
        try:
            found = read_metadata(text)
        except Mismatch as error:
            problem = f"ONNX file with invalid metadata of fer_bench: {error}"
            raise FerBenchError(problem, _ACCEPTED, "export it again", path=self.path) from error
        if found.target != "any":
            raise FerBenchError(
                f"the model was exported for {found.target}",
                "a model for any program",
                "export it again without --for",
                path=self.path,
            )
        return found

    def _check(self) -> None:
        """Check the output for two images.

        Raises:
            FerBenchError: it does not have one probability for each class.
        """
        width, height = self.size
        rng = np.random.default_rng(0)
        found = self._run(rng.integers(0, 256, (2, height, width), dtype=np.uint8))
        classes = self.metadata.classes
        problem = None
        if found.shape != (2, len(classes)):
            problem = f"the model's output has shape {found.shape} for 2 images"
        elif not np.allclose(found.sum(axis=1), 1, atol=1e-3) or (found < 0).any():
            problem = "the model's output are no probabilities"
        if problem is not None:
            accepted = f"one probability for each of {', '.join(classes)}"
            raise FerBenchError(problem, accepted, "export it again", path=self.path)


def _content(path: Path) -> bytes:
    if path.is_dir() or path.suffix in (".keras", ".h5"):
        kind = "a directory" if path.is_dir() else "a Keras network"
        raise FerBenchError(f"model is {kind}", _ACCEPTED, _STEP, path=path)
    try:
        content = read_regular(path, _MOST_BYTES)
    except OSError as error:
        raise FerBenchError(
            f"model cannot be read: {cause_of(error)}", _ACCEPTED, _STEP, path=path
        ) from error
    if content[:1] != _FIRST_BYTE:
        problem = "not an ONNX file" if content else "the file is empty"
        raise FerBenchError(problem, _ACCEPTED, _STEP, path=path)
    return content
