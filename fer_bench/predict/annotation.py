"""Copies of photos with boxes and labels drawn on them."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from fer_bench.predict.photos import read_photo
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.escapes import clean
from fer_bench.runtime.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from PIL.Image import Image as PillowImage

    from fer_bench.predict.photos import Source
    from fer_bench.predict.predictions import Prediction

_BOX, _SMALL_BOX, _INK = "#ffd400", "#ff8a5c", "#101010"
_FORMATS = {".png": "PNG", ".webp": "WEBP"}


def copy_paths(sources: Sequence[Source], directory: Path) -> dict[str, Path]:
    """Return the path of the annotated copy of each photo.

    Below ``directory``, a photo keeps its path below the directory that it was found in. Of photos
    with the same one, all but the first get a number. PNG and WebP files keep their format, all
    others become JPEG files.

    Args:
        sources: the photos.
        directory: directory of the copies.

    Raises:
        FerBenchError: the directory is inside one of the photos' directories, so that copies would
            mix with originals, or a copy would replace one of the photos.
    """
    target = directory.resolve()
    paths: dict[str, Path] = {}
    taken: set[str] = set()
    for source in sources:
        file = Path(source.file)
        inside = file.parent if source.root is None else source.root
        if target == inside.resolve() or (source.root and inside.resolve() in target.parents):
            raise _misplaced(
                "the directory of annotated copies is in that of the photos", directory
            )
        name = Path(file.name) if source.root is None else file.relative_to(source.root)
        if name.suffix.lower() not in (".jpg", ".jpeg", *_FORMATS):
            name = name.with_name(f"{name.name}.jpg")
        chosen, number = name, 1
        while str(chosen).casefold() in taken:
            number += 1
            chosen = name.with_name(f"{name.stem}-{number}{name.suffix}")
        taken.add(str(chosen).casefold())
        paths[source.file] = directory / chosen
    originals = {os.path.realpath(source.file) for source in sources}
    for copy in paths.values():
        if os.path.realpath(copy) in originals:
            raise _misplaced(f"an annotated copy would replace the photo {str(copy)!r}", directory)
    return paths


def _misplaced(problem: str, directory: Path) -> FerBenchError:
    hint = "choose another directory for --annotate"
    return FerBenchError(problem, "a directory elsewhere", hint, path=directory)


def write_annotated(paths: Mapping[str, Path], rows: Iterable[Prediction]) -> int:
    """Write the annotated copies of all photos that could be read; return their number.

    Args:
        paths: path of the copy for each photo, as of ``copy_paths``.
        rows: the predictions.

    Raises:
        FerBenchError: a copy cannot be written, or a photo is gone.
    """
    photos: dict[str, list[Prediction]] = {}
    for row in rows:
        if row.status != "unreadable":
            photos.setdefault(row.file, []).append(row)
    for file, faces in photos.items():
        photo = read_photo(Path(file))
        scale = photo.image.width / photo.size[0], photo.image.height / photo.size[1]
        annotate(photo.image, faces, scale)
        kind = _FORMATS.get(paths[file].suffix.lower(), "JPEG")
        write_atomically(paths[file], partial(photo.image.save, format=kind, quality=90))
    return len(photos)


def annotate(image: PillowImage, faces: Sequence[Prediction], scale: tuple[float, float]) -> None:
    """Draw boxes and labels on an image, as thick and large as fits its size.

    Args:
        image: red, green and blue.
        faces: predictions for it; what is no face is drawn as a note.
        scale: width and height of the image in units of the photo's.
    """
    from PIL import ImageDraw

    draw = ImageDraw.Draw(image)
    thick = max(2, round(min(image.size) / 250))
    for row in faces:
        if row.box is None:
            _draw_text(image, "no face found", (0.0, 0.0), _SMALL_BOX, max(image.size) / 30)
            continue
        box = row.box.scaled(*scale)
        colour = _SMALL_BOX if row.status == "small face" else _BOX
        edges = (box.left, box.top, box.left + box.width, box.top + box.height)
        draw.rectangle(edges, outline=colour, width=thick)
        text = clean(f"{row.emotion} {100 * max(row.probabilities):.0f} %")
        size = max(box.width / 7, max(image.size) / 60)
        _draw_text(image, text, (box.left, box.top), colour, size)


def _draw_text(
    image: PillowImage, text: str, corner: tuple[float, float], colour: str, size: float
) -> None:
    """Write above a corner if there is room, otherwise below it, and always inside the image."""
    from PIL import ImageDraw, ImageFont

    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(min(max(11.0, size), 64.0))
    left, top, right, bottom = draw.textbbox((0, 0), text, font)
    pad = max(2, round((bottom - top) / 5))
    width, height = right - left + 2 * pad, bottom - top + 2 * pad
    x = min(max(0.0, corner[0]), max(0.0, image.width - width))
    y = corner[1] - height if corner[1] >= height else max(0.0, corner[1])
    draw.rectangle((x, y, x + width, y + height), fill=colour)
    draw.text((x + pad - left, y + pad - top), text, _INK, font)
