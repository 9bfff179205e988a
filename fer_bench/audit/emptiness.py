"""Images with nothing, or next to nothing, on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_OF_ONE_LEVEL = 0.55
"""An image is nearly empty where one grey level has at least this share of its pixels.

In FER2013 these are the signs that sites show where a picture is not available; the first faces,
drawn ones, begin at 0.52.
"""

LEAST_SPREAD = 5.0
"""It is so too where its grey levels have a smaller standard deviation: the darkest face of FER2013
has 9."""


@dataclass(frozen=True)
class Blanks:
    """Rows of empty images, ascending.

    Attributes:
        constant: images of a single grey level.
        nearly: others in which one grey level has ``MOST_OF_ONE_LEVEL`` of the pixels or more, or
            whose grey levels have a standard deviation below ``LEAST_SPREAD``.
    """

    constant: tuple[int, ...]
    nearly: tuple[int, ...]


def blanks(images: NDArray[np.uint8]) -> Blanks:
    """Finds empty images.

    Args:
        images: uint8, shape (n, height, width).
    """
    pixels = images[0].size if len(images) else 0
    most = np.array([np.bincount(image.ravel()).max() for image in images], np.int64)
    # One by one: all at once would take eight times the memory of the images.
    spread = np.array([image.std() for image in images])
    nearly = (most < pixels) & ((most >= MOST_OF_ONE_LEVEL * pixels) | (spread < LEAST_SPREAD))
    return Blanks(
        tuple(np.flatnonzero(most == pixels).tolist()), tuple(np.flatnonzero(nearly).tolist())
    )
