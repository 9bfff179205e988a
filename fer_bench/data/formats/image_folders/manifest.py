"""What a layout makes of a folder."""

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
"""Names of the parts in lower case, as indices into ``USAGES``, whose own names are among them."""


@dataclass(frozen=True)
class FoundImage:
    """An image with its label.

    Attributes:
        file: the image.
        meant: the class.
        part: index into ``USAGES``, None where the layout has no parts.
    """

    file: ImageFile
    meant: str
    part: int | None = None


@dataclass
class Found:
    """The images of a data set.

    Attributes:
        layout: how they lie there, for ``data info``.
        images: in the order of the data set, at least one.
        left_out: numbers of images that are not among them, by the reason.
        names: what stands in the place of a class, of images that are left out too.
        notes: what else is to be told, as in ``Dataset``.
        lists: files that the labels were read from.
    """

    layout: str
    images: list[FoundImage] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    notes: list[tuple[str, str]] = field(default_factory=list)
    lists: set[Path] = field(default_factory=set)

    def add(self, file: ImageFile, name: str, meant: str, part: int | None = None) -> None:
        """Adds an image that is called ``name``, unless that is left out."""
        self.names.add(name)
        if meant == LEFT_OUT:
            self.leave_out(f"the class map leaves out {name!r}")
        else:
            self.images.append(FoundImage(file, meant, part))

    def leave_out(self, why: str, images: int = 1) -> None:
        """Counts images that are not in the data set."""
        self.left_out[why] = self.left_out.get(why, 0) + images


Search = Callable[[], Found]
"""Finds the images of a folder of which the layout is known, or says what is wrong there."""
