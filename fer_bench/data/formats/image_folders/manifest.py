"""Result of the search of a layout: the images of a data set with their labels and parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fer_bench.data.formats.class_names import LEFT_OUT

if TYPE_CHECKING:
    from pathlib import Path

    from fer_bench.data.formats.image_folders.listing import ImageFile

PARTS: dict[str, int] = {
    **{"train": 0, "val": 1, "valid": 1, "validation": 1, "test": 2, "training": 0, "testing": 2},
    **{"train_set": 0, "training_set": 0, "val_set": 1, "validation_set": 1, "test_set": 2},
    **{"publictest": 1, "privatetest": 2},
    **{"fer2013train": 0, "fer2013valid": 1, "fer2013test": 2},
}
"""Index into ``USAGES`` for each lower-case part name, including the names in ``USAGES``."""


@dataclass(frozen=True)
class LabelledImage:
    """Image with its label.

    Attributes:
        file: the image file.
        meant: class of the image.
        part: index into ``USAGES``, or None if the part is unknown.
    """

    file: ImageFile
    meant: str
    part: int | None = None


@dataclass
class Manifest:
    """Images found by the search of a layout.

    Attributes:
        layout: description of the layout, for ``data info``.
        images: images in the order of the data set.
        left_out: number of images left out, by reason.
        names: class names, codes and numbers as found in the source, including those of images
            that the class map leaves out.
        notes: additional notes, as in ``Dataset``.
        lists: files that the labels were read from.
    """

    layout: str
    images: list[LabelledImage] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    notes: list[tuple[str, str]] = field(default_factory=list)
    lists: set[Path] = field(default_factory=set)

    def add(self, file: ImageFile, name: str, meant: str, part: int | None = None) -> None:
        """Add an image with class ``meant``, unless the class map leaves it out.

        Args:
            file: the image file.
            name: name, code or number of the class, as found in the source.
            meant: the class, or ``LEFT_OUT``.
            part: index into ``USAGES``, or None.
        """
        self.names.add(name)
        if meant == LEFT_OUT:
            self.leave_out(f"the class map leaves out {name!r}")
        else:
            self.images.append(LabelledImage(file, meant, part))

    def leave_out(self, why: str, images: int = 1) -> None:
        """Count images that are left out of the data set, by reason."""
        self.left_out[why] = self.left_out.get(why, 0) + images


Search = Callable[[], Manifest]
"""Search for the images in a directory of known layout; raises ``FerBenchError`` if invalid."""
