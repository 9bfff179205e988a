"""Predictions as typed rows: one for each face, and one for each photo without a face."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from fer_bench.predict.faces import Box

Status = Literal["face", "small face", "no face", "unreadable"]


@dataclass(frozen=True)
class Prediction:
    """Face with its emotion, or photo without a face.

    Attributes:
        file: path of the photo or video, as given.
        second: time of a video's frame in seconds from the start; None for a photo.
        status: ``"face"``; ``"small face"`` if its crop has fewer pixels than the network sees;
            ``"no face"`` or ``"unreadable"`` for a photo without a face.
        reason: reason why the photo cannot be read, one line; empty if it can.
        face: number of the face in its photo, from 1, the highest confidence first; None without.
        box: box of the face in pixels of the upright photo, EXIF orientation applied; None without.
        confidence: the detector's score of the face, 0 to 1; None if there is none.
        emotion: most probable class; None without a face.
        probabilities: calibrated probability of each class, in the order of the classes; empty
            without a face.
        margin: largest minus second largest probability; None without a face.
    """

    file: str
    second: float | None
    status: Status
    reason: str = ""
    face: int | None = None
    box: Box | None = None
    confidence: float | None = None
    emotion: str | None = None
    probabilities: tuple[float, ...] = ()
    margin: float | None = None


@dataclass(frozen=True)
class Predictions:
    """Predictions for some photos, in the order of the photos.

    Attributes:
        rows: one or more for each photo.
        classes: names of the classes, in the order of the probabilities.
        model: display name of the model.
        fingerprint: fingerprint of the model's training result.
        detector: name of the detector.
        seconds: time from the first photo to the last result.
    """

    rows: tuple[Prediction, ...]
    classes: tuple[str, ...]
    model: str
    fingerprint: str
    detector: str
    seconds: float

    def __iter__(self) -> Iterator[Prediction]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Prediction:
        return self.rows[index]

    @property
    def photos(self) -> int:
        """Number of photos or frames."""
        return sum(row.face in (None, 1) for row in self.rows)

    def count(self, *statuses: Status) -> int:
        """Return the number of rows with one of these statuses."""
        return sum(row.status in statuses for row in self.rows)

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas table with the columns of ``columns`` and their types."""
        import pandas as pd

        types = columns(self.classes)
        rows = [flat_row(row, self.classes) for row in self.rows]
        frame: pd.DataFrame = pd.DataFrame(rows, columns=[*types]).astype(types)
        return frame


def columns(classes: tuple[str, ...]) -> dict[str, str]:
    """Return the columns of tables and csv files, with the types of pandas."""
    places = ("left", "top", "width", "height")
    return {
        "file": "string",
        "second": "float64",
        "status": "string",
        "reason": "string",
        "face": "Int64",
        **dict.fromkeys(places, "float64"),
        "confidence": "float64",
        "emotion": "string",
        **{f"p_{name}": "float64" for name in classes},
        "margin": "float64",
    }


def flat_row(row: Prediction, classes: tuple[str, ...]) -> dict[str, Any]:
    """Return the values of a row by column; those of a row without a face are None."""
    several = {
        "box": (None,) * 4 if row.box is None else astuple(row.box),
        "probabilities": row.probabilities or (None,) * len(classes),
    }
    values = chain.from_iterable(several.get(name, (one,)) for name, one in vars(row).items())
    return dict(zip(columns(classes), values, strict=True))
