"""The content of a weight file in any layout, and the refusal of one that is not sound."""

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
    """A tensor that a file declares; its values are read on demand.

    Attributes:
        shape: as declared.
        dtype: as declared.
        read: the values, in that shape and type, or a ``FerBenchError``.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    read: Callable[[], NDArray[Any]]


@dataclass(frozen=True)
class StoredLayer:
    """The tensors that a file holds for one layer.

    Attributes:
        name: the layer's name, None where the file does not tell it.
        variables: names of its variables, None where the file does not tell them.
        tensors: one for each variable, in the layer's own order.
    """

    name: str | None
    variables: tuple[str, ...] | None
    tensors: tuple[StoredTensor, ...]


@dataclass(frozen=True)
class StoredWeights:
    """All that a weight file holds.

    Attributes:
        path: of the file.
        layers: by the key the file keeps them under, in the file's order.
        keyed_by_class: whether the keys are ``<class>_<number>`` instead of names.
    """

    path: Path
    layers: dict[str, StoredLayer]
    keyed_by_class: bool


class UnsoundFile(FerBenchError):  # noqa: N818 - it tells what is the case
    """A weight file is not used.

    Args:
        path: of the file.
        why: what is the case with it, kept as an attribute.
        step: what mends it.
    """

    def __init__(self, path: Path, why: str, step: str = "put a sound file in its place") -> None:
        super().__init__(f"weight file {str(path)!r}: {why}; {step}")
        self.why = why
