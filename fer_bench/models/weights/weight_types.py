"""Content of a weight file, independent of its layout, and the error for invalid files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fer_bench.runtime.errors import FerBenchError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class StoredTensor:
    """A tensor declared in a file; its values are read on demand.

    Attributes:
        shape: declared shape.
        dtype: declared type.
        read: function that returns the values with this shape and type, or raises a
            ``FerBenchError``.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    read: Callable[[], NDArray[Any]]


@dataclass(frozen=True)
class StoredLayer:
    """The tensors of one layer in a file.

    Attributes:
        name: name of the layer, or None if the file does not contain it.
        variables: names of its variables, or None if the file does not contain them.
        tensors: one tensor for each variable, in the order of the layer.
    """

    name: str | None
    variables: tuple[str, ...] | None
    tensors: tuple[StoredTensor, ...]


@dataclass(frozen=True)
class StoredWeights:
    """Content of a weight file.

    Attributes:
        path: path of the file.
        layers: layers by their key in the file, in the order of the file.
        keyed_by_class: True if the keys are ``<class>_<number>``, False if they are names.
    """

    path: Path
    layers: dict[str, StoredLayer]
    keyed_by_class: bool


class WeightFileError(FerBenchError):
    """Invalid weight file.

    Args:
        path: path of the file.
        cause: predicate of the sentence that begins with "weight file".
        accepted: what would be valid.
        hint: the next step.
    """

    def __init__(
        self, path: Path, cause: str, accepted: str = "", hint: str = "replace the file"
    ) -> None:
        super().__init__(f"weight file {cause}", accepted, hint, path=path)
