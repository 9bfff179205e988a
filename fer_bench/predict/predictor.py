"""Predictor: photos to emotions."""

from __future__ import annotations

import os
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.predict import detectors
from fer_bench.predict.detection import detect_all
from fer_bench.predict.inputs import find_inputs
from fer_bench.predict.model_file import ModelFile
from fer_bench.predict.predictions import Prediction, Predictions
from fer_bench.runtime.files import expand_user
from fer_bench.runtime.progress import silent

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from fer_bench.predict.detection import DetectedFace, DetectedFaces
    from fer_bench.predict.photos import Source
    from fer_bench.runtime.progress import Progress

_BATCH = 64
"""Number of faces that are classified at once."""


class Predictor:
    """Exported model with a face detector, ready for use.

    Args:
        model: path of the ONNX file that ``fer-bench export`` wrote.
        detector: ``"mtcnn"``; ``"none"`` for images that are face crops; ``"yunet:PATH"``; or
            ``"deepface:NAME"``.

    Attributes:
        model: the model with its metadata.
        detector: the detector.

    Raises:
        FerBenchError: onnxruntime is not installed, the file is not such a model, or the detector
            cannot be used.
    """

    def __init__(self, model: str | os.PathLike[str], *, detector: str = detectors.DEFAULT) -> None:
        self.model = ModelFile(expand_user(os.fspath(model)))
        self.detector = detectors.detector(detector)

    def predict(
        self,
        paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
        *,
        every: float = 1.0,
        progress: Progress = silent,
    ) -> Predictions:
        """Detect the faces of photos and classify their emotions.

        A photo without a face and one that cannot be read are rows, too.

        Args:
            paths: path of a photo, a directory of photos or a video, or several.
            every: interval between the frames of a video that are used, in seconds.
            progress: callback for the progress of the work.

        Raises:
            FerBenchError: a directory cannot be read or contains no photos, a video needs OpenCV,
                or the detector or the model fails.
        """
        several = [paths] if isinstance(paths, str | os.PathLike) else paths
        inputs = find_inputs(several, every)
        return self.predict_sources(inputs, inputs.total, progress)

    def predict_sources(
        self, sources: Iterable[Source], total: int = 0, progress: Progress = silent
    ) -> Predictions:
        """Predict for photos or frames that are read one by one; ``total`` 0 is an unknown number.

        Raises:
            FerBenchError: the detector or the model fails, or the source of the photos does.
        """
        started = perf_counter()
        rows: list[Prediction] = []
        waiting: list[DetectedFaces] = []
        faces = 0
        progress("photos", 0, total)
        for done, photo in enumerate(detect_all(sources, self.detector, self.model.size), start=1):
            waiting.append(photo)
            faces += len(photo.faces)
            if faces >= _BATCH:
                rows += self._rows(waiting)
                waiting, faces = [], 0
            progress("photos", done, total)
        rows += self._rows(waiting)
        metadata = self.model.metadata
        return Predictions(
            rows=tuple(rows),
            classes=metadata.classes,
            model=metadata.title,
            fingerprint=metadata.fingerprint,
            detector=self.detector.name,
            seconds=perf_counter() - started,
        )

    def _rows(self, photos: Sequence[DetectedFaces]) -> list[Prediction]:
        crops = [face.crop for photo in photos for face in photo.faces]
        found = iter(self.model.probabilities(np.stack(crops)) if crops else ())
        rows: list[Prediction] = []
        for photo in photos:
            file, second = photo.source.file, photo.source.second
            if photo.problem is not None:
                rows.append(Prediction(file, second, "unreadable", photo.problem))
            elif not photo.faces:
                rows.append(Prediction(file, second, "no face"))
            for number, face in enumerate(photo.faces, start=1):
                rows.append(self._row(photo.source, number, face, next(found)))
        return rows

    def _row(
        self, source: Source, number: int, found: DetectedFace, probabilities: NDArray[np.float64]
    ) -> Prediction:
        second, first = map(float, np.sort(probabilities)[-2:])
        return Prediction(
            file=source.file,
            second=source.second,
            status="small face" if found.is_small else "face",
            face=number,
            box=found.face.box,
            confidence=found.face.confidence,
            emotion=self.model.metadata.classes[int(probabilities.argmax())],
            probabilities=tuple(map(float, probabilities)),
            margin=first - second,
        )
