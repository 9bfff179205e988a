"""Computation of the features of an ONNX file by onnxruntime."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.models import numerical_environment
from fer_bench.models.network_files.onnx_format import MOST_BYTES
from fer_bench.runtime.errors import INSTALL, FerBenchError
from fer_bench.runtime.files import cause_of, read_regular

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fer_bench.models.backbone import Backbone
    from fer_bench.models.network_files.onnx_file import OnnxFile

_ACCEPTED = "features of a fixed shape for each image, which depend on this image alone"


class OnnxExtractor:
    """Feature extractor in an ONNX file, computed on the CPU.

    Args:
        file: the file.
        entry: its backbone, with the input size and preprocessing to use.

    Attributes:
        record: the verified file.
        shape: shape of one image's features.

    Raises:
        FerBenchError: onnxruntime is not installed or cannot compute the network, the network does
            not accept the input size, or its output is not that of a frozen feature extractor.
    """

    def __init__(self, file: OnnxFile, entry: Backbone) -> None:
        self._file = file
        self._entry = entry
        if file.side not in (None, entry.input_size):
            raise FerBenchError(
                f"backbone {entry.name!r} does not accept images of {entry.input_size} x "
                f"{entry.input_size} pixels",
                hint=f"omit --input-size: its own is {file.side}",
            )
        self._session, sha256 = self._opened()
        self.record = file.record(sha256, file.tensors, file.parameters)
        self.shape = self._checked_shape()

    def predict_on_batch(self, images: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """Compute features.

        Args:
            images: uint8 grey levels, shape (n, height, width).

        Returns:
            The features, float32, shape (n, ...), channels last, as the only element.
        """
        import keras

        from fer_bench.models.preprocessing import prepare_faces

        faces = keras.ops.convert_to_numpy(prepare_faces(images, self._entry))
        return [self._features(faces)]

    def _features(self, faces: NDArray[Any]) -> NDArray[np.float32]:
        """Compute features of preprocessed images, shape (n, side, side, channels)."""
        file = self._file
        if file.layout == "NCHW":
            faces = faces.transpose(0, 3, 1, 2)
        faces = np.ascontiguousarray(faces, file.dtype)
        size = file.batch or max(1, len(faces))
        parts = []
        for start in range(0, max(1, len(faces)), size):
            part = faces[start : start + size]
            missing = 0 if file.batch is None else size - len(part)
            if missing:
                part = np.concatenate([part, np.zeros((missing, *part.shape[1:]), part.dtype)])
            parts.append(self._run(part)[: size - missing])
        features = parts[0] if len(parts) == 1 else np.concatenate(parts)
        if file.layout == "NCHW" and features.ndim == 4:
            features = features.transpose(0, 2, 3, 1)
        return np.ascontiguousarray(features, np.float32)

    def _run(self, values: NDArray[Any]) -> NDArray[Any]:
        """Run the network."""
        try:
            (features,) = self._session.run([self._file.output], {self._file.input: values})
        # onnxruntime has no common base of its exceptions.
        except Exception as error:
            raise self._error(f"onnxruntime cannot run the network: {cause_of(error)}") from error
        return np.asarray(features)

    def _opened(self) -> tuple[Any, str]:
        """Return a session and the SHA-256 of the file it was made from."""
        try:
            import onnxruntime
        except ImportError as error:
            raise self._error(
                f"onnxruntime cannot be imported: {cause_of(error)}",
                hint=f"install it with {INSTALL.replace('cpu', 'onnx')}",
            ) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = numerical_environment.cores()
        options.log_severity_level = 4  # only what ends the process: errors are raised, too
        try:
            content = read_regular(self._file.path, MOST_BYTES)
            # From its bytes: the network that runs is the one whose digest was taken.
            session = onnxruntime.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
        except OSError as error:
            raise self._error(f"cannot be read: {cause_of(error)}") from error
        except Exception as error:
            raise self._error(f"onnxruntime cannot load the network: {cause_of(error)}") from error
        return session, hashlib.sha256(content).hexdigest()

    def _checked_shape(self) -> tuple[int, ...]:
        """Return the shape of one image's features, computed for two images."""
        rng = np.random.default_rng(0)
        images = rng.integers(0, 256, (2, *[self._entry.input_size] * 2), dtype=np.uint8)
        (first,), (again,) = self.predict_on_batch(images), self.predict_on_batch(images)
        alone = [self.predict_on_batch(images[[row, row]])[0] for row in (0, 1)]
        shape = first.shape
        problem = None
        if first.ndim < 2 or len(first) != 2 or 0 in shape:
            problem = f"output has shape {shape} for 2 images"
        elif not np.isfinite(first).all():
            problem = "output has NaN or infinite values"
        elif not np.array_equal(first, again):
            problem = "output differs between two calls with the same images"
        elif not all(
            np.allclose(first[row], alone[row][row], rtol=1e-2, atol=1e-3 * np.abs(first).max())
            for row in (0, 1)
        ):
            problem = "output of an image depends on the other images of the batch"
        if problem is not None:
            hint = "export the network in evaluation mode (model.eval() in PyTorch)"
            raise self._error(problem, _ACCEPTED, hint)
        return tuple(shape[1:])

    def _error(self, problem: str, accepted: str = "", hint: str = "") -> FerBenchError:
        return FerBenchError(problem, accepted, hint, path=self._file.path)
