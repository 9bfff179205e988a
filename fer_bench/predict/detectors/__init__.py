"""Face detectors behind one interface, chosen by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_bench.predict.faces import Box, Face
from fer_bench.runtime.errors import FerBenchError, shown
from fer_bench.runtime.files import expand_user

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fer_bench.predict.faces import Detector

DEFAULT = "mtcnn"

ACCEPTED = "mtcnn, none (each image is a face crop), yunet:PATH, deepface:NAME"


class CompleteImage:
    """Detector ``none``, which takes each image as one face without confidence."""

    name = "none"

    def detect(self, pixels: NDArray[np.uint8]) -> list[Face]:
        """Return one face as large as the image, uint8 of shape (height, width, 3)."""
        height, width = pixels.shape[:2]
        return [Face(Box(0.0, 0.0, float(width), float(height)), is_crop=True)]


def detector(name: str) -> Detector:
    """Return the detector of a name, ready for use.

    Args:
        name: ``mtcnn``, ``none``, ``yunet:`` with the path of its ONNX file, or ``deepface:`` with
            the name of a detector of deepface.

    Raises:
        FerBenchError: there is no such detector, or what it needs is not here.
    """
    kind, _, rest = name.partition(":")
    if name == "mtcnn":
        from fer_bench.predict.detectors.mtcnn import Mtcnn

        return Mtcnn()
    if name == "none":
        return CompleteImage()
    if kind == "yunet" and rest:
        from fer_bench.predict.detectors.yunet import YuNet

        return YuNet(expand_user(rest))
    if kind == "deepface" and rest:
        from fer_bench.predict.detectors.deepface_detectors import DeepfaceDetector

        return DeepfaceDetector(rest)
    raise FerBenchError(f"unknown detector {shown(name)}", ACCEPTED, "choose one of them")
