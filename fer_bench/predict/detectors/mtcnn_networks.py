"""The three networks of MTCNN, with the weights in the wheel of the package mtcnn, on onnxruntime.

Zhang, Zhang, Li and Qiao, *Joint Face Detection and Alignment Using Multitask Cascaded
Convolutional Networks*, 2016. The package itself computes them with TensorFlow; nothing of it is
imported.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_bench.predict.detectors.onnx_graph import Graph
from fer_bench.predict.inference import INSTALL_PREDICT, session
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import cause_of, read_regular

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

_SHA256 = {
    "pnet": "ea6b0c3e685ebee3165326ad6484acc95f2ef78f1c94fbf40a55704fa989f7b5",
    "rnet": "cb00e6460f3c98b0bfafaba3c0a0ded4bdf6e62cee7174d969e8670d7e757fee",
    "onet": "94f6ea2f4cf985275ee958cdd762d17b6009348a4fb9d8c6be39ba73ffd22ca3",
}
"""Digests of the weight files of mtcnn 1.0.0. They are pickles, so no others are loaded."""

_MOST_BYTES = 1 << 22


class Networks:
    """The proposal, refinement and output networks.

    All take float32 images of shape (n, height, width, 3), values (pixel - 127.5) / 128. Boxes are
    corrections relative to the size of a candidate. Several threads may call one at once.

    Raises:
        FerBenchError: onnxruntime or the package mtcnn is not installed, or its weights are not
            those of version 1.0.0.
    """

    def __init__(self) -> None:
        directory = _weights_directory()
        pnet, rnet, onet = (_weights(directory / f"{name}.lz4", _SHA256[name]) for name in _SHA256)
        self._pnet = session(_proposal(iter(pnet)))
        self._rnet = session(_of_patches(iter(rnet), 24))
        self._onet = session(_of_patches(iter(onet), 48, has_points=True))

    def propose(self, image: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Return scores (rows, columns) and boxes (rows, columns, 4) of a whole image."""
        score, box = self._pnet.run(["score", "box"], {"images": image[None]})
        return [score[0, 1], box[0].transpose(1, 2, 0)]

    def refine(self, patches: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Return scores (n,) and boxes (n, 4) of patches of 24 x 24 pixels."""
        score, box = self._rnet.run(["score", "box"], {"images": patches})
        return [score[:, 1], box]

    def finish(self, patches: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Return scores (n,), boxes (n, 4) and landmarks (n, 10) of patches of 48 x 48 pixels.

        Landmarks are the x of both eyes, the nose and both corners of the mouth, then their y, in
        units of the patch.
        """
        score, box, points = self._onet.run(["score", "box", "points"], {"images": patches})
        return [score[:, 1], box, points]


def _weights_directory() -> Path:
    # A top-level name is found without importing it: the package's import needs TensorFlow.
    spec = importlib.util.find_spec("mtcnn")
    if spec is None or not spec.submodule_search_locations:
        raise FerBenchError(
            "the weights of the detector 'mtcnn' are not installed",
            "the package mtcnn, without TensorFlow",
            f"install them with {INSTALL_PREDICT}, or choose another with --detector",
        )
    return Path(spec.submodule_search_locations[0]) / "assets" / "weights"


def _weights(path: Path, digest: str) -> list[NDArray[np.float32]]:
    try:
        import joblib
        import lz4.frame

        content = read_regular(path, _MOST_BYTES)
    except (ImportError, OSError) as error:
        raise FerBenchError(
            f"the weights of the detector 'mtcnn' cannot be read: {cause_of(error)}",
            hint=f"install them again with {INSTALL_PREDICT}",
            path=path,
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        raise FerBenchError(
            f"the weights of the detector 'mtcnn' have the SHA-256 {found[:16]}...",
            f"{digest[:16]}..., those of mtcnn 1.0.0",
            "install it again with pip install --force-reinstall mtcnn==1.0.0",
            path=path,
        )
    weights: list[NDArray[np.float32]] = joblib.load(io.BytesIO(lz4.frame.decompress(content)))
    return weights


def _channels_first(graph: Graph) -> str:
    return graph.node("Transpose", ["images"], perm=[0, 3, 1, 2])


def _convolution(graph: Graph, name: str, weights: Iterator[Any], *, active: bool = True) -> str:
    """Add a convolution, and a PReLU with one slope for each channel."""
    kernel, bias = next(weights), next(weights)
    inputs = [name, graph.constant(kernel.transpose(3, 2, 0, 1)), graph.constant(bias)]
    made = graph.node("Conv", inputs)
    if not active:
        return made
    return graph.node("PRelu", [made, graph.constant(next(weights).reshape(-1, 1, 1))])


def _pooling(graph: Graph, name: str, size: int, *, same: bool = True) -> str:
    """Add max-pooling with stride 2; ``same`` keeps an incomplete last window, as Keras does."""
    kernel = [size, size]
    return graph.node("MaxPool", [name], kernel_shape=kernel, strides=[2, 2], ceil_mode=int(same))


def _dense(graph: Graph, name: str, weights: Iterator[Any]) -> str:
    inputs = [name, graph.constant(next(weights)), graph.constant(next(weights))]
    return graph.node("Gemm", inputs)


def _flat(graph: Graph, name: str, weights: Iterator[Any]) -> str:
    """Flatten in the order width, height, channels, then add a dense layer with its PReLU."""
    flat = graph.node("Flatten", [graph.node("Transpose", [name], perm=[0, 3, 2, 1])])
    hidden = _dense(graph, flat, weights)
    return graph.node("PRelu", [hidden, graph.constant(next(weights))])


def _softmax(graph: Graph, name: str) -> str:
    return graph.node("Softmax", [name], axis=1)


def _proposal(weights: Iterator[Any]) -> bytes:
    graph = Graph("images")
    made = _convolution(graph, _channels_first(graph), weights)
    made = _convolution(graph, _pooling(graph, made, 2), weights)
    made = _convolution(graph, made, weights)
    box = _convolution(graph, made, weights, active=False)
    score = _softmax(graph, _convolution(graph, made, weights, active=False))
    return graph.serialised([None, None, None, 3], {"score": score, "box": box})


def _of_patches(weights: Iterator[Any], side: int, *, has_points: bool = False) -> bytes:
    graph = Graph("images")
    made = _convolution(graph, _channels_first(graph), weights)
    made = _convolution(graph, _pooling(graph, made, 3), weights)
    made = _convolution(graph, _pooling(graph, made, 3, same=False), weights)
    if has_points:
        made = _convolution(graph, _pooling(graph, made, 2), weights)
    made = _flat(graph, made, weights)
    outputs = {"box": _dense(graph, made, weights)}
    if has_points:
        outputs["points"] = _dense(graph, made, weights)
    outputs["score"] = _softmax(graph, _dense(graph, made, weights))
    return graph.serialised([None, side, side, 3], outputs)
