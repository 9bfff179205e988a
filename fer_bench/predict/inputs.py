"""Inputs of a prediction: photos, directories of photos, and videos."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fer_bench.predict.photos import photos_of
from fer_bench.predict.video import video_frames

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator

    from fer_bench.predict.photos import Source

VIDEO_SUFFIXES = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm")


@dataclass(frozen=True)
class Inputs:
    """Photos and frames in the order in which they were given.

    Attributes:
        parts: photos, and iterators over the frames of videos.
    """

    parts: tuple[list[Source] | Iterator[Source], ...]

    def __iter__(self) -> Iterator[Source]:
        for part in self.parts:
            yield from part

    @property
    def photos(self) -> list[Source]:
        """All photos, without frames."""
        return [source for part in self.parts if isinstance(part, list) for source in part]

    @property
    def total(self) -> int:
        """Number of photos; 0, for unknown, if there are videos."""
        has_videos = not all(isinstance(part, list) for part in self.parts)
        return 0 if has_videos else len(self.photos)


def find_inputs(paths: Iterable[str | os.PathLike[str]], every: float) -> Inputs:
    """Return the inputs at some paths; a video is known by its suffix.

    Args:
        paths: photos, directories of photos, and videos.
        every: interval between the frames of a video in seconds, above 0.

    Raises:
        FerBenchError: a directory cannot be read or contains no photo.
    """
    parts: list[list[Source] | Iterator[Source]] = []
    for path in map(Path, paths):
        is_video = path.suffix.lower() in VIDEO_SUFFIXES and not path.is_dir()
        parts.append(video_frames(path, every) if is_video else photos_of(path))
    return Inputs(tuple(parts))
