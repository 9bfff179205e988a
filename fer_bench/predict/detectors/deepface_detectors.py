"""Detectors ``deepface:NAME``: those of deepface whose weights are on this machine."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_bench.predict.faces import Box, Face
from fer_bench.runtime.errors import INSTALL, FerBenchError, shown
from fer_bench.runtime.files import cause_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FILES: dict[str, tuple[str, ...]] = {
    "centerface": ("centerface.onnx",),
    "mtcnn": (),
    "retinaface": ("retinaface.h5",),
    "ssd": ("deploy.prototxt", "res10_300x300_ssd_iter_140000.caffemodel"),
    "yunet": ("face_detection_yunet_2023mar.onnx",),
}
"""Weight files of each detector, which deepface would download without being asked."""


class DeepfaceDetector:
    """Detector of deepface, without the border that deepface itself adds to photos.

    Args:
        name: deepface's name of it.

    Raises:
        FerBenchError: the name is unknown, weights are missing, or deepface cannot build it.
    """

    def __init__(self, name: str) -> None:
        self.name = f"deepface:{name}"
        self._lock = threading.Lock()
        if name not in _FILES:
            raise FerBenchError(
                f"unknown detector {shown(self.name)}", f"deepface:NAME with {', '.join(_FILES)}"
            )
        home = Path(os.environ.get("DEEPFACE_HOME") or Path.home()) / ".deepface" / "weights"
        for file in _FILES[name]:
            if not (home / file).is_file():
                raise FerBenchError(
                    f"the weights of the detector {self.name!r} are not here",
                    hint="fetch that file with deepface, or choose another with --detector",
                    path=home / file,
                )
        self._client = self._built(name)

    def detect(self, pixels: NDArray[np.uint8]) -> list[Face]:
        """Return the faces of a photo, the highest confidence first.

        Args:
            pixels: upright photo, red, green, blue: uint8, shape (height, width, 3).
        """
        with self._lock:  # none of them is said to be safe for threads
            found = self._client.detect_faces(np.ascontiguousarray(pixels[..., ::-1]))
        return sorted(map(_face, found), key=lambda face: -(face.confidence or 0))

    def _built(self, name: str) -> Any:
        try:
            from deepface.modules import modeling

            return modeling.build_model(task="face_detector", model_name=name)
        except ImportError as error:
            problem = f"the detector {self.name!r} needs deepface: {cause_of(error)}"
            raise FerBenchError(problem, hint=f"install it with {INSTALL}") from error
        except Exception as error:  # deepface raises errors of many types
            problem = f"deepface cannot build the detector {name!r}: {cause_of(error)}"
            raise FerBenchError(problem, hint="choose another with --detector") from error


def _face(region: Any) -> Face:
    box = Box(float(region.x), float(region.y), max(region.w, 1.0), max(region.h, 1.0))
    eyes = None
    if region.left_eye is not None and region.right_eye is not None:
        # Left and right are those of the person.
        points = sorted((float(x), float(y)) for x, y in (region.left_eye, region.right_eye))
        eyes = points[0], points[1]
    confidence = None if region.confidence is None else float(region.confidence)
    return Face(box, confidence, eyes)
