"""Detector ``yunet:PATH``: OpenCV's YuNet, with weights that the user has.

Wu, Peng and Yu, *YuNet: A Tiny Millisecond-level Face Detector*, 2023.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.predict.faces import Box, Face
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import cause_of

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_LOWEST = 0.7
"""Lowest score of a face."""


class YuNet:
    """YuNet, computed by OpenCV.

    Args:
        path: its ONNX file.

    Raises:
        FerBenchError: there is no such file, OpenCV is not installed, or cannot load it.
    """

    def __init__(self, path: Path) -> None:
        self.name = f"yunet:{path}"
        self._path = path
        self._lock = threading.Lock()
        self._network = _load(path)

    def detect(self, pixels: NDArray[np.uint8]) -> list[Face]:
        """Return the faces of a photo, the highest confidence first.

        Args:
            pixels: upright photo, red, green, blue: uint8, shape (height, width, 3).

        Raises:
            FerBenchError: the file is not YuNet.
        """
        height, width = pixels.shape[:2]
        with self._lock:  # the input size is part of its state
            self._network.setInputSize((width, height))
            try:
                _, rows = self._network.detect(np.ascontiguousarray(pixels[..., ::-1]))
            except Exception as error:
                raise FerBenchError(
                    f"OpenCV cannot run it as YuNet: {cause_of(error)}", *_STEPS, path=self._path
                ) from error
        found = [_face(row) for row in ([] if rows is None else rows)]
        return sorted(found, key=lambda face: -(face.confidence or 0))


_STEPS = (
    "face_detection_yunet_2023mar.onnx of OpenCV's model zoo",
    "fetch that file, or choose another with --detector",
)


def _load(path: Path) -> Any:
    if not path.is_file():
        raise FerBenchError("no such file", *_STEPS, path=path)
    try:
        import cv2

        return cv2.FaceDetectorYN.create(str(path), "", (320, 320), _LOWEST)
    except ImportError as error:
        raise FerBenchError(
            f"the detector 'yunet' needs OpenCV: {cause_of(error)}",
            hint="install it with pip install opencv-python-headless",
        ) from error
    except Exception as error:  # cv2.error and, without the module, AttributeError
        raise FerBenchError(
            f"OpenCV cannot load it as YuNet: {cause_of(error)}", *_STEPS, path=path
        ) from error


def _face(row: NDArray[np.float32]) -> Face:
    """Return the face of a row: box, five landmarks beginning with the eyes, score."""
    left, top, width, height, *points, score = map(float, row)
    eyes = sorted([(points[0], points[1]), (points[2], points[3])])
    return Face(Box(left, top, max(width, 1.0), max(height, 1.0)), score, (eyes[0], eyes[1]))
