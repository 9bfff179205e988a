"""Detection: photos to crops of their faces, in several threads and in order."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fer_bench.predict.crops import crop_box, face_crop
from fer_bench.predict.inference import workers
from fer_bench.predict.photos import LONGEST_SIDE
from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from concurrent.futures import Future

    from numpy.typing import NDArray

    from fer_bench.predict.faces import Detector, Face
    from fer_bench.predict.photos import Photo, Source


@dataclass(frozen=True)
class DetectedFace:
    """Face with its crop.

    Attributes:
        face: the face, in pixels of the upright photo.
        is_small: True if its crop had to be enlarged: it has fewer pixels than the network sees.
        crop: grey levels, uint8, shape (height, width).
    """

    face: Face
    is_small: bool
    crop: NDArray[np.uint8]


@dataclass(frozen=True)
class DetectedFaces:
    """Faces of one photo.

    Attributes:
        source: the photo.
        faces: its faces, the highest confidence first.
        problem: reason why the photo could not be read, one line; None if it was.
    """

    source: Source
    faces: tuple[DetectedFace, ...] = ()
    problem: str | None = None


def detect_all(
    sources: Iterable[Source], detector: Detector, size: tuple[int, int]
) -> Iterator[DetectedFaces]:
    """Detect the faces of photos, some photos ahead, and yield them in order.

    Args:
        sources: the photos.
        detector: the detector.
        size: width and height of the crops in pixels.

    Raises:
        FerBenchError: the detector fails. A photo that cannot be read is no error.
    """
    waiting: deque[Future[DetectedFaces]] = deque()
    with ThreadPoolExecutor(workers()) as pool:
        try:
            for source in sources:
                waiting.append(pool.submit(detect, source, detector, size))
                if len(waiting) > 2 * workers():
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def detect(source: Source, detector: Detector, size: tuple[int, int]) -> DetectedFaces:
    """Detect the faces of one photo; arguments and errors are those of ``detect_all``."""
    try:
        photo = source.read()
    except FerBenchError as error:
        # Rows name the file themselves.
        return DetectedFaces(source, problem=str(error.revised(path=None, hint="", accepted="")))
    image = photo.image
    to_photo = photo.size[0] / image.width, photo.size[1] / image.height
    return DetectedFaces(
        source,
        tuple(
            DetectedFace(
                face.scaled(*to_photo), _is_small(face, size), face_crop(image, face, size)
            )
            for face in _faces(photo, detector)
        ),
    )


def _faces(photo: Photo, detector: Detector) -> list[Face]:
    """Return the faces in pixels of the decoded image, without those centred outside of it."""
    image = photo.image
    seen = image
    if max(image.size) > LONGEST_SIDE:
        share = LONGEST_SIDE / max(image.size)
        width, height = (max(1, round(length * share)) for length in image.size)
        seen = image.resize((width, height), reducing_gap=2.0)
    to_image = image.width / seen.width, image.height / seen.height
    found = [face.scaled(*to_image) for face in detector.detect(np.asarray(seen))]
    return [
        face
        for face in found
        if all(0 <= at < length for at, length in zip(face.box.centre, image.size, strict=True))
    ]


def _is_small(face: Face, size: tuple[int, int]) -> bool:
    box = crop_box(face)
    return box.width < size[0] or box.height < size[1]
