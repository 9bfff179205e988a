"""Frames of videos and cameras, read by OpenCV."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING, Any

from fer_bench.predict.photos import Photo, Source
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.files import cause_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def video_frames(path: Path, every: float) -> Iterator[Source]:
    """Yield frames of a video, the first one and then one for each interval.

    A video that OpenCV cannot read is one frame that cannot be read.

    Args:
        path: the video.
        every: interval in seconds, above 0.

    Raises:
        FerBenchError: OpenCV is not installed.
    """
    with _captured(str(path), path) as (capture, cv2):
        if not capture.isOpened():
            problem = FerBenchError("not a readable video", "what OpenCV can read", path=path)
            yield Source(str(path), partial(_fail, problem))
            return
        rate = capture.get(cv2.CAP_PROP_FPS) or 25.0
        yield from _frames(capture, str(path), every, rate)


def camera_frames(number: int, every: float) -> Iterator[Source]:
    """Yield frames of a camera, one for each interval, until the process is interrupted.

    Args:
        number: number of the camera, from 0.
        every: interval in seconds, above 0.

    Raises:
        FerBenchError: OpenCV is not installed, or there is no such camera.
    """
    with _captured(number, None) as (capture, cv2):
        if not capture.isOpened():
            problem = f"camera {number} cannot be opened"
            raise FerBenchError(problem, "what OpenCV can read", "choose another with --camera")
        rate = capture.get(cv2.CAP_PROP_FPS) or 25.0
        with contextlib.suppress(KeyboardInterrupt):
            yield from _frames(capture, f"camera {number}", every, rate)


def _fail(problem: FerBenchError) -> Photo:
    raise problem


def _frames(capture: Any, file: str, every: float, rate: float) -> Iterator[Source]:
    from PIL import Image

    frame, due = 0, 0.0
    while capture.grab():
        second = frame / rate
        frame += 1
        if second < due - 1e-9:
            continue
        due += every
        found, pixels = capture.retrieve()
        if found:
            image = Image.fromarray(pixels[..., ::-1].copy())
            yield Source(file, partial(Photo, image, image.size), second)


@contextlib.contextmanager
def _captured(place: str | int, path: Path | None) -> Iterator[tuple[Any, Any]]:
    try:
        import cv2
    except ImportError as error:
        raise FerBenchError(
            f"videos and cameras need OpenCV: {cause_of(error)}",
            hint="install it with pip install opencv-python-headless",
            path=path,
        ) from error
    capture = cv2.VideoCapture(place)
    try:
        yield capture, cv2
    finally:
        capture.release()
