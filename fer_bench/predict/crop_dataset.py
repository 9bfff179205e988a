"""Training set of faces from photos, cropped by the detector that prediction uses."""

from __future__ import annotations

import csv
import io
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fer_bench.predict.detection import detect_all
from fer_bench.predict.photos import photos_of
from fer_bench.runtime.errors import FerBenchError
from fer_bench.runtime.escapes import in_csv
from fer_bench.runtime.files import cause_of
from fer_bench.runtime.progress import silent

if TYPE_CHECKING:
    from fer_bench.predict.detection import DetectedFaces
    from fer_bench.predict.faces import Detector
    from fer_bench.runtime.progress import Progress

MANIFEST = "crops.txt"
"""Name of the table of all photos: CSV, with a suffix that no data set layout reads."""

_COLUMNS = (
    *("file", "crop", "status", "reason", "faces"),
    *("left", "top", "width", "height", "confidence"),
)


@dataclass(frozen=True)
class CroppedPhotos:
    """Outcome of cropping a directory.

    Attributes:
        photos: number of photos.
        cropped: number of crops written; one for each photo with a face.
        small: number of crops that had to be enlarged.
        without_face: number of photos without a face.
        unreadable: number of photos that cannot be read.
    """

    photos: int
    cropped: int
    small: int
    without_face: int
    unreadable: int


def crop_directory(
    directory: Path,
    output: Path,
    detector: Detector,
    side: int,
    progress: Progress = silent,
) -> CroppedPhotos:
    """Write the largest face of each photo to the same place below another directory.

    Directories of classes and parts are kept, so that the result is a data set if the photos are
    one. The output appears only when it is complete. ``crops.txt`` in it is a CSV table with a row
    for each photo, those without a crop included.

    Args:
        directory: photos, searched recursively.
        output: directory to create.
        detector: the detector.
        side: height and width of the crops in pixels.
        progress: callback for the progress of the work.

    Raises:
        FerBenchError: the directory has no photos, the output exists or cannot be written, no photo
            has a face, or the detector fails.
    """
    if output.exists():
        raise FerBenchError("exists already", "a new directory", "choose another", path=output)
    sources = photos_of(directory)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        waiting = Path(tempfile.mkdtemp(prefix=".fer_bench-crops-", dir=output.parent))
        try:
            rows = []
            taken: set[str] = set()
            progress("photos", 0, len(sources))
            for photo in detect_all(sources, detector, (side, side)):
                rows.append(_written(photo, directory, waiting, taken))
                progress("photos", len(rows), len(sources))
            found = _counted(rows)
            if not found.cropped:
                raise FerBenchError(
                    f"no face found in {found.photos:,} photos, of which {found.unreadable:,} "
                    "cannot be read",
                    "photos of faces",
                    "choose another directory or --detector",
                    path=directory,
                )
            (waiting / MANIFEST).write_text(_table(rows), encoding="utf-8")
            waiting.chmod(0o755)
            waiting.rename(output)
        finally:
            shutil.rmtree(waiting, ignore_errors=True)
    except OSError as error:
        raise FerBenchError(
            f"cannot be written: {cause_of(error)}",
            hint="choose another directory or free disk space",
            path=output,
        ) from error
    return found


_Row = dict[str, object]


def _written(photo: DetectedFaces, directory: Path, output: Path, taken: set[str]) -> _Row:
    """Write the crop of a photo, if it has a face, and return its row in the table."""
    from PIL import Image

    place = Path(photo.source.file).relative_to(directory)
    row: _Row = {"file": place.as_posix(), "faces": len(photo.faces)}
    if photo.problem is not None:
        return row | {"status": "unreadable", "reason": photo.problem, "faces": None}
    if not photo.faces:
        return row | {"status": "no face"}
    largest = max(photo.faces, key=lambda found: found.face.box.area)
    name = place.with_suffix(".png")
    if str(name).casefold() in taken:
        name = place.with_name(f"{place.name}.png")
    taken.add(str(name).casefold())
    (output / name).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(largest.crop).save(output / name)
    return row | {
        "crop": name.as_posix(),
        "status": "small face" if largest.is_small else "face",
        **{edge: round(pixels, 2) for edge, pixels in vars(largest.face.box).items()},
        "confidence": largest.face.confidence,
    }


def _counted(rows: list[_Row]) -> CroppedPhotos:
    statuses = [row["status"] for row in rows]
    small = statuses.count("small face")
    return CroppedPhotos(
        photos=len(rows),
        cropped=statuses.count("face") + small,
        small=small,
        without_face=statuses.count("no face"),
        unreadable=statuses.count("unreadable"),
    )


def _table(rows: list[_Row]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {key: in_csv(value) if isinstance(value, str) else value for key, value in row.items()}
        for row in rows
    )
    return text.getvalue()
